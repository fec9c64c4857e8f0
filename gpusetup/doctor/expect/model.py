"""`Expectations`: what a class of machines is supposed to be, as a TOML file says it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from gpusetup.value import Value

Count = Annotated[int, msgspec.Meta(ge=0)]
Amount = Annotated[float, msgspec.Meta(gt=0)]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Texts = Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]


class LinkExpectation(Value):
    """The PCIe link of each GPU; the generation is judged under load, since an idle GPU lowers it."""

    width: Count | None = None
    generation: Count | None = None


class NvlinkExpectation(Value):
    """The NVLinks of each GPU and their fabric."""

    active: Count | None = None
    speed_mbytes: Count | None = None
    """Megabytes per second of each link that is up: 26562 on H100, 53125 on GB200."""
    registered: bool | None = None
    healthy: bool | None = None
    peers: bool | None = None
    """Whether each GPU reads the memory of each other directly."""


class HostExpectation(Value):
    """The machine around the GPUs."""

    cpus: Count | None = None
    memory_gib: Amount | None = None
    """At least."""
    infiniband_ports: Count | None = None
    """Ports that are active."""
    kernel: Text | None = None
    """How its release begins."""


class Expectations(Value):
    """What is expected: of each GPU, unless it speaks of the driver or the machine. What is left out is not checked."""

    gpus: Count | None = None
    model: Text | Texts | None = None
    """A part of the GPU's name, or several of which one is enough; case is ignored."""
    memory_gib: Amount | None = None
    """At least; drivers keep some for themselves, so 79 is what an 80 GB card shows."""
    driver: Text | None = None
    """A version or branch (``580``), or comparisons (``>=580.65.06, <590``)."""
    cuda: Text | None = None
    """The newest CUDA that the driver runs, written alike."""
    ecc: bool | None = None
    mig: bool | None = None
    persistence: bool | None = None
    compute_mode: Literal["default", "exclusive-process", "prohibited"] | None = None
    power_limit_watts: Amount | None = None
    vbios: Text | Texts | None = None
    pcie: LinkExpectation = LinkExpectation()
    nvlink: NvlinkExpectation = NvlinkExpectation()
    services: dict[Text, Literal["running", "enabled", "stopped"]] = {}  # noqa: RUF012 - msgspec copies an empty default
    host: HostExpectation = HostExpectation()


class Expected(msgspec.Struct, frozen=True):
    """Expectations, and the file that they come from."""

    said: Expectations
    file: str
