"""One host as it is compared: everything that was saved of it, reduced to what can be counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gpusetup.fleet.partial import Gpu, Job, Machine, Missing, Proof, Report
from gpusetup.selftest.changes import may_change_bits
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.fleet.properties import Row, Rows

NO_GPU = "no GPU"
_FINGERPRINT = 16
_NO_ENVIRONMENT: tuple[tuple[str, ...], str] = ((), "")
_RATES = (" per second", "FLOP/s", "flop/s", "GB/s", "bytes/s")
"""How the name of a measure ends of which more is better; others (seconds, shares) are not compared between hosts."""
_PSEUDONYM = "-uuid-"
"""In a UUID that `detect --redact` replaced: the same on every host."""


class Problem(NamedTuple):
    """What a rule of the doctor found on one host; `subjects` are its places there."""

    rule: str
    slug: str
    state: str
    summary: str
    subjects: int


class RunKey(NamedTuple):
    """What runs have in common that should have the same bits."""

    check: str
    framework: str
    device: str
    """``cuda`` or ``cpu``"""
    precision: str
    seed: int
    more: tuple[str, ...]
    """The check's source, profile, threads, and everything of the environment that may change bits."""
    environment: str


class Computed(NamedTuple):
    """One run: where it ran, the beginning of its fingerprint, and its rates."""

    key: RunKey
    device: str
    bits: str
    rates: tuple[tuple[str, float], ...]


class Proven(NamedTuple):
    """What a proof says by itself: each failed verdict, and how many passed."""

    failed: tuple[tuple[str, str], ...]
    """Check and summary."""
    passed: int
    runs: tuple[Computed, ...]
    open: tuple[str, ...] = ()
    """What was requested and could not be judged, as one whose run crashed."""


class Host(msgspec.Struct):
    """One host; None for what was not given. `refused` says what could not be read."""

    name: str
    called: str = ""
    read_at: str = ""
    """When the machine was read, by its own clock; `report_at` and `proof_at` are the same of the others."""
    report_at: str = ""
    proof_at: str = ""
    machine: bool = False
    row: Row = ()
    cards: tuple[Row, ...] = ()
    indices: tuple[int, ...] = ()
    uuids: tuple[str, ...] = ()
    product: str = ""
    model: str = ""
    problems: tuple[Problem, ...] | None = None
    silent: str = ""
    """Why the driver listed no GPU, though there is one on the bus, or the bus could not be read."""
    verdict: str = ""
    unknown: tuple[str, ...] = ()
    """Rules that cannot check."""
    proof: Proven | None = None
    refused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unmet: tuple[tuple[str, str], ...] = ()
    """Expectations that are not met: the rule, and what is said of it."""
    unchecked: tuple[str, ...] = ()
    """Expectations that cannot be checked."""


class Reducer:
    """Puts what was saved into hosts; equal parts of different hosts are one object."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._problems: dict[tuple[Problem, ...], tuple[Problem, ...]] = {}
        self._keys: dict[tuple[object, ...], tuple[RunKey, str]] = {}
        self._runs_known: dict[RunKey, RunKey] = {}
        self._texts: dict[str, str] = {}
        self._plain: dict[tuple[int, str, str], Computed] = {}
        self._named: dict[tuple[tuple[str, ...], str], tuple[tuple[str, ...], str]] = {}
        self._environments: dict[tuple[tuple[str, str], ...], tuple[tuple[str, ...], str]] = {}

    def add(self, host: Host, saved: Machine | Report | Proof) -> None:
        """Add what was saved of a host; of two of a kind the later one counts, and the host says so."""
        if isinstance(saved, Machine):
            self._add_machine(host, saved)
        elif isinstance(saved, Report):
            self._add_report(host, saved)
        else:
            self._add_proof(host, saved)

    def _add_machine(self, host: Host, saved: Machine) -> None:
        gpus = saved.gpus if isinstance(saved.gpus, tuple) else ()
        uuids = tuple(sorted(uuid for one in gpus if isinstance(uuid := one.uuid, str) and _PSEUDONYM not in uuid))
        if host.machine:
            host.notes += (_twice("machine", host.uuids, uuids),)
            if not _is_later(saved.read_at, host.read_at):
                return
        host.machine, host.read_at = True, neutral(saved.read_at)
        host.row, host.cards = self._rows.host(saved), self._rows.gpus(gpus)
        host.silent = _silent(saved)
        host.indices, host.uuids = tuple(one.index for one in gpus), uuids
        host.product, host.model = _product(saved, gpus)

    def _add_report(self, host: Host, saved: Report) -> None:
        if host.problems is not None:
            host.notes += ("two reports of the doctor were given: the later one counts",)
            if not _is_later(saved.at, host.report_at):
                return
        host.called, host.report_at = neutral(saved.host), neutral(saved.at)
        if not host.uuids:
            host.uuids = tuple(sorted(one.uuid for one in saved.gpus if one.uuid and _PSEUDONYM not in one.uuid))
        host.verdict = saved.verdict
        found = tuple(_problems(saved))
        host.problems = self._problems.setdefault(found, found)
        host.unknown = tuple(dict.fromkeys(neutral(one.rule) for one in saved.findings if one.state == "unknown"))

    def _add_proof(self, host: Host, saved: Proof) -> None:
        if host.proof is not None:
            host.notes += ("two proofs were given: the later one counts",)
            if not _is_later(saved.made_at, host.proof_at):
                return
        host.proof_at = neutral(saved.made_at)
        failed = tuple(dict.fromkeys(
            (neutral(one.check), f"{neutral(one.check)} in {neutral(one.framework)} on {neutral(one.device)}, "
                                 f"{neutral(one.kind)}: {neutral(one.summary)[:300]}")
            for one in saved.verdicts if one.state == "failed"
        ))  # fmt: skip
        passed = sum(one.state in {"passed", "known"} for one in saved.verdicts)
        left = tuple(dict.fromkeys(
            f"{neutral(one.check)} in {neutral(one.framework)} on {neutral(one.device)}"
            for one in saved.verdicts if one.state == "unproven" and one.required
        ))  # fmt: skip
        host.proof = Proven(failed, passed, tuple(self._runs(saved)), left)

    def _runs(self, saved: Proof) -> Iterator[Computed]:
        named = {name: self._environment(one) for name, one in saved.environments.items()}
        for run in saved.runs:
            if run.result is not None and run.job.framework != "reference":
                key, device = self._key(run.job, saved, named.get(run.result.environment, _NO_ENVIRONMENT))
                measures = run.result.measures
                rates = tuple((neutral(measure), value) for measure, value in measures.items()
                              if value > 0 and measure.endswith(_RATES)) if measures else ()  # fmt: skip
                bits = self._same(run.result.fingerprint[:_FINGERPRINT])
                yield Computed(key, device, bits, rates) if rates else self._shared(key, device, bits)

    def _shared(self, key: RunKey, device: str, bits: str) -> Computed:
        """Return a run without rates, of which many hosts have the same: one object."""
        known = id(key), device, bits  # `_runs_known` keeps each key, so that its number stays its own
        found = self._plain.get(known)
        if found is None:
            found = self._plain[known] = Computed(key, device, bits, ())
        return found

    def _key(self, job: Job, saved: Proof, environment: tuple[tuple[str, ...], str]) -> tuple[RunKey, str]:
        """Return what says which runs should have the same bits, and the device; one object for equal jobs."""
        source = saved.checks.get(job.check, "")
        known = job, source, id(environment)
        found = self._keys.get(known)
        if found is None:
            key = RunKey(
                neutral(job.check), neutral(job.framework), neutral(job.device.partition(":")[0]),
                neutral(job.precision), job.seed,
                (source, job.profile, str(job.threads), job.model, *environment[0]), environment[1],
            )  # fmt: skip
            key = self._runs_known.setdefault(key, key)
            found = self._keys[known] = key, neutral(job.device)
        return found

    def _same(self, text: str) -> str:
        found = self._texts.get(text)
        if found is None:
            found = self._texts[text] = neutral(text)
        return found

    def _environment(self, environment: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
        """Return what of an environment may change bits, and a name for it: one object for equal environments."""
        items = tuple(environment.items())
        found = self._environments.get(items)
        if found is None:
            kept = tuple(f"{key}={value}" for key, value in sorted(items) if may_change_bits(key))
            named = kept, _named(environment)
            found = self._environments[items] = self._named.setdefault(named, named)
        return found


def moment(text: str) -> datetime | None:
    """Return a time that a host wrote, in UTC where it names no zone; None for what is no time."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def _is_later(text: str, before: str) -> bool:
    first = datetime.min.replace(tzinfo=UTC)  # what has no time is older than anything that has one
    return (moment(text) or first) > (moment(before) or first)


def _named(environment: Mapping[str, str]) -> str:
    """Return an environment in words: its frameworks, GPU or processor, and driver."""
    names = ("torch", "tensorflow", "jax", "gpu", "driver", "cuda", "cudnn")
    words = [f"{name} {environment[name]}" if name != "gpu" else environment[name] for name in names
             if environment.get(name)]  # fmt: skip
    if "gpu" not in environment and environment.get("processor"):
        words.append(environment["processor"])
    return neutral(", ".join(words))[:300]


def _problems(report: Report) -> Iterator[Problem]:
    """Yield each rule that found an error or a warning once, with its first summary."""
    count: dict[tuple[str, str], Problem] = {}
    for one in report.findings:
        if one.state in {"error", "warning"}:
            key = one.rule, one.state
            before = count.get(key)
            count[key] = (
                Problem(neutral(one.rule), neutral(one.slug), one.state,
                        f"{neutral(one.subject)}: {neutral(one.summary)[:300]}", 1)
                if before is None
                else before._replace(subjects=before.subjects + 1)
            )  # fmt: skip
    yield from count.values()


def _product(machine: Machine, gpus: Sequence[Gpu]) -> tuple[str, str]:
    """Return what says which GPUs a host has, by the bus where it can be read, and the name of the model."""
    names = sorted({neutral(one.name) for one in gpus if isinstance(one.name, str)})
    model = " + ".join(names)
    if not isinstance(machine.pci, Missing):
        ids = sorted({neutral(one.device_id) for one in machine.pci})
        return f"{machine.system.arch} {'+'.join(ids)}" if ids else f"{machine.system.arch} {model}", model
    return (f"{machine.system.arch} {model}", model) if names else ("", "")


def _silent(machine: Machine) -> str:
    """Return why the driver lists no GPU where there may be one, "" where it lists some or there is none."""
    if not isinstance(machine.gpus, Missing) or machine.pci == ():
        return ""
    return neutral(machine.gpus.unread) or "not recorded"


def _twice(what: str, before: Sequence[str], now: Sequence[str]) -> str:
    if before and now and not {*before} & {*now}:
        return f"two {what}s with different GPUs were given under this name: the later one counts"
    return f"two {what}s were given: the later one counts"
