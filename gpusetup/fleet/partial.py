"""The parts of a machine, a report and a proof that a fleet is judged by: everything else in a file is skipped.

They name only the fields that are used, so that decoding costs little, and refuse no other field, so that hosts with
a newer gpusetup can be judged together with older ones.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias, TypeVar, Union

import msgspec
from msgspec import Meta, Struct

T = TypeVar("T")
Text = Annotated[str, Meta(max_length=4096)]
MANY = 4096
"""What one list of a report may have: a thousand times what is usual, so that one host cannot take all memory."""


class Missing(Struct, frozen=True):
    """A reading that could not be made; `unread` is why."""

    unread: Annotated[str, Meta(max_length=64)]
    detail: str = ""

    @property
    def recorded(self) -> bool:
        """False for a reading that the gpusetup which saved the machine did not make."""
        return "did not read this" not in self.detail


NOT_SAVED = Missing(unread="failed", detail="did not read this")
Reading: TypeAlias = Union[T, Missing]  # noqa: UP007 - a generic alias needs Union on Python 3.11
Pairs: TypeAlias = Annotated[tuple[tuple[Text, Text], ...], Meta(max_length=MANY)]
Flags: TypeAlias = Annotated[tuple[bool, ...], Meta(max_length=MANY)]


class Peer(Struct, frozen=True):
    """How another GPU of the host is reached."""

    level: Reading[int]
    p2p_read: Reading[int]


class Gpu(Struct, frozen=True):
    """One GPU."""

    index: int
    name: Reading[Text]
    uuid: Reading[Text] = NOT_SAVED
    vbios: Reading[Text] = NOT_SAVED
    gsp_firmware: Reading[Text] = NOT_SAVED
    inforom_valid: Reading[bool] = NOT_SAVED
    memory_total: Reading[int] = NOT_SAVED
    bar1_total: Reading[int] = NOT_SAVED
    ecc: Reading[bool] = NOT_SAVED
    mig: Reading[bool] = NOT_SAVED
    persistence: Reading[bool] = NOT_SAVED
    compute_mode: Reading[int] = NOT_SAVED
    power_limit: Reading[float] = NOT_SAVED
    clock_sm_max: Reading[int] = NOT_SAVED
    clock_memory_max: Reading[int] = NOT_SAVED
    application_clock: Reading[tuple[int, int]] = NOT_SAVED
    pcie_width: Reading[tuple[int, int]] = NOT_SAVED
    pcie_gen: Reading[tuple[int, int]] = NOT_SAVED
    nvlinks: Reading[Flags] = NOT_SAVED
    nvlink_speeds: Reading[Annotated[tuple[int, ...], Meta(max_length=MANY)]] = NOT_SAVED
    c2c_links: Reading[Flags] = NOT_SAVED
    peers: Reading[Annotated[tuple[Peer, ...], Meta(max_length=MANY)]] = NOT_SAVED
    fabric: Reading[tuple[int, int]] = NOT_SAVED
    fabric_summary: Reading[int] = NOT_SAVED
    addressing: Reading[int] = NOT_SAVED
    gsp_mode: Reading[tuple[bool, bool]] = NOT_SAVED
    recovery_action: Reading[int] = NOT_SAVED
    ecc_uncorrected: Reading[int] = NOT_SAVED
    ecc_volatile: Reading[int] = NOT_SAVED
    remapped_rows: Reading[tuple[int, int, bool, bool]] = NOT_SAVED
    throttle_reasons: Reading[int] = NOT_SAVED


class PciGpu(Struct, frozen=True):
    """One display device of NVIDIA on the PCI bus."""

    device_id: Annotated[str, Meta(max_length=16)]
    acs: Reading[bool] = NOT_SAVED
    iommu: Reading[Annotated[str, Meta(max_length=64)]] = NOT_SAVED


class Driver(Struct, frozen=True):
    """The driver's parts."""

    kernel_module: Reading[Text]
    user_library: Reading[Text]
    module_license: Reading[Text]
    cuda: Reading[Text]
    parameters: Reading[Pairs] = NOT_SAVED
    confidential: Reading[bool] = NOT_SAVED


class Kernel(Struct, frozen=True):
    """The running kernel."""

    release: Reading[Text]
    command_line: Reading[Text]


class Limits(Struct, frozen=True):
    """What a process may use."""

    locked_memory: Reading[int] = NOT_SAVED
    shared_memory: Reading[int] = NOT_SAVED


class Service(Struct, frozen=True):
    """A unit of systemd."""

    name: Text
    enabled: bool
    running: Reading[bool]


class System(Struct, frozen=True):
    """The host around its GPUs."""

    arch: Text
    kernel: Kernel
    pretty_name: Reading[Text]
    libc: Reading[Text]
    secure_boot: Reading[bool]
    python: Text
    virtualization: Text
    cpu: Reading[Text]
    cpus: int
    memory_bytes: Reading[int]
    environment: dict[Text, Text]
    selinux: Reading[Text] = NOT_SAVED
    limits: Limits = Limits()
    services: Annotated[tuple[Service, ...], Meta(max_length=MANY)] = ()
    clocksource: Reading[Text] = NOT_SAVED
    governor: Reading[Text] = NOT_SAVED
    infiniband: Reading[Pairs] = NOT_SAVED


class Wheel(Struct, frozen=True):
    """One installed Python distribution."""

    name: Text
    version: Text


class Containers(Struct, frozen=True):
    """Container engines and tools."""

    versions: dict[Text, Text] = msgspec.field(default_factory=dict)


class Machine(Struct, frozen=True):
    """One host's readings."""

    read_at: Annotated[str, Meta(max_length=40)]
    system: System
    driver: Driver
    gpus: Reading[Annotated[tuple[Gpu, ...], Meta(max_length=1024)]]
    pci: Reading[Annotated[tuple[PciGpu, ...], Meta(max_length=1024)]]
    toolkits: dict[Text, Text]
    distributions: Annotated[tuple[Wheel, ...], Meta(max_length=20_000)]
    containers: Containers
    nvswitches: Reading[int] = NOT_SAVED

    @property
    def acs(self) -> Reading[int]:
        """GPUs behind a bridge that redirects peer-to-peer traffic through the root complex."""
        known = self.pci if not isinstance(self.pci, Missing) else ()
        flags = [one.acs for one in known if isinstance(one.acs, bool)]
        return sum(flags) if flags and len(flags) == len(known) else _first(self.pci, "acs")

    @property
    def iommu(self) -> Reading[tuple[str, ...]]:
        """The IOMMU modes of its GPUs."""
        known = self.pci if not isinstance(self.pci, Missing) else ()
        modes = [one.iommu for one in known if isinstance(one.iommu, str)]
        return tuple(sorted(set(modes))) if modes and len(modes) == len(known) else _first(self.pci, "iommu")


def _first(cards: Reading[tuple[PciGpu, ...]], field: str) -> Missing:
    """Return why a field of the cards is not known: of the bus, or of the first card that lacks it."""
    if isinstance(cards, Missing):
        return cards
    return next((found for one in cards if isinstance(found := getattr(one, field), Missing)), Missing(unread="absent"))


class Finding(Struct, frozen=True):
    """What a rule of the doctor says of one subject."""

    rule: Annotated[str, Meta(max_length=64)]
    state: Annotated[str, Meta(max_length=16)]
    subject: Text
    summary: str
    slug: Text = ""


class GpuIdentity(Struct, frozen=True):
    """Which GPU a subject is."""

    uuid: Text = ""


class Report(Struct, frozen=True):
    """One report of the doctor."""

    verdict: Annotated[str, Meta(max_length=16)]
    findings: Annotated[tuple[Finding, ...], Meta(max_length=100_000)]
    at: Annotated[str, Meta(max_length=40)] = ""
    host: Annotated[str, Meta(max_length=255)] = ""
    gpus: Annotated[tuple[GpuIdentity, ...], Meta(max_length=1024)] = ()


class Job(Struct, frozen=True):
    """One executed job of a self-test."""

    check: Text
    framework: Text
    device: Text
    seed: int
    profile: Text
    threads: int
    round: int = 1
    precision: Text = "float32"
    model: Text = ""


class KeptResult(Struct, frozen=True):
    """What a run computed."""

    environment: Annotated[str, Meta(max_length=64)]
    fingerprint: Annotated[str, Meta(max_length=128)]
    measures: dict[Text, float] = msgspec.field(default_factory=dict)


class Kept(Struct, frozen=True):
    """One run."""

    job: Job
    outcome: Text
    result: KeptResult | None = None


class Verdict(Struct, frozen=True):
    """One judgement over runs."""

    kind: Text
    check: Text
    framework: Text
    device: Text
    state: Text
    summary: str
    required: bool = True


class Proof(Struct, frozen=True):
    """One proof of a self-test."""

    made_at: Annotated[str, Meta(max_length=40)]
    checks: dict[Text, Text]
    environments: dict[Text, dict[Text, Text]]
    runs: Annotated[tuple[Kept, ...], Meta(max_length=20_000)]
    verdicts: Annotated[tuple[Verdict, ...], Meta(max_length=100_000)]


class Envelope(Struct, frozen=True):
    """What a collector writes on one line: a host's name, and what was saved of it."""

    host: Annotated[str, Meta(min_length=1, max_length=255)]
    machine: msgspec.Raw = msgspec.Raw()
    report: msgspec.Raw = msgspec.Raw()
    proof: msgspec.Raw = msgspec.Raw()
    error: Annotated[str, Meta(max_length=4096)] = ""
    """Why there is nothing, in the collector's words."""
