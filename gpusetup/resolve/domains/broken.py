"""What is known to be broken in the candidates, looked up once for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

import msgspec

from gpusetup.facts.defects import Where, concerns, defects_of, known_as
from gpusetup.resolve.candidates import Candidate, KnownDefect

if TYPE_CHECKING:
    from gpusetup.facts import Facts

C = TypeVar("C", bound=Candidate)


def with_defects(facts: Facts, candidates: Iterable[C]) -> tuple[C, ...]:
    """Return the candidates with the known defects of their parts."""
    return tuple(_with_defects(facts, one) for one in candidates)


def _with_defects(facts: Facts, one: C) -> C:
    found = tuple(_known(facts, one))
    return msgspec.structs.replace(one, defects=found) if found else one


def _known(facts: Facts, one: Candidate) -> Iterator[KnownDefect]:
    where = Where(gpu=one.on_gpu)
    for part in one.parts():
        package = known_as(part.distribution) or part.distribution
        rows = defects_of(facts, package, part.version)
        yield from (KnownDefect(row, part) for row in rows if concerns(row, where))
