"""What a resolver is asked, what it answers, and what came of it."""

from __future__ import annotations

from typing import Literal

from gpusetup.resolve.model import Request, Stack
from gpusetup.value import Value


class Question(Value):
    """The packages to resolve, for which Python and platform, and what the stack demands of them."""

    wanted: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    python: str
    """Minor version, ``3.13``."""
    machine: str = "x86_64"
    glibc: str = "2.28"
    """That of the target; its wheels may be built for an older one."""
    prereleases: bool = False
    without: tuple[str, ...] = ()
    """Normalised names that are left out wherever they are needed: they are built later."""


class File(Value):
    """One wheel that fits the target."""

    url: str
    sha256: str

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.url.rpartition("/")[2]


class Package(Value):
    """One distribution of a resolution."""

    name: str
    """Normalised (PEP 503)."""
    version: str
    index: str = ""
    files: tuple[File, ...] = ()


class Resolution(Value):
    """Everything that is to be installed together, and which resolver says so."""

    packages: tuple[Package, ...]
    resolver: str
    """``uv 0.13.9``."""
    caveat: str = ""
    """What the resolver decided for another system than the target, "" for nothing."""

    def version(self, name: str) -> str:
        """Return the version of a distribution by its normalised name, "" where it is not among them."""
        return next((one.version for one in self.packages if one.name == name), "")


class Clash(Value):
    """One statement of a resolver's refusal: ``vllm>=0.33.0`` depends on ``torch==2.14.0``."""

    package: str
    needs: str


class Rejection(Value):
    """Why there is no resolution, as far as the resolver's text says."""

    kind: Literal["conflict", "source-only", "no-wheel", "not-found", "no-version", "cuda", "card", "unreachable",
                  "other"]  # fmt: skip
    """``cuda``: the packages resolve, but one is built for another CUDA than the environment's. ``card``: they resolve,
    but none of the cards is new enough for one."""
    packages: tuple[str, ...] = ()
    """The packages that it is about."""
    clashes: tuple[Clash, ...] = ()
    index: str = ""
    """The index that did not answer."""
    cuda: int = 0
    """The CUDA major that the packages are built for, where the environment has another."""
    older: tuple[str, ...] = ()
    """Constraints under which releases are left that the cards are new enough for."""
    sources: tuple[str, ...] = ()
    """Where it is said what the cards need."""
    text: str = ""
    """The last lines that the resolver wrote."""


class Fit(Value):
    """A request whose packages are pinned, the stack that it has, and everything that its environment will hold."""

    request: Request
    stack: Stack
    resolution: Resolution


class Unfit(Value):
    """No stack suits the packages: the resolver's refusal that says most, and the stack it was asked for."""

    request: Request
    rejection: Rejection
    stack: Stack
