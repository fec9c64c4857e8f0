"""Constraints between the tables and what was read in the wheels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpusetup.facts import Facts
from gpusetup.facts.check.contradiction import Contradiction

if TYPE_CHECKING:
    from gpusetup.facts.model.artefacts import Artefact
    from gpusetup.facts.model.frameworks import Tensorflow, TorchBuild


def builds_are_what_their_wheels_hold(facts: Facts) -> Iterator[Contradiction]:
    """Demand that a build has exactly the capabilities that were read in its wheel."""
    default = {row.release: row.default_variant for row in facts.torch}
    builds = {
        (release, row.machine): row
        for row in facts.torch_build
        for release in row.releases
        if row.variant == default.get(release)
    }
    releases = {row.release: row for row in facts.tensorflow}
    for one in facts.artefact:
        if one.package == "torch":
            yield from _differing(builds.get((one.release, one.machine)), one)
        if one.package == "tensorflow" and one.machine == "x86_64":
            yield from _differing(releases.get(one.release), one)


def _differing(row: TorchBuild | Tensorflow | None, one: Artefact) -> Iterator[Contradiction]:
    cc, ptx = one.capabilities
    if row is not None and cc and (set(cc), ptx) != (set(row.cc), row.ptx):
        told = f"{', '.join(row.cc) or 'nothing'} and PTX {row.ptx or 'of none'}"
        yield Contradiction(
            row=row.id, text=f"has {told}, but {one.file} has {', '.join(cc)} and PTX {ptx or 'of none'}"
        )
