"""Fast mathematics assumes that there is no NaN, no infinity and no rounding: `numerics` must not call that right."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import module

ROOT = Path(__file__).resolve().parents[2]
BROKEN = """
import sys
sys.path.insert(0, sys.argv[1])
from checks.common.record import Recorder
from checks.numerics import USUAL
from checks.numerics.jax import OWN, Engine
from checks.numerics.specials import check_specials
record = Recorder(lambda *_: None)
check_specials(Engine(None), USUAL | OWN, record)
print("; ".join(one["name"] for one in record.result()["invariants"] if not one["holds"]))
"""


def broken(flags: str) -> set[str]:
    """Return the cases that JAX gets wrong under these flags of XLA."""
    done = subprocess.run(
        [sys.executable, "-c", BROKEN, str(ROOT)],
        env=os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(filter(None, done.stdout.splitlines()[-1].split("; ")))


@pytest.mark.frameworks
def test_what_fast_mathematics_makes_of_nan_is_found_and_is_right_without() -> None:
    module("jax")
    assert broken("") == set()
    assert {"x - x", "is it NaN"} & broken("--xla_cpu_enable_fast_math=true")
