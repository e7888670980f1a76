"""The control API under ``/_sandbox/``: all `Operations`, by HTTP and without keys."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request, Response

from .errors import ApiError
from .fault_list import DESCRIPTIONS
from .faults import ENDPOINTS
from .keys import ROLES
from .operations import Operations

Action = Callable[[Operations, "re.Match[str]", Request], Any]


def _body(request: Request) -> dict[str, Any]:
    data = json.loads(request.get_data() or b"{}")
    if not isinstance(data, dict):
        raise ValueError("The body must be a JSON object.")
    return data


def _page(request: Request) -> dict[str, int]:
    after, limit = request.args.get("after", "0"), request.args.get("limit", "1000")
    return {"after": int(after), "limit": int(limit)}


def _summary(ops: Operations) -> dict[str, Any]:
    return {
        "seed": ops.seed,
        "today": str(ops.today),
        "codebase": ops.codebase,
        "latency_ms": ops.latency_ms,
        "endpoints": {f"{m} {p.pattern}": text for m, p, text, _ in ROUTES},
    }


def _put_pdf(ops: Operations, match: re.Match[str], request: Request) -> None:
    ops.set_invoice_pdf(int(match[1]), request.get_data())


_ROOT = "/_sandbox/"
_TABLE = "(companies|contacts|invoices)"

# Method, path, description, function.
ROUTES: tuple[tuple[str, re.Pattern[str], str, Action], ...] = tuple(
    (method, re.compile(_ROOT + path), text, action)
    for method, path, text, action in (
        ("GET", "", "This list.", lambda o, m, r: _summary(o)),
        ("POST", "reset", "Start afresh.", lambda o, m, r: o.reset()),
        (
            "GET",
            "keys",
            "Keys with their roles, and all roles with their rights.",
            lambda o, m, r: {
                "keys": o.keys.roles(),
                "roles": {name: sorted(rights) for name, rights in ROLES.items()},
            },
        ),
        (
            "POST",
            "keys",
            "Create a key: public_key, private_key, role.",
            lambda o, m, r: o.create_key(**_body(r)),
        ),
        (
            "PATCH",
            "keys/([^/]+)",
            "Change the role of a key: role.",
            lambda o, m, r: o.change_role(m[1], **_body(r)),
        ),
        ("DELETE", "keys/([^/]+)", "Revoke a key.", lambda o, m, r: o.revoke_key(m[1])),
        (
            "POST",
            "codebase",
            "Move the API: codebase, or nothing for the next version.",
            lambda o, m, r: {"codebase": o.move_codebase(**_body(r))},
        ),
        (
            "POST",
            "like",
            "Behave like the ConnectWise of a report of scripts/tenant-check.",
            lambda o, m, r: o.behave_like(_body(r)),
        ),
        (
            "POST",
            "latency",
            "Answer later: milliseconds.",
            lambda o, m, r: o.set_latency(**_body(r)),
        ),
        (
            "POST",
            _TABLE,
            "Create a record: fields as the API shows them.",
            lambda o, m, r: o.create_record(m[1], _body(r)),
        ),
        (
            "GET",
            f"{_TABLE}/(\\d+)",
            "A whole record.",
            lambda o, m, r: o.get_record(m[1], int(m[2])),
        ),
        (
            "PATCH",
            f"{_TABLE}/(\\d+)",
            "Change a record: fields as the API shows them.",
            lambda o, m, r: o.patch_record(m[1], int(m[2]), _body(r)),
        ),
        (
            "DELETE",
            f"{_TABLE}/(\\d+)",
            "Delete a record.",
            lambda o, m, r: o.delete_record(m[1], int(m[2])),
        ),
        (
            "POST",
            "companies/(\\d+)/recycle",
            "Move a company to the recycle bin.",
            lambda o, m, r: o.recycle_company(int(m[1])),
        ),
        (
            "POST",
            "companies/(\\d+)/merge",
            "Merge a company into another: into.",
            lambda o, m, r: o.merge_company(int(m[1]), **_body(r)),
        ),
        (
            "PUT",
            "invoices/(\\d+)/pdf",
            "Serve the body as this invoice's PDF.",
            _put_pdf,
        ),
        (
            "DELETE",
            "invoices/(\\d+)/pdf",
            "Draw this invoice's PDF again.",
            lambda o, m, r: o.set_invoice_pdf(int(m[1]), None),
        ),
        (
            "GET",
            "export/companies",
            "Companies in simple form: ?after=ID&limit=N.",
            lambda o, m, r: o.export_companies(**_page(r)),
        ),
        (
            "GET",
            "export/invoices",
            "Invoices in simple form: ?after=ID&limit=N.",
            lambda o, m, r: o.export_invoices(**_page(r)),
        ),
        (
            "GET",
            "hard-cases",
            "Difficult records by name.",
            lambda o, m, r: o.hard_cases,
        ),
        ("GET", "requests", "API requests received.", lambda o, m, r: o.requests()),
        ("DELETE", "requests", "Forget them.", lambda o, m, r: o.clear_requests()),
        (
            "GET",
            "callbacks",
            "Callbacks, and the calls made so far.",
            lambda o, m, r: {"callbacks": o.callbacks.entries(), "calls": o.calls()},
        ),
        (
            "POST",
            "callbacks",
            "Call in another manner: manner, seconds.",
            lambda o, m, r: o.call_as(**_body(r)),
        ),
        (
            "POST",
            "callbacks/key",
            "Sign calls with another key.",
            lambda o, m, r: o.change_signing_key(),
        ),
        (
            "POST",
            "callbacks/(\\d+)/off",
            "Switch a callback off, as after days of failures.",
            lambda o, m, r: o.switch_callback_off(int(m[1])),
        ),
        (
            "GET",
            "faults",
            "Faults that can be set, and those that are.",
            lambda o, m, r: {
                "faults": DESCRIPTIONS,
                "endpoints": ENDPOINTS,
                "active": o.active_faults(),
            },
        ),
        (
            "POST",
            "faults",
            "Set a fault: name, endpoint, nth, times, seconds.",
            lambda o, m, r: o.fault(**_body(r)),
        ),
        ("DELETE", "faults", "Clear all faults.", lambda o, m, r: o.clear_faults()),
    )
)


class Control:
    """Answers requests to the control API with JSON."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    def answer(self, request: Request) -> Response:
        """Execute the operation that `request` names, and return its result."""
        try:
            return self._answer(request)
        except ApiError as error:
            return error.response()
        except KeyError as error:
            return _json({"message": f"There is no {error}."}, 404)
        except (TypeError, ValueError) as error:
            return _json({"message": str(error)}, 400)

    def _answer(self, request: Request) -> Response:
        path = request.path.rstrip("/") if len(request.path) > len(_ROOT) else _ROOT
        for method, pattern, _, action in ROUTES:
            match = pattern.fullmatch(path)
            if match and method == request.method:
                result = action(self._operations, match, request)
                return _json({"ok": True} if result is None else result)
        return _json({"message": f"Nothing here; see {_ROOT}."}, 404)


def _json(data: object, status: int = 200) -> Response:
    return Response(json.dumps(data), status, content_type="application/json")
