"""The ladder of text representations: integers, one-hot, bag of words, TF-IDF, embedding, subwords, words in context.

32 sentences with the word bank, of money or of rivers, are split into pieces (WordPiece, `words.py`). Codes (n, t): 0
is padding on the right, 1 what is unknown or hidden, 2 on the pieces in the vocabulary's order. A bag counts the pieces
of a sentence (n, codes), padding not; TF-IDF multiplies a count by ln(1 + N / (1 + how many of N sentences have it)),
the form of `keras.layers.TextVectorization` (others add 1 to the logarithm, or scale each row).

In context: codes → embedding x (16) → x + softmax(q kᵀ / 4) v over all pieces but padding → at one place asked for,
linear: scores of codes. Keys have no bias, whose slope would be 0. A drawn piece of each sentence is hidden and asked
for at another place, so that every place has to know what the sentence is about; cross-entropy, Adam. With the
identity in place of the last layer, what the model gives for bank is its vector in that sentence.

What frameworks write differently is settled so: slopes of a piece that comes twice are added up before Adam squares
them; Keras is given them so, since by itself it squares each (`tensorflow.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.common.costed import Costed, Trained
from checks.common.draw import integers, permutation, uniform
from checks.descent.recorded import record_first_step, record_training
from checks.text.words import Sentence, join, read_sentences, tokens, vocabulary

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.descent import Array, Training, Weights

WIDTH, RATE = 16, 2.0**-6
STEPS = {"quick": 200, "full": 400}
PARITY_STEPS, LAST = 10, 40
PADDING, HIDDEN, FIRST = 0, 1, 2
WORD = "bank"
APART = 2.0**-5
"""How much more alike (cosine) the word must be, on average, in sentences of like meaning; without a context, 0."""

Integers = NDArray[np.int64]


class Corpus(NamedTuple):
    """Sentences, the vocabulary, each sentence's pieces with blanks between, and their codes (n, t)."""

    sentences: list[Sentence]
    pieces: tuple[str, ...]
    texts: list[str]
    codes: Integers

    @property
    def size(self) -> int:
        """How many codes there are."""
        return len(self.pieces) + FIRST

    @property
    def word(self) -> int:
        """The code of the word with two meanings."""
        return self.pieces.index(WORD) + FIRST


class Backend(Protocol):
    """A backend's module. Texts are pieces with blanks between."""

    def codes(self, texts: Sequence[str], pieces: Sequence[str], job: Job) -> Integers:
        """Return codes (n, t), as wide as the longest text needs."""

    def one_hot(self, codes: Integers, size: int, job: Job) -> Array:
        """Return (n, t, size)."""

    def bag(self, codes: Integers, size: int, job: Job) -> Array:
        """Return how often each code comes (n, size), padding never."""

    def tf_idf(self, texts: Sequence[str], pieces: Sequence[str], job: Job) -> Array:
        """Return counts by how rare a piece is in these texts (n, pieces)."""

    def training(self, weights: Weights, codes: Integers, job: Job) -> Training:
        """Return the model in context; its inputs are codes and the place (n,) asked for. `codes` is a sample."""


def costed(job: Job) -> Costed:
    """Return what `cost` trains."""
    corpus = read_corpus()
    learned = corpus.codes[[one.use == "learn" for one in corpus.sentences]]
    inputs, truth = draw_batch(learned, job.seed, 0)

    def train(backend: Backend, weights: Weights) -> Trained:
        model = backend.training(weights, learned, job)
        return Trained(lambda _: model.step(inputs, truth), model.weights)

    return Costed(draw_weights(job.seed, corpus.size), train)


def prove(backend: Backend, job: Job, record: Recorder) -> None:
    """Climb the ladder, record each rung, and look for the word's two meanings on the last."""
    corpus = read_corpus()
    record_ladder(backend, corpus, job, record)
    learned, asked = (corpus.codes[[one.use == use for one in corpus.sentences]] for use in ("learn", "ask"))
    weights = draw_weights(job.seed, corpus.size)
    training = backend.training(weights, learned, job)
    batches = [draw_batch(learned, job.seed, step) for step in range(STEPS[job.profile])]
    record_first_step(training, *batches[0], record)
    losses = record_training(training, batches, PARITY_STEPS, record)
    check_padding(training, asked, job, record)
    check_learned(losses, learned, record)
    check_meanings(training, corpus, record)


def read_corpus() -> Corpus:
    """Read the sentences and code them by the rule itself."""
    sentences = read_sentences()
    pieces = vocabulary(sentences)
    split = [tokens(one.text, pieces) for one in sentences]
    codes = np.zeros((len(split), max(map(len, split))), np.int64)
    for row, found in zip(codes, split, strict=True):
        row[: len(found)] = [pieces.index(piece) + FIRST for piece in found]
    return Corpus(sentences, pieces, [" ".join(found) for found in split], codes)


def draw_weights(seed: int, size: int) -> Weights:
    """Draw the start in the layout of `descent`."""
    weights: Weights = {"pieces.table": uniform(seed, "pieces", (size, WIDTH), 0.5)}
    for layer in ("query", "key", "value"):
        weights[f"{layer}.kernel"] = uniform(seed, layer, (WIDTH, WIDTH), 0.5)
        if layer != "key":
            weights[f"{layer}.bias"] = uniform(seed, f"{layer} bias", (WIDTH,), 0.25)
    weights["scores.kernel"] = uniform(seed, "scores", (WIDTH, size), 0.25)
    return weights | {"scores.bias": uniform(seed, "scores bias", (size,), 0.25)}


def draw_batch(codes: Integers, seed: int, step: int) -> tuple[tuple[Integers, Integers], Integers]:
    """Hide a drawn piece of each sentence and ask for it at another place: codes, places, and what stood there."""
    rows, lengths = np.arange(len(codes)), (codes > PADDING).sum(axis=1)
    hidden, places = (integers(seed, f"{name} {step}", (len(codes),)) % lengths for name in ("hidden", "place"))
    given = codes.copy()
    given[rows, hidden] = HIDDEN
    return (given, places), codes[rows, hidden]


def record_ladder(backend: Backend, corpus: Corpus, job: Job, record: Recorder) -> None:
    """Record the rungs without training; look at what each keeps and what it loses."""
    codes = backend.codes(corpus.texts, corpus.pieces, job)
    record.tensor("exact", "codes", codes)
    back = [join([corpus.pieces[code - FIRST] for code in row if code >= FIRST]) for row in codes.tolist()]
    lost = sum(one.text != text for one, text in zip(corpus.sentences, back, strict=True))
    record.invariant("codes give every sentence back", lost == 0, f"{lost} of {len(back)} are others")
    unknown = backend.codes(["bank xylophone"], corpus.pieces, job)[0].tolist()
    record.invariant("an unknown piece is known to be unknown", unknown == [corpus.word, HIDDEN], f"coded {unknown}")
    hot, bag = backend.one_hot(corpus.codes, corpus.size, job), backend.bag(corpus.codes, corpus.size, job)
    record.tensor("exact", "one-hot", hot)
    record.tensor("exact", "bag of words", bag)
    summed = hot[:, :, 1:].sum(axis=1)
    record.invariant("a bag is the sum of one-hot rows", np.array_equal(summed, bag[:, 1:]), f"{bag.sum():.0f} counted")
    rare = backend.tf_idf(corpus.texts, corpus.pieces, job)
    record.tensor("weighted", "TF-IDF", rare)
    mixed = [" ".join(np.array(text.split())[permutation(job.seed, text, len(text.split()))]) for text in corpus.texts]
    holds = np.array_equal(backend.tf_idf(mixed, corpus.pieces, job), rare)
    record.invariant("the order of words changes no TF-IDF", holds, "bit for bit expected")


def check_padding(trained: Training, codes: Integers, job: Job, record: Recorder) -> None:
    """Pad every sentence by five: no score may change."""
    places = np.zeros(len(codes), np.int64)
    narrow, wide = trained.output(codes, places), trained.output(np.pad(codes, ((0, 0), (0, 5))), places)
    apart, allowed = np.abs(wide - narrow).max(), job.rounding(64, 16) * np.abs(narrow).max()
    record.invariant("more padding changes no score", apart <= allowed, f"{apart:.1e}, allowed {allowed:.1e}")


def check_learned(losses: Sequence[float], learned: Integers, record: Recorder) -> None:
    """Whoever knows only how common each piece is loses the entropy on average; who looks at the sentence, less."""
    shares = np.bincount(learned[learned > PADDING]) / (learned > PADDING).sum()
    entropy = -float(np.sum(shares[shares > 0] * np.log(shares[shares > 0])))
    last = float(np.mean(losses[-LAST:]))
    record.invariant(
        "knows more than how common each piece is", last < entropy, f"loss {last:.3f}, below {entropy:.3f}"
    )


def check_meanings(trained: Training, corpus: Corpus, record: Recorder) -> None:
    """Compare the word's vectors over pairs of sentences of like and of unlike meaning, none of both learned."""
    weights = {name: weight.astype(np.float64) for name, weight in trained.weights().items()}
    trained.load(weights | {"scores.kernel": np.eye(WIDTH, corpus.size), "scores.bias": np.zeros(corpus.size)})
    places = (corpus.codes == corpus.word).argmax(axis=1)
    vectors = trained.output(corpus.codes, places)[:, :WIDTH].astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = vectors @ vectors.T
    like = np.equal.outer(*[[one.meaning for one in corpus.sentences]] * 2)
    unseen = np.array([one.use == "ask" for one in corpus.sentences])
    pairs = ~np.eye(len(like), dtype=bool) & unseen[:, None]
    same, other = (float(cosines[pairs & chosen].mean()) for chosen in (like, ~like))
    record.measure("likeness in like meaning", same)
    record.measure("likeness in unlike meaning", other)
    holds = same - other >= APART
    record.invariant("the word is more alike in like meaning", holds, f"cosine {same:.3f} against {other:.3f}")
