"""The documents say what the code does, and their links lead somewhere."""

import itertools
import re
from collections.abc import Container, Iterator
from pathlib import Path

import polib
import pytest
from PIL import Image

from scripts import make_documents, make_pictures, source_code

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")]
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```", re.DOTALL)

HANDBOOK = ROOT / "docs" / "handbook.md"
LANGUAGES = ("de", "es", "fr", "nl")
EMPHASIS = re.compile(r"(\*+)([^*]+)\1")
FIRST_CELL = re.compile(r"^\| ([^|]+) \|", re.MULTILINE)
SEPARATOR = re.compile(r" ?[▸:] |, | ▸$")
MENUS_OF_ODOO = {"Invoices"}  # The addons have the same word for another thing.

SCREENS = sorted(ROOT.glob("benji_connectwise*/**/*.xml"))
HELP = re.compile(r"https?://[^\"'<\s]+/docs/handbook\.md[^\"'<\s]*")


def test_review_sheet_lists_the_overridden_methods() -> None:
    """Run scripts/documents after overriding another one."""
    expected = {
        (model.name, method.name) for model, method in source_code.find_overrides()
    }
    assert make_documents.read_overrides(make_documents.SHEET.read_text()) == expected


def test_review_sheet_knows_where_odoo_has_each_of_them() -> None:
    assert "| `?` |" not in make_documents.SHEET.read_text()


@pytest.mark.parametrize(
    "file", [file for file, _text in make_documents.prepare_documents()], ids=str
)
def test_made_document_is_up_to_date(file: Path) -> None:
    """Run scripts/documents after changing what it is made from."""
    assert file.read_text() == dict(make_documents.prepare_documents())[file]


def test_each_hook_of_the_bridge_says_what_it_does() -> None:
    assert [hook.name for hook in source_code.find_hooks() if not hook.text] == []


def test_hooks_of_the_bridge_are_few() -> None:
    assert 10 < len(source_code.find_hooks()) < 20


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_links_lead_somewhere(document: Path) -> None:
    assert [link for link in find_links(document) if not leads(document, link)] == []


def test_every_picture_is_used_and_small() -> None:
    texts = "".join(file.read_text() for file in DOCUMENTS)
    texts += (make_pictures.PAGE / "index.html").read_text()
    texts += str(source_code.read_manifest(make_pictures.PAGE.parent.parent))
    pictures = {*make_pictures.PAGE.glob("*.png"), *make_pictures.DOCS.glob("*.png")}
    made = {
        folder / f"{name}.png" for name, (folder, _) in make_pictures.PICTURES.items()
    }
    icon = make_pictures.PAGE / "icon.png"
    assert pictures == {*made, icon, make_pictures.PAGE / "cover.png"}
    for picture in pictures - {icon}:  # Odoo knows it by its name
        assert picture.name in texts
        assert picture.stat().st_size <= make_pictures.MOST_BYTES


def test_cover_has_the_size_of_the_store() -> None:
    with Image.open(make_pictures.PAGE / "cover.png") as cover:
        assert cover.size == make_pictures.COVER


def test_name_fits_into_the_store() -> None:
    manifest = source_code.read_manifest(ROOT / "benji_connectwise")
    assert len(manifest["name"]) <= 25


def test_help_on_screens_leads_to_a_heading_of_the_handbook() -> None:
    manifest = source_code.read_manifest(ROOT / "benji_connectwise")
    start = f"{manifest['website']}/blob/main/docs/handbook.md#"
    links = {link for file in SCREENS for link in HELP.findall(file.read_text())}
    assert len(links) >= 9
    assert links <= {start + anchor for anchor in find_anchors(HANDBOOK)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_translated_handbook_has_the_outline_of_the_english_one(language: str) -> None:
    assert outline(translated_handbook(language)) == outline(HANDBOOK)


@pytest.mark.parametrize("language", LANGUAGES)
def test_translated_handbook_has_the_words_of_the_screens(language: str) -> None:
    """Those of the addons; Odoo's own are in Odoo, which need not be here."""
    shown = read_translations(language)
    all_shown = set().union(*shown.values())
    sections = zip(
        read_sections(HANDBOOK),
        read_sections(translated_handbook(language)),
        strict=True,
    )
    wrong = [
        (word, shown[word])
        for english, translated in sections
        for word in find_words_of_screens(english, shown) - MENUS_OF_ODOO
        if not shown[word] & find_words_of_screens(translated, all_shown)
    ]
    assert wrong == []


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_each_handbook_begins_with_links_to_the_others(language: str) -> None:
    title, line, *_rest = translated_handbook(language).read_text().split("\n\n")
    names = {translated_handbook(other).name for other in ("en", *LANGUAGES)}
    assert title.startswith("# ")
    assert set(LINK.findall(line)) == names - {translated_handbook(language).name}


def translated_handbook(language: str) -> Path:
    return HANDBOOK if language == "en" else HANDBOOK.with_suffix(f".{language}.md")


def read_sections(document: Path) -> list[str]:
    """Return the document's parts, each with its heading."""
    return re.split(r"^(?=#+ )", document.read_text(), flags=re.MULTILINE)[1:]


def outline(document: Path) -> list[tuple[object, ...]]:
    """Return what translations share, of each section.

    A link to a section counts as the number of that section.
    """
    sections = read_sections(document)
    anchors = [make_anchor(section.partition("\n")[0]) for section in sections]
    return [
        (
            section.partition(" ")[0],
            len(re.findall(r"^\|", section, re.MULTILINE)),
            len(re.findall(r"^(?:-|\d+\.) ", section, re.MULTILINE)),
            len(EMPHASIS.findall(section)),
            sorted(
                str(anchors.index(link[1:])) if link.startswith("#") else link
                for link in LINK.findall(section)
                if not link.startswith(HANDBOOK.stem)
            ),
        )
        for section in sections
    ]


def find_words_of_screens(section: str, texts: Container[str]) -> set[str]:
    """Return which of `texts` are emphasised, or in the first column of a table.

    Of a list or a path such as “Integrations ▸ Configure”, the parts.
    """
    words = [" ".join(words.split()) for _stars, words in EMPHASIS.findall(section)]
    words += FIRST_CELL.findall(section)
    parts = [[word] if word in texts else SEPARATOR.split(word) for word in words]
    return {part for part in itertools.chain(*parts) if part in texts}


def read_translations(language: str) -> dict[str, set[str]]:
    """Return the addons' texts and what the screens show for each."""
    translations: dict[str, set[str]] = {}
    for file in ROOT.glob(f"benji_connectwise*/i18n/{language}.po"):
        for entry in polib.pofile(str(file)):
            shown = entry.msgstr or entry.msgid
            translations.setdefault(entry.msgid, set()).add(shown)
    return translations


def find_links(document: Path) -> Iterator[str]:
    for link in LINK.findall(CODE.sub("", document.read_text())):
        if not link.startswith(("http://", "https://")):
            yield link


def leads(document: Path, link: str) -> bool:
    path, _hash, anchor = link.partition("#")
    target = (document.parent / path) if path else document
    if not target.exists():
        return False
    return not anchor or target.suffix != ".md" or anchor in find_anchors(target)


def find_anchors(document: Path) -> set[str]:
    """Return what GitHub makes of the headings."""
    text = CODE.sub("", document.read_text())
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {make_anchor(heading) for heading in headings}


def make_anchor(heading: str) -> str:
    text = heading.lstrip("# ").lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
