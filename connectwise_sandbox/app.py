"""The WSGI application: start page, control API, ConnectWise's API with faults."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from .api import Api, endpoint_of
from .control import Control
from .fault_list import EFFECTS
from .faults import Call
from .operations import Operations
from .start_page import start_page

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Application:
    """Routes each request and keeps the log."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._api = Api(operations)
        self._control = Control(operations)

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        # An unread body would be read as the next request of the connection.
        request.get_data(cache=True)
        return self._respond(request)(environ, start_response)

    def _respond(self, request: Request) -> Response:
        if request.path == "/":
            page = start_page(request.host_url)
            return Response(page, content_type="text/html; charset=utf-8")
        if request.path.startswith("/_sandbox"):
            return self._control.answer(request)
        return self._logged(request)

    def _logged(self, request: Request) -> Response:
        endpoint = endpoint_of(request.path)
        began, moment = time.monotonic(), time.time()
        fault = self._operations.due_fault(endpoint)
        status: int | None = None
        try:
            time.sleep(self._operations.latency_ms / 1000)
            if fault is None:
                response = self._api.answer(request)
            else:
                response = EFFECTS[fault.name](
                    Call(
                        request,
                        fault,
                        lambda: self._api.answer(request),
                        self._operations,
                    )
                )
            status = response.status_code
            return response
        finally:
            # Only the address and chosen headers are logged: no secrets.
            self._operations.log_request(
                {
                    "method": request.method,
                    "path": request.path,
                    "query": request.query_string.decode("ascii", "replace"),
                    "endpoint": endpoint,
                    "status": status,
                    "fault": fault and fault.name,
                    "time": moment,
                    "milliseconds": round((time.monotonic() - began) * 1000, 3),
                }
            )
