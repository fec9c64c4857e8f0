"""Two networks against each other: a generator of numbers and a discriminator that tells them from drawn ones.

Noise (n, 4) → linear to 16 → tanh → linear → a number; a number → linear to 16 → tanh → linear → a score. Real numbers
are sums of four drawn ones, around 1.5. A round is a step of the discriminator, on ln(1 + e⁻ˢ) of real ones and
ln(1 + eˢ) of made ones, each a mean, and then one of the generator on ln(1 + e⁻ˢ) of newly made ones (the
non-saturating loss of Goodfellow et al. 2014, section 3). Two optimisers, both Adam with β₁ = 1/2 (Radford et al.
2015, section 4); all noise is drawn by us.

Between distributions p and q the best score is ln p - ln q (there, proposition 1). For real numbers that are
Bin(4, 3/4), and made ones that are Bin(4, 1/4), it is (k - 2) 2 ln 3, and the loss is known to all digits.

What frameworks write differently is settled so: the discriminator's loss is a sum of two means, not the mean of both;
made numbers are constants in its step.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.common.costed import Costed, Trained
from checks.common.draw import uniform
from checks.common.sway import record_weights, twins_of, unit

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.descent import Array, Weights

NOISE, HIDDEN, BATCH = 4, 16, 128
RATES = {"generator": 2.0**-7, "discriminator": 2.0**-5}
BETA = 0.5
STEPS = {"quick": 320, "full": 960}
PARITY_STEPS = 8
CENTRE = 1.5
SPREAD = 3**-0.5
"""The standard deviation of a sum of four numbers that are uniform in [-1/2, 1/2): 2 / √12."""
NEAR = 0.125
"""How far mean and standard deviation may be of all that is made in the second half of the rounds. Two opponents circle
around where both are best, so that no single round says much. They start at 0 and 0.3; of 24 other seeds in float64 all
end within 0.05 of both."""
LIKELY = (1, 12, 54, 108, 81)
"""256 times Bin(4, 3/4); Bin(4, 1/4) is the same from behind."""
OPTIMUM_STEPS, WATCHED = 500, 100

Numbers = NDArray[np.float32]


class Gan(Protocol):
    """Both networks with their optimisers."""

    def __init__(self, weights: Weights, job: Job) -> None: ...
    def load(self, weights: Weights) -> None:
        """Start again from `weights`, with nothing left in the optimisers."""

    def make(self, noise: Numbers) -> Array:
        """Return what the generator makes (n, 1)."""

    def score(self, numbers: Numbers) -> Array:
        """Return the discriminator's scores (n, 1)."""

    def gradients(self, real: Numbers, noise: Numbers) -> tuple[dict[str, float], dict[str, Array]]:
        """Return the loss of either network, and each network's gradients of its own; nothing moves."""

    def teach(self, real: Numbers, made: Numbers) -> float:
        """Make a step of the discriminator on numbers that somebody made; return the loss before it."""

    def discriminate(self, real: Numbers, noise: Numbers) -> float:
        """Make a step of the discriminator on what the generator makes; return the loss before it."""

    def deceive(self, noise: Numbers) -> float:
        """Make a step of the generator; return the loss before it."""

    def weights(self) -> dict[str, Array]:
        """Return the weights of both."""


class Backend(Protocol):
    """A backend's module."""

    Gan: type[Gan]


class Round(NamedTuple):
    """What one round is given: real numbers, noise for the discriminator's step, and for the generator's."""

    real: Numbers
    noise: Numbers
    fresh: Numbers


def costed(job: Job) -> Costed:
    """Return what `cost` trains: both networks, a step each."""

    def train(backend: Backend, weights: Weights) -> Trained:
        both = backend.Gan(weights, job)

        def step(number: int) -> float:
            given = draw_round(job.seed, number)
            loss = both.discriminate(given.real, given.noise)
            both.deceive(given.fresh)
            return loss

        return Trained(step, both.weights)

    return Costed(draw_weights(job.seed), train, falls=False)


def prove(backend: Backend, job: Job, record: Recorder) -> None:
    """Record the first round in full, look for leaks, train, and find the best discriminator."""
    weights = draw_weights(job.seed)
    gan = backend.Gan(weights, job)
    first = draw_round(job.seed, 0)
    record_first_round(gan, first, record)
    check_leaks(gan, weights, first, record)
    gan.load(weights)
    train(gan, job, record)
    check_optimum(gan, weights, record)


def draw_weights(seed: int) -> Weights:
    """Draw the start in the layout of `descent`."""
    weights: Weights = {}
    for name, inputs in (("generator", NOISE), ("discriminator", 1)):
        weights |= {
            f"{name}.hidden.kernel": uniform(seed, f"{name} hidden", (inputs, HIDDEN)),
            f"{name}.hidden.bias": uniform(seed, f"{name} hidden bias", (HIDDEN,)),
            f"{name}.output.kernel": uniform(seed, f"{name} output", (HIDDEN, 1), 0.25),
            f"{name}.output.bias": np.zeros(1),
        }
    return weights | {"discriminator.output.bias": np.array([0.125])}  # a slope there would cancel at a score of 0


def draw_round(seed: int, number: int) -> Round:
    """Draw what round `number` is given."""
    real = CENTRE + uniform(seed, f"real {number}", (BATCH, 4), 0.5).sum(axis=1, keepdims=True)
    noise, fresh = (uniform(seed, f"{name} {number}", (BATCH, NOISE)) for name in ("noise", "fresh"))
    return Round(real.astype(np.float32), noise.astype(np.float32), fresh.astype(np.float32))


def record_first_round(gan: Gan, first: Round, record: Recorder) -> None:
    """Record what either network gives, its loss and its gradients, before anything is learned."""
    twins = twins_of(gan)
    made, scores = gan.make(first.noise), gan.score(first.real)
    record.tensor("forward", "made numbers", made, unit=unit(made, [one.make(first.noise) for one in twins]))
    known_by = unit(scores, [one.score(first.real) for one in twins])
    record.tensor("forward", "scores of real numbers", scores, unit=known_by)
    losses, gradients = gan.gradients(first.real, first.noise)
    swayed = [one.gradients(first.real, first.noise) for one in twins]
    for name, loss in losses.items():
        record.tensor("loss", f"{name}: loss", loss, unit=unit(loss, [theirs[name] for theirs, _ in swayed]))
    for name, gradient in reversed(gradients.items()):
        known_by = unit(gradient, [theirs[name] for _, theirs in swayed])
        record.tensor("gradient", f"gradient of {name}", gradient, unit=known_by)


def check_leaks(gan: Gan, weights: Weights, first: Round, record: Recorder) -> None:
    """Look for weights that the other network's step moves, and for slopes that it leaves behind."""
    steps: dict[str, Callable[[], float]] = {
        "discriminator": lambda: gan.discriminate(first.real, first.noise),
        "generator": lambda: gan.deceive(first.fresh),
    }
    for name, step in steps.items():
        before = moved_by(gan, weights)
        after = moved_by(gan, weights, step)
        moved = {one.partition(".")[0] for one in before if not np.array_equal(before[one], after[one])}
        record.invariant(f"a step of the {name} moves it alone", moved == {name}, f"moved: {', '.join(sorted(moved))}")
    for (name, step), other in zip(steps.items(), reversed(steps.values()), strict=True):
        halfway = {one: value.astype(np.float64) for one, value in moved_by(gan, weights, other).items()}
        together = moved_by(gan, weights, other, step, step)  # Adam's first step hardly asks how large a slope is
        alone = moved_by(gan, halfway, step, step)
        apart = max(float(np.abs(together[one] - alone[one]).max()) for one in alone)
        detail = f"{apart:.1e} apart, bit for bit expected"
        record.invariant(f"the {name} steps as if the other had not", apart == 0, detail)


def moved_by(gan: Gan, weights: Weights, *steps: Callable[[], float]) -> dict[str, Array]:
    """Return the weights after these steps from `weights`."""
    gan.load(weights)
    for step in steps:
        step()
    return gan.weights()


def train(gan: Gan, job: Job, record: Recorder) -> None:
    """Record every loss, the weights where parity ends, and how far what is made has come."""
    steps = STEPS[job.profile]
    rounds = [draw_round(job.seed, number) for number in range(steps)]
    made: list[Array] = []
    twins = twins_of(gan)
    halfway = time.perf_counter()
    for number, given in enumerate(rounds, start=1):
        if number == steps // 2 + 1:
            halfway = time.perf_counter()
        twins = twins if number <= PARITY_STEPS else ()
        kind = "loss" if number <= PARITY_STEPS else "later"
        for name, move in moves(given).items():
            loss = move(gan)
            record.tensor(kind, f"{name}: loss", loss, number, unit(loss, [move(one) for one in twins]))
        if number == PARITY_STEPS:
            record_weights(gan, twins, record, number)
        if number > steps // 2:
            made.append(gan.make(given.noise))
        record.progress(number, steps)
    record.measure("rounds per second", (steps - steps // 2) / (time.perf_counter() - halfway))
    check_made(made, record)


def moves(given: Round) -> dict[str, Callable[[Gan], float]]:
    """Return the two steps of a round."""
    return {
        "discriminator": lambda gan: gan.discriminate(given.real, given.noise),
        "generator": lambda gan: gan.deceive(given.fresh),
    }


def check_made(made: list[Array], record: Recorder) -> None:
    """Compare what was made over many rounds with the distribution of real numbers."""
    mean, spread = float(np.mean(made)), float(np.std(made))
    record.measure("mean of what is made", mean)
    record.measure("spread of what is made", spread)
    holds = abs(mean - CENTRE) <= NEAR and abs(spread - SPREAD) <= NEAR
    record.invariant("what is made is like real numbers", holds,
                     f"mean {mean:.3f}, {CENTRE} expected; deviation {spread:.3f}, {SPREAD:.3f} expected")  # fmt: skip


def check_optimum(gan: Gan, weights: Weights, record: Recorder) -> None:
    """Teach the discriminator alone, on numbers whose distributions are known: its loss cannot go below the best."""
    places = (np.arange(len(LIKELY)) - 2.0).astype(np.float32)[:, None]
    loss, scores = teach_alone(gan, weights, places)
    wanted = 2 * math.log(3) * places[:, 0].astype(np.float64)
    likely = np.array(LIKELY) / sum(LIKELY)
    best = float(likely @ np.log1p(np.exp(-wanted)) + likely[::-1] @ np.log1p(np.exp(wanted)))
    record.measure("discriminator above its optimum", loss - best)
    shown = f"loss {loss:.7f}, {best:.7f} expected"
    record.invariant("no discriminator is better than the best", loss >= best * (1 - 2.0**-18), shown)
    record.invariant("the discriminator finds the best", loss <= best + 0.002, shown)
    apart = float(np.abs(scores - wanted)[1:-1].max())  # at either end only one number in 256 is of the other kind
    shown = f"{', '.join(f'{score:.2f}' for score in scores)}; {wanted[0]:.2f} to {wanted[-1]:.2f} expected"
    record.invariant("its scores are ln p - ln q", apart <= 0.25, shown)


def teach_alone(gan: Gan, weights: Weights, places: Numbers) -> tuple[float, Array]:
    """Return the least loss of the last steps, and the scores of `places` that it belongs to.

    Adam at a constant rate still trembles around where it is best.
    """
    real, made = (np.repeat(places, counts, axis=0) for counts in (LIKELY, LIKELY[::-1]))
    gan.load(weights)
    for _ in range(OPTIMUM_STEPS - WATCHED):
        gan.teach(real, made)
    loss, best = math.inf, places
    for _ in range(WATCHED):
        scores = gan.score(places)
        if (now := gan.teach(real, made)) < loss:
            loss, best = now, scores
    return loss, best[:, 0]
