"""The language of the programs: what registers there are, what an instruction does, and programs written by hand."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

SCALARS, VECTORS, FEATURES = 4, 2, 4
SETUP, PREDICT, LEARN = 1, 1, 3
INSTRUCTIONS = SETUP + PREDICT + LEARN
LABEL, PREDICTION, INPUT = 0, 1, 0
CONSTANTS = (-1.0, -0.5, 0.25, 0.5, 1.0, 1.5, 2.0, 4.0)

Programs = NDArray[np.int64]
"""Instructions (…, instruction, 4): operation, out, a and b."""


class Operation(IntEnum):
    """What an instruction (operation, out, a, b) does; a register's number is taken modulo how many there are."""

    NOTHING = 0
    ADD = 1
    """s[out] = s[a] + s[b]"""
    SUBTRACT = 2
    """s[out] = s[a] - s[b]"""
    MULTIPLY = 3
    """s[out] = s[a] · s[b]"""
    DOT = 4
    """s[out] = v[a] · v[b]"""
    MOVE = 5
    """v[out] = v[out] + s[a] v[b]"""
    CONSTANT = 6
    """s[out] = CONSTANTS[b]"""


def written() -> Programs:
    """Return linear regression by gradient descent: w += 2 (label - w·x) x."""
    return np.array(
        [
            (Operation.CONSTANT, 3, 0, CONSTANTS.index(2.0)),
            (Operation.DOT, PREDICTION, INPUT, 1),
            (Operation.SUBTRACT, 2, LABEL, PREDICTION),
            (Operation.MULTIPLY, 2, 2, 3),
            (Operation.MOVE, 1, 2, INPUT),
        ]
    )


def ignorant() -> Programs:
    """Return the program that does nothing."""
    return np.zeros((INSTRUCTIONS, 4), np.int64)


def describe(program: Programs) -> list[str]:
    """Return the instructions as a person writes them."""
    return [_line(*(int(field) for field in one)) for one in program]


def _line(operation: int, out: int, a: int, b: int) -> str:
    s, v = (f"s{out % SCALARS}", f"s{a % SCALARS}", f"s{b % SCALARS}"), (out % VECTORS, a % VECTORS, b % VECTORS)
    return {
        Operation.NOTHING: "nothing",
        Operation.ADD: f"{s[0]} = {s[1]} + {s[2]}",
        Operation.SUBTRACT: f"{s[0]} = {s[1]} - {s[2]}",
        Operation.MULTIPLY: f"{s[0]} = {s[1]} {s[2]}",
        Operation.DOT: f"{s[0]} = v{v[1]}·v{v[2]}",
        Operation.MOVE: f"v{v[0]} += {s[1]} v{v[2]}",
        Operation.CONSTANT: f"{s[0]} = {CONSTANTS[b % len(CONSTANTS)]}",
    }[Operation(operation)]
