"""A running sandbox as a Python object, for tests and for the command line."""

from __future__ import annotations

import threading
from types import TracebackType

from . import defaults
from .app import Application
from .operations import Operations
from .server import Server


class Sandbox(Operations):
    """A ConnectWise PSA on a port of its own, served by threads of this process::

        with Sandbox(seed=1, companies=40, invoices=120) as sandbox:
            sandbox.fault("rate_limit", "companies")
            requests.get(f"{sandbox.url}/login/companyinfo/acme")

    It is inspected and changed by the methods of `Operations`.
    """

    company_login_id = defaults.COMPANY_LOGIN_ID
    public_key = defaults.PUBLIC_KEY
    private_key = defaults.PRIVATE_KEY
    pdf_public_key = defaults.PDF_PUBLIC_KEY
    pdf_private_key = defaults.PDF_PRIVATE_KEY
    client_id = defaults.CLIENT_ID

    def __init__(
        self,
        seed: int = defaults.SEED,
        companies: int = defaults.COMPANIES,
        invoices: int = defaults.INVOICES,
        *,
        latency_ms: float = 0,
        today: str = defaults.TODAY,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        super().__init__(seed, companies, invoices, latency_ms, today)
        self._address = (host, port)
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def host(self) -> str:
        """``127.0.0.1:PORT``, once started."""
        return f"{self._address[0]}:{self._address[1]}"

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``, once started."""
        return f"http://{self.host}"

    def start(self) -> None:
        """Start listening; after `stop`, on the same port again."""
        server = Server(*self._address, Application(self))
        self._address = (self._address[0], server.port)
        self._server = server
        self._thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Refuse connections, and cut those that are open."""
        if self._server is None or self._thread is None:
            return
        self.clear_faults()
        self._server.shutdown()
        self._server.close_all()
        self._thread.join()
        self._server = self._thread = None

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
