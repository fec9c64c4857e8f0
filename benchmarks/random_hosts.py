"""Whether any host, however broken, makes detection or the doctor fail: thousands of random ones are read and judged.

Usage: ``random_hosts.py [COUNT]``; ten thousand unless told. Exits 1 with the smallest host that does it.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the campaign lives beside the tests

from gpusetup.machine.model import Unread
from tests.machine.random_hosts import Host, hosts, meet

COUNT = 10_000


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    fates: Counter[str] = Counter()
    seconds: list[float] = []
    unread: list[int] = []

    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(hosts())
    def every(host: Host) -> None:
        fates.update(fate for fate, _ in host.values())
        start = time.monotonic()
        machine = meet(host)
        seconds.append(time.monotonic() - start)
        system = (*(getattr(machine.system, name) for name in machine.system.__struct_fields__), machine.pci)
        unread.append(sum(isinstance(reading, Unread) for reading in system))

    every()
    print(f"{len(seconds)} hosts read and judged, none failed; slowest {max(seconds):.2f} s, planting included")
    print(f"system readings that could not be made, per host: {min(unread)} to {max(unread)}")
    print("fates of files:", ", ".join(f"{name} {number}" for name, number in fates.most_common()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
