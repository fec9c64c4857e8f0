"""One function per axis that is set inside the program: what it does to a module once that has been imported."""

from __future__ import annotations

import itertools
from typing import Any

from _gpusetup_repro import clock, listing, trace_tensorflow, trace_torch


def python_random(random: Any, value: Any) -> Any:
    """Seed the global generator, and those that the program makes without a seed of its own."""
    seeds = itertools.count(int(value))
    original = random.Random.seed

    def seed(self: Any, a: Any = None, version: Any = 2) -> Any:
        original(self, next(seeds) if a is None else a, version)

    random.Random.seed = seed
    random.seed = random._inst.seed
    random.seed()


def numpy_random(module: Any, value: Any) -> Any:
    """Seed the global generator, and give ``default_rng()`` without a seed the next of a row of seeds."""
    seeds = itertools.count(int(value))
    module.bit_generator.randbits = lambda bits: next(seeds) % (1 << bits)
    module.seed(int(value))


def torch_random(torch: Any, value: Any) -> Any:
    """Seed the generators of all devices; ``torch.seed()``, which draws a seed, draws the next of a row."""
    seeds = itertools.count(int(value) + 1)

    def seed() -> Any:
        drawn = next(seeds)
        torch.manual_seed(drawn)
        return drawn

    torch.seed = torch.random.seed = seed
    torch.manual_seed(int(value))


def tensorflow_random(tensorflow: Any, value: Any) -> Any:
    """Set TensorFlow's global seed."""
    tensorflow.random.set_seed(int(value))


def torch_kernels(torch: Any, value: Any) -> Any:
    """Have PyTorch choose kernels that give the same bits twice; one that has none warns and runs."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False


def tensorflow_kernels(tensorflow: Any, value: Any) -> Any:
    """Have TensorFlow choose kernels that give the same bits twice."""
    tensorflow.config.experimental.enable_op_determinism()


def entropy(os: Any, value: Any) -> Any:
    """Let ``os.urandom`` return a fixed stream; ``secrets`` and ``uuid.uuid4`` draw from it."""
    import hashlib

    numbers = itertools.count()

    def urandom(size: Any) -> Any:
        return hashlib.shake_256(f"{value} {next(numbers)}".encode()).digest(size)

    os.urandom = urandom


def workers(dataloader: Any, value: Any) -> Any:
    """Give every DataLoader as many workers more."""
    original = dataloader.DataLoader.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> Any:
        if len(args) < 6:  # dataset, batch_size, shuffle, sampler, batch_sampler, num_workers
            kwargs["num_workers"] = kwargs.get("num_workers", 0) + int(value)
        original(self, *args, **kwargs)

    dataloader.DataLoader.__init__ = init


def note_threads(threading: Any, value: Any) -> Any:
    """Record that the program starts threads, once."""
    import _gpusetup_repro

    original = threading.Thread.start

    def start(self: Any) -> Any:
        threading.Thread.start = original
        _gpusetup_repro.record("thread")
        original(self)

    threading.Thread.start = start


HOOKS = (
    # before all others: what is imported afterwards takes these functions
    ("os", "entropy", entropy),
    ("time", "clock", clock.set_time),
    ("datetime", "clock", clock.set_datetime),
    ("os", "listing", listing.set_order),
    ("random", "python-random", python_random),
    ("numpy.random", "numpy-random", numpy_random),
    ("torch", "torch-random", torch_random),
    ("torch", "kernels", torch_kernels),
    ("torch", "trace", trace_torch.start),
    ("threading", "record", note_threads),
    ("torch.utils.data.dataloader", "workers", workers),
    ("tensorflow", "tensorflow-random", tensorflow_random),
    ("tensorflow", "kernels", tensorflow_kernels),
    ("tensorflow", "trace", trace_tensorflow.start),
)
"""Module, axis, and the function that is called with the module and the axis's value."""
