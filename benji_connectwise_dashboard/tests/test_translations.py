"""All that people read is there in every language."""

from odoo.tests import tagged

from odoo.addons.benji_connectwise.tests import translations


@tagged("post_install", "-at_install")
class TestTranslations(translations.TranslationsCase):
    addon = "benji_connectwise_dashboard"
