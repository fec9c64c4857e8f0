"""The charts of proofs as files: each specification compiles and draws its rows, and other rows draw another figure."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from gpusetup.cli.report import report
from gpusetup.errors import MissingError
from gpusetup.evidence.model import Comparison, Moved
from gpusetup.report.page import figures
from gpusetup.report.page.assemble import specification
from gpusetup.report.page.model import Chart, Result
from gpusetup.report.page.sections import sections
from gpusetup.value import to_json
from tests.report_page import proofs
from tests.report_page.proofs import proof
from tests.support import module

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}href"


@functools.cache
def charts() -> dict[str, Chart]:
    """Return one chart of every specification that shows a proof or a comparison, by the specification's name."""
    measures = {"names_per_second": 9.0, "gru:_share_of_the_ceiling": 0.25, "gru:_J_per_step": 1.5}
    fast = proof([proofs.figures("gru", "pytorch", **measures)], made_at="2026-12-01T00:00:00+00:00")
    slow = proof([proofs.figures("gru", "pytorch", names_per_second=4.5)])
    moved = [
        Moved(check="gru", framework=name, device="cpu", precision="float32", seed=0, state="within tolerance",
              tensors=1, of=2, worst=3.0, share=share)
        for name, share in (("pytorch", 0.5), ("jax", 0.125))
    ]  # fmt: skip
    compared = Comparison(verdict="within tolerance", before="a", now="b", causes=(), results=tuple(moved))
    shown = [proofs.real()], [fast, slow], [compared]
    every = [one for some in shown for one in sections([Result("a.json", value) for value in some])]
    return {chart.spec: chart for one in every for chart in one.charts.values()}


SPECS = sorted(
    path.name.removesuffix(".vl.json")
    for path in (Path(figures.__file__).parent / "charts").glob("*.vl.json")
    if path.name.startswith(("proof-", "comparison-"))
)
_NOT_HERE = "proof-moved"
"""Drawn as the curves are, of which the page's test has two proofs."""


def drawn(chart: Chart) -> ElementTree.Element:
    """Return the chart as SVG, parsed."""
    module("vl_convert")
    return ElementTree.fromstring(figures.draw(chart, "svg"))


def marks(svg: ElementTree.Element) -> list[tuple[str, ...]]:
    """Return what is drawn: paths, images and texts with their places."""
    return [
        (one.tag, *(one.get(name) or "" for name in ("d", "transform", "aria-label", _XLINK, "href")), one.text or "")
        for one in svg.iter()
        if one.tag in {f"{_SVG}path", f"{_SVG}image", f"{_SVG}text"}
    ]


def test_there_is_a_chart_of_every_specification() -> None:
    assert set(charts()) >= set(SPECS) - {_NOT_HERE}


@pytest.mark.parametrize("name", [name for name in SPECS if name != _NOT_HERE])
def test_a_specification_draws_its_rows_and_other_rows_otherwise(name: str) -> None:
    chart = charts()[name]
    first = drawn(chart)
    assert first.find(f"{_SVG}title") is not None
    assert (first.findtext(f"{_SVG}title"), first.findtext(f"{_SVG}desc")) == (chart.title, chart.said)
    assert marks(first)
    assert marks(first) == marks(drawn(chart))
    source, rows = next((source, list(rows)) for source, rows in chart.data.items() if rows)
    fewer = chart._replace(data=dict(chart.data) | {source: rows[1:]})
    assert marks(first) != marks(drawn(fewer)), "a row that is left out must be missed"


def test_a_wrong_number_in_a_curve_moves_the_line() -> None:
    chart = charts()["proof-loss"]
    (rows,) = (rows for source, rows in chart.data.items() if source == "curves")
    values = str(rows[0]["values"]).split(" ")
    wrong = [dict(rows[0]) | {"values": " ".join([*values[:5], "9.5", *values[6:]])}, *rows[1:]]
    assert marks(drawn(chart)) != marks(drawn(chart._replace(data=dict(chart.data) | {"curves": wrong})))


def test_every_data_source_of_a_specification_has_rows_to_come() -> None:
    """A source that a specification names and a section does not fill would be an empty chart without a word."""
    for name, chart in charts().items():
        assert named(specification(chart)) <= chart.data.keys(), name


def named(spec: object) -> set[str]:
    """Return the names of the data sources in a specification."""
    if isinstance(spec, list):
        return {name for one in spec for name in named(one)}
    if not isinstance(spec, dict):
        return set()
    data = spec.get("data")
    own = {str(data["name"])} if isinstance(data, dict) and "name" in data else set()
    return own | {name for key, one in spec.items() if key != "datasets" for name in named(one)}


def test_figures_are_files_with_names_that_say_what_they_are(tmp_path: Path) -> None:
    module("vl_convert")
    one, folder = tmp_path / "proof.json", tmp_path / "figures"
    one.write_text(to_json(proof([proofs.run("attribution", "pytorch", proofs.computed("attribution"))])))
    asked = [str(one), "-o", str(tmp_path / "r.html"), "--figures", str(folder), "--figure-format", "png"]
    done = CliRunner().invoke(report, asked)
    assert done.exit_code == 0, done.output
    names = {path.name for path in folder.iterdir()}
    assert names == {"losses-loss-attribution-1.png", "maps-attributions.png", "speed-rates.png"}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.iterdir())


def test_without_the_library_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(MissingError, match="vl-convert-python"):
        figures.draw(charts()["proof-loss"], "svg")
