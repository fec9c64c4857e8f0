"""Traces PyTorch's operations under a dispatch mode (torch.utils._python_dispatch), backward passes included."""

from __future__ import annotations

from typing import Any

from _gpusetup_repro.trace import Trace, digest

EMPTY = ("aten.empty", "aten.new_empty")
"""Operations that make memory which nothing has written: what lies in it is no result."""


def start(torch: Any, value: Any) -> Any:
    """Trace this process into the folder `value`, as long as it lives."""
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    trace = Trace(value, torch)

    def told(tensor: Any) -> list[Any]:
        try:
            flat = tensor.detach().cpu().contiguous().reshape(-1)
            bits = digest(flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b"")
        except (RuntimeError, TypeError, NotImplementedError):  # sparse, quantised, meta: not compared
            bits = ""
        return [str(tensor.dtype).replace("torch.", ""), list(tensor.shape), bits]

    def tensors(*values: Any) -> list[Any]:
        return [told(leaf) for leaf in tree_leaves(values) if isinstance(leaf, torch.Tensor)]

    class Mode(TorchDispatchMode):  # type: ignore[misc]
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name = str(func)
            if name.startswith(EMPTY):
                return func(*args, **(kwargs or {}))
            # a generator writes over what it is given (uniform_), which nothing has written yet
            before = [] if torch.Tag.nondeterministic_seeded in func.tags else tensors(args, kwargs)
            result = func(*args, **(kwargs or {}))
            trace.note(name, before, tensors(result))
            return result

    Mode().__enter__()
