"""The overview among Odoo's dashboards."""

import json

from odoo.tests import HttpCase, tagged
from odoo.tools import file_open

from odoo.addons.benji_connectwise.tests.sending_common import SendingCommon
from odoo.addons.benji_connectwise.tools.invoice_pdf.deliveries import note_deliveries

FIGURES = 6
CLICKABLE = ".o-dashboard-clickable-cell"

COUNT = """
(async () => {
    let found = [];
    for (let tries = 0; tries < 100; tries++) {
        found = [figures, clickable].map(([selector]) =>
            document.querySelectorAll(selector).length
        );
        if (found[0] === figures[1] && found[1] >= clickable[1]) {
            console.log("test successful");
            return;
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
    }
    console.error(`Figures and cells that can be clicked: ${found}`);
})();
"""


@tagged("post_install", "-at_install")
class TestDashboard(SendingCommon, HttpCase):
    # Cells below the window are not there yet.
    browser_size = "1400x1300"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dashboard = cls.env.ref("benji_connectwise_dashboard.connectwise_dashboard")
        # On a slow machine the browser's other requests would not wait for these.
        for bundle in ("web.assets_web", "spreadsheet.o_spreadsheet"):
            cls.env["ir.qweb"]._get_asset_bundle(bundle).js()

    def look(self, clickable):
        """Open the dashboard, and wait for its figures and for cells that open records.

        An error in a formula makes a cell that cannot be clicked.
        """
        self.browser_js(
            f"/odoo/dashboards?dashboard_id={self.dashboard.id}",
            f"const figures = ['.o-figure canvas', {FIGURES}];"
            f"const clickable = ['{CLICKABLE}', {clickable}];{COUNT}",
            "!!document.querySelector('.o-spreadsheet')",
            login=self.accountant.login,
        )

    def test_fields_of_the_figures_exist(self):
        """Odoo's own check, which it makes only in tests."""
        self.dashboard._check_spreadsheet_data()

    def test_every_score_opens_a_menu(self):
        data = json.loads(self.dashboard.spreadsheet_data)
        figures = [figure for sheet in data["sheets"] for figure in sheet["figures"]]
        scores = {f["id"] for f in figures if f["data"]["type"] == "scorecard"}
        menus = data["chartOdooMenusReferences"]
        self.assertEqual(menus.keys(), scores)
        for name in menus.values():
            self.assertTrue(self.env.ref(name).action)

    def test_every_figure_of_the_sample_says_that_it_is_one(self):
        """Odoo fades them on large screens only."""
        with file_open(self.dashboard.sample_dashboard_file_path) as file:
            shown, data = json.load(file)["sheets"]
        figures = [figure["data"] for figure in shown["figures"]]
        texts = [
            data["cells"][figure["baseline"].removeprefix("Data!")]
            if figure["type"] == "scorecard"
            else figure["title"]["text"]
            for figure in figures
        ]
        self.assertEqual(len(texts), FIGURES)
        for text in texts:
            self.assertIn("Sample", text)

    def test_sample_gives_way_to_figures_that_open_their_records(self):
        """As soon as there is a connection, nothing is invented."""
        self.backend.active = False
        self.look(clickable=0)
        self.backend.active = True
        note_deliveries(self.invoice("CW1001") + self.invoice("NOT-THERE-1", amount=1))
        # Titles, numbers, the reason and how often.
        self.look(clickable=6 + 4 + 2)
