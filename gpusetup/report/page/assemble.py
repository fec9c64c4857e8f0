"""Sections to one HTML file."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from gpusetup.report.page.embed import json_data, policy
from gpusetup.report.page.links import linked
from gpusetup.report.page.vendored import library
from gpusetup.text import neutral

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jinja2 import Environment

    from gpusetup.report.page.model import Chart, Rows, Section

_HERE = Path(__file__).parent
_ROWS_SHOWN = 500
"""Rows of a chart that its table has; a table of more is no help to a person, and the page has its budget."""


class About(NamedTuple):
    """What the page says of itself."""

    title: str
    made_at: str
    gpusetup: str
    redacted: bool
    """Whether names and secrets were removed."""
    sources: tuple[str, ...]
    kept: bool = False
    """Whether there are plans, locks or matrices, which are shown as they were saved."""


class Drawn(NamedTuple):
    """A chart as a template places it."""

    id: str
    title: str
    said: str
    json: Markup
    tables: tuple[Table, ...]


class Table(NamedTuple):
    """The rows of one data source; `more` are left out."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    more: int


class Part(NamedTuple):
    """A section, rendered."""

    id: str
    title: str
    state: str
    answer: str
    html: Markup


def page(sections: Iterable[Section], about: About) -> str:
    """Return the page: complete, and the same for the same sections."""
    environment = _environment()
    parts = [_part(environment, one, name, about) for one, name in _named(sections)]
    style = _text("page.css")
    code = [_text("page.js")]
    drawn = any(Markup('class="chart"') in one.html for one in parts)
    if drawn:  # a page without a chart is a tenth of the size
        code.insert(0, library())
    return environment.get_template("page.html.j2").render(
        about=about,
        parts=parts,
        policy=policy(tuple(code), (style,)),
        style=Markup(style),  # noqa: S704 - ours
        scripts=[Markup(one) for one in code],  # noqa: S704 - ours
        config=json_data(json.loads(_text("charts/config.json"))),
    )


def specification(chart: Chart) -> dict[str, Any]:
    """Return the Vega-Lite specification of `chart` with its rows, for the page or for a picture."""
    spec: dict[str, Any] = json.loads(_text(f"charts/{chart.spec}.vl.json"))
    return spec | _height(spec, chart) | {"datasets": {name: list(rows) for name, rows in chart.data.items()}}


def _height(spec: Mapping[str, Any], chart: Chart) -> dict[str, float]:
    """Return the height of a chart that grows with its rows: `step` pixels for each of the `fields`' combinations.

    Vega-Lite's own ``{"step": …}`` warns of every chart that is as wide as its place.
    """
    grows = spec.get("usermeta")
    if grows is None:
        return {}
    rows = {tuple(row.get(field) for field in grows["fields"]) for row in chart.data[grows["source"]]}
    return {"height": grows["step"] * max(1, len(rows))}


def config() -> dict[str, Any]:
    """Return how all charts look: the Vega-Lite configuration that the page and the pictures share."""
    found: dict[str, Any] = json.loads(_text("charts/config.json"))
    return found


def _named(sections: Iterable[Section]) -> Iterable[tuple[Section, str]]:
    seen: Counter[str] = Counter()
    for one in sections:
        seen[one.id] += 1
        yield one, one.id if seen[one.id] == 1 else f"{one.id}-{seen[one.id]}"


def _part(environment: Environment, section: Section, name: str, about: About) -> Part:
    charts = {key: _drawn(chart, f"{name}-{key}") for key, chart in section.charts.items()}
    html = environment.get_template(section.template).render(
        id=name, section=section, charts=charts, about=about, **section.view
    )
    return Part(name, section.title, section.state, section.answer, Markup(html))  # noqa: S704 - Jinja escaped it


def _drawn(chart: Chart, name: str) -> Drawn:
    tables = tuple(_table(rows) for rows in chart.data.values() if rows) if chart.table else ()
    return Drawn(name, chart.title, chart.said, json_data(specification(chart)), tables)


def _table(rows: Rows) -> Table:
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    shown = tuple(tuple(row.get(name) for name in columns) for row in rows[:_ROWS_SHOWN])
    return Table(columns, shown, max(0, len(rows) - _ROWS_SHOWN))


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["number"] = _number
    made.filters["linked"] = linked
    return made


def _shown(value: Any) -> Any:
    """Return what an expression in a template prints: a text without anything that could steer a reader."""
    return value if isinstance(value, Markup) else neutral(str(value))


def _number(value: Any) -> str:
    """Return a number as people read it: six digits, an en dash where there is none."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return "–" if value is None else str(value)


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
