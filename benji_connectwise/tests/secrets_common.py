"""Keys that somebody could look for, and a dialog in which they were typed."""

from base64 import b64encode

from .access_common import AccessCommon


class SecretsCommon(AccessCommon):
    def setUp(self):
        super().setUp()
        user = f"{self.sandbox.company_login_id}+{self.sandbox.public_key}"
        signed_in = b64encode(f"{user}:{self.sandbox.private_key}".encode()).decode()
        self.secrets = {
            "public_key": self.sandbox.public_key,
            "private_key": self.sandbox.private_key,
            "client_id": self.sandbox.client_id,
            "authorization": signed_in,
        }

    def new_dialog(self):
        """Return the wizard *Configure* as the administrator has filled it in."""
        return self.environment("manager")["connectwise.backend.configure"].create(
            {
                "step": "keys",
                "private_key": self.sandbox.private_key,
                **{name: self.secrets[name] for name in ("public_key", "client_id")},
            }
        )
