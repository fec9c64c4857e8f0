"""What decides a result of a check: a kept result of a campaign is of these files, and of no others."""

from __future__ import annotations

import pytest

from benchmarks.check_sources import sources
from tests.checks.planted import ROOT


@pytest.mark.parametrize(
    ("check", "file", "decides"),
    [
        ("gru", "gru/reference.py", True),
        ("gru", "gru/check.toml", True),
        ("gru", "common/worker.py", True),  # runs every check
        ("gru", "common/record.py", True),  # which the worker imports
        ("sequences", "gru/pytorch.py", True),  # of a check that it imports
        ("convergence", "cnn/jax.py", True),  # by a name that is made up while it runs
        ("cost", "gan/tensorflow.py", True),  # costs whatever check says what it trains
        ("attribution", "common/tape.py", True),
        ("evolve", "common/tape.py", False),
        ("gru", "sgd/reference.py", False),
    ],
)
def test_a_check_is_decided_by_what_it_reaches(check: str, file: str, decides: bool) -> None:
    assert ((ROOT / "checks" / file).read_bytes() in sources(check)) is decides
