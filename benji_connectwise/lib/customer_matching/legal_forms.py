"""Legal forms of companies and how they are spelled. Facts only.

Spellings are words as :mod:`.normalise` leaves them: lower case, no accents, no
punctuation, ``&`` written as ``and``. Two forms that mean nearly the same in two
countries stay two forms: a difference makes a person decide, and loses nothing.
"""

import re

_CO = ("co", "company")
_LTD = ("ltd", "limited", "ltee", "limitee")
_GMBH = ("gmbh", "mbh", "gesmbh", "gesellschaft mit beschrankter haftung")
_UG = ("ug", "ug haftungsbeschrankt", "ug haftungsbeschraenkt")


def _pairs(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{one} {other}" for one in first for other in second)


def _and_co(partners: tuple[str, ...], form: str) -> tuple[str, ...]:
    return _pairs(partners, (f"and co {form}", f"co {form}"))


# One form per line: its name here, then all its spellings.
_SPELLINGS: dict[str, tuple[str, ...]] = {
    # English
    "inc": ("inc", "incorporated"),
    "corp": ("corp", "corporation"),
    "co": _CO,
    "ltd": _LTD,
    "co ltd": _pairs(_CO, _LTD),
    "llc": ("llc", "l l c", *_pairs(("limited liability",), _CO)),
    "llp": ("llp", "l l p", "limited liability partnership"),
    "lllp": ("lllp",),
    "lp": ("lp", "limited partnership"),
    "pllc": ("pllc", "p l l c", *_pairs(("professional limited liability",), _CO)),
    "pc": ("pc", "professional corporation", "professional corp"),
    "pa": ("pa", "professional association"),
    "plc": ("plc", "public limited company", "public limited co"),
    "ulc": ("ulc",),
    "pty ltd": _pairs(("pty", "proprietary"), _LTD),
    "pte ltd": _pairs(("pte",), _LTD),
    "pvt ltd": _pairs(("pvt", "private"), _LTD),
    # German
    "gmbh": _GMBH,
    "ggmbh": ("ggmbh",),
    "ug": _UG,
    "ag": ("ag", "aktiengesellschaft"),
    "se": ("se",),
    "kg": ("kg", "kommanditgesellschaft"),
    "kgaa": ("kgaa",),
    "ohg": ("ohg",),
    "gbr": ("gbr",),
    "gmbh and co kg": _and_co(_GMBH, "kg"),
    "gmbh and co kgaa": _and_co(_GMBH, "kgaa"),
    "gmbh and co ohg": _and_co(_GMBH, "ohg"),
    "ug and co kg": _and_co(_UG, "kg"),
    "ag and co kg": _and_co(("ag",), "kg"),
    "ag and co kgaa": _and_co(("ag",), "kgaa"),
    "se and co kg": _and_co(("se",), "kg"),
    "se and co kgaa": _and_co(("se",), "kgaa"),
    # French, Spanish, Portuguese, Italian, Romanian
    "sa": ("sa", "societe anonyme", "sociedad anonima"),
    "sas": ("sas",),
    "sasu": ("sasu",),
    "sarl": ("sarl", "sa rl", "s a r l"),
    "eurl": ("eurl",),
    "sl": ("sl", "sociedad limitada"),
    "slu": ("slu",),
    "sau": ("sau",),
    "srl": ("srl",),
    "ltda": ("ltda", "limitada"),
    "lda": ("lda",),
    "sa de cv": ("sa de cv",),
    "sab de cv": ("sab de cv",),
    "sapi de cv": ("sapi de cv",),
    "s de rl": ("s de rl",),
    "s de rl de cv": ("s de rl de cv",),
    # Dutch, Belgian
    "bv": ("bv", "besloten vennootschap"),
    "nv": ("nv", "naamloze vennootschap"),
    "vof": ("vof",),
    "bvba": ("bvba",),
    "sprl": ("sprl",),
    # Scandinavian, Finnish
    "ab": ("ab", "aktiebolag"),
    "as": ("as", "aktieselskab", "aksjeselskap"),
    "asa": ("asa",),
    "aps": ("aps", "anpartsselskab"),
    "oy": ("oy", "osakeyhtio"),
    "oyj": ("oyj",),
    # Eastern Europe
    "sro": ("sro", "spol sro", "spol s ro"),
    "doo": ("doo",),
    "ood": ("ood",),
    "sp z oo": ("sp z oo", "sp z o o", "sp zoo"),
    "kft": ("kft",),
    "zrt": ("zrt",),
    # Asia
    "kk": ("kk", "kabushiki kaisha"),
    "sdn bhd": ("sdn bhd",),
    "bhd": ("bhd",),
}

# Every spelling, and the form it means.
LEGAL_FORMS: dict[str, str] = {
    spelling: form for form, spellings in _SPELLINGS.items() for spelling in spellings
}
LONGEST = max(spelling.count(" ") + 1 for spelling in LEGAL_FORMS)
LAST_WORDS = frozenset(spelling.rpartition(" ")[2] for spelling in LEGAL_FORMS)

# Forms that are also words, and the end of a name they are only taken for if written
# like this: "Serenity Spa" is a spa and "Charge EV" has to do with cars.
WRITTEN_FORM = re.compile(
    r"""(?<![\w./])(?:
        (?P<spa> SpA | [Ss]\.\s?[Pp]\.\s?[Aa] )
      | (?P<ev>  eV  | [Ee]\.\s?[Vv] )
      | (?P<eg>  eG  | [Ee]\.\s?[Gg] )
    )[\W_]*\Z""",
    re.VERBOSE,
)
WRITTEN_FORMS = {"spa": "s.p.a.", "ev": "e.v.", "eg": "e.g."}
