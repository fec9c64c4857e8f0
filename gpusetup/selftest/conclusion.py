"""The overall result of a proof, derived from its verdicts alone; it claims no more than they support."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from gpusetup.errors import EXIT_FINE, EXIT_PROBLEMS, CannotLookError
from gpusetup.selftest.model import REFERENCE, place_of
from gpusetup.selftest.verdict import Changed, KnownDefect, Level
from gpusetup.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gpusetup.selftest.model import Job, Place
    from gpusetup.selftest.verdict import Verdict

State: TypeAlias = Literal["proven", "partly proven", "not proven", "failed"]
_TRUTHS = ("parity", "published")
"""Kinds of verdict that show numbers to be right. Agreement is not among them: frameworks may agree and be wrong."""
_OWN_TRUTHS = ("invariant",)
"""The same for a user's own model, which has no reference: what must hold of any model."""


class Saved(Value):
    """The comparison with a saved proof: `runs` on either side, and how many of them were `compared`."""

    runs: int
    compared: int
    other_bits: tuple[str, ...] = ()
    """Runs whose bits differ from the saved ones and are within tolerance: ``gru in pytorch``."""
    changed: tuple[Changed, ...] = ()
    """Differences of the environment there, most likely cause first."""


class Conclusion(Value):
    """The state of a proof, and what it promises.

    ``proven``: everything requested, or run by default, was compared with a reference and is right. ``partly
    proven``: some of it. ``not proven``: nothing was compared. ``failed``: a verdict failed.
    """

    state: State
    level: Level = ""
    """The level of reproducibility that is promised; "" for none."""
    exact: tuple[str, ...] = ()
    """Checks whose bits equal the published ones in every run (L0)."""
    right: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Framework → the devices on which its numbers are right."""
    deterministic: bool = False
    """True when every run that is right gave the same bits again in another process."""
    missing: tuple[str, ...] = ()
    """Runs that should be proven and are not: ``gru in tensorflow on cuda:0``."""
    open: tuple[str, ...] = ()
    """Each reason why something that should be proven is not, with the runs it applies to."""
    aside: tuple[str, ...] = ()
    """What else is unproven, and was not requested."""
    saved: Saved | None = None
    known: tuple[KnownDefect, ...] = ()
    """Known upstream defects that showed. What is proven is proven except for them."""

    @property
    def exit_code(self) -> int:
        """Return 0 for proven, also except for known defects, 1 for failed, 3 where something could not be checked."""
        codes = {"proven": EXIT_FINE, "failed": EXIT_PROBLEMS}
        return codes.get(self.state, CannotLookError.exit_code)

    def exit_code_if(self, *, strict: bool) -> int:
        """Return the exit code; `strict` counts a known defect as a failure."""
        return EXIT_PROBLEMS if strict and self.known else self.exit_code


def conclude_all(jobs: Sequence[Job], verdicts: Sequence[Verdict], missed: Sequence[str]) -> Conclusion:
    """Return the conclusion of `verdicts` over `jobs`; `missed` lists what was requested and has no run at all."""
    truths = _OWN_TRUTHS if any(job.model for job in jobs) else _TRUTHS
    subjects = list(dict.fromkeys(place_of(job) for job in jobs if job.framework != REFERENCE))
    right = [one for one in subjects if _holds(one, verdicts, truths)]
    twice = [one for one in right if _holds(one, verdicts, ("determinism",))]
    unproven = [one for one in verdicts if one.state == "unproven" and one.required]
    several = len({device for _, _, device, *_ in subjects}) > 1
    lost = [_place(*one[:4], several=several) for one in subjects if one not in right]
    # the reference alone is never requested; what is missing there is missing in every framework
    lost += [_place(*place_of(one)[:4], several=several) for one in unproven if one.framework != REFERENCE]
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
        known=tuple(_known(verdicts)),
    )


def _known(verdicts: Iterable[Verdict]) -> Iterator[KnownDefect]:
    """Yield each defect once, with all cases; it is verified only where it was in every place."""
    groups: dict[str, list[KnownDefect]] = {}
    for one in verdicts:
        if one.defect is not None and one.state == "known":
            groups.setdefault(one.defect.id, []).append(one.defect)
    for same in groups.values():
        cases = tuple(dict.fromkeys(case for one in same for case in one.cases))
        yield msgspec.structs.replace(same[0], cases=cases, verified=all(one.verified for one in same))


def _holds(subject: Place, verdicts: Iterable[Verdict], kinds: tuple[str, ...]) -> bool:
    """Return whether a verdict of one of the `kinds` about the subject passed."""
    return any(one.state == "passed" and one.kind in kinds and place_of(one) == subject for one in verdicts)


def _place(check: str, framework: str, device: str, precision: str, *, several: bool) -> str:
    kind = "" if precision == "float32" or framework == REFERENCE else f" in {precision}"
    return f"{check} in {framework}{kind}" + (f" on {device}" if several else "")


def _reasons(unproven: Sequence[Verdict], *, several: bool) -> list[str]:
    """Return each reason why verdicts are unproven once, with every run it applies to."""
    reasons: dict[str, list[str]] = {}
    for one in unproven:
        text = f"{one.kind}: {one.summary.removesuffix(f', seed {one.seed}')}"
        reasons.setdefault(text, []).append(_place(*place_of(one)[:4], several=several))
    return [f"{text} ({'; '.join(dict.fromkeys(where))})" for text, where in reasons.items()]


def _aside(verdicts: Sequence[Verdict], *, several: bool) -> Iterator[str]:
    """Yield what is unproven and was not requested; determinism that was not run is reported by `gaps`."""
    silent = ("determinism", "baseline")
    yield from _reasons(
        [one for one in verdicts if one.state == "unproven" and not one.required and one.kind not in silent],
        several=several,
    )
    places: dict[str, int] = {}
    for one in verdicts:
        if one.kind == "parity" and one.basis.count and one.basis.left_out:
            place = _place(*place_of(one)[:4], several=several)
            places[place] = max(one.basis.left_out, places.get(place, 0))
    for place, count in places.items():
        yield f"parity: {count} tensors were not compared, because the reference does not record them ({place})"


def _devices(right: Sequence[Place]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for _, framework, device, *_ in right:
        found.setdefault(framework, {})[device] = None
    return {framework: tuple(found[framework]) for framework in sorted(found)}


def _exact(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """Return the checks with published bits that every comparable run reproduced."""
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
        other_bits=tuple(dict.fromkeys(_place(*place_of(one)[:4], several=False) for one in other)),
        changed=tuple(order),
    )
