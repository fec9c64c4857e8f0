"""Several proofs brought together: the newest is compared with the one before it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gpusetup.errors import WrongInputError
from gpusetup.report.page.model import Result
from gpusetup.selftest.proof import Proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.evidence.model import Comparison


def compared(results: Sequence[Result]) -> Iterator[Result]:
    """Yield the results, and the comparison of the two newest proofs of one profile, as `gpusetup compare` has it.

    Tolerances are those of the checks here.
    """
    yield from results
    proofs = sorted((one for one in results if isinstance(one.value, Proof)), key=lambda one: one.value.made_at)
    alike = [one for one in proofs if is_alike(one.value, proofs[-1].value)]
    if len(alike) > 1:
        before, now = alike[-2:]
        yield Result(f"{before.name} and {now.name}", _comparison(before, now))


def is_alike(one: Proof, other: Proof) -> bool:
    """Return whether two proofs asked the same: a quick one and a full one differ whatever the machine does."""
    return (one.profile, one.model) == (other.profile, other.model)


def _comparison(before: Result, now: Result) -> Comparison:
    """Return the comparison; of a proof in which nothing finished, that nothing was compared."""
    from gpusetup.evidence.compare import compare
    from gpusetup.evidence.made import evidence
    from gpusetup.evidence.model import Comparison
    from gpusetup.selftest.registry import checks

    names = f"the proof {Path(before.name).name}", f"the proof {Path(now.name).name}"
    sides = []
    for one, name in zip((before, now), names, strict=True):
        try:
            sides.append(evidence(one.value, checks(), {}))
        except WrongInputError as error:
            why = f"{name}: {error.message}"
            return Comparison(
                verdict="not compared", before=names[0], now=names[1], causes=(), results=(), missing=(why,)
            )
    return compare(sides[0], sides[1], names)
