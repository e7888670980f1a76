"""Headless Chromium, driven by its DevTools protocol."""

import base64
import json
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from websocket import create_connection

from .environment import background, free_port, wait_until

PROGRAMS = ("chromium", "google-chrome", "chromium-browser")

FIND = """
    (selector, text) => [...document.querySelectorAll(selector)].find(
        (element) => element.checkVisibility()
            && element.innerText.replace(/\\s+/g, " ").includes(text)
    )
"""
"""Finds the first visible element that contains a text."""


class Browser:
    """One page. Elements are found by the text that a person sees."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._number = 0

    def resize(self, width: int, height: int) -> None:
        self._command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def open(self, url: str) -> None:
        self._command("Page.navigate", url=url)
        self._wait("document.readyState == 'complete'", url)

    def log_in(self, url: str, login: str) -> None:
        """Log in; the password is the login."""
        self.open(f"{url}/web/login")
        self.run(
            f"""
            const form = document.querySelector("form.oe_login_form");
            form.login.value = form.password.value = {json.dumps(login)};
            form.submit();
            """
        )
        self.see("", ".o_web_client .o_action_manager")

    def see(self, text: str, selector: str = "body", seconds: float = 60) -> None:
        """Wait until this text is visible.

        :raises RuntimeError: if it is not after so many seconds
        """
        call = f"({FIND})({json.dumps(selector)}, {json.dumps(text)})"
        self._wait(f"Boolean({call})", f"“{text}” in {selector}", seconds)

    def click(self, text: str, selector: str = "button, a") -> None:
        """Wait until an element with this text is visible, and click it."""
        self.see(text, selector)
        self.run(f"({FIND})({json.dumps(selector)}, {json.dumps(text)}).click()")

    def run(self, script: str) -> Any:
        """Run JavaScript; return its value, or that of its promise."""
        answer = self._command(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def picture(self) -> bytes:
        """Return a screenshot of the page, as PNG."""
        answer = self._command("Page.captureScreenshot", format="png")
        return base64.b64decode(answer["data"])

    def _wait(self, condition: str, what: str, seconds: float = 60) -> None:
        def holds() -> bool:
            # While a page is loading, no script can run.
            with suppress(RuntimeError):
                return bool(self.run(condition))
            return False

        if not wait_until(holds, seconds, step=0.2):
            raise RuntimeError(f"not there within {seconds:.0f} seconds: {what}")

    def _command(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        question = {"id": self._number, "method": method, "params": parameters}
        self._socket.send(json.dumps(question))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]


@contextmanager
def browser(width: int, height: int) -> Iterator[Browser]:
    """Run Chromium while the block runs."""
    program = next(filter(None, map(shutil.which, PROGRAMS)))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        port = free_port()
        command = [
            *(program, "--headless", "--no-sandbox", "--disable-gpu"),
            *("--no-first-run", "--disable-background-networking", "--disable-sync"),
            *("--disable-component-update", "--hide-scrollbars"),
            *("--force-prefers-reduced-motion", "--remote-allow-origins=*"),
            *(f"--remote-debugging-port={port}", f"--user-data-dir={folder}"),
            "about:blank",
        ]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with background(command, **quiet):
            socket = create_connection(_find_page(port), timeout=120)
            try:
                page = Browser(socket)
                page.resize(width, height)
                yield page
            finally:
                socket.close()


def _find_page(port: int) -> str:
    """Wait for the browser to open its page; return the address of its socket."""
    found: list[str] = []

    def is_found() -> bool:
        with suppress(OSError):
            url = f"http://127.0.0.1:{port}/json"
            with urllib.request.urlopen(url, timeout=5) as answer:  # nosec B310
                pages = [page for page in json.load(answer) if page["type"] == "page"]
            found.extend(page["webSocketDebuggerUrl"] for page in pages)
        return bool(found)

    if not wait_until(is_found, 60):
        raise RuntimeError("the browser did not start")
    return found[0]
