"""The user's own packages: what the options ask for, and the stack that suits them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gpusetup.cli._streams import notify
from gpusetup.errors import RefusedError, WrongInputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gpusetup.facts import Facts
    from gpusetup.resolve.model import Channel, Packages, PartName, Refusal, Request, Stack

PARTS: tuple[PartName, ...] = ("dcgm", "fabric-manager", "imex", "persistence")
"""The names of ``--with`` that are a part of a server; any other is a package's."""
DEFAULT = ("torch",)
"""What a named environment has whose packages need no framework, and that names none."""


def own_packages(
    extras: tuple[str, ...],
    requirements: tuple[Path, ...],
    constraints: tuple[Path, ...],
    *,
    pre: bool,
    preview: Channel = "",
) -> tuple[tuple[PartName, ...], Packages]:
    """Return the parts of a server and the packages that these options ask for; what is left out is reported."""
    from gpusetup.resolve.model import Packages  # --help needs none of it

    parts = tuple(one for one in PARTS if one in extras)
    named = [one for one in extras if one not in PARTS]
    if not (named or requirements):
        if constraints or pre:
            raise WrongInputError(
                "--constraint and --pre are about packages, and none is asked for", "add -r or --with"
            )
        return parts, Packages(preview=preview)
    from gpusetup.packages.files.lines import read_lines, take
    from gpusetup.text import nearest, neutral

    for one in named:
        if meant := nearest(one.lower().replace("_", "-"), PARTS):
            raise WrongInputError(f"--with {one} is no part of a server", f"did you mean {meant}?")
    found = read_lines(requirements, constraints)
    for one in named:
        take(one, found)
    for line, why in found.left:
        notify(f"note: {neutral(line)} {why}: it is left out")
    packages = Packages(
        wanted=tuple(dict.fromkeys(found.wanted)),
        constraints=tuple(dict.fromkeys(found.constraints)),
        indexes=tuple(dict.fromkeys(found.indexes)),
        prereleases=pre,
        preview=preview,
    )
    return parts, packages


def suit(
    request: Request,
    facts: Facts,
    *,
    named: bool,
    glibc: str = "",
    solve: Callable[[Request], Stack | Refusal] | None = None,
) -> Request | Refusal:
    """Return `request` with its packages pinned to what suits the stack, or why nothing does; itself without any."""
    if request.environments:
        return _suit_each(request, facts, glibc=glibc, solve=solve)
    own = request.packages
    if own.pinned or own.previewed or not (own.wanted or own.preview):
        return request
    from gpusetup.packages.fit.preview import previewed
    from gpusetup.packages.fitted import fitted
    from gpusetup.packages.model import Fit
    from gpusetup.packages.resolver import find_resolver
    from gpusetup.resolve import attempt

    solve = solve or (lambda one: attempt(one, facts))
    if own.preview:
        return previewed(request, facts, solve, find_resolver(), glibc=glibc)
    found = fitted(request, facts, solve, named=named, glibc=glibc)
    return found.request if isinstance(found, Fit) else found


def _suit_each(request: Request, facts: Facts, **more: Any) -> Request | Refusal:
    """Return `request` with the packages of each named environment pinned, or why those of one have no stack."""
    from msgspec.structs import replace

    from gpusetup.resolve.asked.named import PINNED, alone
    from gpusetup.resolve.model import Reason, Refusal
    from gpusetup.resolve.pins import FRAMEWORKS

    made = []
    for one in request.environments:
        mine = replace(alone(request, one), frameworks=one.frameworks or DEFAULT)
        found = suit(mine, facts, named=bool(one.frameworks), **more)
        if isinstance(found, Refusal):
            first = Reason(fact="request:environment", text=f"the environment {one.name}")
            return replace(found, because=(first, *found.because))
        pins = {field: getattr(found, field) for field in PINNED}
        made.append(replace(one, frameworks=found.frameworks, packages=found.packages, **pins))
    every = {name for one in made for name in one.frameworks}
    return replace(request, environments=tuple(made), frameworks=tuple(name for name in FRAMEWORKS if name in every))


def suited(request: Request, facts: Facts, options: dict[str, Any], **more: Any) -> Request:
    """Return what `suit` returns; raises `RefusedError` where nothing suits."""
    from gpusetup.resolve.host.foreign import in_words
    from gpusetup.resolve.model import Refusal

    found = suit(request, facts, named=bool(options["frameworks"]), **more)
    if isinstance(found, Refusal):
        raise RefusedError(*in_words(found))
    return found
