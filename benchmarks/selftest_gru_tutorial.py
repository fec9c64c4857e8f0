"""The GRU check against the plain one-name-at-a-time RNN that beginners start with: speed and accuracy: ``… [DIR]``.

The plain loop is the well-known exercise: one-hot letters, hidden = tanh(W [letter, hidden]), a linear layer and
log-softmax, one name per step, weights moved by hand. Both learn the same names, as many of them, and are asked about
the same ones they never saw. DIR is a folder with one Language.txt each; without it the check's own table is used.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from torch import nn

from checks import gru
from checks.common import pytorch
from checks.common.job import Job
from checks.gru.names import LETTERS
from checks.gru.pytorch import Model

HIDDEN, RATE = 128, 0.005


class Plain(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """A recurrent cell and a linear layer."""

    def __init__(self, languages: int) -> None:
        super().__init__()
        self.cell = nn.Linear(LETTERS + HIDDEN, HIDDEN)
        self.output = nn.Linear(HIDDEN, languages)

    def forward(self, letter: torch.Tensor, hidden: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = torch.tanh(self.cell(torch.cat((letter, hidden), 1)))
        return torch.log_softmax(self.output(hidden), dim=1), hidden

    def read(self, letters: torch.Tensor) -> torch.Tensor:
        hidden = torch.zeros(1, HIDDEN)
        for letter in letters:
            output, hidden = self(letter, hidden)
        return output


def one_hot(batch: Any) -> torch.Tensor:
    return nn.functional.one_hot(torch.from_numpy(batch.letters[0]), LETTERS).float()[:, None]


def learn_plain(plan: gru.Plan, names: int) -> tuple[float, float]:
    model, loss = Plain(len(plan.corpus.languages)), nn.NLLLoss()
    order = np.random.default_rng(0).choice(plan.learned, names)
    started = time.perf_counter()
    for place in order:
        batch = plan.corpus.batch(np.array([place]))
        model.zero_grad()
        loss(model.read(one_hot(batch)), torch.from_numpy(batch.languages)).backward()
        for weight in model.parameters():
            weight.data.add_(weight.grad.data, alpha=-RATE)
    rate = names / (time.perf_counter() - started)
    with torch.no_grad():
        kept = [plan.corpus.batch(plan.kept[place : place + 1]) for place in range(len(plan.kept))]
        right = sum(int(model.read(one_hot(batch)).argmax()) == batch.languages[0] for batch in kept)
    return rate, right / len(kept)


def learn_gru(plan: gru.Plan, job: Job, names: int) -> tuple[float, float]:
    model = Model(plan.weights, job)
    started = time.perf_counter()
    for batch in gru.batches(plan, job.seed, names // gru.BATCH):
        model.step(batch)
    rate = names / (time.perf_counter() - started)
    batch = plan.corpus.batch(plan.kept)
    return rate, float(np.mean(model.logits(batch).argmax(axis=1) == batch.languages))


def main(folder: str) -> int:
    where: dict[str, Any] = {"framework": "pytorch", "device": "cpu", "threads": 1, "trace": "", "log": ""}
    job = Job(check="gru", seed=0, round=1, profile="full", data=folder, **where)
    pytorch.prepare(job)
    plan, names = gru.draw_plan(job), gru.STEPS["full"] * gru.BATCH
    ours, plain = learn_gru(plan, job, names), learn_plain(plan, names)
    print(f"{names} names of {folder or 'the table of the check'}, {len(plan.corpus.languages)} languages, one thread:")
    for title, (rate, accuracy) in {"GRU check": ours, "plain loop": plain}.items():
        print(f"  {title:12}{rate:8,.0f} names/s, accuracy {accuracy:.1%} on {len(plan.kept)} unseen names")
    print(f"  {ours[0] / plain[0]:.1f} times the speed (asked: 10)")
    return 0 if ours[0] >= 10 * plain[0] and ours[1] > plain[1] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
