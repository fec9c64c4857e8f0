"""What a whole proof comes to: it follows from the verdicts, and says no more than they carry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from gpusetup.errors import EXIT_FINE, EXIT_PROBLEMS, CannotLookError
from gpusetup.selftest.model import REFERENCE
from gpusetup.selftest.verdict import Changed, Level
from gpusetup.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gpusetup.selftest.model import Job
    from gpusetup.selftest.verdict import Verdict

State: TypeAlias = Literal["proven", "partly proven", "not proven", "failed"]
Subject: TypeAlias = tuple[str, str, str, str, int | None]
"""Check, framework, device, precision, seed."""
_TRUTHS = ("parity", "published")
"""Kinds of verdict that say that numbers are right; a run needs one that passed. Frameworks may agree and be wrong."""


class Saved(Value):
    """What became of the saved proof: how many `runs` of either side there are, how many of them were compared."""

    runs: int
    compared: int
    other_bits: tuple[str, ...] = ()
    """Where bits are other than the saved ones, and within tolerance: ``gru in pytorch``."""
    changed: tuple[Changed, ...] = ()
    """What of the environment is another there, the likeliest cause first."""


class Conclusion(Value):
    """The state of a proof, and what it promises.

    ``proven``: everything that was asked for or is standard was held against something and is right. ``partly proven``:
    some of it. ``not proven``: nothing was compared. ``failed``: a verdict failed.
    """

    state: State
    level: Level = ""
    """The sameness that is promised; "" for none."""
    exact: tuple[str, ...] = ()
    """Checks whose bits are the published ones everywhere here (L0)."""
    right: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Framework → the devices on which it computed right numbers."""
    deterministic: bool = False
    """True when every run that is right had the same bits in another process."""
    missing: tuple[str, ...] = ()
    """Where nothing is proven that should be: ``gru in tensorflow on cuda:0``."""
    open: tuple[str, ...] = ()
    """Each reason why something that should be proven is not, with the place."""
    aside: tuple[str, ...] = ()
    """What else the verdicts leave open, which nobody asked for."""
    saved: Saved | None = None

    @property
    def exit_code(self) -> int:
        """Return 0 for proven, 1 for failed, 3 where something could not be looked at."""
        codes = {"proven": EXIT_FINE, "failed": EXIT_PROBLEMS}
        return codes.get(self.state, CannotLookError.exit_code)


def conclude_all(jobs: Iterable[Job], verdicts: Sequence[Verdict], missed: Sequence[str]) -> Conclusion:
    """Return what `verdicts` over `jobs` come to; `missed` says what was asked for and has no run at all."""
    subjects = list(dict.fromkeys(_subject(job) for job in jobs if job.framework != REFERENCE))
    right = [one for one in subjects if _holds(one, verdicts, _TRUTHS)]
    twice = [one for one in right if _holds(one, verdicts, ("determinism",))]
    unproven = [one for one in verdicts if one.state == "unproven" and one.required]
    several = len({device for _, _, device, *_ in subjects}) > 1
    lost = [_place(*one[:4], several=several) for one in subjects if one not in right]
    # the reference alone is not what anybody asks for; what is missing there is missing in every framework
    lost += [_place(*_subject(one)[:4], several=several) for one in unproven if one.framework != REFERENCE]
    reasons = (*missed, *_reasons(unproven, several=several))
    saved = _saved(verdicts)
    state: State = "partly proven" if lost or reasons else "proven"
    if not right or (saved is not None and not saved.compared):
        state = "not proven"
    if any(one.state == "failed" for one in verdicts):
        state = "failed"
    held = saved is None or (saved.compared == saved.runs and not saved.other_bits)
    promises = state in {"proven", "partly proven"}
    return Conclusion(
        state=state,
        level=("L2" if twice == right and held else "L3") if promises else "",
        exact=_exact(verdicts) if promises else (),
        right=_devices(right),
        deterministic=bool(right) and twice == right,
        missing=tuple(dict.fromkeys(lost)),
        open=reasons,
        aside=tuple(_aside(verdicts, several=several)),
        saved=saved,
    )


def _subject(one: Verdict | Job) -> Subject:
    return one.check, one.framework, one.device, one.precision, one.seed


def _holds(subject: Subject, verdicts: Iterable[Verdict], kinds: tuple[str, ...]) -> bool:
    """Return whether a verdict of one of the `kinds` about the subject passed."""
    return any(one.state == "passed" and one.kind in kinds and _subject(one) == subject for one in verdicts)


def _place(check: str, framework: str, device: str, precision: str, *, several: bool) -> str:
    kind = "" if precision == "float32" or framework == REFERENCE else f" in {precision}"
    return f"{check} in {framework}{kind}" + (f" on {device}" if several else "")


def _reasons(unproven: Sequence[Verdict], *, several: bool) -> list[str]:
    """Return once each reason for which verdicts are unproven, with every place."""
    reasons: dict[str, list[str]] = {}
    for one in unproven:
        text = f"{one.kind}: {one.summary.removesuffix(f', seed {one.seed}')}"
        reasons.setdefault(text, []).append(_place(*_subject(one)[:4], several=several))
    return [f"{text} ({'; '.join(dict.fromkeys(where))})" for text, where in reasons.items()]


def _aside(verdicts: Sequence[Verdict], *, several: bool) -> Iterator[str]:
    """Yield what nobody asked for and is not known; of determinism `gaps` speaks, since it was not run."""
    silent = ("determinism", "baseline")
    yield from _reasons(
        [one for one in verdicts if one.state == "unproven" and not one.required and one.kind not in silent],
        several=several,
    )
    places: dict[str, int] = {}
    for one in verdicts:
        if one.kind == "parity" and one.basis.count and one.basis.left_out:
            place = _place(*_subject(one)[:4], several=several)
            places[place] = max(one.basis.left_out, places.get(place, 0))
    for place, count in places.items():
        yield f"parity: {count} tensors that the reference does not record were compared with nothing ({place})"


def _devices(right: Sequence[Subject]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for _, framework, device, *_ in right:
        found.setdefault(framework, {})[device] = None
    return {framework: tuple(found[framework]) for framework in sorted(found)}


def _exact(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """Return the checks that publish their bits and had them in every run that could be held against them."""
    published = [one for one in verdicts if one.kind == "published"]
    return tuple(sorted({one.check for one in published} - {one.check for one in published if one.state != "passed"}))


def _saved(verdicts: Sequence[Verdict]) -> Saved | None:
    rows = [one for one in verdicts if one.kind == "baseline" and one.framework != REFERENCE]
    if not rows:
        return None
    other = [one for one in rows if one.state == "passed" and one.level != "L2"]
    changed = {change.key: change for one in other for change in one.changed}
    order = sorted(changed.values(), key=lambda one: (one.rank == 0, one.rank))
    return Saved(
        runs=len(rows),
        compared=sum(one.basis.count > 0 for one in rows),
        other_bits=tuple(dict.fromkeys(_place(*_subject(one)[:4], several=False) for one in other)),
        changed=tuple(order),
    )
