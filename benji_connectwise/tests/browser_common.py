"""Tests in a browser."""

import os

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import HttpCase
from odoo.tests.common import get_db_name

SCRIPTS = ("web.assets_web", "web.assets_tests", "bus.websocket_worker_assets")
STYLES = ("web.assets_web", "web.assets_web_print")


class BrowserCommon(HttpCase):
    @classmethod
    def setUpClass(cls):
        if os.environ.get("BENJI_CONNECTWISE_DISPOSABLE_DATABASE"):
            cls._store_assets()
        super().setUpClass()

    @classmethod
    def _store_assets(cls):
        """Build Odoo's web client once for all tests: in each it would take seconds.

        Only for a database that is dropped after the tests.
        """
        with Registry(get_db_name()).cursor() as cr:
            qweb = api.Environment(cr, SUPERUSER_ID, {})["ir.qweb"]
            for name in SCRIPTS:
                qweb._get_asset_bundle(name, css=False).js()
            for name in STYLES:
                qweb._get_asset_bundle(name, js=False).css()
