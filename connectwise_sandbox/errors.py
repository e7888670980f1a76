"""Error answers, worded as ConnectWise words them."""

from __future__ import annotations

import json

from werkzeug.wrappers import Response

JSON_TYPE = "application/vnd.connectwise.com+json; version=2026.4; charset=utf-8"


class ApiError(Exception):
    """A request that is answered with an error: the HTTP status and its JSON body."""

    def __init__(self, status: int, code: str, message: str, **more: object) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, **more}

    def response(self) -> Response:
        """Return the answer to send."""
        return json_response(self.body, self.status)


def json_response(data: object, status: int = 200) -> Response:
    """Return `data` as a ConnectWise JSON answer."""
    return Response(json.dumps(data), status, content_type=JSON_TYPE)


def find_condition(message: str) -> ApiError:
    """An unreadable condition, field or order (recorded payload)."""
    return ApiError(400, "ApiFindCondition", message)


def unknown_name(name: str) -> ApiError:
    """Recorded payload: ``invoiceDate is not a recognized name.``"""
    return find_condition(f"{name} is not a recognized name.")


def bad_enum() -> ApiError:
    """Recorded payload, for ``invoice = null`` and for unknown enum values."""
    return find_condition("Enum value supplied was invalid")


def badly_quoted() -> ApiError:
    """A value that is not written as its field requires (recorded payload)."""
    return find_condition(
        "String values should be enclosed with double or single quotes;"
        " DateTime values should be enclosed in square brackets;"
        " boolean values should be true or false; null values should be null"
    )


def not_found(title: str, number: int) -> ApiError:
    """Recorded payload: ``Contact 57919 not found``."""
    return ApiError(404, "NotFound", f"{title} {number} not found")


def bad_callback(message: str, field: str) -> ApiError:
    """Recorded payload, for a callback that exists already."""
    wrong = {
        "code": "ObjectExists" if field == "objectId" else "InvalidField",
        "message": message,
        "resource": "callbackEntry",
        "field": field,
    }
    text = "callbackEntry object is invalid"
    return ApiError(400, "InvalidObject", text, errors=[wrong])


def no_endpoint() -> ApiError:
    """Recorded payload."""
    return ApiError(404, "ConnectWiseApi", "The endpoint does not exist.")


def not_authenticated() -> ApiError:
    """The body is known from public clients; the status is not."""
    return ApiError(401, "ConnectWiseApi", "UserNotAuthenticated")


def wrong_key() -> ApiError:
    """The other 401 that public clients know: code ``Unauthorized`` and a message."""
    return ApiError(401, "Unauthorized", "The public or private key is not valid.")


def no_client_id(status: int = 403) -> ApiError:
    """Users report 400 and 403; newer servers answer 403."""
    return ApiError(status, "Security", "A valid clientId header is required.")


def no_permission() -> ApiError:
    """The body is quoted by vendors of integrations."""
    return ApiError(
        403,
        "Security",
        "You do not have security permission to perform this action.",
    )
