"""A 3D photo: what an object hides is filled in by a small learned model, and the scene is seen from another place.

After Shih et al., "3D Photography using Context-aware Layered Depth Inpainting" (2020): a picture with depth is cut
into layers where depth jumps; the layer behind gets brightness and depth where the one in front hid it; and each layer
is moved by its disparity, the nearer the further. What fills are partial convolutions (Liu et al. 2018): a window's
known values alone count, ``W · (x ∘ m) · 9 / Σm + b``, and 0 where there are none; a place is known then if any of its
window was. The margin counts as unknown, and nothing is added to Σm where it is not 0.

A scene is drawn: a wall of 16 × 16 whose brightness and disparity are linear in both directions, and a square in front
of it, 5 × 5, nearer and of one brightness, whose place is drawn. Pictures are (n, rows, columns, channels), channels
are brightness and disparity; weights (3, 3, in, out). Three layers 2 → 12 → 12 → 2, ReLU between; the loss is the mean
squared error over the hidden part of the wall, which is known since we drew it; SGD with momentum.

A view is rendered by taking each place of a layer from where it was, ``column - step · disparity``, linear between two
columns, the margin continued; then the square's layer is laid over the wall's.
"""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.common.costed import Costed, Trained
from checks.common.draw import uniform
from checks.common.sway import record_weights, twins_of, unit
from checks.inpaint.photo import check_photo
from checks.inpaint.scene import Photo, draw_scenes

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder

SIZES, ROWS = (2, 12, 12, 2), 8
LEARNING_RATE, MOMENTUM = 0.0625, 0.875  # both exact in binary
STEPS = {"quick": 150, "full": 400}
PARITY_STEPS = 20  # a corner of ReLU that a rounding crosses separates two trainings for good

Array = NDArray[np.floating]
Weights = dict[str, NDArray[np.float64]]


class Model(Protocol):
    """What a backend implements."""

    def __init__(self, weights: Weights, job: Job) -> None: ...
    def fill(self, photo: Photo) -> Array:
        """Return the wall as the model sees it (n, 16, 16, 2)."""

    def known(self, photo: Photo) -> list[Array]:
        """Return what is known after each layer (n, 16, 16, 1)."""

    def gradients(self, photo: Photo) -> tuple[float, dict[str, Array]]:
        """Return loss and gradients; nothing moves."""

    def reach(self, photo: Photo) -> Array:
        """Return |∂ Σ filled / ∂ pictures|."""

    def step(self, photo: Photo) -> float:
        """Make one step of SGD with momentum; return the loss before it."""

    def weights(self) -> dict[str, Array]:
        """Return the weights as they are."""


class Backend(Protocol):
    """A backend's module."""

    Model: type[Model]

    def moved(self, layer: Array, disparity: Array, step: float, job: Job) -> Array:
        """Return the layer (n, 16, 16, c) seen from `step` to the right; `disparity` is (n, 16, 16)."""


def costed(job: Job) -> Costed:
    """Return what `cost` trains."""
    photo = draw_scenes(job.seed, "first", ROWS)

    def train(backend: Backend, weights: Weights) -> Trained:
        model = backend.Model(weights, job)
        return Trained(lambda _: model.step(photo), model.weights)

    return Costed(draw_weights(job.seed), train)


def prove(backend: Backend, job: Job, record: Recorder) -> None:
    """Record the first step in full, the training, and the views that are made with the trained model."""
    model, photo = backend.Model(draw_weights(job.seed), job), draw_scenes(job.seed, "first", ROWS)
    record.tensor("exact", "pictures", photo.pictures)
    for layer, known in enumerate(model.known(photo), start=1):
        record.tensor("exact", f"known after layer {layer}", known.astype(np.float64))
    twins, filled = twins_of(model), model.fill(photo)
    record.tensor("forward", "filled", filled, unit=unit(filled, [twin.fill(photo) for twin in twins]))
    loss, gradients = model.gradients(photo)
    swayed = [twin.gradients(photo)[1] for twin in twins]
    record.tensor("loss", "loss", 1 + loss)  # a loss near 0 counts in spacings of 1, as what is filled does
    for name, gradient in reversed(gradients.items()):
        known_by = unit(gradient, [theirs[name] for theirs in swayed])
        record.tensor("gradient", f"gradient of {name}", gradient, unit=known_by)
    record.tensor("moved", "moved", backend.moved(photo.pictures, photo.pictures[..., 1], 0.75, job))
    steps = STEPS[job.profile]
    for step in range(1, steps + 1):
        if step == steps // 2 + 1:
            halfway = time.perf_counter()
        kind, twins = ("loss", twins) if step <= PARITY_STEPS else ("later", ())
        scenes = draw_scenes(job.seed, f"step {step}", ROWS)
        value = model.step(scenes)
        record.tensor(kind, "loss", 1 + value, step, unit(value, [twin.step(scenes) for twin in twins]))
        record.progress(step, steps)
        if step == PARITY_STEPS:
            record_weights(model, twins, record, step)
    record.measure("pictures per second", (steps - steps // 2) * ROWS / (time.perf_counter() - halfway))
    check_photo(backend, model, job, record)


def draw_weights(seed: int) -> Weights:
    """Draw the start in the layout of the pictures: (3, 3, in, out)."""
    weights: Weights = {}
    for layer, (into, out) in enumerate(pairwise(SIZES), start=1):
        weights[f"{layer}.weight"] = uniform(seed, f"inpaint {layer} weight", (3, 3, into, out), 0.125)
        weights[f"{layer}.bias"] = uniform(seed, f"inpaint {layer} bias", (out,), 0.125)
    return weights
