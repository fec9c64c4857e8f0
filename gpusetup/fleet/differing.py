"""From differences of a group to reasons of its hosts: what says the same again is left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from gpusetup.fleet.model import Difference, Minority, Reason, Weight
from gpusetup.fleet.properties import by_key
from gpusetup.fleet.reasons import few

ROLLOUT = 0.1
"""A value that more than this share of the hosts have is a change that is being rolled out, or a second generation, and
no fault of single hosts: it drains nobody."""
_MOST_PLACES = 4


def difference_reasons(found: Sequence[Difference], hosts: int) -> Iterator[tuple[str, Reason]]:
    """Yield what each of a group's `hosts` has that most have not, by the host's name."""
    known = by_key()
    by_host: dict[str, list[tuple[Difference, Minority, tuple[str, ...]]]] = defaultdict(list)
    for one in found:
        for other in one.others if one.most else ():
            for host, gpus in _by_host(one, other).items():
                by_host[host].append((one, other, tuple(gpus)))
    for host, some in by_host.items():
        leaders = {one.property.partition(".")[2] for one, _, _ in some}
        for one, other, gpus in some:
            follows = known[one.property].follows if one.property in known else ()
            if not leaders & {*follows}:
                yield host, _reason(one, other, gpus, hosts)


def _by_host(one: Difference, other: Minority) -> Mapping[str, Sequence[str]]:
    """Return the hosts that have this value, each with its GPUs that have it; of a host's own property with none."""
    if one.unit == "host":
        return dict.fromkeys(other.hosts, ())
    places: dict[str, list[str]] = defaultdict(list)
    for place in other.places:
        host, _, gpu = place.rpartition(": ")
        places[host].append(gpu)
    return places


def _reason(one: Difference, other: Minority, gpus: Sequence[str], hosts: int) -> Reason:
    where = _where(gpus) if one.unit == "GPU" else ""
    text = f"{one.title} {other.value}; {one.count} of {one.of} {one.unit}s have {one.most}"
    weight: Weight = one.weight
    if weight == "drain" and len(other.hosts) > max(1, ROLLOUT * hosts):
        weight = "warn"
    return Reason(
        kind="difference",
        weight=weight,
        text=f"{where}: {text}" if where else text,
        where=where,
        of=one.property,
        remedy=one.why,
    )


def _where(gpus: Sequence[str]) -> str:
    return f"GPU {few([gpu.removeprefix('GPU ') for gpu in gpus], _MOST_PLACES)}"
