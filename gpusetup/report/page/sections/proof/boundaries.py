"""Decision boundaries as they are learned, beside the best one that there is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gpusetup.report.page.model import Chart, Section
from gpusetup.report.page.sections.proof.colours import between
from gpusetup.report.page.sections.proof.pictures import Plane, formed, image, numbers, planes
from gpusetup.report.page.sections.proof.runs import names, of_check, pictured
from gpusetup.selftest.model import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gpusetup.selftest.model import Picture
    from gpusetup.selftest.proof import Kept

SEEN, STEPS = 6, 16
"""Places of the two sliders, as the specifications have them; the frames that there are share them out."""
_BEST, _POINTS, _NETWORK, _LEARNS, _BY = "the best rule", "points", "the network learns", " learns", ", by "
_TABLE = "decision boundaries"
_PAIR = 2
_POINT = 3

Row = dict[str, "str | float | None"]


def sections(runs: Sequence[Kept]) -> Iterator[Section]:
    """Yield the section, where decision boundaries were drawn."""
    some = list(pictured(runs, "boundary"))
    charts = dict(_charts(some))
    if charts:
        yield Section(
            id="boundaries",
            title="Decision boundaries being learned",
            template="proof_boundaries.html.j2",
            view=_table(of_check(runs, "boundary")),
            charts=charts,
            answer=_answer(some),
        )


def _charts(some: Sequence[tuple[Kept, Mapping[str, Picture]]]) -> Iterator[tuple[str, Chart]]:
    drawn = {name: one for _, pictures in some for name, one in pictures.items()}
    if _BEST not in drawn:
        return
    best = planes(formed(drawn[_BEST], 0, 0))[0]
    grown = {name: one for name, one in drawn.items() if name.partition(_BY)[0].endswith(_LEARNS) and name != _NETWORK}
    if grown:
        yield "rules", _rules(grown, best, drawn.get(_POINTS))
    called = names([run.job for run, _ in some])
    networks = {name: one[_NETWORK] for name, (_, one) in zip(called, some, strict=True) if _NETWORK in one}
    if networks:
        yield "network", _network(networks, best)


def _rules(grown: Mapping[str, Picture], best: Plane, points: Picture | None) -> Chart:
    """Return the classical rules: scikit-learn's own where it was there, else those in float64."""
    chosen: dict[str, tuple[str, Picture]] = {}
    for name, one in sorted(grown.items()):  # "tree learns" comes before "tree learns, by scikit-learn …"
        what, _, by = name.partition(_BY)
        chosen[what.removesuffix(_LEARNS)] = by, one
    counts = _listed(next(iter(grown.values())).about)
    rows: list[Row] = [_panel("best possible", 0, SEEN, "", image(best.turned(), _chance))]
    for rule, (_, one) in chosen.items():
        for at, until, frame, label in _shared(planes(one), [f"{count} points" for count in counts], SEEN):
            rows.append(_panel(rule, at, until, label, image(frame.turned(), _class)))
    by = next((by for by, _ in chosen.values() if by), "")
    lacking = sorted(rule for rule, (other, _) in chosen.items() if by and not other)
    ours = f" ({', '.join(lacking)}: float64 NumPy)" if lacking else ""
    source = f"{by}{ours}" if by else "float64 NumPy"
    return Chart(
        spec="proof-rules",
        title="Classical rules, on more and more points",
        said=f"Each square is the plane as one rule divides it into two classes; the slider shows it more points. The "
        f"first square is the best division that there is, with the points seen so far. Fitted by {source}.",
        data={"rows": [*rows, *_points(points, counts)]},
        table=False,
    )  # fmt: skip


def _network(networks: Mapping[str, Picture], best: Plane) -> Chart:
    rows: list[Row] = [_panel("best possible", 0, STEPS, "", image(best.turned(), _chance))]
    for name, one in networks.items():
        frames = planes(one)
        for at, until, frame, label in _shared(frames, [f"{step} steps" for step in _listed(one.about)], STEPS):
            rows.append(_panel(name, at, until, label, image(frame.turned(), _chance)))
    return Chart(
        spec="proof-network",
        title="A network of two hidden layers, along its training",
        said="Each square is one framework's network after the same steps from the same weights: the stronger the "
        "colour, the surer it is of a class. The first square is the true chance of each class.",
        data={"rows": rows},
        table=False,
    )


def _panel(name: str, at: int, until: int, label: str, url: str) -> Row:
    return {"panel": name, "from": at, "to": until, "label": label, "image": url}


def _chance(value: float) -> tuple[int, int, int, int]:
    return between(value / 255)


def _class(value: float) -> tuple[int, int, int, int]:
    """Return the colour of a class as a rule decides it, in 255ths; lighter than certainty, so that points are seen."""
    red, green, blue, _ = between(value / 255)
    return red, green, blue, 150


def _shared(frames: Sequence[Plane], labels: Sequence[str], places: int) -> Iterator[tuple[int, int, Plane, str]]:
    """Yield frames with the slider's places that each stands at; of more frames than places, evenly many."""
    count = min(len(frames), places)
    for place in range(count):
        chosen = place if count < places or len(frames) == places else place * (len(frames) - 1) // max(1, count - 1)
        label = labels[chosen] if len(labels) == len(frames) else f"frame {chosen + 1}"  # an older proof names none
        yield place * places // count, (place + 1) * places // count, frames[chosen], label


def _points(picture: Picture | None, counts: Sequence[int]) -> Iterator[Row]:
    """Yield the points of each class that come into view at each place of the slider, as text."""
    if picture is None:
        return
    found = numbers(formed(picture, 0, _POINT))
    every = [found[at : at + _POINT] for at in range(0, len(found), _POINT)]
    start = 0
    for place, count in enumerate(counts):
        for label in (0, 1):
            seen = [one for one in every[start:count] if one[2] == label and all(map(math.isfinite, one))]
            text = " ".join(f"{x:.2f},{y:.2f}" for x, y, _ in seen)
            at = place * SEEN // len(counts)
            yield {"panel": "best possible", "from": at, "to": SEEN, "class": f"class {label + 1}", "points": text}
        start = count


def _listed(about: str) -> list[int]:
    """Return the whole numbers that the text about the axes lists in brackets."""
    return [int(one) for one in about.partition("(")[2].partition(")")[0].split(",") if one.strip().isdecimal()]


def _table(runs: Sequence[Kept]) -> dict[str, object]:
    """Return a row for each rule, with what each run observed of it."""
    called = names([run.job for run in runs])
    rows: dict[str, dict[str, str]] = {}
    for name, run in zip(called, runs, strict=True):
        for one in run.result.observations if run.result else ():
            if one.table == _TABLE:
                rows.setdefault(one.row, {})[name] = one.text
    return {
        "columns": called,
        "rows": [(rule, [texts.get(name, "") for name in called]) for rule, texts in rows.items()],
    }


def _answer(some: Sequence[tuple[Kept, Mapping[str, Picture]]]) -> str:
    """Return how many rules learn enough, in every framework that was judged."""
    held: dict[str, bool] = {}
    for run, _ in some:
        for one in run.result.invariants if run.result is not None and run.job.framework != REFERENCE else ():
            if one.name.endswith("learns the boundary"):
                held[one.name] = one.holds and held.get(one.name, True)
    if not held:
        return "No rule is judged: only the float64 reference ran"
    return f"{sum(held.values())} of {len(held)} rules learn the required share of what can be learned"
