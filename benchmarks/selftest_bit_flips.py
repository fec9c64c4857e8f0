"""Flip one random bit in one random product of one random step of the exact trainings, 200 times: ``… [FLIPS] [SEED]``.

For every flip: do the recorded products, slopes and weights give it away, and would the final weights alone have?
A flip that changes no number (the sign of a zero) is drawn again. Takes about half a second per flip.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from checks.common import pytorch
from checks.common.job import Job
from checks.exact import STEPS, canonical, draw
from checks.exact.models import MODELS
from checks.exact.pytorch import Trainer

WHERE: dict[str, Any] = {"framework": "pytorch", "device": "cpu", "threads": 1, "trace": "", "log": "", "data": ""}
JOB = Job(check="exact", seed=0, round=1, profile="quick", **WHERE)


class Faulty(Trainer):
    """A trainer with one bit flipped in the `place`-th product of all; `flipped` says whether a number changed."""

    place, element, bit = -1, 0, 0
    seen = 0
    flipped = False

    def product(self, left: Any, right: Any) -> Any:
        result = super().product(left, right)
        if self.seen == self.place:
            flat = result.detach().view(-1)
            before = float(flat[self.element])
            flat.view(torch.int32)[self.element] ^= -(2**31) if self.bit == 31 else 1 << self.bit
            self.flipped = float(flat[self.element]) != before
        self.seen += 1
        return result


def train(model: str, place: int = -1, element: int = 0, bit: int = 0) -> tuple[Faulty, list[bytes], bytes]:
    trainer = Faulty(model, *draw(model, JOB.seed), JOB)
    trainer.place, trainer.element, trainer.bit = place, element, bit
    running = []
    for _ in range(STEPS["quick"]):
        done = trainer.step()
        running.append(canonical(*done.products, done.loss, *done.slopes.values()).tobytes())
    return trainer, running, canonical(*trainer.weights().values()).tobytes()


def main(flips: int, seed: int) -> int:
    pytorch.prepare(JOB)
    clean = {model: train(model) for model in MODELS}
    draws, caught, by_weights, done = random.Random(seed), 0, 0, 0
    while done < flips:
        model = draws.choice(list(MODELS))
        place = draws.randrange(clean[model][0].seen)
        faulty, running, weights = train(model, place, draws.randrange(256), draws.randrange(32))
        if not faulty.flipped:
            continue
        done += 1
        caught += running != clean[model][1]
        by_weights += weights != clean[model][2]
    print(f"{flips} single-bit flips in one product of one step (seed {seed}):")
    print(f"  caught by the recorded products: {caught}")
    print(f"  caught by the final weights alone: {by_weights}")
    return 0 if caught == flips else 1


if __name__ == "__main__":
    given = dict(enumerate(map(int, sys.argv[1:])))
    sys.exit(main(given.get(0, 200), given.get(1, 0)))
