"""Pieces and weights by hand, and each law of the check against a ladder and a model that break it."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from checks import text
from checks.common.record import Recorder
from checks.common.tape_functions import cross_entropy
from checks.descent.reference import Training, adam
from checks.text import reference
from checks.text.words import join, split, tokens
from tests.checks.one_job import JOB

PIECES = ("##s", "##ize", "##izer", "token", "to", "bank")


def test_the_longest_piece_is_taken_first() -> None:
    assert split("tokenizers", PIECES) == ["token", "##izer", "##s"]
    assert split("to", PIECES) == ["to"]
    assert split("banks", PIECES) == ["bank", "##s"]


def test_a_word_of_which_something_is_left_is_unknown_as_a_whole() -> None:
    assert split("bankrupt", PIECES) == ["[UNK]"]
    assert split("s", PIECES) == ["[UNK]"]  # an ending begins no word


def test_pieces_are_joined_to_what_was_split() -> None:
    assert tokens("banks to tokenizer", PIECES) == ["bank", "##s", "to", "token", "##izer"]
    assert join(tokens("banks to tokenizer", PIECES)) == "banks to tokenizer"
    corpus = text.read_corpus()
    assert [join(one.split()) for one in corpus.texts] == [one.text for one in corpus.sentences]


def test_weights_are_counts_by_the_logarithm_of_rarity() -> None:
    rare = reference.tf_idf(["bank bank to", "to", "to token"], ("bank", "to", "token"), JOB)
    np.testing.assert_allclose(rare[0], [2 * math.log(1 + 3 / 2), math.log(1 + 3 / 4), 0])
    np.testing.assert_allclose(rare[2], [0, math.log(1 + 3 / 4), math.log(1 + 3 / 2)])


def test_whatever_is_asked_for_is_learned_in_sentences_of_both_meanings() -> None:
    corpus = text.read_corpus()
    uses = [(one.use, one.meaning) for one in corpus.sentences]
    assert {use: uses.count(use) for use in uses} == {
        ("learn", "money"): 12, ("learn", "river"): 12, ("ask", "money"): 4, ("ask", "river"): 4
    }  # fmt: skip
    assert ((corpus.codes == corpus.word).sum(axis=1) == 1).all()
    learned = {
        code for one, row in zip(corpus.sentences, corpus.codes, strict=True) if one.use == "learn" for code in row
    }
    assert {code for row in corpus.codes for code in row} == learned


def unordered(texts: Any, pieces: Any, job: Any) -> Any:
    """Weigh a piece by where it stands."""
    return reference.tf_idf(texts, pieces, job) + 2.0**-10 * (reference.codes(texts, pieces, job)[:, :1] % 2)


def forgetful(texts: Any, pieces: Any, job: Any) -> Any:
    """Take endings and what is unknown for padding."""
    codes = reference.codes(texts, pieces, job)
    return np.where(codes < 4, 0, codes)


def padded_bag(codes: Any, size: int, job: Any) -> Any:
    counts = reference.bag(codes, size, job)
    counts[:, 1] = (codes == text.PADDING).sum(axis=1)
    return counts


def changed(change: Any) -> Any:
    """Return a backend's training whose outputs are changed."""

    class Changed(Training):
        def output(self, *inputs: Any) -> Any:
            return change(super().output(*inputs), *inputs)

    return lambda weights, codes, job: Changed(reference.model, cross_entropy, adam(2.0**-6), weights)


def stuck(weights: Any, codes: Any, job: Any) -> Any:
    """Return a training that does not learn."""
    return Training(reference.model, cross_entropy, adam(0.0), weights)


CODES = {"codes give every sentence back", "an unknown piece is known to be unknown"}
MEANING = "the word is more alike in like meaning"


@pytest.mark.parametrize(
    ("instead", "laws"),
    [
        ({}, set()),
        ({"codes": forgetful}, CODES),
        ({"bag": padded_bag}, {"a bag is the sum of one-hot rows"}),
        ({"tf_idf": unordered}, {"the order of words changes no TF-IDF"}),
        ({"training": changed(lambda out, codes, places: out * codes.shape[1])}, {"more padding changes no score"}),
        ({"training": changed(lambda out, codes, places: out * 0 + 1)}, {MEANING}),
        ({"training": stuck}, {"knows more than how common each piece is", MEANING}),
    ],
)
def test_a_law_is_broken_by_what_breaks_it(instead: dict[str, Any], laws: set[str]) -> None:
    parts = {name: getattr(reference, name) for name in ("codes", "one_hot", "bag", "tf_idf", "training")}
    record = Recorder(lambda done, total: None)
    backend: Any = SimpleNamespace(**parts | instead)
    text.prove(backend, JOB, record)
    invariants = record.result()["invariants"]
    assert len(invariants) == 7
    assert {one["name"] for one in invariants if not one["holds"]} == laws
