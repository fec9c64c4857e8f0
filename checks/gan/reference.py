"""Both networks in float64 NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from checks.common.sway import Kicks, twins
from checks.common.tape import Node, slopes
from checks.common.tape_functions import softplus, tanh
from checks.descent.reference import Adam, Nodes, dense
from checks.gan import BETA, RATES

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights
    from checks.gan import Numbers

Array = NDArray[np.float64]
T = TypeVar("T")


class Gan:
    """The meaning of the check; as a twin (`checks/common/sway.py`), with `kicks`."""

    kicks: Kicks | None = None

    def __init__(self, weights: Weights, job: Job) -> None:  # noqa: ARG002 - every backend gets the job
        self.load(weights)

    def load(self, weights: Weights) -> None:
        self._optimisers = {name: Adam(_of(name, weights), rate, BETA) for name, rate in RATES.items()}

    def twins(self) -> list[Gan]:
        """Return twins of both networks as they are now."""
        return twins(self, Gan.kick)

    def kick(self, kicks: Kicks) -> None:
        """Become a twin."""
        self.kicks = kicks
        for optimiser in self._optimisers.values():
            optimiser.weights = kicks.all(optimiser.weights)

    def make(self, noise: Numbers) -> Array:
        return _run(self._nodes(), "generator", self._given(noise)).value

    def score(self, numbers: Numbers) -> Array:
        return _run(self._nodes(), "discriminator", self._given(numbers)).value

    def gradients(self, real: Numbers, noise: Numbers) -> tuple[dict[str, float], dict[str, Array]]:
        nodes = self._nodes()
        made = _run(nodes, "generator", self._given(noise))
        losses = {"discriminator": self._apart(nodes, real, made.value), "generator": _deceived(nodes, made)}
        found = {name: self._kicked(slopes(loss, _of(name, nodes))) for name, loss in losses.items()}
        return {name: float(loss.value) for name, loss in losses.items()}, found["generator"] | found["discriminator"]

    def teach(self, real: Numbers, made: NDArray[np.floating]) -> float:
        nodes = self._nodes()
        return self._step("discriminator", self._apart(nodes, real, made), nodes)

    def discriminate(self, real: Numbers, noise: Numbers) -> float:
        return self.teach(real, self.make(noise))

    def deceive(self, noise: Numbers) -> float:
        nodes = self._nodes()
        return self._step("generator", _deceived(nodes, _run(nodes, "generator", self._given(noise))), nodes)

    def weights(self) -> dict[str, Array]:
        return {name: weight.copy() for one in self._optimisers.values() for name, weight in one.weights.items()}

    def _nodes(self) -> Nodes:
        return {name: Node(weight) for name, weight in self._kicked(self.weights()).items()}

    def _step(self, name: str, loss: Node, nodes: Nodes) -> float:
        self._optimisers[name].step(self._kicked(slopes(loss, _of(name, nodes))))
        return float(loss.value)

    def _apart(self, nodes: Nodes, real: NDArray[np.floating], made: NDArray[np.floating]) -> Node:
        """Return the discriminator's loss: the mean of ln(1 + e⁻ˢ) over real, and of ln(1 + eˢ) over made numbers."""
        right, wrong = (_run(nodes, "discriminator", self._given(one)) for one in (real, made))
        return softplus(-right).mean() + softplus(wrong).mean()

    def _given(self, numbers: NDArray[Any]) -> Node:
        return Node(self.kicks(numbers) if self.kicks else numbers)

    def _kicked(self, values: dict[str, Array]) -> dict[str, Array]:
        return self.kicks.all(values) if self.kicks else values


def _run(nodes: Nodes, name: str, x: Node) -> Node:
    return dense(nodes, f"{name}.output", tanh(dense(nodes, f"{name}.hidden", x)))


def _deceived(nodes: Nodes, made: Node) -> Node:
    """Return the generator's loss: the mean of ln(1 + e⁻ˢ) over made numbers."""
    return softplus(-_run(nodes, "discriminator", made)).mean()


def _of(name: str, weights: dict[str, T]) -> dict[str, T]:
    return {key: value for key, value in weights.items() if key.startswith(f"{name}.")}
