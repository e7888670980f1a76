"""The benchmark's table agrees with its runs."""

import pytest

from benchmarks.__main__ import FULL
from benchmarks.goals import Goal
from benchmarks.stations import judge


def runs_of(who, seconds, what="unchanged rescan", **about):
    about = {"size": FULL.companies, "latency": 100, "connected": 0, **about}
    return [
        {"what": what, "who": who, "turn": turn, "seconds": value, **about}
        for turn, value in enumerate(seconds)
    ]


def goals(runs, name) -> list[Goal]:
    return [goal for goal in judge(runs, FULL) if goal.name == name]


def test_ratio_is_taken_from_two_runs_of_the_same_round():
    runs = runs_of("addon", [2, 9, 4]) + runs_of("baseline", [1, 3, 4])
    goal = goals(runs, "P1")[0]
    assert sorted(goal.values) == [1, 2, 3]
    assert goal.measured == "2.00× [1.00–3.00]"


def test_runs_of_another_size_or_latency_do_not_count():
    runs = runs_of("addon", [1]) + runs_of("baseline", [1], latency=0)
    runs += runs_of("baseline", [1], size=7)
    assert not goals(runs, "P1")[0].values


@pytest.mark.parametrize(("seconds", "verdict"), [(1.3, "met"), (1.4, "**missed**")])
def test_missed_goal_is_called_missed(seconds, verdict):
    runs = runs_of("addon", [seconds]) + runs_of("baseline", [1])
    assert goals(runs, "P1")[0].verdict == verdict


def test_minimum_goal_is_missed_below_it():
    about = {"what": "first load", "size": FULL.others}
    runs = runs_of("addon", [1], **about)
    runs += runs_of("django-connectwise", [24], **about)
    assert goals(runs, "P3")[0].verdict == "**missed**"


def test_goal_that_was_not_measured_says_so():
    assert {goal.verdict for goal in judge([], FULL)} == {"not measured"}


def test_changes_are_judged_without_their_round_trips():
    runs = runs_of("addon", [1.3], what="100 changed", requests=3)
    runs += runs_of("addon", [1.0], what="nothing changed", requests=1)
    runs += runs_of("addon", [10.0])
    requests, share = goals(runs, "P4")[1:3]
    assert requests.values == (2,)
    assert share.values == pytest.approx((0.01,))
