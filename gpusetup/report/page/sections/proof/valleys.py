"""Himmelblau's function: the path of each optimiser from many starts, and which minimum each start and rate reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.report.page.model import Chart, Section
from gpusetup.report.page.sections.proof.colours import end as coloured
from gpusetup.report.page.sections.proof.pictures import Plane, formed, image, numbers, spoilt
from gpusetup.report.page.sections.proof.runs import names, pictured

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gpusetup.selftest.model import Picture
    from gpusetup.selftest.proof import Kept

FRAMES = 6
"""Places of the slider over rates, as the specification has them; fewer rates share them out."""
STEPS = (0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64)
"""Steps of a path that are drawn: it moves most at first."""
ENDS = ("minimum 1", "minimum 2", "minimum 3", "minimum 4", "no minimum", "diverged")
_MINIMA = ((3.0, 2.0), (-2.805118, 3.131313), (-3.77931, -3.283186), (3.584428, -1.848127))
_NEAR, _FAR, _EDGE = 0.5, 64.0, 6.0
"""As `checks/sgd/valleys.py` tells ends apart; beyond the edge nothing is drawn."""
_PATHS, _BASINS = "paths of ", "basins of "


class Ladder(NamedTuple):
    """One optimiser: its rates, and for each of them in which minimum every start ends."""

    rule: str
    rates: tuple[float, ...]
    basins: tuple[tuple[int, ...], ...]


def sections(runs: Sequence[Kept]) -> Iterator[Section]:
    """Yield the section, where a framework's optimisers were let down the function."""
    some = list(pictured(runs, "sgd"))
    if not some:
        return
    drawn = some[0][1]
    ladders = list(_ladders(drawn))
    if not ladders:
        return
    called = names([one.job for one, _ in some])
    others = [(name, *_same(drawn, other)) for name, (_, other) in zip(called[1:], some[1:], strict=True)]
    yield Section(
        id="optimisers",
        title="Optimisers on Himmelblau's function",
        template="proof_valleys.html.j2",
        view={"rows": [_row(one) for one in ladders], "ends": ENDS, "name": called[0], "others": others},
        charts={"paths": _paths(called[0], drawn, ladders), "basins": _basins(called[0], ladders)},
        answer=_answer(called[0], ladders),
    )


def _answer(name: str, ladders: Sequence[Ladder]) -> str:
    found = sum(set(range(4)) <= set(one.basins[0]) for one in ladders)
    lost = sum(ENDS.index("diverged") in one.basins[-1] for one in ladders)
    return (
        f"{name}: {found} of {len(ladders)} optimisers reach all four minima at their smallest step size; {lost} "
        "diverge from some start at their largest"
    )


def _ladders(drawn: Mapping[str, Picture]) -> Iterator[Ladder]:
    for name, picture in drawn.items():
        if name.startswith(_BASINS):
            rates = _rates(picture)
            ends, count = numbers(picture, 2), picture.shape[-1]
            basins = tuple(tuple(map(int, ends[at : at + count])) for at in range(0, len(ends), count))
            yield Ladder(name.removeprefix(_BASINS), rates, basins)


def _rates(picture: Picture) -> tuple[float, ...]:
    """Return the rates that the text about the axes names, one for each row: ``rate (0.25, 4), start: …``."""
    listed = picture.about.partition("(")[2].partition(")")[0].split(",")
    try:
        rates = tuple(float(one) for one in listed if one.strip())
    except ValueError as error:
        raise spoilt(picture, str(error)) from error
    if picture.shape[:1] != (len(rates),):
        raise spoilt(picture, f"it names {len(rates)} rates, and its shape is {picture.shape}")
    return rates


def _exact(rate: float) -> str:
    """Return a step size as it was set: those below 1 are one part of a whole number."""
    parts = round(1 / rate) if 0 < rate < 1 else 0
    return f"1/{parts}" if parts and abs(parts * rate - 1) < 2.0**-16 else f"{rate:g}"


def _row(one: Ladder) -> tuple[str, list[tuple[str, list[int]]]]:
    """Return the optimiser, and for each rate how many starts end where."""
    counted = [[ends.count(place) for place in range(len(ENDS))] for ends in one.basins]
    return one.rule, [(_exact(rate), counts) for rate, counts in zip(one.rates, counted, strict=True)]


def _same(drawn: Mapping[str, Picture], other: Mapping[str, Picture]) -> tuple[int, int]:
    """Return how many starts, over all optimisers and rates, end in the same place in both runs, and of how many."""
    same = count = 0
    for name in drawn.keys() & other.keys():
        if name.startswith(_BASINS):
            mine, theirs = numbers(drawn[name]), numbers(other[name])
            count += len(mine)
            same += sum(one == two for one, two in zip(mine, theirs, strict=False))
    return same, count


def _paths(name: str, drawn: Mapping[str, Picture], ladders: Sequence[Ladder]) -> Chart:
    rows = [
        row
        for one in ladders
        for place, rate in enumerate(one.rates)
        if (picture := drawn.get(f"{_PATHS}{one.rule} at rate {rate:g}")) is not None
        for row in _lines(one, place, picture)
    ]
    return Chart(
        spec="proof-paths",
        title=f"Paths on Himmelblau's function, {name}",
        said="Each line is one start, in the colour of the minimum that it ends in after 64 steps; the slider raises "
        "the step size. Lines that leave the picture diverge or come back from far away.",
        data={"paths": rows},
        table=False,
    )


def _lines(one: Ladder, place: int, picture: Picture) -> Iterator[dict[str, str | float | None]]:
    """Yield one row for each start: its path as text, and the slider's places at which it is shown."""
    found, (_, starts, _) = numbers(formed(picture, 0, 0, 2)), picture.shape
    steps = [step for step in STEPS if step < picture.shape[0]]
    share = FRAMES / len(one.rates)
    for start in range(starts):
        points = [found[2 * (step * starts + start) :][:2] for step in steps]
        yield {
            "rule": one.rule,
            "rate": _exact(one.rates[place]),
            "from": round(place * share),
            "to": round((place + 1) * share),
            "end": ENDS[_end(points[-1])],
            "points": " ".join(_point(*point) for point in points if point[0] == point[0] and point[1] == point[1]),
        }


def _point(x: float, y: float) -> str:
    """Return a point; what is far outside is drawn outside, and needs no more digits."""
    far = 4 * _EDGE
    return ",".join(f"{max(-far, min(far, value)):.2f}".rstrip("0").rstrip(".") for value in (x, y))


def _end(point: tuple[float, ...]) -> int:
    x, y = point
    if not (abs(x) < _FAR and abs(y) < _FAR):
        return ENDS.index("diverged")
    apart = [((x - a) ** 2 + (y - b) ** 2) ** 0.5 for a, b in _MINIMA]
    return apart.index(min(apart)) if min(apart) < _NEAR else ENDS.index("no minimum")


def _basins(name: str, ladders: Sequence[Ladder]) -> Chart:
    rows: list[dict[str, str | float | None]] = [
        {"rule": one.rule, "size": place + 1, "rate": _exact(rate), "image": image(_square(ends).turned(), coloured)}
        for one in ladders
        for place, (rate, ends) in enumerate(zip(one.rates, one.basins, strict=True))
    ]
    return Chart(
        spec="proof-basins",
        title=f"Which minimum a start reaches, by optimiser and step size, {name}",
        said="Each square is the plane of starts from -4 to 4 in both directions, in the colour of the minimum that a "
        "start ends in; step sizes grow to the right, each written below its square.",
        data={"basins": rows},
        table=False,
    )


def _square(ends: Sequence[int]) -> Plane:
    side = round(len(ends) ** 0.5)
    return Plane(side, len(ends) // side, tuple(map(float, ends)))
