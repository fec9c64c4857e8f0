"""The proof as a table: one line per check and framework, one column per kind of verdict, seeds folded into counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.selftest.model import REFERENCE
from gpusetup.text import neutral

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table
    from rich.text import Text

    from gpusetup.selftest.proof import Kept, Proof
    from gpusetup.selftest.verdict import State, Verdict

COLUMNS = {
    "parity": "float64",
    "agreement": "others",
    "published": "exact",
    "invariant": "invar.",
    "determinism": "rerun",
    "baseline": "saved",
    "defect": "defects",
}
LEGEND = {
    "parity": "within tolerance of the float64 reference",
    "agreement": "within tolerance of the other frameworks and devices",
    "published": "the one right answer, bit for bit",
    "invariant": "invariants that must hold for any input",
    "determinism": "same bits in a fresh process",
    "baseline": "same as the saved proof",
    "defect": "known upstream defects that showed",
}
_WORDS = {"passed": "ok", "failed": "FAILED", "unproven": "open", "known": "known"}
_OTHER = "bits differ"
_STYLES = {"passed": "", "failed": "bold red", "unproven": "yellow", "known": "yellow"}


class Subject(NamedTuple):
    """What a line of the table is about; all seeds share a line."""

    check: str
    framework: str
    device: str
    precision: str

    def concerns(self, verdict: Verdict) -> bool:
        """Return whether the verdict is about this subject; an agreement is about both sides."""
        if (verdict.check, verdict.precision) != (self.check, self.precision):
            return False
        return (verdict.framework, verdict.device) == (self.framework, self.device) or (
            verdict.against == f"{self.framework} on {self.device}"
        )


def table(proof: Proof, *, wide: bool) -> Table:
    """Return the table, in the order of checks; with device and precision where there are several, times if `wide`."""
    from rich.table import Table  # the console has loaded it
    from rich.text import Text

    groups = _groups(proof)
    several = [len({subject[place] for subject in groups if subject.framework != REFERENCE}) > 1 for place in range(4)]
    names = [name for place, name in enumerate(Subject._fields) if place < 2 or several[place]]
    kinds = [kind for kind in COLUMNS if any(verdict.kind == kind for verdict in proof.verdicts)]
    found = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    for title in (*names, *(COLUMNS[kind] for kind in kinds)):
        found.add_column(title)
    found.add_column("speed", justify="right", no_wrap=True)
    if wide:
        found.add_column("time", justify="right", no_wrap=True)
    for subject, runs in groups.items():
        cells = [_cell(proof, subject, kind) for kind in kinds]
        shown = [neutral(getattr(subject, name)) for name in names]
        speed = Text(" ").join([one for one in (_cell(proof, subject, "speed"), Text(_rate(runs))) if one])
        found.add_row(*shown, *cells, speed, *([_seconds(runs)] if wide else []))
    return found


def legend(proof: Proof) -> str:
    """Return the meaning of the verdict columns, in one line."""
    kinds = dict.fromkeys(kind for kind in COLUMNS if any(verdict.kind == kind for verdict in proof.verdicts))
    notes = [f"{COLUMNS[kind]}: {LEGEND[kind]}" for kind in kinds]
    if any(verdict.state == "unproven" for verdict in proof.verdicts):
        notes.append("open: not proven, for the reasons given")
    if any(map(_other_bits, proof.verdicts)):
        notes.append(f"{_OTHER}: from the baseline, within tolerance")
    return "; ".join(notes)


def _groups(proof: Proof) -> dict[Subject, list[Kept]]:
    """Return the runs of each line; the reference has a line only where one of its verdicts failed."""
    groups: dict[Subject, list[Kept]] = {}
    failed = [verdict for verdict in proof.verdicts if verdict.state == "failed"]
    for run in sorted(proof.runs, key=lambda run: (run.job.check, run.job.framework, run.job.device)):
        job = run.job
        subject = Subject(job.check, job.framework, job.device, job.precision)
        if job.framework != REFERENCE or any(map(subject.concerns, failed)):
            groups.setdefault(subject, []).append(run)
    return groups


def _cell(proof: Proof, subject: Subject, kind: str) -> Text:
    """Return ``ok``, or the worst state, with counts where there are several verdicts.

    An open verdict that was not required is shown only where there is no other.
    """
    from rich.text import Text

    here = [verdict for verdict in proof.verdicts if verdict.kind == kind and subject.concerns(verdict)]
    if not here:
        return Text()
    states = [one.state for one in here if one.required or one.state != "unproven"]
    states = states or [one.state for one in here]
    order: tuple[State, ...] = ("failed", "unproven", "known", "passed")
    worst = next(state for state in order if state in states)
    count = states.count(worst)
    word, style = _WORDS[worst], _STYLES[worst]
    if worst == "passed" and (others := sum(map(_other_bits, here))):
        count, word, style = others, _OTHER, "yellow"
    many = f" {count}" if worst == "passed" and count == len(here) else f" {count}/{len(here)}"
    return Text(word + (many if len(here) > 1 else ""), style=style)


def _other_bits(verdict: Verdict) -> bool:
    """Return whether a saved run was reproduced only within tolerance."""
    return verdict.kind == "baseline" and verdict.state == "passed" and verdict.level != "L2"


def _rate(runs: Sequence[Kept]) -> str:
    """Return the best rate of all rounds and seeds, or how the runs ended."""
    if all(run.result is None for run in runs):
        return runs[0].outcome
    rates: dict[str, float] = {}
    for run in runs:
        for name, rate in run.result.measures.items() if run.result else ():
            if name.endswith(" per second"):
                rates[name] = max(rate, rates.get(name, 0.0))
    return ", ".join(f"{_short(rate)} {name.removesuffix(' per second')}/s" for name, rate in rates.items())


def _short(rate: float) -> str:
    return f"{rate / 1000:,.0f}k" if rate >= 10_000 else f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"


def _seconds(runs: Sequence[Kept]) -> str:
    return f"{sum(run.seconds for run in runs):.1f} s"
