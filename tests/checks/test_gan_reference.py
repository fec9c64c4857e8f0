"""The two networks' float64 against what is worked out by hand, and the laws against networks that break them."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from checks import gan
from checks.common.record import Recorder
from checks.gan import reference
from tests.checks.one_job import JOB


class SlopesLeft(reference.Gan):
    """Adds to a discriminator's step a little of what the generator's step left behind."""

    left = 0.0

    def deceive(self, noise: Any) -> float:
        self.left = super().deceive(noise)
        return self.left

    def teach(self, real: Any, made: Any) -> float:
        loss = super().teach(real, made)
        self._optimisers["discriminator"].weights["discriminator.output.bias"] += self.left * 2.0**-9
        return loss

    def load(self, weights: Any) -> None:
        super().load(weights)
        self.left = 0.0


class Reaching(reference.Gan):
    """A step of the generator moves the discriminator too."""

    def deceive(self, noise: Any) -> float:
        loss = super().deceive(noise)
        self._optimisers["discriminator"].weights["discriminator.hidden.bias"] += 2.0**-9
        return loss


class Collapsed(reference.Gan):
    """Makes the mean of real numbers, always the same."""

    def make(self, noise: Any) -> Any:
        return np.full((len(noise), 1), gan.CENTRE)


class Untaught(reference.Gan):
    """Forgets, between known distributions, what it is given."""

    def teach(self, real: Any, made: Any) -> float:
        loss = super().teach(real, made)
        if len(real) == sum(gan.LIKELY):
            self._optimisers["discriminator"].weights["discriminator.hidden.kernel"][:] = 0
        return loss


class Halved(reference.Gan):
    """A loss that is a mean of two parts, below the best that there is."""

    def teach(self, real: Any, made: Any) -> float:
        return super().teach(real, made) / 2


def broken(kind: type[reference.Gan]) -> list[str]:
    """Return the laws that this one breaks."""
    record = Recorder(lambda done, total: None)
    backend: Any = SimpleNamespace(Gan=kind)
    gan.prove(backend, JOB, record)
    invariants = record.result()["invariants"]
    assert len(invariants) == 8
    return [one["name"] for one in invariants if not one["holds"]]


def test_losses_are_sums_of_means_of_their_formulas() -> None:
    weights = {name: np.zeros_like(weight) for name, weight in gan.draw_weights(0).items()}
    weights["discriminator.output.bias"] = np.array([2.0])
    first = gan.draw_round(0, 0)
    losses, gradients = reference.Gan(weights, JOB).gradients(first.real, first.noise)
    real, made = math.log(1 + math.exp(-2)), math.log(1 + math.exp(2))
    assert losses == pytest.approx({"discriminator": real + made, "generator": real})
    slope = 1 / (1 + math.exp(-2))
    np.testing.assert_allclose(gradients["discriminator.output.bias"], [slope - 1 + slope])
    assert not np.any(gradients["generator.output.kernel"])


def test_real_numbers_have_the_moments_that_are_expected() -> None:
    real = np.concatenate([gan.draw_round(5, number).real for number in range(64)])
    assert abs(real.mean() - gan.CENTRE) < 4 * gan.SPREAD / len(real) ** 0.5
    assert real.std() == pytest.approx(gan.SPREAD, rel=0.03)


@pytest.mark.parametrize(
    ("kind", "laws"),
    [
        (reference.Gan, []),
        (SlopesLeft, ["the discriminator steps as if the other had not"]),
        (Reaching, ["a step of the generator moves it alone"]),
        (Collapsed, ["what is made is like real numbers"]),
        (Untaught, ["the discriminator finds the best", "its scores are ln p - ln q"]),
        (Halved, ["no discriminator is better than the best"]),
    ],
)
def test_a_law_is_broken_by_networks_that_break_it(kind: type[reference.Gan], laws: list[str]) -> None:
    assert broken(kind) == laws
