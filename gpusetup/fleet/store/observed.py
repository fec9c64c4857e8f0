"""From documents and the judgement over them to what is kept: what was seen of which subject, and when.

Times are those of the documents, by their host's clock, unless that is ahead of ours or shows no date that can be: then
it is the time of keeping.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from gpusetup.fleet.host import moment
from gpusetup.fleet.partial import Machine, Report
from gpusetup.fleet.properties import Cell, Property, properties
from gpusetup.fleet.store.series import Cards, figures
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.fleet.decode import Piece
    from gpusetup.fleet.host import Host
    from gpusetup.fleet.model import Fleet, HostResult

EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
"""A clock that shows an earlier date was never set."""
MOST_REASONS = 40
MOST_FINDINGS = 200
_PSEUDONYM = "-uuid-"
HOST, GPU = "host", "gpu"


class Seen(NamedTuple):
    """What was seen of one subject in one aspect."""

    kind: str
    name: str
    aspect: str
    """Of a host ``machine``, ``cards``, ``findings``, ``verdict``; of a GPU ``card``, ``counters``, ``place``, ``said``
    (rules of the doctor), ``differs`` (properties)."""
    at: int
    content: Any
    """What JSON can hold; equal things are kept once."""


class Sample(NamedTuple):
    """A figure that differs each time."""

    kind: str
    name: str
    series: str
    at: int
    value: float


class _Of(msgspec.Struct):
    """What is noted of one host while its documents are read."""

    cards: Cards | None = None
    findings: tuple[tuple[str, str, str], ...] | None = None
    """Rule, state and subject of each."""
    subjects: dict[str, str] = msgspec.field(default_factory=dict)
    """What the report calls a GPU → its UUID."""


class _Finding(msgspec.Struct):
    rule: str
    state: str
    subject: str


class _Named(msgspec.Struct):
    subject: str = ""
    uuid: str = ""


class _Said(msgspec.Struct):
    findings: list[_Finding]
    gpus: list[_Named] = []


class Notes:
    """Notes, while documents are gathered, what only the store needs of them; `take` is given to `gather`."""

    def __init__(self) -> None:
        self.of: dict[str, _Of] = defaultdict(_Of)
        self._cards = msgspec.json.Decoder(Cards)
        self._said = msgspec.json.Decoder(_Said)

    def take(self, host: Host, piece: Piece) -> None:
        """Note one document; of two of a kind the one that counts for the judgement."""
        try:
            if isinstance(piece.saved, Machine) and host.read_at == neutral(piece.saved.read_at):
                self.of[host.name].cards = self._cards.decode(piece.raw)
            elif isinstance(piece.saved, Report) and host.report_at == neutral(piece.saved.at):
                said = self._said.decode(piece.raw)
                mine = self.of[host.name]
                mine.findings = tuple(sorted({
                    (neutral(one.rule), one.state, neutral(one.subject)[:100])
                    for one in said.findings if one.state in {"error", "warning", "unknown"}
                })[:MOST_FINDINGS])  # fmt: skip
                mine.subjects = {one.subject: one.uuid for one in said.gpus}
        except msgspec.DecodeError:  # a counter of another form: what the judgement takes is kept all the same
            return


def observed(fleet: Fleet, hosts: Mapping[str, Host], notes: Notes, now: datetime) -> Iterator[Seen | Sample]:
    """Yield what is kept of a judged fleet; a host of which nothing could be read has its verdict alone."""
    judged = _seconds(now)
    for result in fleet.hosts:
        host = hosts.get(result.name)
        cards: dict[str, str] = {}
        if host is not None:
            noted = notes.of.get(host.name, _Of())
            cards = _identities(host.name, noted)
            yield from _of_machine(host, noted, cards, now)
            yield from _of_report(host, noted, cards, now)
            yield from _of_proof(host, now)
        yield Seen(HOST, result.name, "verdict", judged, _verdict(result))
        yield from _of_cards(result, cards, judged)


def time_of(text: str, now: datetime) -> int:
    """Return when a document says that it was made, in seconds; `now` where that cannot be."""
    said = moment(text)
    return _seconds(said if said is not None and EARLIEST < said <= now else now)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _identities(host: str, noted: _Of) -> dict[str, str]:
    """Return the name of each GPU's subject by its place: the UUID, or the place where that was taken out."""
    gpus = noted.cards.gpus if noted.cards is not None else ()
    found = {}
    for one in gpus if isinstance(gpus, tuple) else ():
        real = isinstance(one.uuid, str) and one.uuid and _PSEUDONYM not in one.uuid
        found[f"GPU {one.index}"] = neutral(str(one.uuid)) if real else f"{host}: GPU {one.index}"
    return found


def _of_machine(host: Host, noted: _Of, names: Mapping[str, str], now: datetime) -> Iterator[Seen | Sample]:
    if not host.machine:
        return
    at, table = time_of(host.read_at, now), properties()
    yield Seen(HOST, host.name, "machine", at, _row(table.host, host.row))
    gpus = noted.cards.gpus if noted.cards is not None else ()
    if not isinstance(gpus, tuple):
        return
    places: dict[str, dict[str, str]] = {}
    for one, row in zip(gpus, host.cards, strict=False):
        place = f"GPU {one.index}"
        name = names[place]
        address = neutral(one.pci_address) if isinstance(one.pci_address, str) else ""
        serial = neutral(one.serial) if isinstance(one.serial, str) else ""
        places[place] = {"gpu": name, "pci": address}
        yield Seen(GPU, name, "place", at, {"host": host.name, "place": place, "pci": address, "serial": serial})
        yield Seen(GPU, name, "card", at, _row(table.gpu, row) | {"model": host.model})
        counters = {}
        for series, value in figures(one):
            if series.kind == "level":
                yield Sample(GPU, name, series.name, at, float(value))
            else:
                counters[series.name] = value
        yield Seen(GPU, name, "counters", at, counters)
    yield Seen(HOST, host.name, "cards", at, places)


def _row(table: Sequence[Property], row: Sequence[Cell]) -> dict[str, Any]:
    """Return a row by the properties' paths; of a family its members."""
    return {one.path: dict(cell) if isinstance(cell, tuple) else cell for one, cell in zip(table, row, strict=True)}


def _of_report(host: Host, noted: _Of, names: Mapping[str, str], now: datetime) -> Iterator[Seen]:
    """Yield the rules that found something, of the host and of each GPU; of a GPU where its subject says which."""
    if noted.findings is None or host.problems is None:
        return
    at, said = time_of(host.report_at, now), {name: set[str]() for name in names.values()}
    yield Seen(HOST, host.name, "findings", at, sorted({(rule, state) for rule, state, _ in noted.findings}))
    for rule, state, subject in noted.findings:
        name = noted.subjects.get(subject, "")
        name = name if name in said else names.get(subject, "")
        if name and state != "unknown":
            said[name].add(f"{rule} {state}")
    for name, some in said.items():
        yield Seen(GPU, name, "said", at, sorted(some))


def _of_proof(host: Host, now: datetime) -> Iterator[Sample]:
    """Yield the best rate of each device, as speed is judged by it."""
    best: dict[tuple[str, str], float] = {}
    for one in host.proof.runs if host.proof is not None else ():
        for measure, value in one.rates:
            key = one.device, f"{measure}, {one.key.check} in {one.key.framework}, {one.key.precision}"
            best[key] = max(value, best.get(key, 0.0))
    for (device, measure), value in best.items():
        yield Sample(HOST, host.name, f"{device}: {measure}", time_of(host.proof_at, now), value)


def _verdict(one: HostResult) -> dict[str, Any]:
    reasons = [[why.kind, why.weight, why.of, why.where, why.text] for why in one.reasons[:MOST_REASONS]]
    return {"state": one.state, "group": one.group, "drain": one.drain, "reasons": reasons}


def _of_cards(result: HostResult, names: Mapping[str, str], at: int) -> Iterator[Seen]:
    """Yield in what each GPU differs from its equals."""
    differs: dict[str, set[str]] = {name: set() for name in names.values()}
    for why in result.reasons:
        for number in why.where.removeprefix("GPU ").split(", ") if why.where else ():
            if name := names.get(f"GPU {number}", ""):
                differs[name].add(why.of)
    for name, some in differs.items():
        yield Seen(GPU, name, "differs", at, sorted(some))
