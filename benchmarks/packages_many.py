"""Two hundred requirements of a real project in one plan: what is ours of the time, beside uv's.

``python benchmarks/packages_many.py`` asks the package index. Ours is everything but the time in which a resolver runs,
by the clock, and by processor time where other programs share the machine. It returns 1 where more than `BUDGET` of
the latter is ours, or where there is no plan.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from gpusetup.facts import facts
from gpusetup.packages.files.lines import read_lines
from gpusetup.packages.fitted import fitted
from gpusetup.packages.model import Fit, Question, Rejection, Resolution
from gpusetup.packages.resolver import find_uv
from gpusetup.packages.resolver.uv import Uv
from gpusetup.resolve import attempt, prepare
from gpusetup.resolve.asked.cards import named
from gpusetup.resolve.model import Packages, Request

FILE = Path(__file__).with_name("many_requirements.txt")
BUDGET = 3.0


class Timed:
    """A resolver, the questions put to it, and the seconds that it took."""

    def __init__(self, uv: Uv) -> None:
        self.uv, self.asked, self.seconds = uv, 0, 0.0

    def __call__(self, asked: Question) -> Resolution | Rejection:
        began = time.monotonic()
        answer = self.uv(asked)
        self.asked, self.seconds = self.asked + 1, self.seconds + time.monotonic() - began
        print(f"  question {self.asked}: {type(answer).__name__} after {self.seconds:.1f} s", flush=True)
        return answer


def main() -> int:
    """Print what came of it and whose time it took."""
    began, worked, resolve = time.monotonic(), time.process_time(), Timed(find_uv())
    wanted = tuple(read_lines((FILE,), ()).wanted)
    request = Request(release="44", cards=named(facts(), ("RTX 4090",), ()), packages=Packages(wanted=wanted))
    prepare(facts())
    found = fitted(request, facts(), lambda one: attempt(one, facts()), named=False, resolve=resolve)
    own, whole = time.process_time() - worked, time.monotonic() - began
    if isinstance(found, Fit):
        environment = found.stack.environments[0]
        torch = found.resolution.version("torch")
        what = f"{len(found.resolution.packages)} wheels, torch {torch}, Python {environment.python}"
        what += f", {len(environment.built)} to build"
    else:
        what = f"refused: {'; '.join(one.text for one in found.because)[:800]}"
    print(f"{len(wanted)} requirements: {what}")
    print(f"{resolve.asked} questions, {resolve.seconds:.1f} s in uv; ours {own:.2f} s of processor time, "
          f"{whole - resolve.seconds:.2f} s by the clock")  # fmt: skip
    return int(own > BUDGET or not isinstance(found, Fit))


if __name__ == "__main__":
    sys.exit(main())
