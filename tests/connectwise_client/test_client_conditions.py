"""How values get into a condition, and how many fit into a request."""

import time
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectwise_client import UnqueryableError, number_key
from connectwise_client.conditions import (
    changed_condition,
    chunks,
    dates_condition,
    ids_condition,
    numbers_condition,
    quote_string,
    sort_numbers,
)


@pytest.mark.parametrize(
    "value",
    ["CW1129", "INV/2026/00001", "R&D 7+1", "N\u00ba 5", "a_b-c.d,(e)", "X", ""],
)
def test_harmless_value_is_quoted(value: str) -> None:
    assert quote_string(value) == f'"{value}"'


@pytest.mark.parametrize(
    "value",
    [
        '"',
        "'",
        "\\",
        "*",
        "[",
        "]",
        "%",
        "\0",
        "\n",
        "\x7f",
        "\u200b",
        "\ud800",
        "\u202e",
    ],
)
def test_ambiguous_value_is_refused(value: str) -> None:
    with pytest.raises(UnqueryableError) as caught:
        quote_string(f"CW{value}1")
    assert caught.value.value == f"CW{value}1"
    str(caught.value).encode("ascii")


def test_log_names_a_value_that_cannot_be_asked_for() -> None:
    """It does so in ASCII and with limited length."""
    with pytest.raises(UnqueryableError) as caught:
        quote_string("é*" + "x" * 100)
    assert str(caught.value) == f"Cannot ask for '\\xe9*{'x' * 74}"


@given(st.text())
def test_quoted_string_ends_only_at_its_end(value: str) -> None:
    try:
        quoted = quote_string(value)
    except UnqueryableError:
        return
    assert quoted == f'"{value}"'
    assert not set(value) & set("\"'\\*[]%")
    quoted.encode("utf-8")


def test_single_number_is_asked_for_with_equals() -> None:
    assert numbers_condition(["CW1"]) == 'invoiceNumber = "CW1"'


def test_several_numbers_are_asked_for_at_once() -> None:
    assert numbers_condition(["CW1", "CW2"]) == 'invoiceNumber in ("CW1","CW2")'


def test_ids_are_asked_for_at_once() -> None:
    assert ids_condition([1, 2]) == "id in (1,2)"


def test_id_that_is_no_number_never_gets_into_a_condition() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        ids_condition(["1) or (1=1"])  # type: ignore[list-item]


def test_time_is_asked_for_in_utc() -> None:
    since = datetime(2026, 6, 1, 2, tzinfo=timezone(timedelta(hours=3)))
    assert changed_condition(since) == "lastUpdated > [2026-05-31T23:00:00Z]"


def test_time_is_asked_for_in_utc_wherever_the_server_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as context:
        context.setenv("TZ", "Pacific/Auckland")
        time.tzset()
        since = datetime(2026, 6, 1, tzinfo=timezone.utc)
        assert changed_condition(since) == "lastUpdated > [2026-06-01T00:00:00Z]"
    time.tzset()


def test_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^changed_since needs a time zone$"):
        changed_condition(datetime(2026, 6, 1))


def test_both_days_belong_to_a_period() -> None:
    assert dates_condition(date(2026, 3, 1), date(2026, 12, 31)) == (
        "date > [2026-02-28T23:59:59Z] and date < [2027-01-01T00:00:00Z]"
    )


def test_numbers_count_as_equal_without_case_and_outer_space() -> None:
    assert number_key(" cw 1\t") == number_key("CW 1") != number_key("CW1")


def test_numbers_that_cannot_exist_are_not_asked_for() -> None:
    assert sort_numbers(["", "  ", "x" * 16, " " + "x" * 15]) == (["x" * 15], [])


def test_number_may_be_a_single_character() -> None:
    assert sort_numbers(["7"]) == (["7"], [])


def test_same_number_is_asked_for_once() -> None:
    assert sort_numbers(["cw1", "CW1 ", "CW2"]) == (["cw1", "CW2"], [])


def test_numbers_that_cannot_be_asked_for_are_named() -> None:
    ask, skipped = sort_numbers(["CW*", "CW1"])
    assert ask == ["CW1"]
    assert [(s.id, s.error.value) for s in skipped] == [(None, "CW*")]  # type: ignore[attr-defined]


def test_run_has_at_most_the_given_length() -> None:
    assert list(chunks("abcde", 2, lambda run: True)) == [["a", "b"], ["c", "d"], ["e"]]


def test_run_ends_before_the_value_that_does_not_fit() -> None:
    runs = chunks([3, 3, 9, 1], 50, lambda run: sum(run) <= 6)
    assert list(runs) == [[3, 3], [9], [1]]


def test_run_that_does_not_fit_is_cut_by_a_quarter() -> None:
    runs = chunks(range(8), 8, lambda run: len(run) <= 6)
    assert [len(run) for run in runs] == [6, 2]


def test_no_values_make_no_run() -> None:
    assert list(chunks([], 2, lambda run: True)) == []
