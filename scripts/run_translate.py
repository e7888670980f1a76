"""Export the texts of the addons, and update the files of the translations."""

import io
from pathlib import Path

import polib

from testbed.databases import (
    ADDON,
    DASHBOARD,
    RECONCILIATION,
    prepare_reconciliation_template,
)
from testbed.environment import ROOT
from testbed.in_process import odoo_in_process, transaction
from testbed.postgresql import copied_database, postgresql

DATABASE = "benji_translate"
WRAP_WIDTH = 78
"""The width of Odoo's own files."""

AS_IN_ENGLISH = "The same as in English."
"""The comment of terms that are not translated. The OCA leaves their msgstr empty."""

NOISE = ("POT-Creation-Date", "PO-Revision-Date")


def export_terms(env, addon: str) -> polib.POFile:
    """Return all terms of `addon`, in the order and form of Odoo's own export."""
    from odoo.tools.translate import trans_export

    buffer = io.BytesIO()
    trans_export(False, [addon], buffer, "po", env)
    terms = polib.pofile(buffer.getvalue().decode(), wrapwidth=WRAP_WIDTH)
    for name in NOISE:
        terms.metadata.pop(name, None)
    return terms


def update(path: Path, terms: polib.POFile) -> list[str]:
    """Write the terms to the file of a language; return those not translated yet."""
    old = polib.pofile(str(path))
    known = {entry.msgid: entry for entry in old}
    new = polib.POFile(wrapwidth=WRAP_WIDTH)
    new.header, new.metadata = terms.header, old.metadata
    for term in terms:
        translated = known.get(term.msgid, term)
        is_same = translated.msgstr == term.msgid
        new.append(
            polib.POEntry(
                msgid=term.msgid,
                msgstr="" if is_same else translated.msgstr,
                comment=term.comment,
                tcomment=AS_IN_ENGLISH if is_same else translated.tcomment,
                occurrences=term.occurrences,
            )
        )
    new.save(str(path))
    return [entry.msgid for entry in new if not (entry.msgstr or entry.tcomment)]


def main() -> None:
    with (
        postgresql(),
        copied_database(prepare_reconciliation_template(), DATABASE),
        odoo_in_process(DATABASE) as registry,
        transaction(registry) as env,
    ):
        for addon in (ADDON, DASHBOARD, RECONCILIATION):
            terms = export_terms(env, addon)
            folder = ROOT / addon / "i18n"
            folder.mkdir(exist_ok=True)
            terms.save(str(folder / f"{addon}.pot"))
            for path in sorted(folder.glob("*.po")):
                missing = update(path, terms)
                done = len(terms) - len(missing)
                print(f"{path.relative_to(ROOT)}: {done} of {len(terms)} translated")
                print(*(f"  missing: {msgid}" for msgid in missing), sep="\n")


if __name__ == "__main__":
    main()
