"""Defects that came with a change of release, as the table of facts lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.facts import facts
from gpusetup.facts.defects import Where, concerns, defects_of, known_as

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gpusetup.facts.model.defects import Defect
    from gpusetup.selftest.verdict import Changed

_WRONG = ("", "cases")
"""Effects that change results: the others stop an installation, or cost time."""


def came(changes: Iterable[Changed], *, gpu: bool) -> Iterator[str]:
    """Yield what is known to be wrong in a release of now, and was not in that of before, with its thread."""
    for one in changes:
        package = known_as(one.key)
        if not package or one.key == "jax":  # the table goes by jaxlib, which follows from it
            continue
        before = {row.id for row in _of(package, one.before, gpu=gpu)}
        for row in _of(package, one.now, gpu=gpu):
            if row.id not in before:
                yield f"{package} {one.now}: {row.symptom} [{row.source}]"


def _of(package: str, version: str, *, gpu: bool) -> Iterator[Defect]:
    rows = defects_of(facts(), package, version)
    yield from (row for row in rows if row.effect in _WRONG and concerns(row, Where(gpu=gpu)))
