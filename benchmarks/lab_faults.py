"""Every fault that the stand-in Fedora can show: one clear message, never neither driver, resumed, taken back.

Needs root. Exits 1 when a fault was not survived.
"""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the campaign lives beside the tests

from tests.lab import faults
from tests.lab.conftest import lacking
from tests.lab.world import World

WORKERS = 2


def main() -> int:
    if why := lacking():
        print(f"not run: {why}")
        return 0
    start, lost = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        (top / "world").mkdir()
        world = World(top / "world")
        try:
            script = faults.script_of(world)
            before, whole = faults.undisturbed(world, top / "undisturbed", script)
            with ThreadPoolExecutor(WORKERS) as pool:
                ends = pool.map(
                    lambda at: faults.meet(world, top / f"lab{at[0]}", script, at[1], before, whole),
                    enumerate(faults.FAULTS),
                )
                for fault, wrong in zip(faults.FAULTS, ends, strict=True):
                    lost += bool(wrong)
                    print(f"{'lost' if wrong else 'survived':9} {fault.name} {wrong}", flush=True)
        finally:
            world.close()
    print(f"{len(faults.FAULTS)} faults, {len(faults.FAULTS) - lost} survived; {time.monotonic() - start:.0f} s")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
