"""Every planted fault of every check, and whether the verdict that should catch it did: ``… [CHECK…]``.

Prints the page ``docs/planted-faults.md``. Takes about three seconds per fault on two cores.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gpusetup.selftest.model import Verdict
from tests.checks.planted import Fault, caught, faults, run

HEAD = """# Planted faults

Each row is one thing broken on purpose in a check or in what it stands on (`tests/checks/faults/`), the verdicts that
failed, and where the comparison with the float64 reference first differs. A fault counts as caught when a verdict that
should catch it did, at the place where it is. `python benchmarks/selftest_planted_faults.py` writes this page.
"""


class Row(NamedTuple):
    """What became of one fault."""

    check: str
    framework: str
    name: str
    held: bool
    kinds: Sequence[str]
    where: str


def row(fault: Fault, failures: Sequence[Verdict]) -> Row:
    place = next((one.divergence for one in failures if one.kind == "parity" and one.divergence), None)
    where = f"{place.tensor}, step {place.step}" if place else ""
    kinds = sorted({one.kind for one in failures})
    return Row(fault.check, fault.framework, fault.name, caught(fault, failures), kinds, where)


def page(rows: Sequence[Row]) -> str:
    """Return the totals per check, then every fault."""
    planted, held = Counter(one.check for one in rows), Counter(one.check for one in rows if one.held)
    lines = [HEAD, "| check | planted | caught |", "|---|---|---|"]
    lines += [f"| {check} | {count} | {held[check]} |" for check, count in sorted(planted.items())]
    lines += [f"| all | {planted.total()} | {held.total()} |", ""]
    lines += ["| check | framework | planted fault | caught by | first difference |", "|---|---|---|---|---|"]
    for one in sorted(rows, key=lambda one: (one.check, one.framework)):
        kinds = ", ".join(one.kinds) if one.held else "**missed**"
        lines.append(f"| {one.check} | {one.framework} | {one.name} | {kinds} | {one.where.replace('|', '/')} |")
    return "\n".join([*lines, ""])


def main(wanted: list[str]) -> int:
    chosen = [fault for fault in faults() if not wanted or fault.check in wanted]
    with tempfile.TemporaryDirectory() as folder:
        failures = run(chosen, Path(folder))
    rows = [row(fault, failures[fault.title]) for fault in chosen]
    print(page(rows), end="")
    return 0 if all(one.held for one in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
