"""Any order of actions by people, ConnectWise and accidents (R8).

After every step of `state_machine.py` the invariants hold. After every finished
synchronization, all of ConnectWise is stored.
"""

import time

import pytest
import table
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import FlakyStrategyDefinition
from hypothesis.stateful import run_state_machine_as_test
from state_machine import Machine, TimeIsOver
from world import World

pytestmark = pytest.mark.filterwarnings("default")


def test_any_order_of_steps_keeps_the_invariants(
    in_process: World, is_long: bool, share
) -> None:
    world = in_process
    world.start_afresh()
    world.rescan()
    world.keep("read_once")

    class Here(Machine):
        pass

    Here.world = world
    Here.deadline = time.monotonic() + (share(0.2) or 60)
    try:
        run_state_machine_as_test(
            Here,
            settings=settings(
                max_examples=1000 if is_long else 10,
                stateful_step_count=50 if is_long else 15,
                deadline=None,
                database=None,
                derandomize=not is_long,
                report_multiple_bugs=False,
                phases=[Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck),
            ),
        )
    except (TimeIsOver, FlakyStrategyDefinition):
        # Hypothesis takes an end without a reason for a whim of the test.
        if time.monotonic() < Here.deadline or Here.violations:
            raise
    finally:
        note = f"{Here.steps} steps"
        table.record("R8", Here.runs, Here.violations, note, wanted=500)
