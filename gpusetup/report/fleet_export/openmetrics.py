"""OpenMetrics, which Prometheus reads, and node_exporter's textfile collector with the ending ``.prom``.

Without times of samples, which that collector refuses: when a host was judged is a metric of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gpusetup.report.fleet_export.metrics import Metric
from gpusetup.text import neutral


def openmetrics(found: Iterable[Metric]) -> Iterator[str]:
    """Yield the text, line by line."""
    for one in found:
        if not one.points:
            continue
        yield f"# TYPE {one.name} gauge\n"
        if one.unit:
            yield f"# UNIT {one.name} {one.unit}\n"
        yield f"# HELP {one.name} {one.about}\n"
        for point in one.points:
            labels = ",".join(f'{name}="{_label(text)}"' for name, text in point.labels.items())
            yield f"{one.name}{{{labels}}} {point.value!r}\n"
    yield "# EOF\n"


def _label(text: str) -> str:
    return neutral(text).replace("\\", "\\\\").replace('"', '\\"')
