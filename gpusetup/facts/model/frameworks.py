"""Rows about PyTorch, TensorFlow and JAX."""

from datetime import date
from typing import Literal

from gpusetup.facts.model.fact import Fact
from gpusetup.value import Value


class Torch(Fact):
    """One PyTorch release (Linux x86_64)."""

    release: str
    released: date | None = None
    python: tuple[str, ...]
    requires_python: str = ""
    variants: tuple[str, ...] = ()
    """CUDA variants on PyTorch's own index, ``cu126``; empty when not known."""
    default_variant: str = ""
    """The variant that the plain ``pip install torch`` of that release brings."""
    default_exact: bool = False
    """The default was read from the metadata of that very release."""


class TorchBuild(Fact):
    """What one variant of these releases was compiled for, and which NVIDIA libraries it brings.

    `cc` lists what was compiled, not what runs: see `gpusetup.versions.runs_on`.
    """

    releases: tuple[str, ...]
    """Exact releases: join on these and on nothing shorter."""
    variant: str
    machine: Literal["x86_64", "aarch64"] = "x86_64"
    cuda: str
    """The series, ``12.6``."""
    cudnn: str = ""
    nccl: str = ""
    cc: tuple[str, ...] = ()
    """Empty: not known."""
    ptx: str = ""
    """The capability whose PTX it carries, "" for none."""
    measured: str = ""
    """``conda build``: read out of the conda package, which can differ from the wheel in small ways."""


class VariantRow(Fact):
    """One CUDA variant of the wheels, ``cu126``, and the lowest driver it runs on."""

    variant: str
    cuda: str
    driver_min: str


class Index(Fact):
    """The source of a framework's wheels; `pattern` contains placeholders such as ``{variant}``."""

    pattern: str


class Tensorflow(Fact):
    """One TensorFlow release (Linux, GPU): the tested stack, and what ``tensorflow[and-cuda]`` pulls."""

    release: str
    package: str
    cpu_package: str = ""
    """The package without GPU kernels, half as large; empty where `package` itself serves the CPU too."""
    python: tuple[str, ...]
    cuda: str
    cudnn: str
    compiler: str
    bazel: str
    cc: tuple[str, ...] = ()
    """Compute capabilities compiled into the wheel; empty: not known."""
    ptx: str = ""
    and_cuda: bool
    """Whether the extra exists."""
    and_cuda_runtime: str = ""
    and_cuda_cudnn: str = ""
    and_cuda_nccl: str = ""
    pins: tuple[str, ...] = ()
    """Additional pins that it needs today, where its metadata has no upper limit for a dependency that broke it."""


class JaxPlugin(Value):
    """The GPU part of JAX for one CUDA major, which ``jax[cuda12]`` or ``jax[cuda13]`` brings, as its wheel has it."""

    cuda: int
    """The CUDA major."""
    package: str
    python: tuple[str, ...]
    runtime: str = ""
    """The CUDA runtime that it requires, ``nvidia-cuda-runtime-cu12>=12.1.105``."""
    cudnn: str = ""
    nccl: str = ""
    cc: tuple[str, ...] = ()
    """Capabilities of its own kernels. XLA compiles the rest on the machine, for the card it finds."""
    ptx: str = ""


class Jax(Fact):
    """One JAX release (Linux x86_64); jax, jaxlib and the plugins have the same version."""

    release: str
    python: tuple[str, ...]
    """The Pythons that jaxlib has wheels for: the CPU needs nothing else."""
    requires_python: str = ""
    machines: tuple[Literal["x86_64", "aarch64"], ...] = ("x86_64",)
    """The processor architectures for which the index has every plugin. The capabilities are those of x86_64."""
    plugins: tuple[JaxPlugin, ...] = ()
    """Newest CUDA major first."""
