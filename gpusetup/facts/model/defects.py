"""Rows about known defects."""

from typing import Annotated, Literal

from msgspec import Meta

from gpusetup.facts.model.fact import Fact

Package = Literal[
    "torch", "tensorflow", "keras", "jax", "triton", "nvidia-cudnn", "nvidia-nccl", "nvidia-cublas", "cuda-toolkit",
    "nvidia-driver", "nvidia-container-toolkit",
]  # fmt: skip
Assignment = Annotated[str, Meta(pattern="^[A-Za-z_][A-Za-z0-9_]*=")]
Operation = Annotated[str, Meta(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$")]


class Defect(Fact):
    """A defect of released packages that their metadata does not show; `first` and `last` are affected too.

    `last` counts as far as it is written: ``9.14`` covers 9.14.0.64. `gpusetup.facts.defects` looks rows up.
    """

    package: Package
    """NVIDIA's wheels without their suffix, and the same library from elsewhere; of JAX the version of jaxlib; of the
    CUDA toolkit its release; of the container toolkit that of its package."""
    first: str
    last: str
    build: Literal["", "gpu", "cpu"] = ""
    """Where it shows: with the NVIDIA libraries, in computing on the CPU, or "" for both."""
    cc_first: str = ""
    """The oldest compute capability it concerns, "" for any GPU."""
    cc_last: str = ""
    """The newest compute capability it concerns, "" for all newer ones."""
    arch: str = ""
    """The processor architecture it concerns, as ``uname -m`` names it, "" for any."""
    gpus: int = 1
    """How many GPUs a machine has to have for it to show."""
    beside: str = ""
    """What has to be installed beside it for it to show, as a requirement (``nvidia-cudnn<9.15``), "" for nothing."""
    variable: str = ""
    """The environment variable that has to be set for it to show, "" for none."""
    setting: str = ""
    """The setting of the package's own configuration that has to be on for it to show (``no-cgroups``), "" for none."""
    frameworks: tuple[Literal["torch", "tensorflow", "jax"], ...] = ()
    """The frameworks that show it, empty for the package itself or for every framework that uses it."""
    operations: tuple[Operation, ...] = ()
    """The operations that show it, a family and what is particular, ``matmul.rank4_rank2``; empty for no particular
    one. Without the particular (``matmul``) the whole family is meant; ``elementwise.gelu.float64`` is one in one
    precision."""
    effect: Literal["", "install", "slow", "cases"] = ""
    """``install``: it cannot be installed, and one that is installed works. ``slow``: right, but slower. ``cases``:
    only programs that do what the symptom names meet it. "": ordinary use fails, or computes wrong results."""
    refuses: bool = False
    """Whether the release is unusable and never chosen; otherwise the plan warns."""
    cve: str = ""
    """The number of the vulnerability that it is, ``CVE-2024-0132``; "" for none."""
    symptom: str
    """What it does, to follow the release's name and a colon."""
    way_out: str
    workaround: tuple[Assignment, ...] = ()
    """Environment variables under which it does not show, ``TF_ENABLE_ONEDNN_OPTS=0``; empty where none is known."""
