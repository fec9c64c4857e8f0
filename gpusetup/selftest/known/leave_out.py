"""Leave the results of known defects out of what is compared: memory that is not theirs has no bits to repeat."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gpusetup.selftest.known.suspects import Known
    from gpusetup.selftest.model import Record, Run


def leave_out(runs: Iterable[Run], known: Known) -> list[Run]:
    """Return the runs without the tensors of cases that are known defects, in every round."""
    return [_without(run, known.excused(run.job)) for run in runs]


def _without(run: Run, names: set[str]) -> Run:
    if run.result is None or not names:
        return run
    kept = tuple(one for one in run.result.records if not any(one.name.startswith(f"{name} ") for name in names))
    if len(kept) == len(run.result.records):
        return run
    result = msgspec.structs.replace(run.result, records=kept, fingerprint=_fingerprint(kept))
    return msgspec.structs.replace(run, result=result)


def _fingerprint(records: Iterable[Record]) -> str:
    whole = hashlib.sha256()
    for one in records:
        whole.update(f"{one.step} {one.name} {one.digest}\n".encode())
    return whole.hexdigest()
