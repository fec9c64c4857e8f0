"""Rows about GPUs, their chips and architectures."""

from typing import Literal

from gpusetup.facts.model.fact import Fact
from gpusetup.facts.model.flavour import Flavour


class Arch(Fact):
    """One GPU architecture, or the part of one that shares its CUDA lifetime."""

    arch: str
    cc: tuple[str, ...]
    cuda_first: str
    cuda_last: str = ""
    """The last series whose nvcc targets it, "" while that goes on."""
    first_driver_derived: str = ""
    """The driver bundled with `cuda_first`."""
    last_driver_branch: str = ""
    kernel_modules: tuple[Flavour, ...]
    """Which kernel modules can drive it (open ones need the GPU System Processor that Turing brought)."""


class Chip(Fact):
    """One chip, ``GP107``; compute capability is a property of the chip."""

    chip: str
    arch: str
    cc: str
    last_driver_branch: str = ""
    boards: dict[str, str] = {}  # noqa: RUF012 - msgspec copies an empty default
    """Every PCI device id that pci.ids gives it, and what that file calls the board; the chip where it has no name."""

    @property
    def pci_ids(self) -> tuple[str, ...]:
        """Return the device ids of its boards, four lower-case hexadecimal digits each."""
        return tuple(self.boards)


class GpuRow(Fact):
    """One marketed GPU; `spec_source` is where its compute capability and memory are published."""

    name: str
    arch: str
    cc: str
    market: Literal["datacentre", "workstation", "geforce", "laptop", "jetson", "desktop-soc"]
    host_arch: Literal["", "aarch64"] = ""
    """The only processor it comes with, where it is one package with that (Grace, GB10, Tegra); "" for a board."""
    chip: tuple[str, ...] = ()
    pci_ids: tuple[str, ...] = ()
    """Four lower-case hexadecimal digits each (vendor 10de)."""
    spec_source: tuple[str, ...] = ()


class Peak(Fact):
    """What NVIDIA states one GPU can do at most, in TFLOP/s without sparsity; 0 is "not stated".

    Products in half precision accumulate in float32, as cuBLAS does for every framework; a GeForce has half the rate
    of a workstation card there. `note` says where NVIDIA prints the figures with sparsity alone, which are halved.
    """

    gpu: tuple[str, ...]
    """The rows of the table ``gpu`` that it is about: one board may come with two sizes of memory."""
    reported: tuple[str, ...] = ()
    """Names by which the driver calls it and that do not follow from the rows' names."""
    float32: float = 0.0
    """Of the CUDA cores."""
    tf32: float = 0.0
    bf16: float = 0.0
    fp16: float = 0.0
    float64: float = 0.0
    """Of the CUDA cores."""
    float64_tensor: float = 0.0
    bandwidth: float = 0.0
    """Of the memory, in GB/s."""
    power: int = 0
    """The highest default limit, in watts."""
    multiprocessors: int = 0
    boost_mhz: int = 0
    """The clock at which the figures hold."""
