"""What a self-test's operations covered, from its proof: family × direction, by framework, precision and device."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from checks.operations.case import Case as Declared
from checks.operations.families import families
from gpusetup.selftest.model import Case
from gpusetup.selftest.proof import Kept, Proof

Column = tuple[str, str, str]
"""Framework, precision and device."""
Cases = Mapping[Column, list[Case]]


def write_table(proof: Proof) -> str:
    """Return the table as Markdown, and what made it."""
    return "\n".join(
        [
            f"Made at {proof.made_at} by gpusetup {proof.gpusetup}, profile {proof.profile}.",
            "",
            *lines_of(proof.runs),
            "",
        ]
    )


def lines_of(runs: Iterable[Kept]) -> list[str]:
    """Return the lines of the table: in each cell the cases that passed, by mode, or why there is none."""
    ran = _cases(runs)
    head = ["family", "direction", *(", ".join(column) for column in ran)]
    return [f"| {' | '.join(head)} |", "|---" * len(head) + "|", *_rows(ran)]


def _cases(runs: Iterable[Kept]) -> Cases:
    """Return what ran in each column; a column whose runs all ended without a result has none."""
    found: dict[Column, list[Case]] = defaultdict(list)
    for run in runs:
        if run.job.check == "operations" and run.job.framework != "reference":
            found[run.job.framework, run.job.precision, run.job.device] += run.result.cases if run.result else ()
    return dict(sorted(found.items()))


def _rows(ran: Cases) -> Iterator[str]:
    for family, declared in families().items():
        for direction in ("forward", "backward"):
            cells = [
                _cell([one for one in cases if _is(one, family, direction)], declared, direction, column[0])
                for column, cases in ran.items()
            ]
            yield f"| {family.replace('_', ' ')} | {direction} | {' | '.join(cells)} |"


def _is(case: Case, family: str, direction: str) -> bool:
    return case.case.partition(".")[0] == family and case.direction == direction


def _cell(cases: list[Case], declared: tuple[Declared, ...], direction: str, framework: str) -> str:
    """Return ``eager 5, xla 3 (1 failed)``: distinct cases per mode, then whatever did not pass."""
    if not cases:
        return f"none: {_why(declared, direction, framework)}"
    passed = Counter(mode for _, mode in {(one.case, one.mode) for one in cases if one.outcome == "passed"})
    other = Counter(what for _, _, what in {(one.case, one.mode, one.outcome) for one in cases})
    text = ", ".join(f"{mode} {count}" for mode, count in sorted(passed.items())) or "0"
    rest = ", ".join(f"{count} {what}" for what, count in sorted(other.items()) if what != "passed")
    return f"{text} ({rest})" if rest else text


def _why(declared: tuple[Declared, ...], direction: str, framework: str) -> str:
    """Return why nothing of a family ran: no case is declared, or none was part of this run."""
    here = [case for case in declared if framework in case.code]
    able = [case for case in here if direction == "forward" or case.wrt()]
    if able:
        return "not part of this run"
    reasons = [case.no_gradient for case in here] or [case.absent[framework] for case in declared]
    return Counter(reasons).most_common(1)[0][0]
