"""How fast each framework is: beside the others, against the ceilings, for how much energy, and over several proofs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from gpusetup.report.page.model import Chart, Section
from gpusetup.report.page.sections.proof.runs import names, shown
from gpusetup.selftest.datasheet import TABLE as DATASHEET
from gpusetup.selftest.model import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.report.page.model import Rows
    from gpusetup.selftest.proof import Kept, Proof

_RATE, _SHARE, _ENERGY, _FLOPS = " per second", ": share of the ceiling", ": J per step", ": FLOP/s"
_SPEEDS = (_RATE, _FLOPS, "Gflop/s", "GB/s")
"""Ends of the names of measures that are the better the larger."""


class Figure(NamedTuple):
    """One measure of one run."""

    check: str
    measure: str
    run: str
    value: float


def sections(proof: Proof, earlier: Sequence[Proof] = ()) -> Iterator[Section]:
    """Yield the section on `proof`, with its history since the `earlier` ones, the oldest first."""
    runs = shown(proof.runs)
    found = figures(runs)
    charts = dict(_charts(found))
    rows = list(_history([*earlier, proof])) if earlier else []
    if rows:
        charts["history"] = Chart(
            spec="proof-history",
            title="Speed over the proofs",
            said=f"Every rate of {len(earlier) + 1} proofs, relative to the first proof that has it: 1 is as fast, 2 "
            "twice as fast. Machines and releases may differ between them.",
            data={"rows": rows},
        )
    if charts:
        yield Section(
            id="speed",
            title="Speed and energy",
            template="proof_speed.html.j2",
            view={"rates": _table(found), "datasheet": list(_datasheet(runs)), "measured": any(_measured(found))},
            charts=charts,
            answer=_answer(found),
        )


def figures(runs: Sequence[Kept]) -> list[Figure]:
    """Return every measure of the frameworks; of the same run in several processes the first."""
    some = [run for run in runs if run.job.framework != REFERENCE and run.result is not None]
    return [
        Figure(run.job.check, measure, name, value)
        for name, run in zip(names([run.job for run in some]), some, strict=True)
        if run.result is not None
        for measure, value in run.result.measures.items()
    ]


def _charts(found: Sequence[Figure]) -> Iterator[tuple[str, Chart]]:
    rates = [one for one in found if one.measure.endswith(_RATE)]
    if rates:
        yield (
            "rates",
            Chart(
                spec="proof-rates",
                title="Speed of each framework, relative to the fastest",
                said="For every rate that a check measures, 100% is the fastest of the runs in this proof.",
                data={"rows": _relative(rates)},
            ),
        )
    shares = [one for one in found if one.measure.endswith(_SHARE)]
    if shares:
        yield "ceilings", Chart(
            spec="proof-ceilings",
            title="Share of the ceiling that training reaches",
            said="The ceiling is the rate of a large product of matrices, measured in the same run. Small models reach "
            "little of it: what is left is overhead, not arithmetic.",
            data={"rows": [
                {"workload": one.measure.removesuffix(_SHARE), "run": one.run, "share": _rounded(one.value)}
                for one in shares
            ]},
        )  # fmt: skip
    energies = list(_measured(found))
    if energies:
        yield "energy", Chart(
            spec="proof-energy",
            title="Energy of a training step",
            said="By the device's own counter, in joules a step.",
            data={"rows": [
                {"workload": one.measure.removesuffix(_ENERGY), "run": one.run, "joules": _rounded(one.value)}
                for one in energies
            ]},
        )  # fmt: skip


def _measured(found: Sequence[Figure]) -> Iterator[Figure]:
    yield from (one for one in found if one.measure.endswith(_ENERGY))


def _relative(rates: Sequence[Figure]) -> Rows:
    best: dict[tuple[str, str], float] = {}
    for one in rates:
        best[one.check, one.measure] = max(one.value, best.get((one.check, one.measure), 0.0))
    return [
        {
            "check": f"{one.check}: {one.measure.removesuffix(_RATE)}",
            "run": one.run,
            "share": _rounded(one.value / (best[one.check, one.measure] or 1.0)),
            "per second": _rounded(one.value),
        }
        for one in rates
    ]


def _history(proofs: Sequence[Proof]) -> Iterator[dict[str, str | float | None]]:
    """Yield each rate of each proof, relative to the first that has it, where several do."""
    first: dict[tuple[str, str, str], float] = {}
    rows: dict[tuple[str, str, str], list[dict[str, str | float | None]]] = {}
    for proof in proofs:
        for one in figures(shown(proof.runs)):
            if not one.measure.endswith(_SPEEDS) or one.value <= 0:
                continue
            key = one.check, one.measure, one.run
            rows.setdefault(key, []).append({
                "at": proof.made_at,
                "figure": f"{one.check}: {one.measure}",
                "run": one.run,
                "relative": _rounded(one.value / first.setdefault(key, one.value)),
                "value": _rounded(one.value),
            })  # fmt: skip
    for same in rows.values():
        yield from same if len(same) > 1 else ()


def _table(found: Sequence[Figure]) -> list[tuple[str, str, str, str]]:
    """Return every figure as text: check, measure, run and value."""
    return [
        (one.check, one.measure, one.run, f"{one.value:.1%}" if "share of " in one.measure else f"{one.value:,.4g}")
        for one in found
        if one.measure != "seconds"
    ]


def _datasheet(runs: Sequence[Kept]) -> Iterator[tuple[str, str, str]]:
    """Yield what each run achieved of its card's datasheet: run, figure and text."""
    for name, run in zip(names([run.job for run in runs]), runs, strict=True):
        for one in run.result.observations if run.result is not None else ():
            if one.table == DATASHEET:
                yield f"{run.job.check} in {name}", one.row, one.text


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _answer(found: Sequence[Figure]) -> str:
    """Return which run is how often the fastest, of the rates that more than one has."""
    rates: dict[tuple[str, str], list[Figure]] = {}
    for one in found:
        if one.measure.endswith(_RATE):
            rates.setdefault((one.check, one.measure), []).append(one)
    if not rates:
        return f"{len(found)} figures, none of them a rate"
    wins = Counter(max(same, key=lambda one: one.value).run for same in rates.values() if len(same) > 1)
    if not wins:
        return f"{len(rates)} rates, each measured in one run alone: nothing to compare"
    listed = ", ".join(f"{run} in {count}" for run, count in wins.most_common())
    return f"Fastest of {wins.total()} compared {'rate' if wins.total() == 1 else 'rates'}: {listed}"
