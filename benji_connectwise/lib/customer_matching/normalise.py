"""The form in which two names, or two Account IDs, are compared.

Names are spelled by habit ("The Smith Company, L.L.C." and "SMITH CO LLC"). An Account
ID is assigned by somebody, so nearly every difference counts.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

from .legal_forms import LAST_WORDS, LEGAL_FORMS, LONGEST, WRITTEN_FORM, WRITTEN_FORMS


class NormalisedName(NamedTuple):
    """A name as it is compared. ``legal_form`` is empty if the name has none.

    ``core`` is empty only if the name has neither letters nor digits.
    """

    core: str
    legal_form: str = ""

    @property
    def text(self) -> str:
        """Both parts. Normalising it again gives the same two parts."""
        return f"{self.core} {self.legal_form}".rstrip()


class _Table(dict[int, str]):
    """The replacement of each character, for ``str.translate``; made on first use."""

    def __init__(self, rule: Callable[[str], str]) -> None:
        super().__init__()
        self._rule = rule

    def __missing__(self, code: int) -> str:
        result = self[code] = self._rule(chr(code))
        return result


# Unicode's default ignorable characters that are not in category Cf or Cc.
_IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0000-\U000e0fff]"
)


def _show(char: str) -> str:
    """Drop invisible characters: zero-width ones, controls, half a surrogate pair."""
    if unicodedata.category(char) in ("Cc", "Cf", "Cs") and not char.isspace():
        return ""
    return _IGNORABLE.sub("", char)


_APOSTROPHES = frozenset(
    "'`\u00b4\u02b9\u02bb\u02bc\u02bd\u02c8\u055a\u2018\u2019\u201b\u2032\ua78c\uff07"
)
_TRADE_MARKS = frozenset("\u00a9\u00ae\u2117\u2120\u2122")


def _clean(char: str) -> str:
    """Drop apostrophes too: "Sam's" is also written "Sams"."""
    if char in _APOSTROPHES:
        return ""
    return " " if char in _TRADE_MARKS else _show(char)


def _space_out(char: str) -> str:
    """Split words at punctuation, but never at the vowel signs of an Indian script."""
    return " " if unicodedata.category(char)[0] in "PSZ" else _clean(char)


_SHOWN = _Table(_show)
_CLEANED = _Table(_clean)
_SPACED = _Table(_space_out)

# Letters that Unicode does not decompose into a letter and an accent.
_LETTERS = str.maketrans(
    {
        "\u00e6": "ae",
        "\u0153": "oe",
        "\u00f8": "o",
        "\u0142": "l",
        "\u0111": "d",
        "\u00f0": "d",
        "\u00fe": "th",
        "\u0127": "h",
        "\u0131": "i",
        "\u0167": "t",
    }
)
# Accents, except the part of a Cyrillic letter that makes it another letter.
_ACCENTS = re.compile("(?<![\u0433\u043a\u0438\u0443\u0456])[\u0300-\u036f]")

_LETTER = r"[^\W\d_]"
# "L.L.C." and "A/S"; then "J. P.", which must not swallow the "L.L.C." after it.
_INITIALS = (
    re.compile(rf"\b{_LETTER}(?:[./]{_LETTER})+\b\.?"),
    re.compile(rf"\b{_LETTER}\.(?:\s+{_LETTER}\.)+"),
)
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_PLUS_BETWEEN = re.compile(r"(?<=\w)\+(?=\w)|(?<=\s)\+(?=\s)")
_FOREIGN_AND = frozenset(("und", "et", "y"))
_NO_ACCOUNT_ID = frozenset(
    [
        *(
            "",
            "na",
            "nan",
            "nil",
            "no",
            "none",
            "null",
            "notapplicable",
            "notavailable",
        ),
        *("blank", "empty", "missing", "unassigned", "undefined", "unknown", "unset"),
        *("tba", "tbc", "tbd", "tobeannounced", "tobeconfirmed", "tobedetermined"),
        *("pending", "todo", "noaccount", "noaccountid", "noid", "nonumber"),
    ]
)
"""Texts that mean "no Account ID". So does any run of 0 or of X."""

_AND = _FOREIGN_AND | {"and"}


def normalise_name(name: str | None) -> NormalisedName:
    """Return the form in which names are compared.

    Case, accents, punctuation, spaces and invisible characters are ignored, and so are
    "The" at either end and the spelling of "and" and of a legal form at the end.

    >>> normalise_name("The Smith & Sons Company, L.L.C.")
    NormalisedName(core='smith and sons co', legal_form='llc')
    """
    text = (name or "").translate(_CLEANED)
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text).translate(_CLEANED)
    if not _LETTER_OR_DIGIT.search(text):
        return NormalisedName("")
    found = WRITTEN_FORM.search(text)
    if found and (words := _split_words(_fold(text[: found.start()]))):
        return NormalisedName(_join_core(words), WRITTEN_FORMS[found.lastgroup or ""])
    return _split_legal_form(_split_words(_fold(text)))


def normalise_account_id(text: str | None) -> str:
    """Return the form in which Account IDs are compared.

    Only case, surrounding spaces and invisible characters are ignored: "007" is not
    "7", and "A-1" is not "A1". A placeholder ("-", "000", "N/A", "TBD") becomes empty.
    """
    key = (text or "").translate(_SHOWN).strip().casefold()
    written = "".join(_LETTER_OR_DIGIT.findall(key))
    says_nothing = written in _NO_ACCOUNT_ID or set(written) in ({"0"}, {"x"})
    return "" if says_nothing else key


def _fold(text: str) -> str:
    """Drop case and accents of a text that NFKD has decomposed."""
    text = text.casefold()
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKD", text).translate(_LETTERS)
    return unicodedata.normalize("NFC", _ACCENTS.sub("", text))


def _split_words(text: str) -> list[str]:
    if "." in text or "/" in text:
        for pattern in _INITIALS:
            text = pattern.sub(_join_initials, text)
    if "+" in text:
        text = _PLUS_BETWEEN.sub(" and ", text).replace("+", " plus ")
    words = text.replace("&", " and ").translate(_SPACED).split()
    while len(words) > 1 and words[0] == "the":
        del words[0]
    while len(words) > 1 and words[-1] == "the":
        del words[-1]
    return words if _AND.isdisjoint(words) else _write_and(words)


def _join_initials(found: re.Match[str]) -> str:
    return "".join(_LETTER_OR_DIGIT.findall(found[0])) + " "


def _write_and(words: list[str]) -> list[str]:
    """Write "und", "et" and "y" as "and" between two words, not between initials,
    and "and Company" as "and Co"."""
    written = list(words)
    for i in range(1, len(words)):
        before, word, after = words[i - 1], words[i], "".join(words[i + 1 : i + 2])
        if word in _FOREIGN_AND and before not in _AND:
            if len(before) > 1 and len(after) > 1:
                written[i] = "and"
        elif word == "company" and written[i - 1] == "and":
            written[i] = "co"
    return written


def _split_legal_form(words: list[str]) -> NormalisedName:
    """Take the longest legal form off the end, unless nothing would be left.

    "& Co" belongs to the name: there may well be a Smith beside Smith & Co.
    """
    if words[-1] in LAST_WORDS:
        for count in range(min(LONGEST, len(words)), 0, -1):
            form = LEGAL_FORMS.get(" ".join(words[-count:]))
            if form and count == len(words):
                break
            if form and words[-count - 1] != "and":
                return NormalisedName(_join_core(words[:-count]), form)
    return NormalisedName(" ".join(words))


def _join_core(words: list[str]) -> str:
    """Join words; a form at their end ("Acme Company, Inc.") is spelled in one way."""
    return " ".join([*words[:-1], LEGAL_FORMS.get(words[-1], words[-1])])
