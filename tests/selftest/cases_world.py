"""A check with three cases, of which one is wrong or ends its process, unless a variable is set."""

from __future__ import annotations

from tests.selftest.small_world import World

NAME = "ops"
AVOID = "AVOID_THE_FAULT"
WRONG = "outcome, detail = 'failed', 'off by one'"
CRASH = "print('free(): invalid pointer', flush=True); os.abort()"
BACKEND = """
import os, time
import numpy as np

def run(job, record):
    for case in ("fam.first", "fam.bad", "fam.last"):
        if not job.wants(case, "eager"):
            continue
        name = f"{case} forward eager"
        record.began(name)
        outcome, detail, value = "passed", "", 1.0
        if case == "fam.bad" and not os.environ.get("AVOID_THE_FAULT"):
            value = time.perf_counter()  # what was not ours has no bits to repeat
            STATEMENT
        record.case(case=case, direction="forward", mode="eager", dtype=job.precision, device=job.device,
                    drawn="a (2, 3)", outcome=outcome, elements=6, detail=detail, script="import framework")
        record.tensor("value", f"{name} 0", np.full(3, value))
"""


def add_cases(world: World, fault: str, name: str = NAME) -> None:
    """Add the check `name`; `fault` is a statement that its second case runs into."""
    world.add(name, reference="def run(job, record): pass", pytorch=BACKEND.replace("STATEMENT", fault))
