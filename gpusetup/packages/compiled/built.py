"""Packages that an index has as source alone: left out of the resolution, and built in the finished environment.

Nothing is built in order to plan, since that would run a package's code. What a build needs of the environment is known
of some packages (`compiled.toml`); of the others pip asks their metadata when it builds them, under the constraint that
nothing else changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gpusetup.distributions import required
from gpusetup.packages.compiled.known import Source, sources
from gpusetup.packages.fit.allowed import framework_of
from gpusetup.resolve.model import Built, Reason
from gpusetup.text import neutral

if TYPE_CHECKING:
    from collections.abc import Collection

    from gpusetup.packages.model import Rejection
    from gpusetup.resolve.model import Environment, Toolkit


def built(said: Rejection, wanted: tuple[str, ...], known: Collection[str]) -> dict[str, Built]:
    """Return what a refusal names as source alone, by name, beside what is `known`."""
    names = [name for one in said.packages if not framework_of(name := required(one))]
    return {one: _built(one, said, wanted) for one in names if one not in known}


def _built(name: str, said: Rejection, wanted: tuple[str, ...]) -> Built:
    """Return one package as it was asked for, else as another package needs it."""
    own = [one for one in wanted if required(one) == name]
    needed = [one.needs for one in said.clashes if required(one.needs) == name]
    row = sources().get(name, Source())
    text = next(iter((*own, *needed)), name).partition(";")[0].strip()
    return Built(text=text, isolated=row.isolated, compiler=row.compiler)


def building(ones: Iterable[Built], environment: Environment, toolkit: Toolkit) -> Iterator[Reason]:
    """Yield what is to be known of each package that is built on the host."""
    for one in ones:
        how = "pip install" if one.isolated else "pip install --no-build-isolation"
        text = (
            f"{neutral(one.text)} has no wheel for Python {environment.python}: it is built in the environment "
            f"{environment.frameworks[0]} once that is there ({how}), and no hash can be recorded of it"
        )
        yield Reason(fact="packages:built", text=text)
        if one.compiler == "nvcc" and environment.cuda:
            yield Reason(fact="packages:built", text=f"{one.name} {_nvcc(environment.cuda, toolkit)}")
        if one.compiler == "cc":
            yield Reason(fact="packages:built", text=f"{one.name} is compiled with gcc and Python's headers")


def _nvcc(cuda: str, toolkit: Toolkit) -> str:
    """Say which nvcc compiles a package, and where that comes from.

    Source: torch.utils.cpp_extension, which refuses an nvcc whose CUDA major is not that of torch.
    """
    major = cuda.partition(".")[0]
    fits = toolkit.via in ("repo", "runfile") and toolkit.series.partition(".")[0] == major
    if fits:
        return f"is compiled with this plan's nvcc (CUDA {toolkit.series}), for this host's cards"
    there = f"has that of CUDA {toolkit.series}" if toolkit.via in ("repo", "runfile") else "puts none on the host"
    return f"needs an nvcc of CUDA {major} to be compiled, and this plan {there}: try --cuda {major}"


def needs(name: str) -> tuple[str, ...]:
    """Return what a package needs to be built and to run, as far as the table knows: it is resolved with the others."""
    row = sources().get(name, Source())
    return (*row.tools, *row.needs)
