"""PyTorch's own: `torch.compile`, random numbers in loader workers, memory that was never written, denormals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from checks.common.inductor.pytorch import compile_anew, no_compiler
from checks.common.pytorch import device
from checks.determinism import FEATURES, HIDDEN

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.determinism import Data

_ITEMS = 64


class Drawing(Dataset[float]):
    """Items that are drawn by NumPy's global generator where they are asked for, as careless augmentation does."""

    def __len__(self) -> int:
        return _ITEMS

    def __getitem__(self, place: int) -> float:
        return float(np.random.random())


def observe_own(job: Job, data: Data, record: Recorder) -> None:
    """Observe each in turn."""
    record.observe("training", "torch.empty in deterministic mode", _empty(job))
    record.observe("training", "NumPy's numbers in loader workers", _in_workers(job))
    record.observe("training", "denormals flushed to zero", _denormals(job, data))
    record.observe("training", "torch.compile", _compiled(job, data))


def _empty(job: Job) -> str:
    filled = bool(torch.empty(1000, device=device(job)).isnan().all())
    return "filled with NaN" if filled else "not initialised"


def _in_workers(job: Job) -> str:
    """Say whether workers repeat each other, and whether another count of them gives other numbers."""

    def draw(workers: int) -> list[float]:
        np.random.seed(job.seed)
        order = torch.Generator().manual_seed(job.seed)
        loader = DataLoader(Drawing(), batch_size=8, num_workers=workers, generator=order)
        return [number for batch in loader for number in batch.tolist()]

    none, two, four, again = draw(0), draw(2), draw(4), draw(2)
    said = ["repeat with the generator's seed" if two == again else "do not repeat"]
    said += [] if len(set(two)) == _ITEMS else ["workers repeat each other"]
    said += ["other ones for another number of workers"] if len({*map(tuple, (none, two, four))}) > 1 else []
    return ", ".join(said)


def _denormals(job: Job, data: Data) -> str:
    from checks.determinism.pytorch import train  # which imports this module

    kept = train(job, data, seed=job.seed)
    if not torch.set_flush_denormal(True):
        return "this processor cannot"
    flushed = train(job, data, seed=job.seed)
    torch.set_flush_denormal(False)
    return "same bits" if all(np.array_equal(kept[name], flushed[name]) for name in kept) else "other bits"


def _compiled(job: Job, data: Data) -> str:
    """Say whether the compiled network gives the bits of the plain one, forward and backward."""
    if lacking := no_compiler(job):
        return f"not tried: {lacking}"
    torch.manual_seed(job.seed)
    net = nn.Sequential(nn.Linear(FEATURES, HIDDEN), nn.GELU(), nn.LayerNorm(HIDDEN)).to(device(job))
    features = torch.from_numpy(data.features).to(device(job))
    plain = _slopes(net, features, net)
    compile_anew(job)
    compiled = torch.compile(net)
    found, again = _slopes(net, features, compiled), _slopes(net, features, compiled)
    repeats = "" if _same(found, again) else ", and does not repeat"
    return ("same bits as without" if _same(plain, found) else "other bits than without") + repeats


def _slopes(net: nn.Module, features: Tensor, function: Any) -> list[Tensor]:
    net.zero_grad()
    result = function(features)
    (result * result).sum().backward()
    return [result.detach(), *(weight.grad.clone() for weight in net.parameters())]


def _same(ours: list[Tensor], theirs: list[Tensor]) -> bool:
    return all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))
