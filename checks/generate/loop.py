"""The loop: write, judge, rank, learn from the best; and what must come of it."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from checks.generate.decoding import beam, sample
from checks.transformer.text import ALPHABET, LETTERS, ask_next, encode

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.generate import Array, Backend, Head, Plan, Writer
    from checks.transformer.text import Integers

STEPS = {"quick": 60, "full": 240}
ROUNDS = {"quick": 2, "full": 4}
REPLIES, LENGTH, HEAD_STEPS, TUNING = 16, 16, 120, 4
_VOWELS = encode("aeiou")
_KNOWS = 0.25
"""Nats below ln(letters) that the loss must fall: that letters differ in frequency is worth some 0.5 in English."""
_TOLD = 0.75
"""Share of replies and lines that the judge must tell apart; a guess has half, and the writer knows few words."""


def prove_loop(backend: Backend, plan: Plan, job: Job, record: Recorder) -> None:
    """Train the writer, then go round; record every loss, reply and winner."""
    writer = backend.Writer(plan.weights, job, wide=True)
    losses = []
    for step in range(1, STEPS[job.profile] + 1):
        losses.append(writer.step(plan.batch(step)))
        record.tensor("training", "training loss", losses[-1], step)
        record.progress(step, STEPS[job.profile] + 10 * ROUNDS[job.profile])
    guess, last = math.log(LETTERS), float(np.mean(losses[-10:]))
    record.invariant("the writer learns", last < guess - _KNOWS, f"loss {last:.3f}, a guess has {guess:.3f}")
    _beams(writer, record)
    started = time.perf_counter()
    for turn in range(1, ROUNDS[job.profile] + 1):
        _turn(backend, writer, plan, turn, job, record)
        record.progress(STEPS[job.profile] + 10 * turn, STEPS[job.profile] + 10 * ROUNDS[job.profile])
    letters = ROUNDS[job.profile] * REPLIES * LENGTH
    record.measure("letters per second", letters / (time.perf_counter() - started))


def _turn(backend: Backend, writer: Writer, plan: Plan, turn: int, job: Job, record: Recorder) -> None:
    """Write replies, train the judge and the crowd on them, choose, and tune the writer on the better half."""
    replies = sample(backend, writer, REPLIES, LENGTH, f"replies {turn}", job)
    record.tensor("exact", "replies", replies, turn)
    real = _real(plan, turn)
    features = _even(np.concatenate([writer.hidden(each).mean(axis=1) for each in (real, replies)]))
    judge, crowd = backend.Head("judge", job), backend.Head("crowd", job)
    truth = np.repeat([1.0, 0.0], REPLIES)
    votes = np.isin(np.concatenate([real, replies]), _VOWELS).mean(axis=1)
    for name, head, targets in (("judge", judge, truth), ("crowd", crowd, votes)):
        record.tensor("training", f"losses of the {name}", _fitted(head, features, targets), turn)
    told = float(np.mean((judge.scores(features) > 0) == (truth > 0.5)))
    record.invariant(f"the judge tells real from made, turn {turn}", told >= _TOLD, f"{told:.0%}, by chance 50%")
    missed = float(np.mean((crowd.scores(features) - votes) ** 2))
    spread = float(votes.var())
    detail = f"mean squared error {missed:.2e}, of the mean {spread:.2e}"
    record.invariant(f"the crowd predicts better than the mean, turn {turn}", missed < spread, detail)
    made = features[REPLIES:]
    worth = 1 / (1 + np.exp(-judge.scores(made))) + crowd.scores(made)
    record.tensor("training", "worth of each reply", worth, turn)
    order = np.argsort(-worth, kind="stable")
    record.tensor("exact", "the order of replies", order, turn)
    record.observe("replies", f"the best of turn {turn}", _text(replies[order[0]]))
    better = ask_next(list(replies[order[: REPLIES // 2]]))
    tuned = [writer.step(better) for _ in range(TUNING)]
    record.tensor("training", "losses of tuning", tuned, turn)
    record.invariant(
        f"tuning makes the best likelier, turn {turn}", tuned[-1] < tuned[0], f"{tuned[0]:.3f} → {tuned[-1]:.3f}"
    )


def _even(features: Array) -> NDArray[np.float64]:
    """Return features of mean 0 and deviation 1 each, so that gradient descent moves along all of them."""
    even: NDArray[np.float64] = (features - features.mean(axis=0)) / features.std(axis=0)
    return even


def _fitted(head: Head, features: Array, targets: NDArray[np.float64]) -> list[float]:
    return [head.step(features, targets) for _ in range(HEAD_STEPS)]


def _beams(writer: Writer, record: Recorder) -> None:
    """Compare one beam with the greedy choice, and four with one: more beams find nothing less likely here."""
    single, likely = beam(writer, 1, LENGTH)
    writer.begin()
    letters, greedy = encode("\n"), []
    for _ in range(LENGTH):
        letters = writer.next(letters).argmax(axis=1)
        greedy.append(int(letters[0]))
    several, likelier = beam(writer, 4, LENGTH)
    record.tensor("exact", "reply of one beam", single)
    record.tensor("exact", "reply of four beams", several)
    record.tensor("training", "logarithms of their probabilities", [likely, likelier])
    record.observe("replies", "four beams", _text(several))
    record.invariant("one beam is the greedy choice", single.tolist() == greedy, f"{_text(single)!r}")
    record.invariant(
        "four beams end no worse than the greedy choice", likelier >= likely, f"{likelier:.4f}, {likely:.4f}"
    )


def _real(plan: Plan, turn: int) -> Integers:
    """Return beginnings of lines, as long as the replies."""
    long = [line for line in plan.lines if len(line) >= LENGTH]
    return np.stack([long[(turn * REPLIES + row) % len(long)][:LENGTH] for row in range(REPLIES)])


def _text(letters: Integers) -> str:
    """Return the letters as text; those that are none, padding and the mark of what is hidden, as a question mark."""
    return "".join(ALPHABET[letter - 2] if letter >= 2 else "?" for letter in letters).replace("\n", "/")
