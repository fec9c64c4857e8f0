"""Maps: what each pixel speaks for, where each head of attention looks, and a scene with what was hidden filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.page.model import Chart, Section
from gpusetup.report.page.sections.proof.colours import grey, shade, signed, stretched
from gpusetup.report.page.sections.proof.pictures import Plane, formed, image, numbers, planes
from gpusetup.report.page.sections.proof.runs import names, pictured

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.report.page.model import Rows
    from gpusetup.selftest.model import Picture
    from gpusetup.selftest.proof import Kept

_SIDES = ("picture", "filled", "real")


def sections(runs: Sequence[Kept]) -> Iterator[Section]:
    """Yield the section, where a check drew a map."""
    charts = {
        name: chart
        for name, make in (("attributions", _attributions), ("attention", _attention), ("inpaint", _scenes))
        if (chart := make(runs)) is not None
    }
    if charts:
        yield Section(
            id="maps",
            title="What a model looks at",
            template="proof_charts.html.j2",
            view={},
            charts=charts,
            answer=" ".join(filter(None, (_lit(runs), _filled(runs)))),
        )


def _attributions(runs: Sequence[Kept]) -> Chart | None:
    """Return each explained picture beside its attributions, of every run."""
    rows: list[dict[str, str | float | None]] = []
    some = list(pictured(runs, "attribution"))
    for name, (_, drawn) in zip(names([run.job for run, _ in some]), some, strict=True):
        if {"explained", "attributions", "explained: classes"} <= drawn.keys():
            lit = numbers(formed(drawn["explained: classes"], 0))
            shown = {"picture": drawn["explained"], name: drawn["attributions"]}
            for what, picture in shown.items():
                if what == "picture" and rows:
                    continue  # all runs explain the same pictures
                formed(picture, len(lit), 0, 0)
                colour = stretched(numbers(picture), shade if what == "picture" else signed)
                for place, plane in enumerate(planes(picture)):
                    label = f"column {lit[place] + 1:.0f}"
                    rows.append({"row": what, "column": place, "label": label, "image": image(plane, colour)})
    if not rows:
        return None
    return Chart(
        spec="proof-attributions",
        title="Which pixels a classifier rests its answer on",
        said="Integrated gradients of six pictures, in each of which one column is lit: its pixels should speak for "
        "the answer (second colour) and all others hardly speak (no colour) or speak against it (first colour).",
        data={"rows": rows},
        table=False,
    )


def _attention(runs: Sequence[Kept]) -> Chart | None:
    """Return the maps of every head and block, of the first run that drew them."""
    for run, drawn in pictured(runs, "transformer"):
        if {"attention", "attention: letters"} <= drawn.keys():
            return _heads(names([run.job])[0], drawn["attention"], drawn["attention: letters"])
    return None


def _heads(name: str, picture: Picture, letters: Picture) -> Chart:
    text = "".join(map(_letter, numbers(formed(letters, 0))))
    _, heads, *_ = formed(picture, 0, 0, len(text), len(text)).shape
    rows: Rows = [
        {"panel": f"block {place // heads + 1}, head {place % heads + 1}", "image": image(plane, shade)}
        for place, plane in enumerate(planes(picture))
    ]
    ticks: Rows = [{"panel": row["panel"], "place": at, "letter": one} for row in rows for at, one in enumerate(text)]
    return Chart(
        spec="proof-attention",
        title=f"Where the heads of a trained language model look, {name}",
        said="Rows are the letters that look, from top to bottom, columns the letters looked at: the darker, the "
        "larger the share. Nothing may stand right of the diagonal, for there is the future.",
        data={"rows": [*rows, *ticks]},
        table=False,
    )


def _letter(code: float) -> str:
    return {"\n": "¶", " ": "·"}.get(chr(int(code)), chr(int(code)))


def _scenes(runs: Sequence[Kept]) -> Chart | None:
    """Return the scene of every run: the picture, the view from the right as the model fills it, and as it is."""
    rows: list[dict[str, str | float | None]] = []
    some = [(run, drawn["a scene"]) for run, drawn in pictured(runs, "inpaint") if "a scene" in drawn]
    for name, (_, picture) in zip(names([run.job for run, _ in some]), some, strict=True):
        whole, lowest, highest = planes(formed(picture, 0, 0))[0], min(numbers(picture)), max(numbers(picture))
        width = whole.width // len(_SIDES)
        for place, side in enumerate(_SIDES):
            plane = _cut(whole, place * width, width)
            scaled = plane._replace(values=tuple((v - lowest) / ((highest - lowest) or 1) for v in plane.values))
            rows.append({"row": name, "column": place, "label": side, "image": image(scaled, grey)})
    if not rows:
        return None
    return Chart(
        spec="proof-scenes",
        title="A 3D photo: what a square hid, filled in",
        said="A square stands before a wall. Seen from half a step to the right, wall comes to light that the picture "
        "does not have: in the middle as the model fills it, on the right as it really is.",
        data={"rows": rows},
        table=False,
    )


def _cut(plane: Plane, start: int, width: int) -> Plane:
    rows = [plane.values[row * plane.width :][start : start + width] for row in range(plane.height)]
    return Plane(width, plane.height, tuple(value for row in rows for value in row))


def _lit(runs: Sequence[Kept]) -> str:
    """Return which share of what speaks for a class lies in the column that is lit."""
    shares = [
        run.result.measures["share of the lit column"]
        for run in runs
        if run.job.check == "attribution" and run.result and "share of the lit column" in run.result.measures
    ]
    return f"At least {min(shares):.0%} of the positive attribution lies on the column that is lit." if shares else ""


def _filled(runs: Sequence[Kept]) -> str:
    kept = [
        one.holds
        for run in runs
        if run.job.check == "inpaint" and run.result
        for one in run.result.invariants
        if one.name == "what comes to light is filled"
    ]
    return f"What comes to light in a 3D photo is filled in {sum(kept)} of {len(kept)} runs." if kept else ""
