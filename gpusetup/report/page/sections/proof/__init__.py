"""A proof of the self-test: what is proven, then the figures that show it, each in a module of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.page.compared import is_alike
from gpusetup.report.page.sections.proof import boundaries, curves, history, maps, matrix, speed, tables, valleys
from gpusetup.report.page.sections.proof.runs import shown
from gpusetup.selftest.proof_codec import unpack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.report.page.model import Result, Section
    from gpusetup.selftest.model import Run
    from gpusetup.selftest.proof import Proof


def sections(results: Sequence[Result]) -> Iterator[Section]:
    """Yield the sections of the newest proof in full; the older ones of its profile are its history."""
    proofs: list[Proof] = sorted((one.value for one in results), key=lambda proof: proof.made_at)
    *others, newest = proofs
    earlier = [one for one in others if is_alike(one, newest)]
    yield from _of(newest, earlier, len(others) - len(earlier))


def _of(proof: Proof, earlier: Sequence[Proof], unlike: int) -> Iterator[Section]:
    runs, decoded = shown(proof.runs), _decoded(proof)
    yield from matrix.sections(proof, unlike)
    if earlier:
        yield from history.sections(decoded, _decoded(earlier[-1]), earlier[-1].made_at)
    yield from curves.sections(decoded)
    yield from valleys.sections(runs)
    yield from boundaries.sections(runs)
    yield from maps.sections(runs)
    yield from tables.sections(runs)
    yield from speed.sections(proof, earlier)


def _decoded(proof: Proof) -> list[Run]:
    """Return the shown runs with their records; raises `WrongInputError` where the proof is inconsistent."""
    every = {id(kept): run for kept, run in zip(proof.runs, unpack(proof), strict=True)}
    return [every[id(run)] for run in shown(proof.runs)]
