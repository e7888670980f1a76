"""The meaning of recorded or documented answers, and when to ask again."""

import copy
import pickle
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from conftest import FIXTURES

import connectwise_client
from connectwise_client import BACKGROUND, INTERACTIVE, errors
from connectwise_client.decipher import decipher_error, retry_delay
from connectwise_client.errors import (
    DeadlineError,
    NetworkError,
    RateLimitError,
    ServerError,
)
from connectwise_client.protocol import Answer

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)


def decipher(status: int, body: bytes, **headers: str) -> errors.ConnectWiseError:
    return decipher_error(
        Answer(status, headers, body),
        "/finance/invoices",
        "Invoicing",
        ("SECRET",),
        NOW,
    )


@pytest.mark.parametrize("name", sorted(p.stem for p in FIXTURES.glob("errors/*.json")))
def test_answer_is_deciphered(name: str, case: Callable[[str], Any]) -> None:
    recorded = case(f"errors/{name}")
    error = decipher_error(
        Answer(recorded["status"], recorded["headers"], recorded["body"].encode()),
        "/finance/invoices",
        "Invoicing",
        (),
        NOW,
    )
    assert type(error).__name__ == recorded["error"]
    assert {n: getattr(error, n) for n in recorded["attributes"]} == recorded[
        "attributes"
    ]
    assert (error.status, error.path) == (recorded["status"], "/finance/invoices")


@pytest.mark.parametrize("name", sorted(p.stem for p in FIXTURES.glob("errors/*.json")))
def test_log_names_the_request_and_the_answer(
    name: str, case: Callable[[str], Any]
) -> None:
    recorded = case(f"errors/{name}")
    error = decipher(
        recorded["status"], recorded["body"].encode(), **recorded["headers"]
    )
    start = f"/finance/invoices: HTTP {recorded['status']}"
    assert str(error) == f"{start} {error.code} {error.detail}".strip()


@pytest.mark.parametrize("status", [300, 302, 399])
def test_redirection_is_never_followed(status: int) -> None:
    error = decipher(status, b"")
    assert isinstance(error, errors.AddressError)
    assert error.reason == "redirect"


def test_web_page_is_named_as_one_and_not_quoted() -> None:
    error = decipher(500, b"\n <html>Oops</html>")
    assert (error.code, error.detail) == ("", "(a web page)")


@pytest.mark.parametrize("status", [403, 404])
def test_unsigned_request_reports_no_missing_right_or_record(status: int) -> None:
    body = b'{"code":"NotFound","message":"No"}'
    error = decipher_error(Answer(status, {}, body), "/login/companyinfo/", "", (), NOW)
    assert isinstance(error, errors.AddressError)


@pytest.mark.parametrize("body", [b'{"message":"key SECRET"}', b"key SECRET"])
def test_secret_in_an_answer_is_masked(body: bytes) -> None:
    error = decipher(400, body)
    assert "SECRET" not in f"{error!r}{error.__dict__}"
    assert error.detail == "key ***"


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"\xff\xfe\x00", b"[1]", b'"x"', b"1"]
)
def test_refusal_with_a_meaningless_body_is_recognized(body: bytes) -> None:
    assert isinstance(decipher(400, body), errors.RefusedRequestError)


def test_half_a_surrogate_pair_in_a_message_is_replaced() -> None:
    """A server that cuts a text may cut an emoji in two, and no database stores half of
    one."""
    error = decipher(500, b'{"code":"\\udc00","message":"Acme \\ud83d"}')
    assert (error.code, error.detail) == ("?", "Acme ?")
    assert str(error).encode()


def test_long_message_is_shortened() -> None:
    assert len(decipher(400, b"x" * 10_000).detail) == 300


def test_http_date_without_a_zone_is_gmt() -> None:
    error = decipher(429, b"", **{"retry-after": "Mon, 01 Jun 2026 12:00:04"})
    assert isinstance(error, RateLimitError)
    assert error.retry_after == 4


@pytest.mark.parametrize("name", sorted(set(connectwise_client.__all__)))
def test_every_error_can_be_copied_and_pickled(name: str) -> None:
    kind = getattr(connectwise_client, name)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        return
    error = kind("sentence", status=418)
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (str(twin), twin.__dict__) == ("sentence", error.__dict__)


@pytest.mark.parametrize("name", sorted(set(connectwise_client.__all__)))
def test_error_has_only_the_data_it_was_given(name: str) -> None:
    kind = getattr(connectwise_client, name)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        return
    error = kind("sentence", status=418, path="/x")
    known = {name: value for name, value in error.__dict__.items() if value}
    waits = {"transient": True} if issubclass(kind, errors.WaitError) else {}
    assert known == {"status": 418, "path": "/x", **waits}


# -- Retries --------------------------------------------------------------------


def test_waiting_doubles_with_each_attempt() -> None:
    error = NetworkError("x")
    delays = [retry_delay(error, n, 0, BACKGROUND, jitter=0) for n in (1, 2, 3)]
    assert delays == [0.5, 1.0, None]


def test_jitter_lengthens_the_waiting() -> None:
    assert retry_delay(NetworkError("x"), 1, 0, BACKGROUND, jitter=1) == 1.0


def test_person_gets_one_quick_second_attempt() -> None:
    error = NetworkError("x")
    delays = [retry_delay(error, n, 0, INTERACTIVE, jitter=0) for n in (1, 2)]
    assert delays == [0.1, None]


@pytest.mark.parametrize(("asked", "delay"), [(0, 1), (7, 7), (10, 10), (10.1, None)])
def test_requested_pause_is_kept_up_to_ten_seconds(
    asked: float, delay: float | None
) -> None:
    error = RateLimitError("x", retry_after=asked)
    assert retry_delay(error, 1, 0, BACKGROUND, jitter=0) == delay


def test_jitter_lengthens_a_requested_pause_by_a_tenth() -> None:
    error = RateLimitError("x", retry_after=5)
    assert retry_delay(error, 1, 0, BACKGROUND, jitter=1) == 5.5


def test_nobody_sleeps_longer_than_the_limit() -> None:
    error = RateLimitError("x", retry_after=10)
    assert retry_delay(error, 1, 0, BACKGROUND, jitter=1) == 10


def test_overloaded_server_may_ask_for_a_pause_too() -> None:
    error = ServerError("x", retry_after=3)
    assert retry_delay(error, 1, 0, BACKGROUND, jitter=0) == 3


def test_pauses_together_are_kept_up_to_ten_seconds() -> None:
    error = RateLimitError("x", retry_after=4)
    delays = [retry_delay(error, 9, paused, BACKGROUND, jitter=1) for paused in (6, 7)]
    assert delays == [4, None]


@pytest.mark.parametrize(
    "error", [ServerError("x", transient=False), DeadlineError("x", transient=False)]
)
def test_permanent_error_is_not_retried(error: errors.WaitError) -> None:
    assert retry_delay(error, 1, 0, BACKGROUND, jitter=0) is None


def test_large_answer_is_not_read_as_json() -> None:
    body = b'{"code": "Security"%s}'
    assert decipher(403, body % (b" " * 60_000)).code == "Security"
    assert decipher(403, body % (b" " * 66_000)).code == ""
