"""What was achieved, beside what the card's datasheet states: observations that are reported and never judged.

Workers know no table of ours, so this is added once their runs are judged. Which measure is held against which figure
of the table ``peak`` is content (``datasheet.toml``).
"""

from __future__ import annotations

import fnmatch
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gpusetup.facts import facts
from gpusetup.facts.peaks import peak_by_name, peak_rate
from gpusetup.selftest.model import REFERENCE, Observation
from gpusetup.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.facts.model.hardware import Peak
    from gpusetup.selftest.model import Result, Run

_CONTENT = Path(__file__).with_name("datasheet.toml")
TABLE = "against the datasheet"
_BANDWIDTH = "bandwidth"
_OF_THE_JOB = "precision"


class Figure(Value):
    """A measure (a glob) of a check, how many FLOP/s or bytes/s its unit is, and the figure that it is held against.

    `against` is a precision, ``precision`` for that of the job, or ``bandwidth``. `share` ends the name of the measure
    that has the share of a ceiling which the check measured itself, "" where it has none.
    """

    check: str
    measure: str
    unit: float
    against: str
    share: str = ""


class _Table(Value):
    figure: tuple[Figure, ...]


def with_datasheet(runs: Sequence[Run]) -> list[Run]:
    """Return the runs, each with its shares of the datasheet's figures among its observations."""
    return [_noted(run) for run in runs]


def _noted(run: Run) -> Run:
    figures = [one for one in _figures() if one.check == run.job.check]
    if run.result is None or run.job.framework == REFERENCE or not _measured(figures, run.result):
        return run
    found = tuple(Observation(table=TABLE, row=row, text=text) for row, text in _lines(run, run.result, figures))
    result = msgspec.structs.replace(run.result, observations=run.result.observations + found)
    return msgspec.structs.replace(run, result=result)


def _lines(run: Run, result: Result, figures: Sequence[Figure]) -> Iterator[tuple[str, str]]:
    """Yield a line per measure, or the one that says why there is none."""
    if run.job.device == "cpu":
        yield "no row", "a CPU: the table has NVIDIA's cards alone"
        return
    name, count = result.environment.get("gpu", ""), result.environment.get("multiprocessors", "")
    peak = peak_by_name(facts(), name, int(count) if count.isdecimal() else 0)
    if peak is None:
        of = f" with {count} multiprocessors" if count.isdecimal() else ""
        yield "no row", f"{name or 'a card without a name'}{of}: `gpusetup facts list peak` has the cards of the table"
        return
    for figure, measure in _measured(figures, result):
        yield measure.partition(":")[0], _share(figure, result, measure, peak, run.job.precision)


def _share(figure: Figure, result: Result, measure: str, peak: Peak, precision: str) -> str:
    """Return ``12.1 TFLOP/s, 62.1% of 19.5 (float32, peak-a100-sxm4-80gb), 70.1% of the measured ceiling``."""
    wanted = precision if figure.against == _OF_THE_JOB else figure.against
    rate = result.measures[measure] * figure.unit
    stated = peak.bandwidth * 1e9 if wanted == _BANDWIDTH else peak_rate(peak, wanted)
    size, unit = (1e9, "GB/s") if wanted == _BANDWIDTH else (1e12, "TFLOP/s")
    if not stated:
        return f"{rate / size:.4g} {unit}; {peak.id} states nothing for {wanted}"
    text = f"{rate / size:.4g} {unit}, {_percent(rate / stated)} of {stated / size:.5g} ({wanted}, {peak.id})"
    measured = result.measures.get(measure.partition(":")[0] + figure.share) if figure.share else None
    return text if measured is None else f"{text}, {_percent(measured)} of the measured ceiling"


def _percent(share: float) -> str:
    """Return three digits, as a small model reaches thousandths of a per cent."""
    return f"{100 * share:.3g}%"


def _measured(figures: Sequence[Figure], result: Result) -> list[tuple[Figure, str]]:
    """Return each measure that is held against a figure, by the first that its name fits."""
    found = []
    for measure in result.measures:
        figure = next((one for one in figures if fnmatch.fnmatchcase(measure, one.measure)), None)
        found += [(figure, measure)] if figure is not None else []
    return found


@cache
def _figures() -> tuple[Figure, ...]:
    return msgspec.convert(tomllib.loads(_CONTENT.read_text("utf-8")), _Table).figure
