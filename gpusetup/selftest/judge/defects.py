"""Known upstream defects: neither hidden nor mistaken for news."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gpusetup.selftest.model import place_of
from gpusetup.selftest.verdict import KnownDefect, conclude

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.known.suspects import Known, Suspect
    from gpusetup.selftest.model import Job, Run
    from gpusetup.selftest.verdict import Verdict


def judge(runs: Sequence[Run], known: Known) -> Iterator[Verdict]:
    """Yield one verdict per defect and check × framework × device × precision; all seeds share it."""
    groups: dict[tuple[str, ...], list[Suspect]] = {}
    for one in known.accepted:
        groups.setdefault((*one.place[:4], one.row.id), []).append(one)
    for key, suspects in groups.items():
        job = next(run.job for run in runs if place_of(run.job)[:4] == key[:4])
        yield _verdict(job, suspects, verified=suspects[0] in known.confirmed)


def _verdict(job: Job, suspects: Sequence[Suspect], *, verified: bool) -> Verdict:
    row, release = suspects[0].row, suspects[0].release
    defect = KnownDefect(
        id=row.id,
        release=release,
        symptom=row.symptom,
        way_out=row.way_out,
        threads=tuple(one for one in row.source if one.startswith("https:")),
        cases=tuple(dict.fromkeys(one.name for one in suspects)),
        workaround=row.workaround,
        verified=verified,
    )
    crashed = " (crashed)" if any(one.case.outcome == "crashed" for one in suspects) else ""
    text = f"{release}: {row.symptom}; seen in {', '.join(defect.cases)}{crashed}"
    found = conclude("defect", job, "known", text)
    return msgspec.structs.replace(found, seed=None, defect=defect, script=suspects[0].case.script)
