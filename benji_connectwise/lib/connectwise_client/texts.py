"""Cleaning ConnectWise's texts before anybody sees them. Pure functions.

ConnectWise's users can type anything, including text that does harm in other programs.
"""

import re
import unicodedata

# Unicode's default ignorable characters that are not in category Cf.
_IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0]"
)

_ATOM = r"[^\W_]|[_!#$%&'*+/=?^`{|}~-]"
_LABEL = r"[^\W_](?:[\w-]*[^\W_])?"
_EMAIL = re.compile(
    rf"(?!=)(?:{_ATOM})+(?:\.(?:{_ATOM})+)*@{_LABEL}(?:\.{_LABEL})*", re.UNICODE
)

# Text that a spreadsheet evaluates, or opens as a link, instead of showing it: OWASP's
# "CSV Injection", and xlsxwriter's Worksheet.write. Excel files show "+1 512 555 0100"
# and "-" as text, and Odoo guards them in CSV itself (web, controllers/export.py).
_CALCULATED = re.compile(
    r"\s*(?:=|@|\{=|[a-z]+://|mailto:|internal:|external:)", re.IGNORECASE
)


def take_out_invisible(text: str) -> str:
    """Remove invisible characters other than spaces: zero-width ones, controls."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char
        for char in _IGNORABLE.sub("", text)
        if char.isspace() or unicodedata.category(char) not in ("Cc", "Cf")
    )


def plain_email(text: str | None) -> str | None:
    """Return the e-mail address if the text is exactly one, else ``None``.

    Spaces inside are not removed: that could make somebody else's address.

    >>> plain_email("emma@acme.example.com\u200b ")
    'emma@acme.example.com'
    >>> plain_email("Emma <emma@acme.example.com>")
    """
    email = take_out_invisible(text or "").strip()
    return email if _EMAIL.fullmatch(email) else None


def defuse(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula or a link.

    >>> defuse("=1+1")
    "'=1+1"
    """
    # Nearly all texts: the expression costs as much as reading a text from JSON.
    if text[:1].isalnum() and ":" not in text:
        return text
    return f"'{text}" if _CALCULATED.match(text) else text
