"""What ConnectWise's texts are made of before anybody sees them. Pure functions.

Its users type what they like, and some of it is meant to do harm elsewhere.
"""

import re
import unicodedata

# What Unicode calls default ignorable and does not count as Cf.
_IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0]"
)

_ATOM = r"[^\W_]|[_!#$%&'*+/=?^`{|}~-]"
_LABEL = r"[^\W_](?:[\w-]*[^\W_])?"
_EMAIL = re.compile(
    rf"(?!=)(?:{_ATOM})+(?:\.(?:{_ATOM})+)*@{_LABEL}(?:\.{_LABEL})*", re.UNICODE
)

# What a spreadsheet calculates, or opens as a link, instead of showing it: OWASP's "CSV
# Injection", and xlsxwriter's Worksheet.write. "+1 512 555 0100" and "-" are texts to
# Excel's files, and Odoo guards them in CSV itself (web, controllers/export.py).
_CALCULATED = re.compile(
    r"\s*(?:=|@|\{=|[a-z]+://|mailto:|internal:|external:)", re.IGNORECASE
)


def take_out_invisible(text: str) -> str:
    """Take out what nobody sees and no space is: zero-width characters, controls."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char
        for char in _IGNORABLE.sub("", text)
        if char.isspace() or unicodedata.category(char) not in ("Cc", "Cf")
    )


def plain_email(text: str | None) -> str | None:
    """Return the one address that a text is, ``None`` if it is anything else.

    Spaces within are not taken out: what is left would be somebody else's address.

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
