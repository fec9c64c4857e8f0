"""A proof's conclusion in words: the headline, the lines right below it, and the promise."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from gpusetup.selftest.model import REFERENCE
from gpusetup.selftest.own_script import PREFIX
from gpusetup.text import neutral

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.conclusion import Conclusion, Saved
    from gpusetup.selftest.proof import Proof
    from gpusetup.selftest.verdict import Changed, KnownDefect

_PLACES = 4
_CHANGES = 4


def headline(proof: Proof, found: Conclusion) -> str:
    """Return the headline; it claims what the verdicts support, and no more."""
    took = f"({proof.profile}, {len(proof.runs)} runs, {proof.seconds:.0f} s)"
    match found.state:
        case "failed":
            failed = [verdict for verdict in proof.verdicts if verdict.state == "failed"]
            where = sorted({f"{verdict.check} in {verdict.framework} on {verdict.device}" for verdict in failed})
            return f"FAILED: {len(failed)} of {len(proof.verdicts)} verdicts, {neutral('; '.join(where))} {took}"
        case "not proven":
            return f"NOT PROVEN: {_why_not(proof, found)} {took}"
        case "partly proven":
            return f"PARTLY PROVEN{_but(found)}: {_right(proof, found)}{_except(found)} {took}"
    return f"PROVEN{_but(found)}: {_right(proof, found)} {took}"


def _but(found: Conclusion) -> str:
    """Return `` except for 2 known upstream defects``, or ""."""
    count = len(found.known)
    return f" except for {count} known upstream defect{'s' if count > 1 else ''}" if count else ""


def foremost(found: Conclusion) -> Iterator[str]:
    """Yield the lines below the headline: what is not proven, and how the runs compare with the baseline."""
    if (saved := found.saved) is not None:
        yield from _gate(saved)
        yield from _other_bits(saved)
    yield from map(_defect, found.known)
    for reason in found.open:
        yield f"Not proven: {neutral(reason)}"


def _defect(one: KnownDefect) -> str:
    """Return what a known defect breaks, where it showed, how to avoid it, and where it is discussed."""
    more = f" and {len(one.cases) - _PLACES} more" if len(one.cases) > _PLACES else ""
    where = f"here in {', '.join(one.cases[:_PLACES])}{more}"
    shown = "verified: right with it" if one.verified else "not verified"
    variables = f"{' '.join(one.workaround)} ({shown})" if one.workaround else "no variable avoids it, so not verified"
    return neutral(
        f"Known upstream defect, {one.release}: {one.symptom}; {where}. To avoid it: {one.way_out} [{variables}]. "
        f"{' '.join(one.threads)}"
    )


def promise(found: Conclusion) -> str:
    """Return the level of reproducibility that the verdicts support: L2 bit for bit, L3 within tolerance, or none."""
    if found.state == "failed":
        return "nothing, until the failures above are explained"
    if not found.level:
        return "nothing"
    exact = f"; L0 for {', '.join(found.exact)}: the same bits on any hardware in any framework" if found.exact else ""
    but = ", for the proven part" if found.state == "partly proven" else ""
    if found.level == "L2":
        return f"L2: the same bits in any process with this build, device, thread count and libraries{but}{exact}"
    why = "; the baseline's bits were not reproduced" if found.saved and found.saved.other_bits else ""
    return f"L3: the same within the stated tolerance{but}{why}{exact}"


def _right(proof: Proof, found: Conclusion) -> str:
    """Return which frameworks computed the right numbers, on which devices, and whether repeatably.

    Of a user's own model, which has no reference, that it holds to the sanity list.
    """
    groups: dict[tuple[str, ...], list[str]] = {}
    for framework, devices in found.right.items():
        groups.setdefault(devices, []).append(framework)
    before, after = "", " computed the right numbers"
    if proof.model:
        alone = any(name.startswith(PREFIX) for name in proof.checks)
        does = "gives finite numbers, with no reference," if alone else "passes the sanity list"
        before, after = f"{PurePath(proof.model).name} {does} in ", ""
    parts = [f"{before}{_listed(names)}{after} on {_listed(on)}" for on, names in groups.items()]
    twice = ", with the same bits in every process" if found.deterministic else ""
    saved = ", but not the baseline's bits" if found.saved and found.saved.other_bits else ""
    return neutral(_listed(parts)) + twice + saved


def _except(found: Conclusion) -> str:
    """Return the first few runs that are not proven."""
    if not found.missing:
        return "; not everything requested could be run"
    more = f" and {len(found.missing) - _PLACES} more" if len(found.missing) > _PLACES else ""
    return f"; not proven: {neutral('; '.join(found.missing[:_PLACES]))}{more}"


def _why_not(proof: Proof, found: Conclusion) -> str:
    if found.saved is not None and not found.saved.compared:
        return "no run could be compared with the saved proof"
    if all(run.result is None for run in proof.runs if run.job.framework != REFERENCE):
        return "nothing that was requested could be run"
    return "nothing was compared with a reference"


def _gate(saved: Saved) -> Iterator[str]:
    if saved.compared < saved.runs:
        yield (
            f"only {saved.compared} of {saved.runs} runs were compared with the saved proof, for the reasons below. If "
            "the change is intended, save a new proof: the same options, with --save FILE in place of --baseline"
        )


def _other_bits(saved: Saved) -> Iterator[str]:
    if not saved.other_bits:
        return
    more = f" and {len(saved.other_bits) - _PLACES} more" if len(saved.other_bits) > _PLACES else ""
    where = neutral("; ".join(saved.other_bits[:_PLACES]))
    yield f"Bits differ from the baseline, within tolerance (L3): {where}{more}"
    likely = [one for one in saved.changed if one.rank]
    if likely:
        yield f"Changed since, most likely cause first: {_described(likely)}"
    if rest := [one for one in saved.changed if not one.rank]:
        first = "Also changed" if likely else "Changed since"
        yield f"{first}, but not known to change bits: {neutral('; '.join(map(str, rest)))}"


def _described(changed: Sequence[Changed]) -> str:
    """Return the first changes with their reasons, and the number of the others."""
    reasons: dict[str, list[str]] = {}
    for one in changed[:_CHANGES]:
        reasons.setdefault(one.why, []).append(str(one))
    parts = [f"{'; '.join(same)} ({why})" for why, same in reasons.items()]
    more = f"; and {len(changed) - _CHANGES} more (--json)" if len(changed) > _CHANGES else ""
    return neutral("; ".join(parts)) + more


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
