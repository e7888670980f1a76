"""A pytest plugin for the tests that scripts/mutate runs.

Hypothesis takes the same examples every time. It has no deadline, because a slow
machine would miss it, and does not shrink failing examples, because nobody reads them.
The quick tests come first: most mutants fail one of them.
"""

import gc
import json
from pathlib import Path

import pytest
from hypothesis import Phase, settings

STATS = Path("mutmut-stats.json")

settings.register_profile(
    "mutate",
    settings.get_profile("ci"),
    phases=[Phase.explicit, Phase.generate],
)


def pytest_configure() -> None:
    # Pytest collects garbage twice a run, and imported modules are never garbage.
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if STATS.exists():
        seconds = json.loads(STATS.read_text())["duration_by_test"]
        items.sort(key=lambda item: seconds.get(item.nodeid, 0))
