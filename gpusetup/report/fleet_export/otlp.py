"""OpenTelemetry: `MetricsData` in the JSON encoding of OTLP, one line for each host, as its file exporter writes them.

https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/ and .../otlp/#json-protobuf-encoding (2026-12-01):
names in lowerCamelCase, 64-bit integers as texts. A collector takes a line by ``POST /v1/metrics``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from gpusetup import __version__
from gpusetup.report.fleet_export.metrics import Metric, Point
from gpusetup.value import to_json

_UNITS = {"seconds": "s", "celsius": "Cel"}
"""By UCUM, as OpenTelemetry names units."""


def otlp(found: Iterable[Metric]) -> Iterator[str]:
    """Yield a line of JSON for each host, its name in the resource."""
    by_host: dict[str, list[tuple[Metric, list[Point]]]] = defaultdict(list)
    for one in found:
        points: dict[str, list[Point]] = defaultdict(list)
        for point in one.points:
            points[point.labels["host"]].append(point)
        for host, some in points.items():
            by_host[host].append((one, some))
    for host, metrics in by_host.items():
        scope = {"name": "gpusetup", "version": __version__}
        scopes = [{"scope": scope, "metrics": [_metric(one, points) for one, points in metrics]}]
        resource = {"attributes": [_attribute("host.name", host), _attribute("service.name", "gpusetup")]}
        yield to_json({"resourceMetrics": [{"resource": resource, "scopeMetrics": scopes}]}, indent=-1)


def _metric(one: Metric, points: Iterable[Point]) -> dict[str, Any]:
    data = [
        {
            "timeUnixNano": f"{point.at}000000000",
            "asDouble": point.value,
            "attributes": [_attribute(name, text) for name, text in point.labels.items() if name != "host"],
        }
        for point in points
    ]
    named = {"name": one.name.replace("gpusetup_fleet_", "gpusetup.fleet."), "description": one.about}
    return named | ({"unit": _UNITS[one.unit]} if one.unit else {}) | {"gauge": {"dataPoints": data}}


def _attribute(name: str, text: str) -> dict[str, Any]:
    return {"key": name, "value": {"stringValue": text}}
