"""The charts of a page as SVG or PNG files, without a browser: for a README, a mail, a slide.

What moves on the page stands still here, as its slider stands at first. Paper is white and ink is dark, whatever the
page would be shown in.
"""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any, Literal

from gpusetup.errors import MissingError
from gpusetup.files import write
from gpusetup.report.page.assemble import config, specification
from gpusetup.report.page.embed import neutralised

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from gpusetup.report.page.model import Chart, Section

Format = Literal["svg", "png"]
WIDTH = 640
"""Pixels of a figure that is as wide as its place on the page."""
_INK, _PAPER = "#1b1f24", "#ffffff"
_PAGE_INK = "currentColor"
_SCALE = 2.0
_MARGIN = 24
"""Pixels around a figure: its text is measured in a font of the library, and who shows an SVG may have a wider one."""
_REMEDY = "pip install 'gpusetup[figures]'"


def figures(sections: Iterable[Section], form: Format) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each figure: ``optimisers-paths.svg``.

    Raises `MissingError` where the library that draws them is not installed.
    """
    seen: dict[str, int] = {}
    for section in sections:
        for key, chart in section.charts.items():
            name = f"{section.id}-{key}"
            seen[name] = number = seen.get(name, 0) + 1
            yield f"{name}{f'-{number}' if number > 1 else ''}.{form}", draw(chart, form)


def draw(chart: Chart, form: Format) -> bytes:
    """Return one chart as a file; raises `MissingError` without the library."""
    try:
        import vl_convert
    except ImportError as error:
        raise MissingError("figures need vl-convert-python, which is not installed", _REMEDY) from error
    spec = json.dumps(still(chart))
    looks = _inked(config()) | {"background": _PAPER, "padding": _MARGIN}
    if form == "png":
        return bytes(vl_convert.vegalite_to_png(spec, config=looks, scale=_SCALE))
    return _told(vl_convert.vegalite_to_svg(spec, config=looks), chart).encode()


def still(chart: Chart) -> dict[str, Any]:
    """Return the specification of a chart that nobody moves, with its title and a width of its own."""
    spec: dict[str, Any] = neutralised(specification(chart))
    spec["title"] = {"text": neutralised(chart.title), "anchor": "start", "offset": 12}
    if spec.get("width") == "container":
        spec["width"] = WIDTH
    for one in spec.get("params", ()):
        one.pop("bind", None)
    return dict(_inked(spec))


def written(folder: Path, sections: Iterable[Section], form: Format) -> list[Path]:
    """Write each figure into `folder` and return the paths; raises `WrongInputError` where one cannot be written."""
    paths = []
    for name, raw in figures(sections, form):
        write(folder / name, raw)
        paths.append(folder / name)
    return paths


def _told(svg: str, chart: Chart) -> str:
    """Return the SVG with the title and description that a screen reader reads (SVG 1.1, section 5.4)."""
    head, end, rest = svg.partition(">")
    title, said = (html.escape(neutralised(text)) for text in (chart.title, chart.said))
    return f'{head} role="img"{end}<title>{title}</title><desc>{said}</desc>{rest}'


def _inked(value: Any) -> Any:
    """Return `value` with the ink of paper where a page takes that of the text around it."""
    if isinstance(value, dict):
        return {name: _inked(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_inked(one) for one in value]
    return _INK if value == _PAGE_INK else value
