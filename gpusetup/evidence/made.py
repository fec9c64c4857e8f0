"""Evidence from a proof: its runs without what changes from day to day, each with hashes and trajectories to review."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gpusetup.errors import WrongInputError
from gpusetup.evidence.model import Evidence, Installed, Result, Source, Spread
from gpusetup.selftest.judge.drift import apart, key
from gpusetup.selftest.model import REFERENCE, place_of
from gpusetup.selftest.proof_codec import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gpusetup.selftest.model import Place, Precision, Record, Run
    from gpusetup.selftest.proof import KeptResult, Proof
    from gpusetup.selftest.proof_codec import Packed
    from gpusetup.selftest.registry import Check

_AGAIN = "save it again with gpusetup"
_DIGITS = 16
_SHOWN = 9  # significant digits that tell any two float32 apart
_POINTS = 2
"""Steps from which on a number is a trajectory."""


def evidence(proof: Proof, checks: Mapping[str, Check], installed: Mapping[str, Installed]) -> Evidence:
    """Return what a lock keeps of `proof`; `checks` have the tolerances of its checks.

    Raises `WrongInputError` where the proof holds no result.
    """
    runs = unpack(proof)
    groups = _by_place(runs)
    if not any(place[1] != REFERENCE for place in groups):
        raise WrongInputError("the proof has no finished run", "run `gpusetup selftest` and see why")
    packed = pack([_plain(same[0]) for same in groups.values()])
    names = _names(packed)
    made = [_result(same, groups, kept.result, checks) for same, kept in zip(groups.values(), packed.runs, strict=True)]
    return Evidence(
        profile=proof.profile,
        threads=runs[0].job.threads,
        minutes=max(run.job.minutes for run in runs),
        data=next((run.job.data for run in runs if run.job.data), ""),
        model=proof.model,
        left_out=tuple(_left_out(runs, groups)),
        known=tuple(sorted({f"{one.id} ({one.release})" for one in proof.concluded().known})),
        check={name: _source(name, proof, checks.get(name)) for name in sorted({place[0] for place in groups})},
        installed=dict(sorted(installed.items())),
        environment={name: packed.environments[key] for key, name in sorted(names.items(), key=lambda one: one[1])},
        run=tuple(replace(one, environment=names[one.environment]) for one in made),
        spread=tuple(_spreads(made)),
        layout=dict(sorted(packed.layouts.items())),
        packed=dict(_bits(packed)),
    )


def run_name(place: Sequence[object]) -> str:
    """Return the name of a run in a lock: ``gru pytorch cpu float32 0``."""
    return " ".join(map(str, place))


def _by_place(runs: Iterable[Run]) -> dict[Place, list[Run]]:
    """Return place → its finished runs in order of their rounds, places sorted."""
    found: dict[Place, list[Run]] = defaultdict(list)
    for run in runs:
        if run.result is not None:
            found[place_of(run.job)].append(run)
    ordered = sorted(found.items(), key=lambda one: (run_name(one[0][:4]), one[0][4] or 0))
    return {place: sorted(same, key=lambda run: run.job.round) for place, same in ordered}


def _plain(run: Run) -> Run:
    """Return the run without figures, observations and pictures, which differ from time to time."""
    assert run.result is not None  # those that did not finish were left out
    result = replace(run.result, invariants=(), measures={}, observations=(), cases=(), pictures=())
    return replace(run, result=result, seconds=0.0, log=())


def _names(packed: Packed) -> dict[str, str]:
    """Return the environments' names in a proof → ``pytorch cpu float32``, numbered where one name has several."""
    found: dict[str, str] = {}
    for one in packed.runs:
        if one.result is None or one.result.environment in found:
            continue
        name = f"{one.job.framework} {one.job.device} {one.job.precision}"
        taken = sum(other.split(" (")[0] == name for other in found.values())
        found[one.result.environment] = f"{name} ({taken + 1})" if taken else name
    return found


def _bits(packed: Packed) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """Yield each run's name with its tensors; a proof has those of equal runs once, here each stands for itself."""
    found: dict[tuple[str, str], tuple[str, str, str]] = {}
    for one in packed.runs:
        if (result := one.result) is not None:
            bits = found.setdefault((result.layout, result.fingerprint), (result.layout, result.digests, result.values))
            yield run_name(place_of(one.job)), bits


def _result(
    same: Sequence[Run], groups: Mapping[Place, Sequence[Run]], kept: KeptResult | None, checks: Mapping[str, Check]
) -> Result:
    """Return what is kept of the runs of one place, whose first is packed as `kept`."""
    job, found = same[0].job, same[0].result
    assert found is not None
    assert kept is not None
    prints = {run.result.fingerprint for run in same if run.result is not None}
    truth = groups.get((job.check, REFERENCE, "cpu", "float64", job.seed), ())
    check = checks.get(job.check)
    return Result(
        check=job.check,
        framework=job.framework,
        device=job.device,
        precision=job.precision,
        seed=job.seed,
        processes=len(same),
        environment=kept.environment,
        fingerprint=found.fingerprint,
        repeats=len(prints) == 1,
        group=grouped(found.records),
        trajectory=dict(trajectories(found.records)),
        from_float64=_from_float64(same[0], truth[0], check) if truth and check and truth[0] is not same[0] else {},
    )


def grouped(records: Iterable[Record]) -> dict[str, str]:
    """Return kind of tensor → the beginning of the SHA-256 over all of that kind in their order, kinds sorted."""
    found: dict[str, list[str]] = defaultdict(list)
    for record in records:
        found[record.kind].append(f"{record.step} {record.name} {record.digest}")
    return {kind: _digest("\n".join(found[kind])) for kind in sorted(found)}


def trajectories(records: Iterable[Record]) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Yield the single numbers that are recorded at several steps, as loss and accuracy are."""
    found: dict[str, list[float]] = defaultdict(list)
    for record in records:
        if record.shape == () and len(record.sample) == 1 and record.sample[0] is not None:
            found[record.name].append(float(f"{record.sample[0]:.{_SHOWN}g}"))
    yield from ((name, tuple(found[name])) for name in sorted(found) if len(found[name]) >= _POINTS)


def _from_float64(run: Run, truth: Run, check: Check) -> dict[str, float]:
    assert run.result is not None
    assert truth.result is not None
    mine = {key(record): record for record in run.result.records}
    found: dict[str, float] = {}
    for record in truth.result.records:
        limited = record.sample and record.kind in check.tolerance
        if limited and (other := mine.get(key(record))) is not None and other.shape == record.shape:
            ulps = apart(other, record, check.digits(record.kind, run.job.precision)).ulps
            if math.isfinite(ulps):
                found[record.kind] = max(found.get(record.kind, 0.0), float(f"{ulps:.3g}"))
    return dict(sorted(found.items()))


def _left_out(runs: Sequence[Run], groups: Mapping[Place, object]) -> Iterator[str]:
    lacking = {place_of(run.job): run for run in runs if place_of(run.job) not in groups}
    for place, run in sorted(lacking.items(), key=lambda one: run_name(one[0])):
        yield f"{run_name(place)}: {run.outcome}{': ' if run.cause else ''}{run.cause}"


def _source(name: str, proof: Proof, check: Check | None) -> Source:
    if name not in proof.checks:
        raise WrongInputError(f"the saved proof is inconsistent: it does not say what the check {name} is", _AGAIN)
    return Source(
        source=proof.checks[name],
        data=dict(sorted(proof.data.get(name, {}).items())),
        tolerance=dict(sorted(check.tolerance.items())) if check is not None else {},
    )


def _spreads(made: Iterable[Result]) -> Iterator[Spread]:
    """Yield for each trajectory that several seeds have where they ended."""
    ends: dict[tuple[str, str, str, Precision, str], list[float]] = defaultdict(list)
    for one in made:
        for name, values in one.trajectory.items():
            ends[one.check, one.framework, one.device, one.precision, name].append(values[-1])
    for (check, framework, device, precision, name), last in ends.items():
        if len(last) >= _POINTS:
            yield Spread(
                check=check, framework=framework, device=device, precision=precision, name=name,
                seeds=len(last), low=min(last), high=max(last),
            )  # fmt: skip


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
