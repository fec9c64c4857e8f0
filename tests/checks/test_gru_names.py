"""The table of names is what its header says, and a folder of one's own is read the classic way."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from checks.gru.names import ALPHABET, LONGEST, fold, read_names

TABLE = Path(__file__).resolve().parents[2] / "checks" / "gru" / "names.tsv"


def test_the_table_has_its_source_its_licence_and_its_date() -> None:
    header = "".join(line for line in TABLE.read_text("utf-8").splitlines() if line.startswith("#"))
    assert re.search(r"Faker \d+\.\d+", header)
    assert "MIT licence" in header
    assert re.search(r"20\d\d-\d\d-\d\d", header)


def test_the_table_is_large_enough_and_clean() -> None:
    corpus = read_names()
    counts = Counter(language for _, language in corpus.names)
    assert len(corpus.languages) >= 10
    assert len(corpus.names) >= 2000
    assert min(counts.values()) >= 90
    assert max(counts.values()) <= 300
    for name, _ in corpus.names:
        assert fold(name) == name


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Müller", "muller"), ("Strauß", "strauss"), ("Ślusàrski", "slusarski"), ("O'Néàl", "o'neal"), ("Łódź", "lodz"),
        ("Søren-Ægir", "soren-aegir"), ("  van der Berg ", "van der berg"), ("Yıldız", "yildiz"), ("李", ""),
        ("D’Arc", "d'arc"), ("x" * 99, "x" * LONGEST),
    ],
)  # fmt: skip
def test_names_are_folded_into_the_alphabet(written: str, folded: str) -> None:
    assert fold(written) == folded
    assert set(folded) <= set(ALPHABET)


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "Klingon.txt").write_text("Worf\nMartok\n\nWorf\n", "utf-8")
    (tmp_path / "Elvish.txt").write_text("Lúthien\nFëanor\n", "utf-8")
    (tmp_path / "README.md").write_text("not names\n")
    corpus = read_names(str(tmp_path))
    assert corpus.languages == ("Elvish", "Klingon")
    assert corpus.names == (("feanor", 0), ("luthien", 0), ("martok", 1), ("worf", 1))


def test_a_folder_without_languages_says_what_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"Language\.txt"):
        read_names(str(tmp_path))
