"""What the tables say about a word: rules, packages, defects, compilers, branches and architectures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gpusetup.facts.find import arch_of
from gpusetup.resolve.solver.problem import because

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.hardware import Arch
    from gpusetup.resolve.model import Card, Reason
    from gpusetup.resolve.told.questions import WhyQuestion

MOST = 6
"""How many facts about one word are shown."""
SAME = {"g++": "gcc", "compiler": "gcc", "fabricmanager": "fabric manager", "fabric-manager": "fabric manager"}
"""Words that people use, and the tables' own."""
SHORTEST = 3


def about(facts: Facts, asked: WhyQuestion) -> Iterator[Reason]:
    """Yield what the tables say about a question, the most particular first."""
    if asked.card:
        yield from _card(facts, asked.card)
    elif asked.field == "compiler":
        yield from _compiler(facts, asked.text)
    elif asked.field == "driver":
        yield from _branch(facts, asked.pins.get("driver", ""))
    elif not asked.field:
        yield from _word(facts, asked.text)


def is_known(facts: Facts, word: str) -> bool:
    """Say whether the tables have anything about a word."""
    return next(_word(facts, word), None) is not None


def names(facts: Facts) -> Iterable[str]:
    """Return the words that have a row of their own: packages, and what defects are known of."""
    return dict.fromkeys((*(row.name for row in facts.package), *(row.package for row in facts.defect), "kernel"))


def _word(facts: Facts, text: str) -> Iterator[Reason]:
    word = text.partition("=")[0].strip().lower()
    word = SAME.get(word, word)
    if len(word) < SHORTEST:
        return
    packages = [because(row, f"{row.name}: {row.purpose}") for row in facts.package if row.name.lower() == word]
    pattern = rf"\b{re.escape(word)}\b"
    named = [row for row in facts.rule if f"-{word.replace(' ', '-')}" in row.id]
    found = named or [row for row in facts.rule if re.search(pattern, row.fact, re.IGNORECASE)]
    rules = [because(row, row.fact) for row in sorted(found, key=lambda row: len(row.id))]  # the most general first
    broken = [because(row, f"{row.package} {row.first} to {row.last}: {row.symptom}; {row.way_out}")
              for row in facts.defect if row.package == word]  # fmt: skip
    yield from (*packages, *rules, *broken)[:MOST]


def _compiler(facts: Facts, text: str) -> Iterator[Reason]:
    """Yield which CUDA accepts a gcc, ``gcc==16``; without a version, what the newest series accepts."""
    found = re.search(r"\d+", text)
    if found is None:
        row = facts.cuda_series[0]
        yield because(row, f"nvcc of CUDA {row.series} accepts gcc {row.gcc_min or 'up'} to {row.gcc_max}")
        return
    major = int(found[0])
    takes = [row for row in facts.cuda_series if row.gcc_min <= major <= row.gcc_max]
    if takes:
        yield because(takes[-1], f"gcc {major} is accepted from CUDA {takes[-1].series} on")
    else:
        newest = max(facts.cuda_series, key=lambda row: row.gcc_max)
        yield because(
            newest, f"gcc {major} is too new for every nvcc: CUDA {newest.series} accepts up to {newest.gcc_max}"
        )
    titles = {row.name: row.title for row in facts.distribution}
    for release in facts.release:
        if release.gcc_major == major:
            name = f"{titles[release.distribution]} {release.release}"
            yield because(release, f"gcc {major} is the compiler of {name}")


def _branch(facts: Facts, version: str) -> Iterator[Reason]:
    for row in facts.branch:
        if version and row.branch == version.partition(".")[0]:
            support = f"; security updates end on {row.eol}" if row.eol else ""
            cuda = f", runs CUDA up to {row.cuda_max}" if row.cuda_max else ""
            yield because(row, f"branch {row.branch} drives {row.arch_min} ({row.cc_min}) and newer{cuda}{support}")


def _card(facts: Facts, name: str) -> Iterator[Reason]:
    from gpusetup.resolve.asked.cards import named

    for card in named(facts, [name], ()):
        arch = arch_of(facts, card.compute_capability)
        if arch is not None:
            yield because(arch, of_card(card, arch))


def of_card(card: Card, arch: Arch) -> str:
    """Return the architecture of a card, with the driver branch, the CUDA and the kernel modules that it has."""
    name = "" if arch.arch in card.name else f"{card.name} is "
    return f"{name}{arch.arch} ({card.compute_capability}): {_lifetime(arch)}"


def _lifetime(arch: Arch) -> str:
    driver = f"driver branch {arch.last_driver_branch} is its last" if arch.last_driver_branch else "current drivers"
    cuda = f"CUDA {arch.cuda_first} to {arch.cuda_last}" if arch.cuda_last else f"CUDA {arch.cuda_first} and newer"
    return f"{driver}, {cuda} compile for it, {' or '.join(arch.kernel_modules)} kernel modules"
