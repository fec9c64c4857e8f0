"""Handwritten digits by a small convolutional network: two blocks, each convolution, normalisation, ReLU and pooling.

Images (n, 8, 8, 1) of 0 to 1 in sixteenths → convolution 3 x 3 to 8 channels, zeros around the image → batch
normalisation → ReLU → largest of 2 x 2 → the same to 16 channels → 64 numbers → linear → scores (n, 10). Cross-entropy
from scores, mean over the batch; SGD with momentum. Each batch is augmented: an image moves by up to one pixel in both
directions, drawn by us, and zeros come in.

What frameworks write differently is settled so: epsilon 2^-10, inside the root (PyTorch's own is 1e-5, Keras's 1e-3);
moving statistics keep 7/8 and take 1/8 of the batch's (PyTorch's `momentum` is what is taken, Keras's what is kept);
their variance is that of n places: PyTorch's has n - 1 in the denominator (torch.nn.BatchNorm2d's documentation), so
that its backend turns it into ours; a convolution's bias, which normalisation takes away again, is left out; places
come before channels when they are laid side by side; channels last, also in PyTorch's memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.common.costed import Costed, Trained
from checks.common.draw import integers, permutation, uniform
from checks.common.sway import twins_of, unit
from checks.descent import Training
from checks.descent.recorded import record_first_step, record_training

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.descent import Array, Weights

CHANNELS, SIDE, DIGITS, BATCH = (8, 16), 8, 10, 32
RATE, MOMENTUM, KEPT, EPSILON = 2.0**-5, 0.875, 0.875, 2.0**-10
STEPS = {"quick": 200, "full": 600}
PARITY_STEPS = 8
READ = {"quick": 0.8, "full": 0.88}
"""The share of unseen digits that must be read. The nearest of 400 known images gives 98 %; one in ten is chance."""

Images = NDArray[np.float32]
Statistics = dict[str, NDArray[np.floating]]


class Network(Training, Protocol):
    """A network in training that has moving statistics."""

    def statistics(self) -> Statistics:
        """Return ``norm1.mean``, ``norm1.variance``, …, as moved by training since the weights were loaded."""

    def set_statistics(self, statistics: Statistics) -> None:
        """Evaluate with these from now on."""

    def layouts(self, images: Images) -> dict[str, Array]:
        """Return the scores by each order of the axes that the framework has on this device."""


class Backend(Protocol):
    """A backend's module."""

    def network(self, weights: Weights, job: Job) -> Network:
        """Return the network under cross-entropy and SGD with momentum."""

    def augment(self, images: Images, shifts: NDArray[np.int64], job: Job) -> Images:
        """Return each image moved down and right by its `shifts` (n, 2), which are -1, 0 or 1."""


class Plan(NamedTuple):
    """All images and digits, and which are learned and which are kept for the test."""

    images: Images
    digits: NDArray[np.int64]
    learned: NDArray[np.int64]
    kept: NDArray[np.int64]
    seed: int

    def batch(self, step: int) -> tuple[Images, NDArray[np.int64], NDArray[np.int64]]:
        """Return images, their shifts, and digits of a step, epoch after epoch in a newly drawn order."""
        per_epoch = len(self.learned) // BATCH
        epoch, place = divmod(step, per_epoch)
        order = self.learned[permutation(self.seed, f"epoch {epoch}", len(self.learned))]
        rows = order[place * BATCH : (place + 1) * BATCH]
        shifts = integers(self.seed, f"shifts {step}", (BATCH, 2)) % 3 - 1
        return self.images[rows], shifts, self.digits[rows]


def costed(job: Job) -> Costed:
    """Return what `cost` trains."""
    images, _, digits = draw_plan(job.seed).batch(0)

    def train(backend: Backend, weights: Weights) -> Trained:
        model = backend.network(weights, job)
        return Trained(lambda _: model.step((images,), digits), model.weights)

    return Costed(draw_weights(job.seed), train)


def prove(backend: Backend, job: Job, record: Recorder) -> None:
    """Record the first step in full, the training, its statistics, and the laws of a trained network."""
    plan, weights = draw_plan(job.seed), draw_weights(job.seed)
    batches = []
    for step in range(STEPS[job.profile]):
        images, shifts, digits = plan.batch(step)
        batches.append(((backend.augment(images, shifts, job),), digits))
    record.tensor("exact", "augmented images", batches[0][0][0])
    network = backend.network(weights, job)
    record_first_step(network, *batches[0], record)
    network.load(weights)
    twins = twins_of(network)
    for inputs, digits in batches[:PARITY_STEPS]:
        for one in (network, *twins):
            one.step(inputs, digits)
    record_statistics(network, twins, plan, weights, record)
    network.load(weights)
    record_training(network, batches, PARITY_STEPS, record)
    network.set_statistics(network.statistics())
    check_company(network, plan, job, record)
    check_order(backend, plan, weights, job, record)
    check_reading(network, plan, job, record)


def draw_plan(seed: int) -> Plan:
    """Read the digits and split them two to one."""
    lines = Path(__file__).with_name("digits.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line[:1] != "#"]
    pixels = np.array([[int(pixel, 17) for pixel in image] for _, image in rows], np.float32)
    order = permutation(seed, "split", len(rows))
    cut = len(order) // 3
    images = pixels.reshape(-1, SIDE, SIDE, 1) / np.float32(16)
    return Plan(images, np.array([int(digit) for digit, _ in rows]), order[cut:], order[:cut], seed)


def draw_weights(seed: int) -> Weights:
    """Draw the start in the layout of `descent`; kernels shrink with the number of their inputs."""
    one, two = CHANNELS
    shapes = {"conv1.kernel": (3, 3, 1, one), "conv2.kernel": (3, 3, one, two), "scores.kernel": (4 * two, DIGITS)}
    drawn = {name: uniform(seed, name, shape, 0.5 if name[-8] == "1" else 0.25) for name, shape in shapes.items()}
    weights: Weights = {}
    for number, channels in enumerate(CHANNELS, start=1):
        weights |= {
            f"conv{number}.kernel": drawn[f"conv{number}.kernel"],
            f"norm{number}.scale": 1 + uniform(seed, f"scale {number}", (channels,), 0.25),
            f"norm{number}.shift": uniform(seed, f"shift {number}", (channels,), 0.25),
        }
    return weights | {"scores.kernel": drawn["scores.kernel"], "scores.bias": np.zeros(DIGITS)}


def fresh() -> Statistics:
    """Return the statistics of a network that has seen nothing: means of 0, variances of 1."""
    return {
        f"norm{number}.{what}": np.full(channels, float(what == "variance"))
        for number, channels in enumerate(CHANNELS, start=1)
        for what in ("mean", "variance")
    }


def record_statistics(
    network: Network, twins: Sequence[Network], plan: Plan, weights: Weights, record: Recorder
) -> None:
    """Record what the first steps left in the statistics, and the scores that they give in evaluation."""
    found = network.statistics()
    for name, value in found.items():
        known_by = unit(value, [twin.statistics()[name] for twin in twins])
        record.tensor("statistic", f"moving {name}", value, PARITY_STEPS, known_by)
    network.set_statistics(found)
    record.tensor("later", "output in evaluation", network.output(plan.images[plan.kept[:BATCH]]), PARITY_STEPS)
    fixed = {name: np.full_like(value, 0.25 if name.endswith("variance") else 0.125) for name, value in found.items()}
    network.load(weights)
    network.set_statistics(fixed)
    record.tensor("forward", "output by given statistics", network.output(plan.images[plan.kept[:BATCH]]))


def check_company(network: Network, plan: Plan, job: Job, record: Recorder) -> None:
    """In evaluation the other images of a batch, their order and their number must not matter."""
    images = plan.images[plan.kept[:BATCH]]
    together = network.output(images)
    allowed = job.rounding(64, 8) * np.abs(together).max()
    turned = np.abs(network.output(images[::-1].copy())[::-1] - together).max()
    record.invariant("order changes no score", turned <= allowed, f"{turned:.1e}, allowed {allowed:.1e}")
    alone = np.concatenate([network.output(images[place : place + 1]) for place in range(4)])
    apart = np.abs(alone - together[:4]).max()
    record.invariant("company changes no score", apart <= allowed, f"{apart:.1e}, allowed {allowed:.1e}")


def check_order(backend: Backend, plan: Plan, weights: Weights, job: Job, record: Recorder) -> None:
    """Each order of the axes gives the same scores."""
    network = backend.network(weights, job)
    found = network.layouts(plan.images[plan.kept[:BATCH]])
    first = next(iter(found.values()))
    allowed = job.rounding(64, 8) * np.abs(first).max()
    for name, scores in found.items():
        apart = np.abs(scores - first).max()
        record.invariant(f"{name} gives the same", apart <= allowed, f"{apart:.1e}, allowed {allowed:.1e}")


def check_reading(network: Network, plan: Plan, job: Job, record: Recorder) -> None:
    """Ask for digits that were not learned."""
    right = float(np.mean(network.output(plan.images[plan.kept]).argmax(axis=1) == plan.digits[plan.kept]))
    record.measure("accuracy", right)
    wanted = READ[job.profile]
    record.invariant("unseen digits are read", right >= wanted, f"{right:.1%}, at least {wanted:.0%} expected")
