"""All that people read is there in every language."""

from odoo.tests import TransactionCase, tagged

from .translations import LANGUAGES, read_template, read_terms, read_translated

ADDON = "benji_connectwise"


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    def test_template_has_all_texts(self):
        """`scripts/translate` brings it up to date."""
        self.assertEqual(read_template(ADDON), read_terms(self.env, ADDON))

    def test_every_text_is_translated(self):
        for language in LANGUAGES:
            with self.subTest(language):
                missing = read_template(ADDON) - read_translated(ADDON, language)
                self.assertFalse(missing)
