"""One function per axis that is set inside the program: what it does to a module once that has been imported."""

from __future__ import annotations

import itertools
from typing import Any

from _gpusetup_repro import arrival, clock, listing


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
    """Set TensorFlow's global seed, and give generators that want a drawn state the next of a row of seeds."""
    seeds = itertools.count(int(value))
    kind = tensorflow.random.Generator
    tensorflow.random.set_seed(int(value))
    kind.from_non_deterministic_state = classmethod(
        lambda cls, alg=None: cls.from_seed(next(seeds), **({} if alg is None else {"alg": alg}))
    )


def torch_kernels(torch: Any, value: Any) -> Any:
    """Have PyTorch choose kernels that give the same bits twice; one that has none warns and runs."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    deterministic = getattr(torch.utils, "deterministic", None)  # since PyTorch 2.2
    if deterministic is not None:  # memory that is not written is an axis of its own
        deterministic.fill_uninitialized_memory = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False


def jax_kernels(jax: Any, value: Any) -> Any:
    """Have XLA choose kernels of a GPU that give the same bits twice; it reads the variable when it first compiles."""
    import os

    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_deterministic_ops=true".strip()


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
    if hasattr(os, "getrandom"):
        os.getrandom = lambda size, *_: urandom(size)


def uuid_by_clock(uuid: Any, value: Any) -> Any:
    """Have ``uuid1`` take the time from Python, where it is set, and not from the system's library."""
    uuid._generate_time_safe = uuid._UuidCreate = None


def workers(dataloader: Any, value: Any) -> Any:
    """Give every DataLoader as many workers more."""
    original = dataloader.DataLoader.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> Any:
        if len(args) < 6:  # dataset, batch_size, shuffle, sampler, batch_sampler, num_workers
            kwargs["num_workers"] = kwargs.get("num_workers", 0) + int(value)
        original(self, *args, **kwargs)

    dataloader.DataLoader.__init__ = init


def thread_switches(sys: Any, value: Any) -> Any:
    """Let a thread run until it waits for something, or for so many seconds, before another has its turn."""
    sys.setswitchinterval(float(value))


def note_threads(threading: Any, value: Any) -> Any:
    """Record that the program starts threads, once."""
    import _gpusetup_repro

    original = threading.Thread.start

    def start(self: Any) -> Any:
        threading.Thread.start = original
        _gpusetup_repro.record("thread")
        original(self)

    threading.Thread.start = start


def trace(framework: Any) -> Any:
    """Return the hook that traces a framework's operations, which is loaded where it is asked for."""

    def start(module: Any, value: Any) -> Any:
        import importlib

        importlib.import_module(f"_gpusetup_repro.trace_{framework}").start(module, value)

    return start


HOOKS = (
    # before all others: what is imported afterwards takes these functions
    ("os", "entropy", entropy),
    ("time", "clock", clock.set_time),
    ("time", "durations", clock.set_durations),
    ("datetime", "clock", clock.set_datetime),
    ("uuid", "clock", uuid_by_clock),
    ("concurrent.futures._base", "arrival", arrival.set_futures),
    ("multiprocessing.pool", "arrival", arrival.set_pool),
    ("torch.utils.data.dataloader", "arrival", arrival.set_loader),
    ("os", "listing", listing.set_order),
    ("random", "python-random", python_random),
    ("numpy.random", "numpy-random", numpy_random),
    ("torch", "torch-random", torch_random),
    ("torch", "kernels", torch_kernels),
    ("torch", "trace", trace("torch")),
    ("threading", "record", note_threads),
    ("sys", "thread-switches", thread_switches),
    ("torch.utils.data.dataloader", "workers", workers),
    ("tensorflow", "tensorflow-random", tensorflow_random),
    ("tensorflow", "kernels", tensorflow_kernels),
    ("tensorflow", "trace", trace("tensorflow")),
    ("jax", "kernels", jax_kernels),
    ("jax", "trace", trace("jax")),
)
"""Module, axis, and the function that is called with the module and the axis's value."""
