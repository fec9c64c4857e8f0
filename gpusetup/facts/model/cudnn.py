"""Rows about cuDNN."""

from datetime import date

from gpusetup.facts.model.fact import Fact
from gpusetup.value import Value


class Tarball(Value):
    """One archive of a cuDNN release; `cuda` is the major (or old minor) it was built for."""

    cuda: str
    sha256: str = ""
    url: str = ""


class CudnnRow(Fact):
    """One cuDNN release and its packages."""

    version: str
    cuda_majors: tuple[int, ...]
    pip: tuple[str, ...] = ()
    tarballs: tuple[Tarball, ...] = ()
    rpms: tuple[str, ...] = ()
    released: date | None = None


class CudnnSupport(Fact):
    """What NVIDIA's support matrix says of the releases `first` to `last` (both included) with these CUDA series."""

    first: str
    last: str
    cuda: tuple[str, ...]
    cc_min: str
    cc_max: str = ""
    """"" where the matrix gives no upper limit."""
    driver_min: str = ""
    derived: bool = False
    """Inferred from neighbouring rows, not printed."""
