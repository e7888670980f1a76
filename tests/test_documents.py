"""The documents say what the code does, and their links lead somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from scripts import make_documents, make_pictures, source_code

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")]
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```", re.DOTALL)

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
    handbook = ROOT / "docs" / "handbook.md"
    start = f"{manifest['website']}/blob/main/docs/handbook.md#"
    links = {link for file in SCREENS for link in HELP.findall(file.read_text())}
    assert len(links) >= 9
    assert links <= {start + anchor for anchor in find_anchors(handbook)}


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
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }
