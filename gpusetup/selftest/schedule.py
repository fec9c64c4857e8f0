"""Divide the selected checks into jobs and lanes, and define the environment of their workers."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from gpusetup.selftest.devices import visible
from gpusetup.selftest.model import REFERENCE, Job, Precision, Profile
from gpusetup.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gpusetup.selftest.registry import Check


Axis = Literal["checks", "frameworks", "devices", "seeds", "precisions"]


class Selection(Value):
    """What was requested. `repeat` is the number of fresh processes per framework; the reference needs only one."""

    checks: tuple[str, ...]
    pythons: dict[str, str]
    """Framework → the interpreter it is installed in."""
    devices: tuple[str, ...] = ("cpu",)
    seeds: tuple[int, ...] = (0,)
    profile: Profile = "quick"
    repeat: int = 2
    threads: int = 1
    data: str = ""
    precisions: tuple[Precision, ...] = ("float32",)
    minutes: float = 0.0
    """How long checks that are timed run; 0 for as long as the profile has it."""
    model: str = ""
    """The user's own model, ``/path/file.py:function``; it is run instead of the model of the check."""
    left_out: tuple[str, ...] = ()
    """Frameworks that are installed and were not requested."""
    named: tuple[Axis, ...] = ()
    """What the user chose by name; a saved proof is compared only in that."""

    def covers(self, job: Job) -> bool:
        """Return whether `job` is part of this selection; an axis that was not named selects everything."""
        chosen = {
            "checks": job.check in self.checks,
            "frameworks": job.framework in self.pythons,
            "devices": job.device in self.devices,
            "seeds": job.seed in self.seeds,
            "precisions": job.precision in self.precisions,
        }
        return all(chosen[axis] for axis in self.named)


class RunLimits(Value):
    """Limits of one run: seconds, and bytes of memory (0: no limit)."""

    seconds: float = 120.0
    memory: int = 0


class Lane(Value):
    """Jobs that one worker process does one after another: same framework, same device, same round."""

    framework: str
    python: str
    device: str
    round: int
    jobs: tuple[Job, ...]
    variables: dict[str, str] = msgspec.field(default_factory=dict)
    """Further environment variables, such as the work-around of a known defect."""
    exact: dict[str, str | None] = msgspec.field(default_factory=dict)
    """Variables that have just this value, None for not at all, whatever else would set them."""

    @property
    def name(self) -> str:
        """Return ``pytorch cpu 1``."""
        return f"{self.framework} {self.device} {self.round}"


def plan(selection: Selection, checks: dict[str, Check], scratch: Path) -> list[Lane]:
    """Return the lanes in the order of `pythons`, slow frameworks first, the reference last."""
    rounds = range(1, selection.repeat + 1)
    lanes = [
        Lane(framework=framework, python=python, device=device, round=number, jobs=())
        for framework, python in selection.pythons.items()
        for device in selection.devices
        for number in rounds
    ]
    if not selection.model:  # a user's model has no reference
        lanes.append(Lane(framework=REFERENCE, python=numpy_python(selection), device="cpu", round=1, jobs=()))
    filled = [msgspec.structs.replace(lane, jobs=tuple(_jobs(lane, selection, checks, scratch))) for lane in lanes]
    return [lane for lane in filled if lane.jobs]


def again(lanes: Sequence[Lane], jobs: Sequence[Job], number: int) -> list[Lane]:
    """Return lanes that run `jobs`, all of the first round, for the `number`-th time."""
    found = []
    for lane in lanes:
        chosen = [job for job in lane.jobs if job in jobs]
        repeated = tuple(
            msgspec.structs.replace(job, round=number, trace=f"{job.trace}-{number}.npz", log=f"{job.log}-{number}.log")
            for job in chosen
        )
        found += [msgspec.structs.replace(lane, round=number, jobs=repeated)] if repeated else []
    return found


def numpy_python(selection: Selection) -> str:
    """Return the interpreter that computes the reference and compares: any one with a framework has NumPy."""
    return next(iter(selection.pythons.values()))


def _jobs(lane: Lane, selection: Selection, checks: dict[str, Check], scratch: Path) -> Iterable[Job]:
    precisions: tuple[Precision, ...] = ("float64",) if lane.framework == REFERENCE else selection.precisions
    for name, precision, seed in itertools.product(selection.checks, precisions, selection.seeds):
        if not _runs(checks[name], lane, precision, selection):
            continue
        if selection.minutes and checks[name].timed and lane.round > 1:  # it repeats itself for all that time
            continue
        stem = f"{name}-{lane.name}-{precision}-{seed}".replace(" ", "-").replace(":", "")
        yield Job(
            check=name,
            framework=lane.framework,
            device=lane.device,
            seed=seed,
            round=lane.round,
            profile=selection.profile,
            threads=selection.threads,
            trace=str(scratch / f"{stem}.npz"),
            log=str(scratch / f"{stem}.log"),
            data=selection.data if checks[name].data else "",
            precision=precision,
            model=selection.model,
            minutes=selection.minutes if checks[name].timed and lane.framework != REFERENCE else 0.0,
        )


def _runs(check: Check, lane: Lane, precision: Precision, selection: Selection) -> bool:
    """Return whether a lane runs a check in a precision; the reference where it has something to be compared with."""
    if lane.framework != REFERENCE:
        return check.runs_in(lane.framework, precision, lane.device)
    every = itertools.product(selection.pythons, selection.precisions, selection.devices)
    return any(check.runs_in(*one) for one in every)


def environment(lane: Lane, threads: int) -> dict[str, str]:
    """Return the variables that must be set *before* a framework is imported: threads, determinism, visible GPU."""
    count = str(threads)
    fixed = {
        "PYTHONHASHSEED": "0",
        "PYTHONWARNINGS": "",  # with "error" a harmless warning would make an import fail
        "OMP_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        # a thread count that is adjusted to the load changes the order of summation, and so the bits
        "OMP_DYNAMIC": "FALSE",
        "MKL_DYNAMIC": "FALSE",
        # cuBLAS is deterministic on several streams only with a fixed workspace (docs.nvidia.com/cuda/cublas,
        # "Results Reproducibility"); torch.use_deterministic_algorithms() raises an error without it
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        # CUDA numbers GPUs fastest first by default; NVML and nvidia-smi number them by PCI address
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_VISIBLE_DEVICES": visible(lane.device),
        # a check that starts processes on several cards needs to know which ones the user shows
        "GPUSETUP_CARDS": os.environ.get("CUDA_VISIBLE_DEVICES", ""),
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "1",
    }
    found = dict(os.environ) | fixed | (_jax(lane, count) if lane.framework == "jax" else {})
    found |= {name: _joined(found, name, value) for name, value in lane.variables.items()}
    fixed_last = {name: value for name, value in lane.exact.items() if value is not None}
    return {name: value for name, value in (found | fixed_last).items() if name not in lane.exact or name in fixed_last}


def _joined(variables: dict[str, str], name: str, value: str) -> str:
    """Return `value`, after what a variable of flags has already: the last of two alike counts."""
    return f"{variables.get(name, '')} {value}".strip() if name.endswith("FLAGS") else value


def _jax(lane: Lane, threads: str) -> dict[str, str]:
    """Return JAX's variables. TensorFlow reads XLA_FLAGS too and aborts on a flag it does not know: JAX only."""
    flags = "--xla_cpu_multi_thread_eigen=" + ("false" if threads == "1" else "true")
    if lane.device != "cpu":
        # It excludes what is not deterministic and takes the first algorithm instead of the fastest (xla.proto;
        # PickBestResult in stream_executor_util.cc). Without the algorithm picker (xla_gpu_autotune_level=0) a
        # convolution would get cuDNN's default, whose backward-filter form may add by atomics.
        flags += " --xla_gpu_deterministic_ops=true"
    return {
        "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {flags}".strip(),
        "NPROC": threads,  # the number of threads of XLA's CPU client
        "JAX_PLATFORMS": "cpu" if lane.device == "cpu" else "cuda,cpu",  # the first is the default backend
        "JAX_ENABLE_X64": "0",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # else JAX reserves 75 % of the GPU's memory at start
    }
