"""Which names, and which Account IDs, count as the same."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customer_matching import NormalisedName, normalise_account_id, normalise_name
from customer_matching.legal_forms import LEGAL_FORMS

WORDS = (
    "Acme Smith Müller Sam’s The the & + und et y and company Co Limited Ltd. LLC "
    "L.L.C. Inc Corporation GmbH KG mbH Pty S.p.A. SpA e.V. A/S J. P. de C.V. (P) "
    "Public Professional Private Liability 北京 Край ™ S.A. z o.o. É ŉ"
).split()
NAMES = st.one_of(st.text(), st.lists(st.sampled_from(WORDS), max_size=7).map(" ".join))


@pytest.mark.parametrize(
    ("name", "other"),
    [
        pytest.param("ACME", "acme", id="case"),
        pytest.param("Straße", "STRASSE", id="case of sharp s"),
        pytest.param("Café Zoë", "Cafe Zoe", id="accents"),
        pytest.param("Cafe\u0301", "Caf\u00e9", id="accents apart"),
        pytest.param("Øresund Æble Łódź", "Oresund Aeble Lodz", id="other letters"),
        pytest.param("Ёлка", "Елка", id="Cyrillic accents"),
        pytest.param(
            "Coca-Cola, Bottling: Co_op", "coca cola bottling co op", id="marks"
        ),
        pytest.param("  Acme \t Widgets\n", "Acme Widgets", id="spaces"),
        pytest.param("Acme\u00a0Widgets", "Acme Widgets", id="no-break space"),
        pytest.param(
            "Ac\u200bme\ufeff \u00adWid\u2060gets\ufe0f", "Acme Widgets", id="zero"
        ),
        pytest.param("Acme\0 Wid\ud800gets", "Acme Widgets", id="controls"),
        pytest.param(
            "\uff21\uff23\uff2d\uff25 \ufb01nance",
            "Acme finance",
            id="compatibility letters",
        ),
        pytest.param("Acme™ Widgets®", "Acme Widgets", id="trade marks"),
        pytest.param("\u2121 Acme", "Tel Acme", id="letters in one sign"),
        pytest.param("Sam's", "Sams", id="apostrophe"),
        pytest.param("Sam’s", "Sam\u00b4s", id="apostrophes"),
        pytest.param("Smith & Sons", "Smith and Sons", id="ampersand"),
        pytest.param("Smith&Sons", "Smith + Sons", id="plus"),
        pytest.param("M+M", "M & M", id="plus without spaces"),
        pytest.param("Schmidt und Söhne", "Schmidt & Söhne", id="und"),
        pytest.param("Dupont et Fils", "Dupont & Fils", id="et"),
        pytest.param("Pérez y Hijos", "Perez & Hijos", id="y"),
        pytest.param("Al y Bo", "Al & Bo", id="y between short words"),
        pytest.param("A+ Tutoring", "A Plus Tutoring", id="plus as a word"),
        pytest.param("The Smith Group", "Smith Group", id="the"),
        pytest.param("Smith Group, The", "The Smith Group", id="the behind"),
        pytest.param("Boeing, The", "Boeing", id="the behind one word"),
        pytest.param("I.B.M.", "IBM", id="initials"),
        pytest.param("J. P. Morgan", "J.P.Morgan", id="initials apart"),
        pytest.param("Smith and Company", "Smith & Co.", id="and company"),
        pytest.param("Acme Company, Inc.", "Acme Co Inc", id="form within"),
    ],
)
def test_habits_of_writing_do_not_count(name: str, other: str) -> None:
    assert normalise_name(name) == normalise_name(other)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        pytest.param("Край", "Краи", id="Cyrillic letters"),
        pytest.param("Їжак", "Іжак", id="Ukrainian letters"),
        pytest.param("किम", "कम", id="Indian vowel signs"),
        pytest.param("北京公司", "上海公司", id="Chinese"),
        pytest.param("カギ", "カキ", id="Japanese voicing"),
        pytest.param("A+ Tutoring", "A Tutoring", id="plus"),
        pytest.param("Smith & Co", "Smith", id="and Co is part of the name"),
        pytest.param("XYZ", "X & Z", id="initials"),
        pytest.param("X Y Z", "X & Z", id="y among initials"),
        pytest.param("A y Bravo", "A & Bravo", id="y after an initial"),
        pytest.param("Bravo y A", "Bravo & A", id="y before an initial"),
        pytest.param("Bravo y A Tours", "Bravo & A Tours", id="y before initial, word"),
        pytest.param("Al und et Bo", "Al und & Bo", id="several of them"),
        pytest.param(
            "Ford Company & Sons", "Ford Co & Sons", id="company in the middle"
        ),
        pytest.param("Y Combinator", "& Combinator", id="y at the start"),
        pytest.param("Acme 1", "Acme 11", id="digits"),
        pytest.param("CocaCola", "Coca Cola", id="a space"),
        pytest.param("Serenity Spa", "Serenity", id="a spa"),
        pytest.param("Charge EV", "Charge", id="electric vehicles"),
        pytest.param("LLC Partners", "Partners", id="a form at the start"),
        pytest.param("Acme Inc Europe", "Acme Europe", id="a form in the middle"),
    ],
)
def test_differences_between_companies_count(name: str, other: str) -> None:
    assert normalise_name(name).core != normalise_name(other).core


@pytest.mark.parametrize(
    ("spellings", "form"),
    [
        ("Inc|Inc.|, Incorporated|INC", "inc"),
        ("Corp|Corp.|Corporation", "corp"),
        ("Co|Co.|Company", "co"),
        ("LLC|L.L.C.|L. L. C.|L L C|Limited Liability Company", "llc"),
        ("LLP|L.L.P.", "llp"),
        ("LP|L.P.|Limited Partnership", "lp"),
        ("PLLC|P.L.L.C.", "pllc"),
        ("PC|P.C.|Professional Corporation", "pc"),
        ("PA|P.A.", "pa"),
        ("Ltd|Ltd.|Limited|Ltée|Limitée", "ltd"),
        ("Co., Ltd.|Company Limited|Co Ltd", "co ltd"),
        ("Plc|P.L.C.|Public Limited Company", "plc"),
        ("Pty Ltd|Pty. Limited|Proprietary Limited", "pty ltd"),
        ("Pvt Ltd|Pvt. Ltd.|Private Limited", "pvt ltd"),
        ("GmbH|G.m.b.H.|mbH", "gmbh"),
        ("UG|UG (haftungsbeschränkt)", "ug"),
        ("AG|Aktiengesellschaft", "ag"),
        ("KG|K.G.", "kg"),
        ("GmbH & Co. KG|GmbH und Co KG|GmbH + Co.KG|GmbH Co. KG", "gmbh and co kg"),
        ("OHG|oHG", "ohg"),
        ("eG|e.G.|E.G.", "e.g."),
        ("e.V.|eV|e. V.", "e.v."),
        ("SA|S.A.|S/A", "sa"),
        ("SAS|S.A.S.", "sas"),
        ("SARL|S.à r.l.|S.A.R.L.", "sarl"),
        ("SL|S.L.", "sl"),
        ("SRL|S.R.L.", "srl"),
        ("S.p.A.|SpA|S.P.A.|\uff33.p.A.", "s.p.a."),
        ("BV|B.V.", "bv"),
        ("NV|N.V.", "nv"),
        ("AB|Aktiebolag", "ab"),
        ("AS|A/S|A.S.", "as"),
        ("ApS|Anpartsselskab", "aps"),
        ("Oy|OY", "oy"),
        ("KK|K.K.|Kabushiki Kaisha", "kk"),
        ("S.A. de C.V.|SA de CV|S. A. de C. V.", "sa de cv"),
        ("s.r.o.|spol. s r.o.", "sro"),
        ("Sp. z o.o.|sp. z.o.o.", "sp z oo"),
    ],
)
def test_spellings_of_a_legal_form_are_equal(spellings: str, form: str) -> None:
    found = {normalise_name(f"Acme {spelling}") for spelling in spellings.split("|")}
    assert found == {NormalisedName("acme", form)}


@pytest.mark.parametrize("form", sorted(set(LEGAL_FORMS.values())))
def test_each_form_is_a_spelling_of_itself(form: str) -> None:
    assert LEGAL_FORMS[form] == form


@pytest.mark.parametrize("spelling", sorted(LEGAL_FORMS))
def test_each_spelling_is_known_at_the_end_of_a_name(spelling: str) -> None:
    assert normalise_name(f"Acme {spelling}") == ("acme", LEGAL_FORMS[spelling])


def test_form_after_and_belongs_to_the_name() -> None:
    assert normalise_name("Smith & Limited") == ("smith and limited", "")


def test_longest_form_is_taken() -> None:
    assert normalise_name("Acme Pty Ltd").core == "acme"


def test_only_one_legal_form_is_taken() -> None:
    assert normalise_name("Acme Corp LLC") == ("acme corp", "llc")


def test_words_and_co_before_a_form_stay_in_the_name() -> None:
    assert normalise_name("Smith & Co. Ltd.") == ("smith and co", "ltd")


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("L.L.C.", "llc"),
        ("Limited", "limited"),
        ("The Limited", "limited"),
        ("Co., Ltd.", "co ltd"),
        ("The", "the"),
        ("SpA", "spa"),
        ("& Co", "and co"),
    ],
)
def test_name_that_is_nothing_but_a_form_keeps_it(name: str, core: str) -> None:
    assert normalise_name(name) == (core, "")


@pytest.mark.parametrize(
    "name", [None, "", " ", "&", "+", "...", "\u200b", "★", "'", "\u02b9"]
)
def test_name_without_letters_and_digits_is_none(name: str | None) -> None:
    assert normalise_name(name) == ("", "")


def test_parts_of_a_name_can_be_written_in_one() -> None:
    assert NormalisedName("acme", "inc").text == "acme inc"


def test_text_of_a_name_without_a_form_is_its_core() -> None:
    assert NormalisedName("acme").text == "acme"


@given(NAMES)
@example("aa et y bb")
@example("x y limited")
@example("\u0345")
def test_normalised_name_is_normal(name: str) -> None:
    once = normalise_name(name)
    assert normalise_name(once.text) == once


@given(NAMES)
def test_name_with_letters_is_never_empty(name: str) -> None:
    assert normalise_name(f"{name} a").core
    assert normalise_name(f"7 {name}").core


@given(NAMES, NAMES)
def test_name_has_no_outer_and_no_double_spaces(name: str, other: str) -> None:
    core = normalise_name(f"{name} {other}").core
    assert core == " ".join(core.split())


@given(st.lists(st.sampled_from(WORDS), max_size=7).map(" ".join))
def test_invisible_characters_never_count(name: str) -> None:
    hidden = "\u200b".join(name)
    assert normalise_name(hidden) == normalise_name(name)


@pytest.mark.parametrize(
    ("text", "other"),
    [(" c-01 ", "C-01"), ("\u00a0C-01\t", "c-01"), ("\ufeffC-\u200b01\0", "c-01")],
)
def test_habits_of_writing_account_ids_do_not_count(text: str, other: str) -> None:
    assert normalise_account_id(text) == normalise_account_id(other)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("007", "7"),
        ("A-1", "A1"),
        ("A 1", "A1"),
        ("A  1", "A 1"),
        ("A\t1", "A1"),
        ("É1", "E1"),
        ("1.", "1"),
    ],
)
def test_account_ids_are_exact_otherwise(text: str, other: str) -> None:
    assert normalise_account_id(text) != normalise_account_id(other)


@pytest.mark.parametrize("text", [None, "", "  ", "-", "\u200b", "\u200b/", "???"])
def test_account_id_without_letters_and_digits_is_none(text: str | None) -> None:
    assert normalise_account_id(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "000",
        "N/A",
        "n.a.",
        "None",
        "TBD",
        "t.b.d.",
        "Unknown",
        "xxx",
        "not available",
    ],
)
def test_meaningless_account_id_is_none(text: str) -> None:
    assert normalise_account_id(text) == ""


@pytest.mark.parametrize("text", ["NA1", "A0", "10", "X1", "NONE-7"])
def test_account_id_that_only_looks_meaningless_is_kept(text: str) -> None:
    assert normalise_account_id(text) == text.casefold()


@given(st.text())
def test_normalised_account_id_is_normal(text: str) -> None:
    once = normalise_account_id(text)
    assert normalise_account_id(once) == once
