"""The language of ``conditions`` and ``childConditions``, turned into SQL.

Grammar (ConnectWise developer guide)::

    expression = term {"or" term}
    term       = factor {"and" factor}
    factor     = ["not"] "(" expression ")" | comparison
    comparison = name operator value | name ["not"] "in" "(" value {"," value} ")"
    operator   = "=" | "!=" | "<" | "<=" | ">" | ">=" | ["not"] ("contains" | "like")

Text is compared without regard to case, as SQL Server does. ``*`` is a wildcard and
``[[]`` a literal bracket. There is no official way to write a quote inside a string, so
a string ends at the next quote of the same kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from . import errors
from .schema import Field

Resolve = Callable[[str], Field]

_TOKENS = re.compile(
    r"""\s*(?:
        (?P<string>"[^"]*"|'[^']*')
      | (?P<date>\[[^\]]*\])
      | (?P<number>-?\d+(?:\.\d+)?(?![\w/]))
      | (?P<name>[A-Za-z_][\w/]*)
      | (?P<symbol><=|>=|!=|[=<>(),])
    )""",
    re.VERBOSE,
)
_COMPARISONS = {"=", "!=", "<", "<=", ">", ">="}
_DATE_FORMATS = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d")


@dataclass
class Condition:
    """A piece of SQL and the values for its placeholders."""

    sql: str = "1"
    values: list[object] = field(default_factory=list)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str

    @property
    def word(self) -> str:
        """The keyword or symbol in lower case, empty for values."""
        return self.text.lower() if self.kind in ("name", "symbol") else ""


def compile_conditions(text: str, resolve: Resolve) -> Condition:
    """Return the SQL for `text`.

    :param resolve: returns the field of a name in `text`
    :raises errors.ApiError: 400, as ConnectWise's for conditions that it cannot read
    """
    if not text.strip():
        return Condition()
    return _Parser(_tokens(text), resolve).whole()


def pattern_matches(pattern: str, value: object) -> bool | None:
    """Return whether `value` matches a pattern with ``*`` and ``[...]`` (for SQLite).

    The result is null if one of them is null, as in SQL.
    """
    if value is None:
        return None
    return bool(_pattern(pattern).fullmatch(str(value)))


def fold(value: str | float | None) -> str | float | None:
    """Return text without case, because SQLite itself only folds ASCII (for SQLite)."""
    return value.casefold() if isinstance(value, str) else value


_PATTERNS: dict[str, re.Pattern[str]] = {}


def _pattern(pattern: str) -> re.Pattern[str]:
    if pattern not in _PATTERNS:
        if len(_PATTERNS) > 1000:
            _PATTERNS.clear()
        pieces = re.split(r"(\*|\[[^\]]+\])", pattern)
        regex = "".join(_regex_piece(piece) for piece in pieces)
        _PATTERNS[pattern] = re.compile(regex, re.IGNORECASE | re.DOTALL)
    return _PATTERNS[pattern]


def _regex_piece(piece: str) -> str:
    if piece == "*":
        return ".*"
    if len(piece) > 2 and piece.startswith("[") and piece.endswith("]"):
        return "[" + re.sub(r"([\\\[\]])", r"\\\1", piece[1:-1]) + "]"
    return re.escape(piece)


def _tokens(text: str) -> list[_Token]:
    found, position = [], 0
    while text[position:].strip():
        match = _TOKENS.match(text, position)
        if match is None or match.lastgroup is None:
            raise errors.badly_quoted()
        found.append(_Token(match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[_Token], resolve: Resolve) -> None:
        self.tokens = tokens
        self.resolve = resolve
        self.position = 0
        self.values: list[object] = []

    def whole(self) -> Condition:
        sql = self.expression()
        if self.position < len(self.tokens):
            raise errors.badly_quoted()
        return Condition(sql, self.values)

    def expression(self) -> str:
        terms = [self.term()]
        while self.accept("or"):
            terms.append(self.term())
        return "(" + " OR ".join(terms) + ")"

    def term(self) -> str:
        factors = [self.factor()]
        while self.accept("and"):
            factors.append(self.factor())
        return "(" + " AND ".join(factors) + ")"

    def factor(self) -> str:
        negated = "NOT " if self.accept("not") else ""
        if self.accept("("):
            inner = self.expression()
            self.expect(")")
            return f"{negated}({inner})"
        return f"{negated}({self.comparison()})"

    def comparison(self) -> str:
        name = self.next()
        if name.kind != "name":
            raise errors.badly_quoted()
        target = self.resolve(name.text)
        negated = "NOT " if self.accept("not") else ""
        operator = self.next().word
        if operator == "in":
            return f"{negated}({self.one_of(target)})"
        if operator in ("contains", "like"):
            return f"{negated}({self.alike(target, operator)})"
        if negated or operator not in _COMPARISONS:
            raise errors.badly_quoted()
        return self.compare(target, operator, self.next())

    def one_of(self, target: Field) -> str:
        self.expect("(")
        literals = [self.literal(target, self.next())]
        while self.accept(","):
            literals.append(self.literal(target, self.next()))
        self.expect(")")
        if any(value is None for value in literals):
            raise errors.badly_quoted()
        if target.kind in ("text", "enum"):
            return self.text_in(target, [str(value) for value in literals])
        self.values += literals
        return f"{target.sql} IN ({', '.join('?' * len(literals))})"

    def text_in(self, target: Field, literals: list[str]) -> str:
        plain = [text for text in literals if text.isascii()]
        others = [text for text in literals if not text.isascii()]
        parts = []
        if plain:
            self.values += plain
            marks = ", ".join("?" * len(plain))
            parts.append(f"{target.sql} COLLATE NOCASE IN ({marks})")
        for text in others:
            self.values.append(text.casefold())
            parts.append(f"fold({target.sql}) = ?")
        return " OR ".join(parts)

    def alike(self, target: Field, operator: str) -> str:
        value = self.literal(target, self.next())
        if not isinstance(value, str) or target.kind not in ("text", "any"):
            raise errors.badly_quoted()
        self.values.append(f"*{value}*" if operator == "contains" else value)
        return f"alike(?, {target.sql})"

    def compare(self, target: Field, operator: str, token: _Token) -> str:
        value = self.literal(target, token)
        if value is None:
            if operator not in ("=", "!="):
                raise errors.badly_quoted()
            return f"{target.sql} IS {'NOT ' if operator == '!=' else ''}NULL"
        if isinstance(value, str) and token.kind == "string":
            return self.compare_text(target, operator, value)
        self.values.append(value)
        return f"{target.sql} {operator} ?"

    def compare_text(self, target: Field, operator: str, value: str) -> str:
        if operator in ("=", "!=") and ("*" in value or "[" in value):
            self.values.append(value)
            return f"{'NOT ' if operator == '!=' else ''}alike(?, {target.sql})"
        if value.isascii():
            self.values.append(value)
            return f"{target.sql} {operator} ? COLLATE NOCASE"
        self.values.append(value.casefold())
        return f"fold({target.sql}) {operator} ?"

    def literal(self, target: Field, token: _Token) -> object:
        """Return the value of `token`, if it is written as its field requires."""
        if token.word == "null":
            if target.kind == "enum":
                raise errors.bad_enum()
            return None
        reader = _READERS.get((token.kind, token.word in ("true", "false")))
        if reader is None:
            raise errors.badly_quoted()
        kinds, read = reader
        if target.kind not in (*kinds, "any"):
            raise errors.badly_quoted()
        value = read(token.text)
        if target.values and str(value).lower() not in map(str.lower, target.values):
            raise errors.bad_enum()
        return value

    def next(self) -> _Token:
        if self.position >= len(self.tokens):
            raise errors.badly_quoted()
        self.position += 1
        return self.tokens[self.position - 1]

    def accept(self, word: str) -> bool:
        here = self.tokens[self.position : self.position + 1]
        if here and here[0].word == word:
            self.position += 1
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.accept(word):
            raise errors.badly_quoted()


def _read_number(text: str) -> object:
    if len(text) > 15:
        raise errors.badly_quoted()
    return float(text) if "." in text else int(text)


def _read_date(text: str) -> object:
    """Read ``[2016-08-20T18:04:26Z]`` or ``[2016-08-20]``; return it as stored."""
    bare = text[1:-1].strip().rstrip("Zz")
    for layout in _DATE_FORMATS:
        try:
            moment = datetime.strptime(bare, layout)
        except ValueError:
            continue
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    raise errors.badly_quoted()


# (kind of token, whether it is the word true or false): (kinds of field, reader).
_READERS: dict[tuple[str, bool], tuple[tuple[str, ...], Callable[[str], object]]] = {
    ("string", False): (("text", "enum"), lambda text: text[1:-1]),
    ("number", False): (("number",), _read_number),
    ("date", False): (("date",), _read_date),
    ("name", True): (("flag",), lambda text: int(text.lower() == "true")),
}
