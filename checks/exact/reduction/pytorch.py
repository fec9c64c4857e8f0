"""All-reduce by `torch.distributed` over gloo, between processes."""

from __future__ import annotations

import datetime
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

from checks.exact.reduction import in_children

Array = np.ndarray[Any, Any]
_PATIENCE = datetime.timedelta(seconds=60)


def all_reduce(parts: Array) -> Array:
    """Add the parts up, each in a separate process; the processes find each other through a file."""
    with tempfile.TemporaryDirectory(prefix="gpusetup-gloo-") as folder:
        meeting = Path(folder, "store").as_uri()

        def rank(number: int) -> Array:
            dist.init_process_group("gloo", meeting, _PATIENCE, world_size=len(parts), rank=number)
            part = torch.tensor(parts[number])
            dist.all_reduce(part)
            dist.destroy_process_group()
            return part.numpy()

        return np.stack(in_children(rank, len(parts)))
