"""A way out of a refusal is an option with a value, or leaves one out: never an option without what it needs."""

from __future__ import annotations

from datetime import date

import pytest

from gpusetup.facts import facts
from gpusetup.resolve import attempt
from gpusetup.resolve.model import Card, Refusal, Request

TODAY = date(2026, 11, 30)
ADA = Card(name="GeForce RTX 4060 Mobile", arch="Ada Lovelace", compute_capability="8.9", known_by="name")


@pytest.mark.parametrize(
    ("asked", "left_out"),
    [
        (Request(release="32", driver="580", allow_eol=True), "leave out --driver"),
        (Request(release="43", repo="runfile", cards=(ADA,), frameworks=("torch",), parts=("imex",), allow_eol=True,
                 present_driver="580.173.02", present_flavour="open", present_owner="nvidia"), "leave out --repo"),
    ],
    ids=["a driver without a card", "an owner where the driver stays"],
)  # fmt: skip
def test_what_is_not_needed_is_left_out(asked: Request, left_out: str) -> None:
    found = attempt(asked, facts(), TODAY)
    assert isinstance(found, Refusal)
    assert any(left_out in way.text for way in found.ways_out)
    assert all("" not in way.options for way in found.ways_out)
    assert not any(way.text.endswith(" of ") or " of  and" in way.text for way in found.ways_out)
