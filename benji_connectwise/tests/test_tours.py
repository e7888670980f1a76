"""What people click (S12-S16, S44-S52, M5)."""

from odoo.tests import HttpCase, tagged

from .common import ConnectwiseCommon


@tagged("post_install", "-at_install")
class TestTours(ConnectwiseCommon, HttpCase):
    def tour(self, name, user):
        self.start_tour(
            "/odoo",
            name,
            login=user.login,
            cookies={"connectwise_sandbox": self.sandbox.host},
        )

    def test_configure(self):
        """S12 S13 S16 S17 S44"""
        self.backend.unlink()
        self.tour("benji_connectwise_configure", self.administrator)

    def test_change_the_priority(self):
        """S46 S48 S49 S52"""
        self.set_priority("odoo")
        self.tour("benji_connectwise_priority", self.administrator)

    def test_send(self):
        """S5 M5"""
        self.partner_a.invoice_sending_method = "email"
        self.invoice("CW1001")
        self.tour("benji_connectwise_send", self.accountant)
