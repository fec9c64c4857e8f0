"""Bounds of the promise that one SHA-256 of the exact check holds on any hardware: ``… [STEPS]``.

Every product of the trainings, forward and back, is emulated in NumPy with inputs and sums kept to so many significant
bits: 24/24 float32, 11/24 TF32 or float16, 8/24 bfloat16, all with float32 sums. A row says whether every recorded bit
of all three models is the right one.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.checks.emulated import same_everywhere

CASES = [
    (24, 24),
    (11, 24),
    (8, 24),
    (7, 24),
    (6, 24),
    (8, 20),
    (8, 18),
    (8, 16),
    (8, 15),
    (8, 14),
    (8, 13),
    (8, 11),
    (8, 8),
]
PROMISED = {(24, 24), (11, 24), (8, 24)}


def main(steps: int) -> int:
    print(f"{steps} steps; are all recorded bits the right ones?")
    broken = False
    for inputs, sums in CASES:
        found = same_everywhere(inputs, sums, steps)
        listed = ", ".join(f"{model} {'yes' if same else 'no'}" for model, same in found.items())
        print(f"  inputs {inputs:2} bits, sums {sums:2} bits: {listed}")
        broken |= (inputs, sums) in PROMISED and not all(found.values())
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 60))
