"""Two hundred requirements of real projects in one plan: what is ours of the time, beside uv's.

``python benchmarks/packages_many.py`` takes the packages that the public requirement files name, without their limits,
and asks the package index. It returns 1 where more than `BUDGET` seconds of processor time are ours.
"""

from __future__ import annotations

import sys
import time
import tomllib
from pathlib import Path

from gpusetup.distributions import required
from gpusetup.facts import facts
from gpusetup.packages.fitted import fitted
from gpusetup.packages.lines import Lines, take
from gpusetup.packages.model import Fit, Question, Rejection, Resolution
from gpusetup.packages.resolver import find_uv
from gpusetup.packages.uv import Uv
from gpusetup.resolve import attempt, prepare
from gpusetup.resolve.cards import named
from gpusetup.resolve.model import Packages, Request

FILES = Path(__file__).with_name("requirement_files.toml")
MANY = 200
BUDGET = 3.0
OUT = {"tensorflow", "tensorflow-gpu", "tensorflow-cpu", "tf-nightly", "jax", "jaxlib", "vllm", "sglang"}
"""Further frameworks, and what pins most of the others: they would make one environment of all impossible."""


class Timed:
    """A resolver, the questions put to it, and the seconds that it took."""

    def __init__(self, uv: Uv) -> None:
        self.uv, self.asked, self.seconds = uv, 0, 0.0

    def __call__(self, asked: Question) -> Resolution | Rejection:
        began = time.monotonic()
        answer = self.uv(asked)
        self.asked, self.seconds = self.asked + 1, self.seconds + time.monotonic() - began
        return answer


def names() -> list[str]:
    """Return the names of the packages in the files, those that most files name first."""
    counts: dict[str, int] = {}
    for project in tomllib.loads(FILES.read_text())["project"]:
        for line in project["lines"]:
            found = Lines()
            if not line.startswith(("-", "#")):
                take(line.partition(" #")[0].strip(), found)
            for one in found.wanted:
                counts[required(one)] = counts.get(required(one), 0) + 1
    return sorted(counts.keys() - OUT, key=lambda one: (-counts[one], one))


def main() -> int:
    """Print what came of it and whose time it took."""
    wanted = tuple(names()[:MANY])
    request = Request(release="44", cards=named(facts(), ("RTX 4090",), ()), packages=Packages(wanted=wanted))
    prepare(facts())
    resolve, worked = Timed(find_uv()), time.process_time()
    found = fitted(request, facts(), lambda one: attempt(one, facts()), named=False, resolve=resolve)
    own = time.process_time() - worked
    if isinstance(found, Fit):
        environment = found.stack.environments[0]
        what = f"{len(found.resolution.packages)} wheels, {len(environment.built)} to build, {environment.python}"
    else:
        what = f"refused: {'; '.join(one.text for one in found.because)[:400]}"
    print(f"{len(wanted)} requirements: {what}")
    print(f"{resolve.asked} questions, {resolve.seconds:.1f} s in uv; {own:.2f} s of our processor time")
    return int(own > BUDGET)


if __name__ == "__main__":
    sys.exit(main())
