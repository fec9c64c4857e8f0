"""Public requirement files planned for five cards: how many resolve, and why the others do not.

``python benchmarks/packages.py [SECONDS]`` asks the package index, so its figures are those of the day. One resolution
serves all cards that put the same question. After SECONDS it stops with what it has, and says how many are left.
"""

from __future__ import annotations

import functools
import sys
import tempfile
import time
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from gpusetup.errors import GpusetupError
from gpusetup.facts import facts
from gpusetup.packages.files.lines import read_lines
from gpusetup.packages.fit.explain import because
from gpusetup.packages.fit.search import fit
from gpusetup.packages.model import Fit, Question, Rejection, Resolution, Unfit
from gpusetup.packages.resolver import find_uv
from gpusetup.packages.resolver.uv import Uv
from gpusetup.resolve import attempt
from gpusetup.resolve.asked.cards import named
from gpusetup.resolve.model import Packages, Request

CARDS = ("RTX 4090", "H100 PCIe", "Tesla T4", "GTX 1050 Mobile", "RTX 5090")
FILES = Path(__file__).with_name("requirement_files.toml")


class Memory:
    """A resolver that is asked each question once, and the time that it took."""

    def __init__(self, uv: Uv) -> None:
        self.uv = uv
        self.answers: dict[Question, Resolution | Rejection] = {}
        self.seconds = 0.0

    def __call__(self, asked: Question) -> Resolution | Rejection:
        if asked not in self.answers:
            began = time.monotonic()
            self.answers[asked] = self.uv(asked)
            self.seconds += time.monotonic() - began
        return self.answers[asked]


def packages(project: dict[str, Any]) -> Packages:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "requirements.txt")
        file.write_text("\n".join(project["lines"]) + "\n")
        found = read_lines((file,), ())
    return Packages(wanted=tuple(found.wanted), indexes=tuple(found.indexes))


def judged(project: dict[str, Any], card: str, resolve: Memory) -> tuple[str, str]:
    """Return the kind of result, and the environment or the first reasons in words."""
    request = Request(release="44", cards=named(facts(), (card,), ()), packages=packages(project))
    solve = functools.cache(lambda one: attempt(one, facts()))  # as `fitted` does, for one plan
    try:
        found = fit(request, facts(), solve, resolve, named=False)
    except GpusetupError as error:
        return "no answer", error.message
    if isinstance(found, Fit):
        home = found.request.packages.home
        environment = next(one for one in found.stack.environments if home in one.frameworks)
        words = f"{environment.requirements[0].text} on Python {environment.python}"
        built = " ".join(one.text for one in environment.built)
        return ("resolved, with builds", f"{words}; built on the host: {built}") if built else ("resolved", words)
    reasons = because(found, facts(), solve) if isinstance(found, Unfit) else found.because
    kind = found.rejection.kind if isinstance(found, Unfit) else "no stack"
    return kind, "; ".join(reason.text for reason in list(reasons)[:2])


def main(limit: float) -> None:
    projects = sorted(tomllib.loads(FILES.read_text())["project"], key=lambda one: len(one["lines"]))
    resolve, began, kinds, done = Memory(find_uv()), time.monotonic(), Counter[str](), 0
    worked = time.process_time()
    for project in projects:
        if time.monotonic() - began > limit:
            break
        done += 1
        told: dict[tuple[str, str], list[str]] = {}
        for card in CARDS:
            result = judged(project, card, resolve)
            kinds[result[0]] += 1
            told.setdefault(result, []).append(card)
        for (kind, words), cards in told.items():
            print(f"{project['repo']}: {kind} ({', '.join(cards)}): {words[:220]}", flush=True)
    own = time.process_time() - worked
    print(f"\n{done} of {len(projects)} files × {len(CARDS)} cards: {dict(kinds.most_common())}")
    each = own / max(1, done * len(CARDS))
    print(f"{len(resolve.answers)} questions, {resolve.seconds:.0f} s in uv; {each:.2f} s of our processor time a plan")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 3600)
