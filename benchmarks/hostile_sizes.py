"""Processor time of the doctor for unrealistically large saved machines, and for a quarter of that size.

``python benchmarks/hostile_sizes.py``. Work that grows by squares takes sixteen times as long for four times as much.
Exits 1 where it took more than eight times.
"""

from __future__ import annotations

import contextlib
import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the machines live beside the tests

from gpusetup.cli._diagnosis import Policy
from gpusetup.doctor.finding import Report
from gpusetup.doctor.registry import all_rules
from gpusetup.machine.model import Machine
from gpusetup.report import doctor as text
from gpusetup.report.doctor_formats import FORMATS
from tests.doctor.hostile_sizes import SIZES

RULES = list(all_rules().values())
MOST = 8


def seconds(machine: Machine) -> dict[str, float]:
    """Return the processor time of each part of the work."""
    found = {}
    start = time.process_time()
    report, _ = Policy(lambda: RULES, (), "error", False).judge(machine)
    found["examine"] = time.process_time() - start
    shown: dict[str, Callable[[Report], object]] = {"text": text.show, **FORMATS}
    for name, show in shown.items():
        start = time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            show(report)
        found[name] = time.process_time() - start
    return found


def main() -> int:
    """Print the figures; return 1 where the work grows by squares."""
    worst = 0.0
    for kind, (make, size) in SIZES.items():
        quarter, whole = seconds(make(size // 4)), seconds(make(size))
        parts = ", ".join(f"{name} {took:.2f} s" for name, took in whole.items())
        grown = sum(whole.values()) / sum(quarter.values())
        print(f"{size} {kind}: {parts}; {grown:.1f} times a quarter of it")
        worst = max(worst, grown)
    return 1 if worst > MOST else 0


if __name__ == "__main__":
    sys.exit(main())
