"""``gpusetup facts matrix``: which builds run on which cards, with which Pythons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gpusetup.resolve.pins import FRAMEWORKS

if TYPE_CHECKING:
    from gpusetup.resolve.asked.request import Wanted
    from gpusetup.resolve.matrix.model import Matrix


def compatibility(wanted: Wanted) -> Matrix:
    """Return the matrix of the cards and frameworks in `wanted`; without any, of every card and framework.

    Raises `WrongInputError` for an unknown name or version, with the known ones.
    """
    from gpusetup.facts import facts
    from gpusetup.resolve.asked.cards import named
    from gpusetup.resolve.asked.request import ARCHES, check
    from gpusetup.resolve.matrix import every_card, matrix
    from gpusetup.resolve.model import Request
    from gpusetup.resolve.pins import pinned

    tables = facts()
    check(tables, wanted)
    given = named(tables, wanted.gpus, wanted.gpu_archs)
    if not given and wanted.gpus:
        raise click.UsageError("--gpu none: the matrix is about builds for a GPU, so it needs a card")
    request = Request(
        cards=given or every_card(tables),
        frameworks=tuple(one for one in FRAMEWORKS if one in (wanted.frameworks or FRAMEWORKS)),
        release=wanted.release,
        allow_eol=wanted.allow_eol,
        **pinned(wanted),
    )
    return matrix(tables, request, arch=ARCHES[wanted.arch.lower()] if wanted.arch else None)
