"""Who computed which bits: a majority of patterns for each run in each environment, and the minority by name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gpusetup.fleet.host import Computed, Host, RunKey
from gpusetup.fleet.model import BitMinority, Bits
from gpusetup.fleet.votes import Unit, is_majority, others

if TYPE_CHECKING:
    Device = Unit[frozenset[str]]
    """A device of a host, and every pattern of bits that it gave for one run."""


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
        return [Unit("", "", next(iter(some.values())))] * len(some)
    return [Unit(host, f"{host}: {device}", bits) for (host, device), bits in some.items()]


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

    counts = Counter(one.value for one in devices)
    if len(devices) == 1:
        return made("alone")
    if len(counts) == 1 and len(devices[0].value) == 1:
        return made("agree", next(iter(devices[0].value)), len(devices))
    steady = [one for one in devices if len(one.value) == 1]
    if len(steady) * 2 <= len(devices):
        return made("unsteady")
    patterns, count = max(((some, count) for some, count in counts.items() if len(some) == 1),
                          key=lambda one: (one[1], sorted(one[0])))  # fmt: skip
    backed = is_majority(devices, patterns, count)
    most = next(iter(patterns)) if backed else ""
    return made("majority" if backed else "no majority", most, count if backed else 0,
                _others(devices, patterns if backed else None))  # fmt: skip


def _others(devices: Sequence[Device], most: frozenset[str] | None) -> Iterator[BitMinority]:
    for one in others(devices, most, order=sorted):
        yield BitMinority(fingerprint=" and ".join(sorted(one.value)), places=one.places, hosts=one.hosts)
