"""How the tests run while scripts/mutate runs: a pytest plugin.

Hypothesis takes the same examples every time, has no deadline, which a slow machine
misses, and does not look for the smallest example, which nobody reads. The quick tests
come first: most mutants end with one of them.
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
    # What was imported before is there to stay; pytest collects garbage twice a run.
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if STATS.exists():
        seconds = json.loads(STATS.read_text())["duration_by_test"]
        items.sort(key=lambda item: seconds.get(item.nodeid, 0))
