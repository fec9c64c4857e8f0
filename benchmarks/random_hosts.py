"""Whether any host, however broken, makes detection or the doctor fail: thousands of random ones are read and judged.

Usage: ``random_hosts.py [COUNT [SEED]]``; ten thousand by default, spread over all processors. Exits 1 with the
smallest host that does it: the files that are not as they should be.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the campaign lives beside the tests

from gpusetup.machine.model import Unread
from tests.machine.random_hosts import Host, hosts, meet, whole_host

COUNT = 10_000


class Met(NamedTuple):
    """What one process has seen: fates by name, the seconds of each host, and how many readings it lacked."""

    fates: Counter[str]
    seconds: list[float]
    unread: list[int]


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    processes = os.cpu_count() or 1
    with ProcessPoolExecutor(processes) as pool:
        shares = list(pool.map(campaign, repeat(-(-count // processes), processes), range(first, first + processes)))
    fates = sum((one.fates for one in shares), Counter[str]())
    seconds = [each for one in shares for each in one.seconds]
    unread = [each for one in shares for each in one.unread]
    print(f"{len(seconds)} hosts read and judged, none failed; {max(seconds):.2f} s the slowest")
    print(f"system readings that could not be made, per host: {min(unread)} to {max(unread)}")
    print("fates of files:", ", ".join(f"{name} {number}" for name, number in fates.most_common()))
    return 0


def campaign(count: int, number: int) -> Met:
    """Meet `count` hosts of the seed `number`."""
    met = Met(Counter(), [], [])

    @seed(number)
    @settings(
        max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )  # fmt: skip
    @given(hosts())
    def every(host: Host) -> None:
        met.fates.update(fate for fate, _ in host.values())
        start = time.monotonic()
        machine = meet(host, folder)
        met.seconds.append(time.monotonic() - start)
        system = (*(getattr(machine.system, name) for name in machine.system.__struct_fields__), machine.pci)
        met.unread.append(sum(isinstance(reading, Unread) for reading in system))

    with whole_host() as folder:
        every()
    return met


if __name__ == "__main__":
    sys.exit(main())
