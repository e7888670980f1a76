"""Requests and the reading of answers, without any network."""

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

from connectwise_client import (
    ALL_IDS,
    BadAnswerError,
    ClientIdError,
    Company,
    Credentials,
    UnknownCompanyError,
)
from connectwise_client.const import COMPANIES, CONTACTS, INVOICES, MAX_ID, Endpoint
from connectwise_client.protocol import (
    Answer,
    IdRange,
    Request,
    count_request,
    create_headers,
    end_request,
    list_request,
    parse_json,
    parse_retry_after,
    pdf_request,
    probe_request,
    read_company_info,
    read_count,
    read_end,
    read_page,
    read_rows,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)


def whole(row: object) -> object:
    return row


@pytest.mark.parametrize("endpoint", [INVOICES, COMPANIES, CONTACTS])
@pytest.mark.parametrize("build", [list_request, probe_request, count_request])
def test_request_names_the_right_it_needs(build: Any, endpoint: Endpoint) -> None:
    assert build(endpoint).right == endpoint.right


def test_greatest_id_needs_the_right_to_its_list() -> None:
    assert end_request(COMPANIES, "", ALL_IDS, "desc").right == COMPANIES.right


def test_pdf_needs_the_right_to_its_invoice() -> None:
    assert pdf_request(7).right == "Invoicing"


def test_greatest_id_is_the_first_of_the_list_from_its_end() -> None:
    assert end_request(COMPANIES, "", ALL_IDS, "desc").query == (
        ("fields", "id"),
        ("orderBy", "id desc"),
        ("pageSize", "1"),
    )


def test_ends_and_number_are_those_of_a_part_of_the_list() -> None:
    condition = ("conditions", "(a = 1) and id > 3")
    ids = IdRange(3)
    assert end_request(COMPANIES, "a = 1", ids, "asc").query[0] == condition
    assert count_request(COMPANIES, "a = 1", ids).query == (condition,)


def test_list_is_asked_for_with_its_conditions_first() -> None:
    asked = list_request(COMPANIES, "a = 1 or b = 2", IdRange(3, 5)).query
    assert asked[0] == ("conditions", "(a = 1 or b = 2) and id > 3 and id < 6")
    assert asked[1:] == list_request(COMPANIES).query


@pytest.mark.parametrize(
    ("query", "end"),
    [
        ((), "/x"),
        ((("a", "1 > 2,+/é"), ("b", "X")), "/x?a=1%20%3E%202,%2B%2F%C3%A9&b=X"),
    ],
)
def test_url_is_short_and_encoded(query: Any, end: str) -> None:
    url = Request("/x", "", query).url("https://a", "v4_6_release/")
    assert url == f"https://a/v4_6_release/apis/3.0{end}"


def test_request_is_signed_in() -> None:
    assert create_headers(Credentials("a", "b", "c", "d"), "x/y") == {
        "Authorization": "Basic YStiOmM=",
        "clientId": "d",
        "Accept": "x/y",
    }


def test_client_id_that_cannot_be_sent_is_refused() -> None:
    with pytest.raises(ClientIdError) as caught:
        create_headers(Credentials("a", "b", "c", "d\ne"), "x/y")
    assert str(caught.value) == "The client id contains characters that are not allowed"


@pytest.mark.parametrize("rows", [[], [{}], [{"id": "7"}], [{"id": 7}, {"id": 6}]])
def test_answer_without_one_id_gives_no_id(rows: list[object]) -> None:
    assert read_end(rows) == 0


def test_id_is_the_one_in_the_answer() -> None:
    assert read_end([{"id": 7}]) == 7


@pytest.mark.parametrize(
    ("read", "reason", "text"),
    [
        (lambda: parse_json(Answer(200, {}, b"{"), "/x"), "malformed", "not JSON"),
        (lambda: parse_json(Answer(200, {}, b"\n <p>"), "/x"), "html", "not JSON"),
        (lambda: read_rows({}, Request("/x", "")), "shape", "not a list"),
        (
            lambda: read_rows([1, 2], Request("/x", "")),
            "too_large",
            "2 records instead of at most 1",
        ),
        (
            lambda: parse_json(Answer(200, {}, b"[" + b"0," * 250_000 + b"0]"), "/x"),
            "too_large",
            "more than 250000 values",
        ),
        (lambda: read_count({}, "/x"), "shape", "not a count"),
        (
            lambda: read_page([{"id": 2}, {"id": 2}], whole, ALL_IDS, "/x"),
            "paging",
            "id 2 follows 2",
        ),
        (
            lambda: read_page([{"id": 8}], whole, IdRange(0, 7), "/x"),
            "paging",
            "id 8 is beyond 7",
        ),
        (
            lambda: read_page([{}] * 1000, whole, IdRange(3), "/x"),
            "paging",
            "no id after 3",
        ),
    ],
)
def test_bad_answer_names_its_request_and_the_mistake(
    read: Callable[[], object], reason: str, text: str
) -> None:
    before = {
        "not JSON": "the answer is ",
        "not a list": "",
        "not a count": "",
        "2 records instead of at most 1": "",
        "more than 250000 values": "",
    }.get(text, "the pages do not follow each other: ")
    with pytest.raises(BadAnswerError) as caught:
        read()
    error = caught.value
    assert (error.path, error.reason) == ("/x", reason)
    assert str(error) == f"/x: {before}{text}"


@pytest.mark.parametrize("data", [{}, [], {"Codebase": 1}])
def test_discovery_without_a_codebase_says_so(data: object) -> None:
    with pytest.raises(BadAnswerError) as caught:
        read_company_info(data, "acme")
    error = caught.value
    assert (error.path, error.reason) == ("/login/companyinfo/", "shape")
    assert str(error) == "/login/companyinfo/: no codebase in the answer"


def test_unknown_company_is_named() -> None:
    with pytest.raises(UnknownCompanyError) as caught:
        read_company_info(None, "acme")
    assert str(caught.value) == "ConnectWise knows no company 'acme'"
    assert caught.value.path == "/login/companyinfo/"


@pytest.mark.parametrize("count", [0, 1, 10**6])
def test_count_is_read(count: int) -> None:
    assert read_count({"count": count}, "/x") == count


@pytest.mark.parametrize("data", [{"count": -1}, {"count": True}, {"count": "7"}, 7])
def test_answer_that_is_no_count_is_refused(data: object) -> None:
    with pytest.raises(BadAnswerError):
        read_count(data, "/x")


def test_impossible_id_affects_only_its_record() -> None:
    rows = [{"id": 0}, {"id": 1}]
    records, skipped, last_id = read_page(rows, Company.from_json, ALL_IDS, "/x")
    assert ([record.id for record in records], len(skipped), last_id) == ([1], 1, 1)


def test_greatest_possible_id_is_read() -> None:
    assert read_page([{"id": MAX_ID}], whole, ALL_IDS, "/x")[2] == MAX_ID


def test_last_id_of_a_range_belongs_to_it() -> None:
    records, _skipped, last_id = read_page([{"id": 7}], whole, IdRange(0, 7), "/x")
    assert (records, last_id) == ([{"id": 7}], 7)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        (" 7 ", 7),
        ("0", 0),
        ("1" * 12, 86400),
        ("1" * 13, None),
        ("-1", None),
        ("1.5", None),
        # Reading a long date costs more than its length.
        ("Mon, 01 Jun 2026 12:00:04 GMT" + " " * 300, None),
        ("Mon, 01 Jun 2026 12:00:04 GMT", 4),
        ("Mon, 01 Jun 2026 12:00:04", 4),
        ("Mon, 01 Jun 2026 14:00:04 +0200", 4),
        ("Mon, 01 Jun 2026 11:00:00 GMT", 0),
        ("Thu, 01 Jun 2028 12:00:00 GMT", 86400),
    ],
)
def test_pause_is_a_number_or_a_date_and_a_day_at_most(
    value: str | None, seconds: float | None
) -> None:
    assert parse_retry_after(value, NOW) == seconds


def test_maximum_number_of_values_is_read() -> None:
    zeros = b"[" + b"0," * 249_999 + b"0]"
    assert parse_json(Answer(200, {}, zeros), "/x") == [0] * 250_000


def test_endless_integer_affects_only_its_record() -> None:
    rows = b'[{"id": 1%s}, {"id": 2}]' % (b"0" * 5000)
    data = parse_json(Answer(200, {}, rows), "/x")
    records, skipped, _last = read_page(
        read_rows(data, list_request(COMPANIES)), Company.from_json, ALL_IDS, "/x"
    )
    assert [record.id for record in records] == [2]
    assert [record.reason for record in skipped] == [
        "Company (no id): id is not of type int"
    ]
