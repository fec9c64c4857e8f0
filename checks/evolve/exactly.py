"""Whether a program is linear regression by gradient descent: it is run in fractions, which have no roundings."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from checks.common.draw import integers
from checks.evolve.language import (
    CONSTANTS,
    FEATURES,
    INPUT,
    LABEL,
    PREDICT,
    PREDICTION,
    SCALARS,
    SETUP,
    VECTORS,
    Operation,
)

if TYPE_CHECKING:
    from checks.evolve.language import Programs

STEPS = 6
WEIGHTS = 1 - INPUT
"""The vector that keeps the weights: the other one holds the input."""

Vector = list[Fraction]
Example = tuple[Vector, Fraction]


def rate(program: Programs, seed: int) -> Fraction | None:
    """Return η if every step on drawn examples is w ← w + η (label - w·x) x, with one η above 0, and None if not.

    What predict gives must be w·x. Both sides are polynomials of the examples: were they not the same, they would
    differ nearly everywhere (Schwartz and Zippel), so that a few drawn examples tell.
    """
    rates = {_rate_of(step) for step in _steps(program, _draw(seed))}
    found = rates.pop()
    return found if not rates and found is not None and found > 0 else None


def _steps(program: Programs, examples: list[Example]) -> list[tuple[Vector, Fraction, Vector, Example]]:
    """Return weights, prediction, weights afterwards and the example of each step."""
    memory, found = _Memory(), []
    memory.run(program[:SETUP])
    for inputs, label in examples:
        before = list(memory.vectors[WEIGHTS])
        memory.vectors[INPUT] = list(inputs)
        memory.scalars[LABEL] = memory.scalars[PREDICTION] = Fraction(0)
        memory.run(program[SETUP : SETUP + PREDICT])
        predicted = memory.scalars[PREDICTION]
        memory.scalars[LABEL] = label
        memory.run(program[SETUP + PREDICT :])
        found.append((before, predicted, memory.vectors[WEIGHTS], (inputs, label)))
    return found


def _rate_of(step: tuple[Vector, Fraction, Vector, Example]) -> Fraction | None:
    """Return η of one step, None if it is no step of gradient descent."""
    before, predicted, after, (inputs, label) = step
    slope = [(label - predicted) * one for one in inputs]
    moved = [now - then for now, then in zip(after, before, strict=True)]
    eta = moved[0] / slope[0] if slope[0] else None
    right = predicted == _dot(before, inputs) and eta is not None and moved == [eta * one for one in slope]
    return eta if right else None


class _Memory:
    """The registers of one program on one task."""

    def __init__(self) -> None:
        self.scalars = [Fraction(0)] * SCALARS
        self.vectors = [[Fraction(0)] * FEATURES for _ in range(VECTORS)]

    def run(self, instructions: Programs) -> None:
        for operation, out, a, b in instructions.tolist():
            one, other = self.scalars[a % SCALARS], self.scalars[b % SCALARS]
            left, right = self.vectors[a % VECTORS], self.vectors[b % VECTORS]
            if operation == Operation.MOVE:
                moved = [there + one * each for there, each in zip(self.vectors[out % VECTORS], right, strict=True)]
                self.vectors[out % VECTORS] = moved
            elif operation != Operation.NOTHING:
                self.scalars[out % SCALARS] = {
                    Operation.ADD: one + other,
                    Operation.SUBTRACT: one - other,
                    Operation.MULTIPLY: one * other,
                    Operation.DOT: _dot(left, right),
                    Operation.CONSTANT: Fraction(CONSTANTS[b % len(CONSTANTS)]),
                }[Operation(operation)]


def _dot(left: Vector, right: Vector) -> Fraction:
    return sum((one * other for one, other in zip(left, right, strict=True)), Fraction(0))


def _draw(seed: int) -> list[Example]:
    """Draw examples in sixteenths; no input is 0, nor is a label, which is the first error."""
    inputs = (2 * integers(seed, "exact inputs", (STEPS, FEATURES), 5) - 31).tolist()
    labels = (2 * integers(seed, "exact labels", (STEPS,), 8) + 129).tolist()
    return [
        ([Fraction(one, 16) for one in row], Fraction(label, 16)) for row, label in zip(inputs, labels, strict=True)
    ]
