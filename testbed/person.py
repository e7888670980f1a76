"""A person who uses Odoo's web server."""

from typing import Any

import requests


class Person:
    """A person's session with an Odoo server.

    :param login: also the password; without one, the person is anonymous
    """

    def __init__(self, url: str, login: str = "", database: str = "") -> None:
        self.url = url
        self.session = requests.Session()
        if login:
            params = {"db": database, "login": login, "password": login}
            self._ask("/web/session/authenticate", params)

    def __enter__(self) -> "Person":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the session."""
        self.session.close()

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of a model, as the web client does.

        :raises AssertionError: with Odoo's traceback, if it raised something
        """
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self._ask(f"/web/dataset/call_kw/{model}/{method}", params)

    def get(self, path: str, **options: Any) -> requests.Response:
        """Open a page."""
        return self.session.get(f"{self.url}{path}", timeout=60, **options)

    def run_scheduled_action(self, name: str) -> None:
        """Run a scheduled action by *Run Manually*, as an administrator.

        :param name: its XML id
        :raises AssertionError: if it fails
        """
        module, _, name = name.partition(".")
        domain = [["module", "=", module], ["name", "=", name]]
        [data] = self.call("ir.model.data", "search_read", domain, ["res_id"])
        problem = self.call("ir.cron", "method_direct_trigger", [data["res_id"]])
        assert problem in (None, True), f"it failed: {problem}"

    def send(self, *moves: int) -> None:
        """Send invoices by the dialog; a scheduled action sends several later."""
        model = "account.move.send.wizard"
        if len(moves) > 1:
            model = "account.move.send.batch.wizard"
        context = {"active_model": "account.move", "active_ids": moves}
        dialog = self.call(model, "create", {}, context=context)
        self.call(model, "action_send_and_print", [dialog], context=context)

    def _ask(self, path: str, params: dict[str, Any]) -> Any:
        answer = self.session.post(
            f"{self.url}{path}", json={"params": params}, timeout=120
        ).json()
        assert "error" not in answer, answer["error"]["data"]["debug"]
        return answer.get("result")  # Missing if it is None.
