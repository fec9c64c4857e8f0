"""The newest state of every host and GPU of a store as metrics, which each format writes in its own way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from gpusetup.fleet.store.observed import GPU, HOST
from gpusetup.fleet.store.series import by_name

if TYPE_CHECKING:
    from gpusetup.fleet.history.memory import Memory

STATES = ("ok", "attention", "drain", "unknown")


class Point(NamedTuple):
    """One value, with its labels and when it was read, in seconds since 1970."""

    labels: Mapping[str, str]
    value: float
    at: int


class Metric(NamedTuple):
    """One metric. Counts are gauges here: a driver that is loaded again, and another card, begin anew."""

    name: str
    about: str
    unit: str
    points: list[Point]


def metrics(memory: Memory) -> Iterator[Metric]:
    """Yield the metrics of all hosts and GPUs that the store still has."""
    hosts = {one.id: one.name for one in memory.subjects(HOST)}
    gpus = {one.id: one.name for one in memory.subjects(GPU)}
    states, judged = list[Point](), list[Point]()
    for number, spans in memory.all_spans("verdict"):
        now = spans[-1]
        labels = {"host": hosts[number]}
        judged.append(Point(labels, float(now.last), now.last))
        states += [Point(labels | {"state": one}, float(now.content["state"] == one), now.last) for one in STATES]
    yield Metric(
        "gpusetup_fleet_host_state", "State of a host by its last judgement; the one that holds is 1.", "", states
    )
    yield Metric("gpusetup_fleet_host_judged_timestamp_seconds", "When a host was last judged.", "seconds", judged)
    where = {number: _labels(gpus[number], spans[-1].content) for number, spans in memory.all_spans("place")}
    found: dict[str, list[Point]] = defaultdict(list)
    for number, spans in memory.all_spans("counters"):
        for name, value in spans[-1].content.items():
            if name in by_name() and number in where:
                found[name].append(Point(where[number], float(value), spans[-1].last))
    rates = list[Point]()
    for number, series, at, value in memory.latest():
        if number in where and series in by_name():
            found[series].append(Point(where[number], value, at))
        elif number in hosts:
            device, _, measure = series.partition(": ")
            rates.append(Point({"host": hosts[number], "device": device, "measure": measure}, value, at))
    for name, points in found.items():
        row = by_name()[name]
        yield Metric(f"gpusetup_fleet_{row.metric}", f"{name[0].upper()}{name[1:]}.", row.unit, points)
    yield Metric(
        "gpusetup_fleet_rate", "Best rate of a device in its last self-test, in the measure's unit.", "", rates
    )


def _labels(uuid: str, place: Mapping[str, str]) -> Mapping[str, str]:
    return {"host": place["host"], "gpu": place["place"].removeprefix("GPU "), "uuid": uuid}
