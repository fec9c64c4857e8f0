"""Constraints between GPUs, chips, architectures and driver branches."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from gpusetup.facts import Facts
from gpusetup.facts.check.contradiction import Contradiction
from gpusetup.facts.find import arch_of
from gpusetup.versions import capability, cuda, driver


def chips_are_listed_once(facts: Facts) -> Iterator[Contradiction]:
    """Demand that a chip has one row, and a PCI id one chip."""
    seen: dict[str, str] = {}
    for row in facts.chip:
        for name in (row.chip, *row.pci_ids):
            if name in seen:
                yield Contradiction(row=row.id, text=f"{name} is listed twice, also by {seen[name]}")
            seen[name] = row.id


def gpus_agree_with_their_chips(facts: Facts) -> Iterator[Contradiction]:
    """Demand that a GPU has the capability of each of its chips, and PCI ids of theirs alone."""
    by_chip = {row.chip: row.cc for row in facts.chip}
    by_id = {pci_id: row.chip for row in facts.chip for pci_id in row.pci_ids}
    for row in facts.gpu:
        for pci_id in row.pci_ids:
            if by_id.get(pci_id) not in row.chip:
                yield Contradiction(row=row.id, text=f"has PCI id {pci_id}, which is {by_id.get(pci_id, 'of no chip')}")
        for chip in row.chip:
            if by_chip.get(chip) != row.cc:
                yield Contradiction(
                    row=row.id, text=f"has {row.cc}, its chip {chip} {by_chip.get(chip, 'is not listed')}"
                )


def pci_ids_are_well_formed_and_mean_one_capability(facts: Facts) -> Iterator[Contradiction]:
    """Demand four lower-case hexadecimal digits, and one capability for all boards that share an id."""
    owners: dict[str, set[str]] = defaultdict(set)
    for row in facts.gpu:
        for pci_id in row.pci_ids:
            owners[pci_id].add(row.cc)
            if not re.fullmatch(r"[0-9a-f]{4}", pci_id):
                yield Contradiction(row=row.id, text=f"{pci_id!r} is not a PCI device id")
            if len(owners[pci_id]) > 1:
                yield Contradiction(row=row.id, text=f"PCI id {pci_id} has several compute capabilities")


def capabilities_belong_to_an_architecture(facts: Facts) -> Iterator[Contradiction]:
    """Demand that every capability of a GPU or chip has exactly one architecture row."""
    seen: dict[str, str] = {}
    for arch in facts.arch:
        for cc in arch.cc:
            if cc in seen:
                yield Contradiction(row=arch.id, text=f"{cc} belongs to {seen[cc]} already")
            seen[cc] = arch.id
    named = [(row.id, row.arch, row.cc) for rows in (facts.gpu, facts.chip) for row in rows]
    for row_id, name, cc in named:
        row = arch_of(facts, cc)
        if row is None:
            yield Contradiction(row=row_id, text=f"no architecture has {cc}")
        elif name.split()[0] != row.arch.split()[0]:
            yield Contradiction(row=row_id, text=f"is called {name}, but {cc} is {row.arch}")


def last_branches_are_the_last(facts: Facts) -> Iterator[Contradiction]:
    """Demand that the last branch of an architecture drives it and no later one does; without one, the newest."""
    newest = max(facts.branch, key=lambda row: driver(row.branch))
    for arch in facts.arch:
        oldest_cc = min(map(capability, arch.cc))
        for branch in facts.branch:
            drives = capability(branch.cc_min) <= oldest_cc
            over = bool(arch.last_driver_branch) and driver(branch.branch) > driver(arch.last_driver_branch)
            if drives and over:
                yield Contradiction(
                    row=branch.id, text=f"drives {arch.arch}, whose last branch is {arch.last_driver_branch}"
                )
            if not drives and branch.branch == (arch.last_driver_branch or newest.branch):
                yield Contradiction(
                    row=branch.id, text=f"does not drive {arch.arch}, though it should be its last branch"
                )


def series_and_architectures_agree(facts: Facts) -> Iterator[Contradiction]:
    """Demand that every CUDA series between an architecture's first and last targets it, and lists adds and drops."""
    for arch in facts.arch:
        for series in facts.cuda_series:
            first, last = cuda(arch.cuda_first), cuda(arch.cuda_last or series.series)
            low, high = capability(series.cc_min), capability(series.cc_max)
            alive = first <= cuda(series.series) <= last
            for text in arch.cc:
                if alive and not low <= capability(text) <= high:
                    yield Contradiction(
                        row=series.id, text=f"targets {low} to {high}, but {arch.arch} ({text}) is supported"
                    )
                if text in series.added and series.series != arch.cuda_first:
                    yield Contradiction(
                        row=series.id, text=f"adds {text}, which {arch.arch} has from {arch.cuda_first}"
                    )
                if text in series.dropped and cuda(series.series) <= last and arch.cuda_last:
                    yield Contradiction(
                        row=series.id, text=f"drops {text}, which {arch.arch} has up to {arch.cuda_last}"
                    )
