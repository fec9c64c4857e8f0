"""What the threat model names is there: no row rests on a file that has gone."""

from __future__ import annotations

import re

from tests.each import each
from tests.support import ROOT

PAGE = (ROOT / "docs/security.md").read_text()
NAMED = sorted(set(re.findall(r"`((?:gpusetup|tests|recipes|\.github)/[\w./-]+)`", PAGE)))


@each("path", NAMED)
def test_what_a_row_rests_on_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_row_has_code_and_tests_and_none_is_left_open() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "**" in line]
    assert len(rows) >= 11
    for row in rows:
        who, kept, held, shown = (cell.strip() for cell in row.strip("|").split(" | "))
        assert min(map(len, (who, kept, held))) > 3, row
        assert "tests/" in shown, row
    assert "TODO" not in PAGE
