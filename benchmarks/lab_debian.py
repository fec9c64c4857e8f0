"""Every state of a real Debian 13: what the doctor says first, whether its remedy mends it, and how long that took.

    python benchmarks/lab_debian.py [STATE...]        all states of tests/lab/driver_host/states.toml, or those named
    python benchmarks/lab_debian.py --whole           one build of NVIDIA's own module instead of the short ones

Needs root, mmdebstrap and a mirror of Debian. Each line is a row of docs/evidence/debian.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.lab.driver_host.host import driver_host
from tests.lab.driver_host.roots import DRIVER, Roots, roots
from tests.lab.driver_host.states import State, judged, make, repaired, states

T = TypeVar("T")
WHOLE = Path(__file__).resolve().parent.parent / "tests/lab/driver_host/whole.sh"
"""What installs the driver with NVIDIA's sources in the place of the short ones."""


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("states", nargs="*")
    words.add_argument("--whole", action="store_true")
    asked = words.parse_args()
    start = time.monotonic()
    made = roots()
    print(f"roots: {time.monotonic() - start:.0f} s")
    if asked.whole:
        return whole_build(made)
    wrong = [one.name for one in states() if one.name in (asked.states or [one.name]) and not row(one, made)]
    print(f"{len(wrong)} not as expected: {', '.join(wrong) or 'none'}")
    return bool(wrong)


def row(state: State, made: Roots) -> bool:
    """Print one row and say whether all was as expected."""
    with tempfile.TemporaryDirectory() as folder, driver_host(Path(folder, "host"), made.driver, made) as host:
        try:
            took, _ = timed(lambda: make(host, state))
            _, said = timed(lambda: judged(host))
        except AssertionError as error:
            print(f"| {state.name} | could not be made: {str(error)[-300:]!r} |", flush=True)
            return False
        right = said.rule == state.first and state.remedy in " ".join(said.commands)
        mended = ""
        if state.fix:
            after, failed = timed(lambda: repaired(host, state.fix))
            then = judged(host).rule
            right = right and not failed and then == state.after
            mended = f"{state.fix}: {'gone' if then == state.after else then}, {after:.0f} s {failed[-300:]!r}"
        wanted = state.first or "nothing"
        print(f"| {state.name} | {wanted} | {said.rule or 'nothing'} | {said.summary} | {took:.0f} s | {mended} |"
              f" {'right' if right else 'WRONG'} |", flush=True)  # fmt: skip
        return right


def whole_build(made: Roots) -> int:
    """Let Debian's driver be installed with NVIDIA's own sources, which takes a quarter of an hour and more."""
    with tempfile.TemporaryDirectory() as folder, driver_host(Path(folder, "host"), made.bare, made) as host:
        host.write("/root/whole.sh", WHOLE.read_text())
        took, _ = timed(lambda: host.do(f"bash /root/whole.sh {' '.join(DRIVER)}"))
        host.boot()
        print(f"installed in {took:.0f} s, of which " + host.do("cat /root/elapsed").strip())
        print(host.do("dkms status; ls -l /lib/modules/*/updates/dkms"))
        said = judged(host)
        print(f"first: {said.rule or 'nothing'} {said.summary}")
        return bool(said.rule)


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Return how many seconds `work` took, and its answer."""
    start = time.monotonic()
    answer = work()
    return time.monotonic() - start, answer


if __name__ == "__main__":
    raise SystemExit(main())
