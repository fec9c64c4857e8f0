"""Why hosts are not ``ok``, from what they say themselves and from what was found by comparing them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gpusetup.fleet.host import Host
from gpusetup.fleet.inventory import Plan
from gpusetup.fleet.model import Bits, Figure, Reason

Told = Iterator[tuple[str, Reason]]
"""Names of hosts, and a reason of each."""
_FEW = 5


def own_reasons(hosts: Iterable[Host]) -> Told:
    """Yield what each host's own reports say: spoilt files, unmet expectations, failed verdicts."""
    for host in hosts:
        for why in host.refused:
            yield host.name, Reason(kind="unreadable", weight="unknown", text=f"could not be read: {why}")
        for rule, text in host.unmet:
            yield (
                host.name,
                Reason(kind="expectation", weight="drain", of=rule, text=f"not as expected: {text}"),
            )
        for text in host.unchecked:
            yield host.name, Reason(kind="expectation", weight="unknown", text=f"cannot be checked: {text}")
        for note in host.notes:
            different = "different GPUs" in note
            yield host.name, Reason(kind="identity", weight="warn" if different else "note", text=note)
        if host.proof is not None:
            for check, text in host.proof.failed:
                yield host.name, Reason(kind="proof", weight="drain", of=check, text=f"the self-test failed: {text}")
            if not host.proof.failed and not host.proof.passed:
                yield host.name, Reason(kind="proof", weight="unknown", text="its self-test compared nothing")
            elif host.proof.open:
                text = f"its self-test could not judge {few(host.proof.open)}"
                yield host.name, Reason(kind="proof", weight="unknown", text=text)


def few(words: Sequence[str], most: int = _FEW) -> str:
    """Return the words with commas; beyond `most` only how many there are."""
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return f"{', '.join(words[:most])}{more}"


def silent_reasons(hosts: Iterable[Host], known: Mapping[str, object]) -> Told:
    """Yield the hosts whose driver listed no GPU, but those in `known`, of which it is said by comparison."""
    for host in hosts:
        if host.silent and host.name not in known:
            text = f"its GPUs were not compared: the driver listed none ({host.silent})"
            yield host.name, Reason(kind="missing", weight="unknown", text=text)


def gap_reasons(hosts: Sequence[Host], missing: set[str]) -> Told:
    """Yield what was not given of a host, and was of most; of one with a file that could not be read, that is said."""
    given = [one for one in hosts if one.name not in missing]
    has = {
        "machine (gpusetup detect)": {one.name: one.machine for one in given},
        "doctor's report": {one.name: one.problems is not None for one in given},
        "proof (gpusetup selftest --save)": {one.name: one.proof is not None for one in given},
    }
    refused = {one.name for one in given if one.refused}
    for name in missing:
        yield name, Reason(kind="missing", weight="unknown", text="it is expected, and nothing was given of it")
    for what, there in has.items():
        lacking, having = [name for name in there if not there[name] and name not in refused], sum(there.values())
        if len(lacking) < having or (what.startswith("machine") and having):
            for name in lacking:
                yield name, Reason(kind="missing", weight="unknown", text=f"there is no {what} of it, as of others")


def unjudged_reasons(equals: Sequence[Host], plan: Plan) -> Told:
    """Yield of a host without equals that nothing else of it was judged either: a machine alone says nothing."""
    if len(equals) != 1:
        return
    (host,) = equals
    judged = host.problems is not None or host.proof is not None or plan.rules_of(host.name)
    if host.machine and not judged:
        text = (
            "nothing of it was judged: no other host has its GPUs, and there is no report, proof or expectation of it"
        )
        yield host.name, Reason(kind="missing", weight="unknown", text=text)


def unknown_reasons(unknown: Mapping[str, Mapping[str, str]]) -> Told:
    """Yield what of a host could not be read, and could on most of its equals."""
    for name, titles in unknown.items():
        words = [f"{title} ({why})" for title, why in titles.items()]
        yield name, Reason(
            kind="difference", weight="unknown",
            text=f"cannot be compared, and is known of most others: {few(words)}",
        )  # fmt: skip


def bit_reasons(bits: Iterable[Bits]) -> Told:
    """Yield whose bits the majority does not have; without a majority, that it cannot be said who is right."""
    for one in bits:
        for other in one.others:
            for host in other.hosts:
                devices = [place.rpartition(": ")[2] for place in other.places if place.startswith(f"{host}: ")]
                where = ", ".join(devices)
                if one.state == "majority":
                    yield host, Reason(
                        kind="bits", weight="drain", of=one.check,
                        text=f"other bits on {where}: {one.run}; {one.count} of {one.of} devices have {one.most}",
                    )  # fmt: skip
                elif one.state == "no majority":
                    yield host, Reason(
                        kind="bits", weight="unknown", of=one.check,
                        text=f"bits of {where} disagree with others, and there is no majority: {one.run}",
                    )  # fmt: skip


def speed_reasons(figures: Iterable[Figure]) -> Told:
    """Yield the devices that are slower than their equals, and, as a note, those that are faster."""
    for one in figures:
        of = f"{one.measure}, {one.check} in {one.framework}"
        for out in one.slow:
            far = f"{out.distance:g} quartile distances among {one.devices} devices"
            text = f"{out.device} is slow: {out.share:.0%} of the median's {of} ({far})"
            yield out.host, Reason(kind="speed", weight="drain", of=one.check, text=text)
        for out in one.fast:
            text = f"{out.device} is fast: {out.share:.0%} of the median's {of}"
            yield out.host, Reason(kind="speed", weight="note", of=one.check, text=text)


def identity_reasons(hosts: Iterable[Host]) -> Told:
    """Yield GPUs that two hosts have: a copied report, one host under two names, or a card that was moved."""
    by_uuid: dict[str, list[str]] = defaultdict(list)
    for host in hosts:
        for uuid in {*host.uuids}:
            by_uuid[uuid].append(host.name)
    shared: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for uuid, having in by_uuid.items():
        if len(having) > 1:
            shared[tuple(having)].append(uuid)
    for names, uuids in shared.items():
        for name in names:
            also = ", ".join(other for other in names if other != name)
            yield name, Reason(
                kind="identity", weight="unknown", of=uuids[0],
                text=f"{len(uuids)} of its GPUs also in {also}: one report under two names, or a card that was moved",
            )  # fmt: skip
