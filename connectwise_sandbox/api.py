"""ConnectWise's own endpoints: discovery, lists, records, PDFs, system."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from werkzeug.wrappers import Request, Response

from . import defaults, errors, keys
from .conditions import Condition, compile_conditions
from .schema import ENTITIES, Entity
from .selection import (
    Selection,
    compile_child_conditions,
    find_field,
    order_sql,
    parse_fields,
)

if TYPE_CHECKING:
    from .operations import Operations

# ConnectWise developer guide: default 25, at most 1000. Users report that larger values
# are silently reduced.
PAGE_SIZE, LARGEST_PAGE = 25, 1000
# ConnectWise developer guide: keep the URL within this.
LONGEST_URL = 2000

_PATH = re.compile(r"/([^/]+/)apis/3\.0/(.*)")
_RECORDS = re.compile(
    r"(company/companies|company/contacts|finance/invoices)"
    r"(?:/(?:(?P<count>count)|(?P<id>\d{1,15})(?P<pdf>/pdf)?))?"
)
_RIGHTS = {
    "companies": keys.COMPANIES,
    "contacts": keys.CONTACTS,
    "invoices": keys.INVOICING,
}
_DISCOVERY = "/login/companyinfo/"
_CALLBACKS = re.compile(r"system/callbacks(?:/(\d{1,15}))?")
_CALLBACK_KEY = re.compile(r"/[^/]+//?system/callbackkey/index\.rails")
_NOT_FOUND_PAGE = (
    "<html><head><title>404 - File or directory not found.</title></head>"
    "<body><h2>404 - File or directory not found.</h2></body></html>"
)


def endpoint_of(path: str) -> str:
    """Return the name of a path's endpoint, as faults and the log use it."""
    if path.startswith(_DISCOVERY):
        return "discovery"
    if _CALLBACK_KEY.fullmatch(path):
        return "callback_key"
    match = _PATH.fullmatch(path)
    if match and _CALLBACKS.fullmatch(match[2]):
        return "callbacks"
    record = match and _RECORDS.fullmatch(match[2])
    if not record:
        return "system"
    return "invoice_pdf" if record["pdf"] else record[1].rpartition("/")[2]


class Api:
    """Answers requests from the state that `operations` holds."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    def answer(self, request: Request) -> Response:
        """Return ConnectWise's answer to `request`."""
        try:
            response = self._answer(request)
        except errors.ApiError as error:
            response = error.response()
        response.headers["api-current-version"] = self._operations.version
        return response

    def _answer(self, request: Request) -> Response:
        if len(request.environ["REQUEST_URI"]) > LONGEST_URL:
            return Response("Request URL Too Long", 414, content_type="text/plain")
        endpoint = endpoint_of(request.path)
        if request.method != "GET" and endpoint != "callbacks":
            raise errors.ApiError(405, "ConnectWiseApi", "Method not allowed.")
        if request.path.startswith(_DISCOVERY):
            return self._discovery(request)
        if endpoint == "callback_key":
            return self._callback_key(request)
        match = _PATH.fullmatch(request.path)
        codebases = (self._operations.codebase, defaults.FIXED_CODEBASE)
        if match is None or match[1] not in codebases:
            return Response(_NOT_FOUND_PAGE, 404, content_type="text/html")
        if "apis/3.0" in match[2]:
            # The cloud gateway's answer to a doubled path (seen by users).
            text = "Cannot route. Codebase/company is invalid"
            return Response(text, 400, content_type="text/plain")
        return self._api(request, match[2])

    def _discovery(self, request: Request) -> Response:
        """Answer without keys; ``null`` for an unknown company (public clients)."""
        login_id = request.path[len(_DISCOVERY) :].strip("/")
        if login_id.lower() != defaults.COMPANY_LOGIN_ID:
            return errors.json_response(None)
        codebase = self._operations.codebase
        return errors.json_response(
            {
                "CompanyName": defaults.COMPANY_NAME,
                "Codebase": codebase,
                "VersionCode": codebase.strip("/").replace("_", "."),
                "VersionNumber": "v4.6.99001",
                "CompanyID": defaults.COMPANY_LOGIN_ID,
                "IsCloud": True,
                "SiteUrl": request.host,
                "AllowedOrigins": ["*.connectwise.example"],
            }
        )

    def _api(self, request: Request, path: str) -> Response:
        if path == "system/info":
            # Some servers answer this without keys, so it proves nothing about keys.
            return errors.json_response(self._system_info())
        key = self._operations.keys.authenticate(request)
        if path == "system/mySecurity":
            return errors.json_response(key.security())
        if callback := _CALLBACKS.fullmatch(path):
            keys.require(key, keys.CALLBACKS)
            return self._callbacks(request, callback[1])
        match = _RECORDS.fullmatch(path)
        if match is None or (match["pdf"] and match[1] != "finance/invoices"):
            raise errors.no_endpoint()
        table = match[1].rpartition("/")[2]
        keys.require(key, _RIGHTS[table])
        if match["pdf"]:
            pdf = self._operations.invoice_pdf(int(match["id"]))
            return Response(pdf, content_type="application/pdf")
        entity = ENTITIES[table]
        if match["count"]:
            count = self._operations.store.count(entity, _where(entity, request))
            return errors.json_response({"count": count})
        if match["id"]:
            return self._one(request, entity, int(match["id"]))
        return self._list(request, entity)

    def _callback_key(self, request: Request) -> Response:
        """Answer without keys: the receiver of a call has none (public clients)."""
        callbacks = self._operations.callbacks
        key = callbacks.signing_key(request.args.get("id", ""))
        company = request.args.get("companyName", "")
        if key is None or company.lower() != defaults.COMPANY_LOGIN_ID:
            return Response(_NOT_FOUND_PAGE, 404, content_type="text/html")
        return Response(
            json.dumps({"signing_key": key}), content_type="application/json"
        )

    def _callbacks(self, request: Request, number: str | None) -> Response:
        callbacks = self._operations.callbacks
        if request.method == "GET" and not number:
            names = list(filter(None, request.args.get("fields", "").split(",")))
            return errors.json_response(
                [
                    {
                        name: value
                        for name, value in entry.items()
                        if (name in names if names else not name.startswith("_"))
                    }
                    for entry in callbacks.entries()
                ]
            )
        if request.method == "POST" and not number:
            origin = request.host_url.rstrip("/")
            values = request.get_json(force=True)
            return errors.json_response(callbacks.add(values, origin), 201)
        if request.method == "DELETE" and number:
            callbacks.remove(int(number))
            return Response(status=204)
        raise errors.ApiError(405, "ConnectWiseApi", "Method not allowed.")

    def _system_info(self) -> dict[str, object]:
        return {
            "version": self._operations.codebase.strip("/").replace("_", "."),
            "isCloud": True,
            "serverTimeZone": "Eastern Standard Time",
            "licenseBits": [{"name": "Manage", "activeFlag": True}],
            "cloudRegion": "NA",
        }

    def _one(self, request: Request, entity: Entity, number: int) -> Response:
        selection = parse_fields(entity, request.args.get("fields", ""))
        text = self._operations.store.read_text(entity, number, selection)
        return Response(text, content_type=errors.JSON_TYPE)

    def _list(self, request: Request, entity: Entity) -> Response:
        selection = parse_fields(entity, request.args.get("fields", ""))
        size = min(_whole_number(request, "pageSize", PAGE_SIZE), LARGEST_PAGE)
        if request.headers.get("pagination-type", "").lower() == "forward-only":
            return self._forward_only(request, entity, selection, size)
        page = _whole_number(request, "page", 1)
        # One more row than asked for shows whether there is a next page.
        rows = self._operations.store.select(
            entity,
            _where(entity, request),
            selection=selection,
            order=order_sql(entity, request.args.get("orderBy", "")),
            limit=size + 1,
            offset=(page - 1) * size,
        )
        links = []
        if len(rows) > size:
            links.append(_link(request, "next", page=page + 1))
        if page > 1:
            links.append(_link(request, "first", page=1))
        return _page(rows[:size], links if len(rows) > size or page > 1 else None)

    def _forward_only(
        self, request: Request, entity: Entity, selection: Selection | None, size: int
    ) -> Response:
        """Return records with ids above ``pageId``. The last page has an empty Link."""
        if request.args.get("orderBy"):
            raise errors.find_condition("orderBy is not allowed with forward-only.")
        where = _where(entity, request)
        after = _whole_number(request, "pageId", 0, least=0)
        where.sql = f"({where.sql}) AND t.id > ?"
        where.values.append(after)
        store = self._operations.store
        rows = store.select(entity, where, selection=selection, limit=size)
        if len(rows) < size:
            return _page(rows, [])
        last = store.select(entity, where, selection={"id": None}, limit=size)[-1]
        last_id = int(json.loads(last)["id"])
        return _page(rows, [_link(request, "next", pageId=last_id)])


def _where(entity: Entity, request: Request) -> Condition:
    """Return the SQL of ``conditions`` and ``childConditions`` together."""
    own = compile_conditions(
        request.args.get("conditions", ""), lambda path: find_field(entity, path)
    )
    child = compile_child_conditions(entity, request.args.get("childConditions", ""))
    return Condition(f"{own.sql} AND {child.sql}", own.values + child.values)


def _whole_number(request: Request, name: str, default: int, least: int = 1) -> int:
    text = request.args.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or int(text) < least:
        raise errors.find_condition(f"{name} must be a number from {least}.")
    return int(text)


def _link(request: Request, relation: str, **changes: int) -> str:
    query = request.args.to_dict() | {k: str(v) for k, v in changes.items()}
    url = f"{defaults.LINK_HOST}{request.path}?{urlencode(query)}"
    return f'<{url}>; rel="{relation}"'


def _page(rows: list[str], links: list[str] | None) -> Response:
    response = Response(f"[{','.join(rows)}]", content_type=errors.JSON_TYPE)
    if links is not None:
        response.headers["Link"] = ", ".join(links)
    return response
