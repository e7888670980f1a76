"""What the files in i18n/ of an addon have to hold: the same in each addon."""

import ast
from pathlib import Path

import polib

from odoo.modules import get_module_path
from odoo.tests import TransactionCase
from odoo.tools.translate import TranslationModuleReader

LANGUAGES = ("de", "es", "fr", "nl")


def read_terms(env, addon):
    """Return the set of all texts of `addon` that can be translated."""
    reader = TranslationModuleReader(env.cr, modules=[addon])
    return {source for _module, _type, _name, _id, source, _value, _notes in reader}


def read_template(addon):
    """Return the set of texts in the .pot file of `addon`."""
    return {entry.msgid for entry in _open(addon, f"{addon}.pot")}


def read_translated(addon, language):
    """Return the set of texts that have a translation in the .po file.

    Those marked as fuzzy have none. A comment says where the English is right.
    """
    return {
        entry.msgid
        for entry in _open(addon, f"{language}.po")
        if (entry.msgstr or entry.tcomment) and not entry.fuzzy
    }


def find_texts_in_f_strings(addon):
    """Return where a text stands inside an f-string: Python 3.11 cannot extract it."""
    return [
        f"{path.name}:{call.lineno}"
        for path in Path(get_module_path(addon)).rglob("*.py")
        for f_string in ast.walk(ast.parse(path.read_text()))
        if isinstance(f_string, ast.JoinedStr)
        for call in ast.walk(f_string)
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("_")
    ]


def _open(addon, name):
    return polib.pofile(str(Path(get_module_path(addon), "i18n", name)))


class TranslationsCase(TransactionCase):
    addon = ""

    def test_template_has_all_texts(self):
        """`scripts/translate` brings it up to date."""
        self.assertEqual(read_template(self.addon), read_terms(self.env, self.addon))

    def test_no_text_stands_in_an_f_string(self):
        self.assertFalse(find_texts_in_f_strings(self.addon))

    def test_every_text_is_translated(self):
        for language in LANGUAGES:
            with self.subTest(language):
                translated = read_translated(self.addon, language)
                self.assertFalse(read_template(self.addon) - translated)
