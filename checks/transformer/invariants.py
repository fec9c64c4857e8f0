"""What must hold of any correct transformer, whatever its numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from checks.common.draw import permutation
from checks.transformer.text import LETTERS, encode, pad

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.transformer import Array, Model, Plan
    from checks.transformer.text import Batch

_EPS = 2.0**-23
_ROUNDINGS = 64, 6  # of two layers of some hundred products each: in float32, and in less
_OVERFIT_STEPS = 40


def check_encoder(model: Model, plan: Plan, job: Job, record: Recorder) -> None:
    """Record the invariants of an encoder; `model` comes with the plan's weights and is left with others."""
    rounding = job.rounding(*_ROUNDINGS)
    _padding(model, plan, rounding, record)
    _key_bias(model, plan, rounding, record)
    _permutation(model, plan, rounding, record)
    _initial_loss("encoder", model, plan, plan.batch(0, causal=False), record)


def check_language_model(model: Model, plan: Plan, job: Job, record: Recorder) -> None:
    """Record the invariants of a causal model; `model` comes with the plan's weights and is left with others."""
    _future(model, plan, record)
    _context(model, job.rounding(*_ROUNDINGS), record)
    _initial_loss("language model", model, plan, plan.batch(0, causal=True), record)


def check_knowledge(trained: Model, plan: Plan, record: Recorder) -> None:
    """Record whether a trained language model knows more of the text than how frequent each letter is."""
    batch = plan.batch(0, causal=True)
    asked = batch.targets[batch.targets != 0]
    shares = np.bincount(asked)[np.unique(asked)] / len(asked)
    entropy, (loss, _) = -float((shares * np.log(shares)).sum()), trained.gradients(batch)
    record.measure("loss per letter", loss)
    record.invariant("better than the letters' frequencies", loss < entropy, f"{loss:.3f} against {entropy:.3f}")


def check_overfit(title: str, model: Model, plan: Plan, batch: Batch, record: Recorder) -> None:
    """Record whether one batch is learned by heart, as any model that learns at all can."""
    model.load(plan.weights)
    first, *_, last = (model.step(batch) for _ in range(_OVERFIT_STEPS))
    record.invariant(f"{title}: one batch is learned by heart", last < first / 4, f"loss {first:.3f} → {last:.3f}")


def _padding(model: Model, plan: Plan, rounding: float, record: Recorder) -> None:
    """Hold vectors with padding and company against those without: only rounding may differ, and padding has no say."""
    lines = sorted(plan.lines[:4], key=len)
    shortest = len(lines[0])
    together = model.layers(pad(lines))["norm"][:1, :shortest]
    alone = model.layers(pad(lines[:1]))["norm"]
    padded = model.layers(pad(lines[:1], more=5))["norm"][:, :shortest]
    for what, other in (("company in the batch", alone), ("more padding", padded)):
        apart, allowed = np.abs(together - other).max(), rounding * np.abs(together).max()
        record.invariant(f"{what} changes no vector", apart <= allowed, f"{apart:.2e}, allowed {allowed:.2e}")
    influence = np.abs(model.influence(pad(lines), 0)[0]).max(axis=-1)
    inside, outside = influence[:shortest].min(), influence[shortest:].max()
    record.invariant(
        "letters have influence and padding has none", inside > 0 and outside == 0, f"{inside:.1e} and {outside:.1e}"
    )


def _permutation(model: Model, plan: Plan, rounding: float, record: Recorder) -> None:
    """Permute the letters of a line: without places the vectors are permuted likewise, with them they are others."""
    line = max(plan.lines, key=len)
    order = permutation(plan.seed, "letters of a line", len(line))
    both, apart = np.stack([line, line[order]]), []
    for places in (0 * plan.weights["places"], plan.weights["places"]):
        model.load(plan.weights | {"places": places})
        plain, permuted = model.layers(both)["norm"]
        apart.append(np.abs(plain[order] - permuted).max() / np.abs(plain).max())
    holds = apart[0] <= rounding and apart[1] > 0.01
    record.invariant(
        "letters may change places only where places count", holds, f"moved by {apart[0]:.1e} and {apart[1]:.1e}"
    )


def _key_bias(model: Model, plan: Plan, rounding: float, record: Recorder) -> None:
    """Look for the 0 it must be: a key's bias shifts all scores of a query alike, which softmax does not see."""
    _, gradients = model.gradients(plan.batch(0, causal=False))
    query, key, value = np.abs(gradients["1.attention.input.bias"]).max(axis=-1)
    holds = query > 0 and key <= rounding * value
    record.invariant("the bias of the keys has no gradient", holds, f"{key:.1e}; queries {query:.1e}")


def _future(model: Model, plan: Plan, record: Recorder) -> None:
    """Differentiate the scores at one place: by later letters the gradient is 0, not small, by the others it is not."""
    letters = plan.batch(0, causal=True).letters[:1]
    place = letters.shape[1] // 2
    influence = np.abs(model.influence(letters, place)[0]).max(axis=-1)
    past, future = influence[: place + 1].min(), influence[place + 1 :].max()
    record.invariant("no gradient to the future", past > 0 and future == 0, f"past {past:.1e}, future {future:.1e}")


def _context(model: Model, rounding: float, record: Recorder) -> None:
    """Compare a word, at the same place, after another word and before another word: only the former changes it."""
    that, this, other = (
        model.layers(encode(text)[None])["norm"][0, 10]
        for text in ("that nation, or", "this nation, or", "that nation might")
    )
    moved = _apart(this, that)
    record.invariant("one word, two contexts, two vectors", moved > 0.001, f"nation after that and this: {moved:.1e}")
    moved = _apart(other, that)
    record.invariant("what follows a word is not seen", moved <= rounding, f"nation before or and might: {moved:.1e}")


def _apart(one: Array, two: Array) -> float:
    return float(np.abs(one - two).max() / np.abs(two).max())


def _initial_loss(title: str, model: Model, plan: Plan, batch: Batch, record: Recorder) -> None:
    """Take the output layer away: every letter is equally likely, and the loss is ln(letters)."""
    silent = {name: np.zeros_like(plan.weights[name]) for name in ("output.weight", "output.bias")}
    model.load(plan.weights | silent)
    loss, _ = model.gradients(batch)
    expected = math.log(LETTERS)
    holds = abs(loss - expected) <= 8 * _EPS * expected
    record.invariant(f"{title}: a zero output layer loses ln(letters)", holds, f"{loss:.7f}, expected {expected:.7f}")
