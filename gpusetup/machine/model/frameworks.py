"""What an installed framework does when it is imported: the reading of ``--deep``."""

from gpusetup.machine.model.reading import Pairs, Reading
from gpusetup.value import Value


class Trial(Value):
    """One small computation on one device, whose right answer is known without a computer."""

    device: str
    """``cpu``, ``cuda:0``…"""
    kernel: str
    """``elementwise``, ``matmul`` or ``convolution``: code of the framework itself, of cuBLAS, of cuDNN."""
    expected: float
    answer: Reading[float]


class Framework(Value):
    """One framework, imported by one interpreter in a process of its own."""

    name: str
    """``pytorch``, ``tensorflow`` or ``jax``."""
    python: str
    """The interpreter that imported it."""
    version: Reading[str]
    """Without one it cannot be imported, for the reason given."""
    location: Reading[str]
    """The folder of the imported package."""
    cuda: Reading[str]
    """The CUDA it was built for (``12.6``, or ``12`` where it names no minor), ``cpu`` for a build without."""
    gpus: Reading[tuple[str, ...]]
    """Names of the GPUs it sees, or its own words about why it sees none."""
    trials: tuple[Trial, ...]
    libraries: Reading[Pairs]
    """(file name, path) of each library of NVIDIA that its process had loaded at the end."""
    loaded: Reading[Pairs]
    """The versions that those libraries report: ``cudart``, ``cudnn``, ``nccl``, and the CUDA of ``libcuda``."""
    said: tuple[str, ...] = ()
    """The last lines it wrote to its standard error."""
    user: str = ""
    """The user as whom root imported it, where the environment belongs to another user; "" for the current user."""
