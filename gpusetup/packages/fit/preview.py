"""Nightlies and release candidates of a framework, where one was asked for: `preview.toml` says where they are.

No table knows them. So the stack is chosen as for the newest release, and the resolver finds the newest build after
that on the index of the channel, for the same CUDA, Python and platform.
"""

from __future__ import annotations

import functools
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from gpusetup.distributions import required
from gpusetup.errors import CannotLookError, WrongInputError
from gpusetup.facts import systems
from gpusetup.packages.fit.allowed import PACKAGES
from gpusetup.packages.fit.explain import because
from gpusetup.packages.fit.pinned import only, pinned
from gpusetup.packages.fit.question import question
from gpusetup.packages.model import Rejection, Unfit
from gpusetup.resolve.components import TITLES
from gpusetup.resolve.model import Channel, Reason, Refusal, Requirement
from gpusetup.text import neutral
from gpusetup.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gpusetup.facts import Facts
    from gpusetup.packages.fit.allowed import Solve
    from gpusetup.packages.model import Question, Resolution
    from gpusetup.packages.resolver import Resolve
    from gpusetup.resolve.model import Environment, Packages, Request

NAMES = {"nightly": "nightly", "rc": "release candidate"}


class Preview(Value):
    """Where the builds of a channel are."""

    framework: str
    channel: Channel
    index: str = ""
    package: str = ""
    """Its name, where that is not the release's."""
    beside: tuple[str, ...] = ()
    """Packages that have to be of the same build."""
    beside_cuda: tuple[str, ...] = ()
    source: tuple[str, ...]
    read_on: date


def previewed(request: Request, facts: Facts, solve: Solve, resolve: Resolve, *, glibc: str = "") -> Request | Refusal:
    """Return `request` with the newest build of the channel that it asks for, and its packages, pinned.

    Raises `WrongInputError` unless it is for one framework that has the channel, `CannotLookError` where the index does
    not answer.
    """
    row = _row(request)
    stack = solve(request)
    if isinstance(stack, Refusal):
        return stack
    wish = _Wish(row, stack.environments[0])
    answer = resolve(_question(wish, request, glibc or systems.glibc(facts, stack.request.distro, stack.release)))
    if isinstance(answer, Rejection):
        return _refused(wish, Unfit(request=request, rejection=answer, stack=stack), facts, solve)
    return replace(request, packages=_packages(wish, request, answer))


@functools.cache
def rows() -> tuple[Preview, ...]:
    """Return the rows of the table that comes with gpusetup."""
    text = Path(__file__).with_name("preview.toml").read_text(encoding="utf-8")
    return msgspec.toml.decode(text, type=dict[str, tuple[Preview, ...]])["preview"]


def _row(request: Request) -> Preview:
    channel = request.packages.preview
    if len(request.frameworks) != 1:
        raise WrongInputError(f"--preview {channel} is about one framework", "name it: --framework torch")
    (framework,) = request.frameworks
    if getattr(request, framework):
        raise WrongInputError(f"--preview {channel} and --{framework} exclude each other", "remove one of them")
    found = next((one for one in rows() if (one.framework, one.channel) == (framework, channel)), None)
    if found is None:
        raise WrongInputError(f"no index of {NAMES[channel]}s of {TITLES[framework]} is known", "remove --preview")
    return found


class _Wish(msgspec.Struct, frozen=True):
    """What is asked of the index of a channel, for the environment of the newest release."""

    row: Preview
    environment: Environment

    @property
    def own(self) -> Requirement:
        """The requirement of the newest release."""
        names = PACKAGES[self.row.framework]
        return next(one for one in self.environment.requirements if required(one.text) in names)

    @property
    def release(self) -> str:
        """The newest release, ``2.15.0``."""
        return self.own.text.partition("==")[2].partition("+")[0]

    @property
    def index(self) -> str:
        """The index of the channel for the CUDA of the environment, "" for the user's own."""
        cuda = self.environment.cuda
        variant = self.own.text.partition("+")[2] or (f"cu{cuda.replace('.', '')}" if cuda else "cpu")
        return self.row.index.format(variant=variant)

    def names(self) -> Iterator[str]:
        """Yield the packages that come from the channel, with their extras, the framework first."""
        extras = "".join(self.own.text.partition("==")[0].partition("[")[1:])
        yield (self.row.package or required(self.own.text)) + extras
        major = self.environment.cuda.partition(".")[0]
        for name in (*self.row.beside, *(self.row.beside_cuda if major else ())):
            yield name.format(major=major)


def _question(wish: _Wish, request: Request, glibc: str) -> Question:
    *parts, last = wish.release.split(".")
    # a version with .dev lets a resolver take pre-releases of that package, and of no other (PEP 440)
    newer = ".".join((*parts, f"{int(last) + 1}", "dev0"))
    rest = (one.text for one in wish.environment.requirements if one is not wish.own)
    wanted = (*(f"{name}>={newer}" for name in wish.names()), *rest, *request.packages.wanted)
    asked = question(request, replace(wish.environment, requirements=()), glibc, wanted)
    return replace(asked, indexes=(*filter(None, (wish.index,)), *asked.indexes))


def _packages(wish: _Wish, request: Request, answer: Resolution) -> Packages:
    own = tuple(
        Requirement(text=f"{name}=={one.version}", index=wish.index, sha256=only(one.files))
        for name in wish.names()
        for one in answer.packages
        if one.name == required(name)
    )
    text = (
        f"{own[0].text} is a {NAMES[wish.row.channel]}, which no table knows: driver, Python and cards are judged as "
        f"for {TITLES[wish.row.framework]} {wish.release}"
    )
    note = Reason(fact="packages:preview", text=text, sources=wish.row.source)
    mine = tuple(pinned(request, answer, wish.environment))
    own_packages = request.packages
    return replace(own_packages, previewed=own, pinned=mine, home=wish.row.framework,
                   notes=(*own_packages.notes, note))  # fmt: skip


def _refused(wish: _Wish, unfit: Unfit, facts: Facts, solve: Solve) -> Refusal:
    """Return the refusal; raises `CannotLookError` where the index did not answer."""
    said = unfit.rejection
    what = f"{NAMES[wish.row.channel]} of {TITLES[wish.row.framework]}"
    if said.kind == "unreachable":
        raise CannotLookError(
            f"no {what} can be planned: {wish.index or neutral(said.index)} did not answer",
            "plan again when it does, or without --preview",
        )
    first = Reason(fact="packages:preview", text=f"no {what} after {wish.release} was found", sources=wish.row.source)
    return Refusal(request=unfit.request, because=(first, *because(unfit, facts, solve)), ways_out=())
