"""The one right answer in fresh processes with another environment: threads, instruction sets and library switches.

In other checks such a change may change bits and is only listed; here there is one right answer, so it must not.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from checks.common.record import Recorder
from checks.determinism.portability import DeviceBusy, run, variants

if TYPE_CHECKING:
    from checks.common.job import Job


def check_portability(job: Job, record: Recorder, done: int) -> None:
    """Hold the quick fingerprint of each variant against the one that integers give, after `done` steps."""
    from checks.exact import reference  # which imports the module that imports this one

    expected = digests(reference, job)
    rows = list(variants(job.framework))
    for number, (name, variables, lacking) in enumerate(rows, 1):
        record.progress(done + number, done + len(rows))  # each process imports its framework
        if lacking:
            record.observe("the one right answer", f"with {name}", lacking)
            continue
        try:
            found = run(job, variables)
        except DeviceBusy as reason:
            record.observe("the one right answer", f"with {name}", f"not tried: {reason}")
            continue
        detail = f"{found['fingerprint'][:12]}, integers give {expected['fingerprint'][:12]}"
        record.invariant(f"the one right answer with {name}", found == expected, detail)


def digests(backend: Any, job: Job) -> dict[str, str]:
    """Return the fingerprint of a quick run in this process."""
    from checks.exact import record_all

    recorder = Recorder(lambda *_: None)
    record_all(backend, dataclasses.replace(job, profile="quick"), recorder)
    return {"fingerprint": recorder.result()["fingerprint"]}
