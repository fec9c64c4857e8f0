"""Every planted fault of every check, and whether the verdict that should catch it did: ``… [CHECK…]``.

Takes about three seconds per fault on two cores.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.checks.planted import caught, faults, run


def main(wanted: list[str]) -> int:
    chosen = [fault for fault in faults() if not wanted or fault.check in wanted]
    with tempfile.TemporaryDirectory() as folder:
        failures = run(chosen, Path(folder))
    missed = 0
    print("| check | framework | planted fault | caught by | first difference |\n|---|---|---|---|---|")
    for fault in chosen:
        found = failures[fault.title]
        held = caught(fault, found)
        missed += not held
        kinds = ", ".join(sorted({one.kind for one in found})) if held else "**MISSED**"
        place = next((one.divergence for one in found if one.kind == "parity" and one.divergence), None)
        where = f"{place.tensor}, step {place.step}" if place else ""
        print(f"| {fault.check} | {fault.framework} | {fault.name} | {kinds} | {where} |")
    print(f"\n{len(chosen) - missed} of {len(chosen)} planted faults caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
