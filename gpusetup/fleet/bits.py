"""Who computed which bits: a majority of patterns for each run in each environment, and the minority by name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gpusetup.fleet.host import Computed, Host, RunKey
from gpusetup.fleet.majority import FEWEST
from gpusetup.fleet.model import BitMinority, Bits

BITS_SHOWN = 16


class Device(NamedTuple):
    """A device of a host, and every pattern of bits that it gave for one run."""

    host: str
    place: str
    patterns: frozenset[str]


def judge_bits(hosts: Iterable[Host]) -> list[Bits]:
    """Return the judgement over each run that more than one host or device computed, and those that one alone did."""
    runs: dict[RunKey, dict[tuple[str, str], frozenset[str]]] = defaultdict(dict)
    alone: dict[str, frozenset[str]] = {}  # nearly all devices give one of few patterns
    for host in hosts:
        for one in (run for run in computed(host) if run.bits):  # without a fingerprint nothing was computed
            bits = alone.get(one.bits) or alone.setdefault(one.bits, frozenset((one.bits,)))
            place, some = (host.name, one.device), runs[one.key]
            before = some.get(place)
            some[place] = bits if before is None else before | bits
    found = [_judge(key, _devices(some)) for key, some in runs.items()]
    order = ("no majority", "majority", "unsteady", "alone", "agree")
    return sorted(found, key=lambda one: (order.index(one.state), one.check, one.framework, one.device, one.seed))


def _devices(some: Mapping[tuple[str, str], frozenset[str]]) -> list[Device]:
    """Return the devices of a run; where all gave the same bits nobody's name is needed."""
    if len(set(some.values())) == 1 and len(next(iter(some.values()))) == 1:
        return [Device("", "", next(iter(some.values())))] * len(some)
    return [Device(host, f"{host}: {device}", bits) for (host, device), bits in some.items()]


def computed(host: Host) -> Sequence[Computed]:
    """Return the runs of a host's proof."""
    return host.proof.runs if host.proof is not None else ()


def _judge(key: RunKey, devices: Sequence[Device]) -> Bits:
    def made(state: str, most: str = "", count: int = 0, others: Iterable[BitMinority] = ()) -> Bits:
        return Bits(
            check=key.check, framework=key.framework, device=key.device, precision=key.precision, seed=key.seed,
            environment=key.environment, state=state,  # type: ignore[arg-type]  # one of the five
            most=most, count=count, of=len(devices), others=tuple(others),
        )  # fmt: skip

    counts = Counter(one.patterns for one in devices)
    if len(devices) == 1:
        return made("alone")
    if len(counts) == 1 and len(devices[0].patterns) == 1:
        return made("agree", next(iter(devices[0].patterns)), len(devices))
    steady = [one for one in devices if len(one.patterns) == 1]
    if len(steady) * 2 <= len(devices):
        return made("unsteady")
    patterns, count = max(((some, count) for some, count in counts.items() if len(some) == 1),
                          key=lambda one: (one[1], sorted(one[0])))  # fmt: skip
    backed = len(devices) >= FEWEST and count * 2 > len(devices) and _most_hosts(devices, patterns)
    most = next(iter(patterns)) if backed else ""
    return made("majority" if backed else "no majority", most, count if backed else 0,
                _others(devices, patterns if backed else None))  # fmt: skip


def _most_hosts(devices: Sequence[Device], patterns: frozenset[str]) -> bool:
    """Say whether more than half of the hosts, where there are several, have a device with this pattern most often."""
    by_host: dict[str, Counter[frozenset[str]]] = defaultdict(Counter)
    for one in devices:
        by_host[one.host][one.patterns] += 1
    having = sum(max(count.items(), key=lambda one: one[1])[0] == patterns for count in by_host.values())
    return having * 2 > len(by_host)


def _others(devices: Iterable[Device], most: frozenset[str] | None) -> Iterator[BitMinority]:
    places: dict[frozenset[str], list[Device]] = defaultdict(list)
    for one in devices:
        if one.patterns != most:
            places[one.patterns].append(one)
    for patterns, some in sorted(places.items(), key=lambda one: (-len(one[1]), sorted(one[0]))):
        yield BitMinority(
            fingerprint=" and ".join(sorted(patterns)),
            places=tuple(one.place for one in some),
            hosts=tuple(dict.fromkeys(one.host for one in some)),
        )
