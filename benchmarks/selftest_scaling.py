"""How a full self-test scales with cores: the same run on one core, on two, and so on to all that there are.

Lanes (a framework and a round) run beside each other, and `operations` divides its families between the cores that are
left. What the runs take by the clock says something only while nothing else runs, so the load before each is printed;
their processor time says how much is lost by running side by side, also on a busy machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.selftest_overhead import timed

QUIET = 0.2
"""A load above which the clock says nothing."""


def counts(every: int) -> list[int]:
    """Return 1, 2, 4, … and all."""
    return sorted({1 << power for power in range(every.bit_length()) if 1 << power <= every} | {every})


def run(wanted: argparse.Namespace, cores: list[int]) -> None:
    """Run the self-test on these cores; every check has to hold."""
    words = [word for name in wanted.check for word in ("--check", name)]
    words += [word for name in wanted.framework for word in ("--framework", name)]
    command = [sys.executable, "-m", "gpusetup", "selftest", f"--{wanted.profile}", "--device", "cpu", *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, cores))


def main(wanted: argparse.Namespace) -> int:
    every = sorted(os.sched_getaffinity(0))
    first = None
    print(f"selftest --{wanted.profile}, checks {', '.join(wanted.check)}, {', '.join(wanted.framework)}:")
    for count in counts(len(every)):
        load = os.getloadavg()[0]
        seconds, computed = timed(partial(run, wanted, every[:count]))
        first = first or (seconds, computed)
        said = "" if load < QUIET else f"; other programs ran (load {load:.1f}), so the clock says little"
        print(
            f"  {count} cores: {seconds:.1f} s, {first[0] / seconds:.2f} times as fast as one; {computed:.1f} s of "
            f"processor time, {computed / first[1]:.2f} times those of one{said}",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--check", nargs="+", default=["operations"])
    options.add_argument("--framework", nargs="+", default=["pytorch", "tensorflow"])
    options.add_argument("--profile", choices=("quick", "full"), default="full")
    sys.exit(main(options.parse_args()))
