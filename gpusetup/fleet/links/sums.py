"""Who is to blame for a wrong sum: those without whom it is right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from gpusetup.fleet.links.model import Total


class Blamed(NamedTuple):
    """Ranks that are to blame for sums that are wrong, or did not come about; one, or several only together."""

    ranks: tuple[int, ...]
    what: str
    """``wrong`` or ``failed``"""
    text: str


def blamed(totals: Sequence[Total]) -> Iterator[Blamed]:
    """Yield who is to blame for the bad sums.

    A rank that alone got a wrong one has got it wrong. Else one is to blame that was in no good sum, and in a bad one
    with ranks that each were in a good one. Where all were in good sums, they are bad only together.
    """
    bad = [one for one in totals if one.wrong or one.failed]
    good = {rank for one in totals if not one.wrong and not one.failed for rank in one.ranks}
    named: set[int] = set()
    for one in bad:
        if len(one.ranks) > 2 and len(one.wrong) == 1 and not one.failed and one.wrong[0] not in named:
            named.add(one.wrong[0])
            yield Blamed(one.wrong, "wrong", f"alone gets a wrong sum of {len(one.ranks)} ranks")
    for one in sorted(bad, key=lambda each: len(each.ranks)):
        ranks = set(one.ranks)
        if ranks & named:
            continue
        never = sorted(ranks - good)
        what = "wrong" if one.wrong else "failed"
        if len(never) == 1:
            named.add(never[0])
            yield Blamed(tuple(never), what, f"every sum with it {_was(what)}, down to one of two ranks")
        elif len(one.ranks) == 2 or not never:
            named |= ranks
            yield Blamed(tuple(sorted(ranks)), what, f"their sum {_was(what)}, and {_others(never)}")


def _others(never: Iterable[int]) -> str:
    return "nothing says which of the two it is" if any(True for _ in never) else "smaller groups of them are right"


def _was(what: str) -> str:
    return "is wrong" if what == "wrong" else "does not come about"
