"""The matrix on which the solver and the oracle must agree, and how a stack is put in the oracle's words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import combinations
from typing import NamedTuple

from gpusetup.facts import Facts
from gpusetup.facts.model.hardware import GpuRow
from gpusetup.resolve.model import Card, Request
from gpusetup.resolve.solver.search import Solution
from gpusetup.resolve.solver.solve import solve
from tests.resolve.oracle import Best
from tests.support import fedoras

TODAY = date(2026, 11, 22)
REPOS = ("", "rpmfusion", "nvidia")


class Case(NamedTuple):
    """One question put to both."""

    ccs: tuple[str, ...]
    jetson: bool
    release: int
    repo: str
    python: str = ""


def cases(facts: Facts) -> Iterator[Case]:
    """Yield every card alone and every pair of desktop and server cards, on every release, with every repository."""
    alone = sorted({(gpu.cc, gpu.market == "jetson") for gpu in facts.gpu})
    pairs = combinations([cc for cc, jetson in alone if not jetson], 2)
    sets = [*(((cc,), jetson) for cc, jetson in alone), *((pair, False) for pair in pairs)]
    for ccs, jetson in sets:
        for row in fedoras(facts):
            for repo in REPOS:
                yield Case(ccs, jetson, int(row.release), repo)
            yield Case(ccs, jetson, int(row.release), "", "3.12")


def request(facts: Facts, case: Case) -> Request:
    cards = tuple(
        Card(name=gpu.name, arch=gpu.arch, compute_capability=cc, known_by="test")
        for cc in case.ccs
        for gpu in [board(facts, cc, jetson=case.jetson)]
    )
    return Request(cards=cards, release=str(case.release), repo=case.repo, python=case.python, allow_eol=True)


def board(facts: Facts, cc: str, *, jetson: bool) -> GpuRow:
    """Return a card of this capability, one for x86_64 hosts where there is any."""
    rows = [one for one in facts.gpu if (one.cc, one.market == "jetson") == (cc, jetson)]
    return min(rows, key=lambda one: one.host_arch)


def solved(facts: Facts, case: Case) -> Best | None:
    """Return what the solver says, in the oracle's words."""
    found = solve(request(facts, case), facts, TODAY).solution
    return None if found is None else told(found)


def told(found: Solution) -> Best:
    driver, toolkit, compiler = found["driver"], found["toolkit"], found["compiler"]
    via = "none" if toolkit.series is None else "container" if toolkit.image else "repo"
    return Best(
        driver=(driver.version, driver.flavour, driver.packages[0]),
        torch=str(found["torch"]),
        tensorflow=found["tensorflow"].row.release,
        shared=found["environments"].shared,
        cudnn=found["cudnn"].row.version,
        pythons=(found["python torch"].version, found["python tensorflow"].version),
        toolkit=(toolkit.series.series if toolkit.series else "", via, compiler.command),
        toolkit_cudnn=found["toolkit_cudnn"].row.version if found["toolkit_cudnn"].row else "",
    )
