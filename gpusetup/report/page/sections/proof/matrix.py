"""The verdicts of a proof: check × framework × what is proven, what failed and where, and what was not proven."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.report.page.model import Section, State
from gpusetup.report.selftest import explain, subject
from gpusetup.report.selftest_headline import foremost, headline, promise
from gpusetup.report.selftest_table import Subject
from gpusetup.selftest.model import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gpusetup.selftest.conclusion import Conclusion
    from gpusetup.selftest.proof import Proof
    from gpusetup.selftest.verdict import Verdict

COLUMNS = {
    "published": ("Exact", "T0: the one right answer, bit for bit"),
    "parity": ("Float64", "T1: every tensor within its tolerance of the float64 reference"),
    "agreement": ("Others", "T1: within twice the tolerance of the other frameworks and devices"),
    "invariant": ("Invariants", "T2: what must hold for any input"),
    "determinism": ("Rerun", "T3: the same bits in a fresh process"),
    "baseline": ("Baseline", "T5: as in the saved proof"),
    "speed": ("Speed", "T5: no slower than in the saved proof by more than is allowed"),
    "run": ("Ran", "nothing crashed, hung, ran out of memory or computed NaN"),
    "defect": ("Defects", "known upstream defects that showed"),
}
"""Kind of verdict → its column and what it says."""
_ORDER = ("failed", "unproven", "known", "passed")
_STATES: dict[str, State] = {"failed": "error", "unproven": "unknown", "known": "warning", "passed": "ok"}
_WORDS = {"failed": "Failed", "unproven": "Not proven", "known": "Known defect", "passed": "OK"}
_CONCLUDED: dict[str, State] = {
    "proven": "ok", "partly proven": "unknown", "not proven": "unknown", "failed": "error",
}  # fmt: skip


class Cell(NamedTuple):
    """The worst of some verdicts: in a word, with how many are so of all, and what the worst of them says."""

    state: State
    word: str
    many: str
    said: str


class Row(NamedTuple):
    """One check in one framework, on one device, in one precision; None where there is no verdict of a kind."""

    check: str
    where: str
    cells: tuple[Cell | None, ...]


class Failure(NamedTuple):
    """A verdict that failed, and what is known about it."""

    kind: str
    subject: str
    summary: str
    lines: tuple[str, ...]
    script: str


def sections(proof: Proof, unlike: int = 0) -> Iterator[Section]:
    """Yield the section that says what is proven; `unlike` older proofs cannot be compared with it."""
    found = proof.concluded()
    kinds = [kind for kind in COLUMNS if any(one.kind == kind for one in proof.verdicts)]
    yield Section(
        id="proof",
        title="Proof",
        template="proof_matrix.html.j2",
        view={
            "columns": [COLUMNS[kind] for kind in kinds],
            "rows": list(_rows(proof.verdicts, kinds)),
            "failures": [_failure(one) for one in proof.verdicts if one.state == "failed"],
            "known": [one for one in proof.verdicts if one.state == "known" and one.defect is not None],
            "promised": promise(found),
            "first": list(foremost(found)),
            "unlike": unlike,
            "gaps": [*found.aside, *proof.unproven],
            "made_at": proof.made_at,
            "environments": list(_environments(proof)),
        },
        state=_concluded(found),
        answer=headline(proof, found),
    )


def _concluded(found: Conclusion) -> State:
    return "warning" if found.state == "proven" and found.known else _CONCLUDED[found.state]


def _rows(verdicts: Sequence[Verdict], kinds: Sequence[str]) -> Iterator[Row]:
    """Yield a row for each subject; the reference has one only where one of its verdicts failed."""
    places = dict.fromkeys(
        Subject(one.check, one.framework, one.device, one.precision)
        for one in sorted(verdicts, key=lambda one: (one.check, one.framework, one.device, one.precision))
        if one.framework != REFERENCE or one.state == "failed"
    )
    several = len({one.device for one in places}) > 1
    for place in places:
        here = [one for one in verdicts if place.concerns(one)]
        cells = tuple(_cell([one for one in here if one.kind == kind]) for kind in kinds)
        kind = "" if place.precision == "float32" else f" in {place.precision}"
        yield Row(place.check, place.framework + kind + (f" on {place.device}" if several else ""), cells)


def _cell(here: Sequence[Verdict]) -> Cell | None:
    """Return the worst state; what is not proven and was not requested counts only where there is nothing else."""
    counted = [one for one in here if one.required or one.state != "unproven"] or list(here)
    if not counted:
        return None
    worst = min(counted, key=lambda one: _ORDER.index(one.state))
    many = sum(one.state == worst.state for one in counted)
    count = "" if len(counted) == 1 else f"{many}" if many == len(counted) else f"{many} of {len(counted)}"
    return Cell(_STATES[worst.state], _WORDS[worst.state], count, worst.summary)


def _failure(one: Verdict) -> Failure:
    lines = [line for line in explain(one) if not line.startswith(("    ", "To see it"))]
    return Failure(COLUMNS[one.kind][0], subject(one), one.summary, tuple(lines), one.script)


def _environments(proof: Proof) -> Iterable[tuple[str, list[tuple[str, str]]]]:
    """Yield each environment once, by the framework that ran in it."""
    seen: dict[str, str] = {}
    for run in proof.runs:
        if run.result is not None and run.result.environment not in seen:
            seen[run.result.environment] = run.job.framework
            found = proof.environments.get(run.result.environment, {})
            yield f"{run.job.framework} on {run.job.device}", sorted(found.items())
