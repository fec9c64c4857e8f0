"""Several proofs brought together: the newest is compared with the one before it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gpusetup.report.page.model import Result
from gpusetup.selftest.proof import Proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def compared(results: Sequence[Result]) -> Iterator[Result]:
    """Yield the results, and the comparison of the two newest proofs of one profile, as `gpusetup compare` has it.

    Tolerances are those of the checks here. Raises `WrongInputError` where one of the two holds no result.
    """
    yield from results
    proofs = sorted((one for one in results if isinstance(one.value, Proof)), key=lambda one: one.value.made_at)
    alike = [one for one in proofs if is_alike(one.value, proofs[-1].value)]
    if len(alike) > 1:
        yield _comparison(*alike[-2:])


def is_alike(one: Proof, other: Proof) -> bool:
    """Return whether two proofs asked the same: a quick one and a full one differ whatever the machine does."""
    return (one.profile, one.model) == (other.profile, other.model)


def _comparison(before: Result, now: Result) -> Result:
    from gpusetup.evidence.compare import compare
    from gpusetup.evidence.made import evidence
    from gpusetup.selftest.registry import checks

    known = checks()
    first, second = (evidence(one.value, known, {}) for one in (before, now))
    names = f"the proof {Path(before.name).name}", f"the proof {Path(now.name).name}"
    return Result(f"{before.name} and {now.name}", compare(first, second, names))
