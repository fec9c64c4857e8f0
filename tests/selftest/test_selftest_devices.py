"""Devices without a card: what ``all`` is, what a worker may see, and what is set before its framework is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from gpusetup.content_dirs import content_root
from gpusetup.errors import CannotLookError, WrongInputError
from gpusetup.machine.model import Unread
from gpusetup.selftest.devices import devices, visible
from gpusetup.selftest.schedule import Lane, environment


def whole(count: int) -> list[Any]:
    return [SimpleNamespace(index=number, mig=False) for number in range(count)]


def driver(monkeypatch: pytest.MonkeyPatch, gpus: Any, shown: str | None = None) -> None:
    monkeypatch.setattr("gpusetup.machine.read.read", lambda *_: SimpleNamespace(gpus=gpus))
    if shown is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (None, ("cpu", "cuda:0", "cuda:1", "cuda:2")),
        ("", ("cpu",)),
        ("-1", ("cpu",)),
        ("2", ("cpu", "cuda:0")),
        ("2,0", ("cpu", "cuda:0", "cuda:1")),
        ("1,-1,0", ("cpu", "cuda:0")),
        ("GPU-5ff1, MIG-77aa", ("cpu", "cuda:0", "cuda:1")),
    ],
)
def test_all_is_what_the_driver_has_and_the_user_shows(
    monkeypatch: pytest.MonkeyPatch, shown: str | None, expected: tuple[str, ...]
) -> None:
    driver(monkeypatch, whole(3), shown)
    assert devices(()) == devices(("all",)) == expected


def test_a_worker_sees_its_card_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch, whole(3))
    assert [visible(name) for name in ("cpu", "cuda:0", "cuda:2")] == ["", "0", "2"]
    driver(monkeypatch, whole(3), "GPU-5ff1, 2")
    assert [visible(name) for name in ("cpu", "cuda:0", "cuda:1")] == ["", "GPU-5ff1", "2"]


def test_a_card_that_the_user_hides_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch, whole(3), "2")
    assert devices(("cuda", "cuda:0", "cpu")) == ("cuda:0", "cpu")
    with pytest.raises(WrongInputError, match="cuda:1 is hidden: CUDA_VISIBLE_DEVICES shows 1"):
        devices(("cuda:1",))


def test_no_driver_is_no_card_and_one_that_fails_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch, Unread(unread="absent", source="nvmlInit", detail="no library"))
    assert devices(("all",)) == ("cpu",)
    driver(monkeypatch, Unread(unread="timeout", source="nvmlInit", detail="it did not answer"))
    with pytest.raises(CannotLookError, match="it did not answer"):
        devices(("all",))


def test_an_instance_of_a_divided_card_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    divided = [
        *whole(1),
        SimpleNamespace(
            index=1, mig=True, mig_devices=(SimpleNamespace(uuid="MIG-6f5c"), SimpleNamespace(uuid="MIG-7a"))
        ),
    ]
    driver(monkeypatch, divided)
    with pytest.raises(WrongInputError, match=r"GPU 1 is divided \(MIG\)") as refused:
        devices(("all",))
    assert "CUDA_VISIBLE_DEVICES=MIG-6f5c gpusetup selftest" in str(refused.value.remedy)
    driver(monkeypatch, divided, "MIG-6f5c")
    assert (devices(("all",)), visible("cuda:0")) == (("cpu", "cuda:0"), "MIG-6f5c")


def lane(framework: str, device: str) -> Lane:
    return Lane(framework=framework, python=sys.executable, device=device, round=1, jobs=())


def test_what_must_stand_before_the_import_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_FLAGS", "--xla_mine")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    torch, xla = environment(lane("pytorch", "cuda:1"), 3), environment(lane("jax", "cuda:1"), 3)
    assert torch["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert torch["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    assert torch["CUDA_VISIBLE_DEVICES"] == xla["CUDA_VISIBLE_DEVICES"] == "1"
    assert torch["OMP_NUM_THREADS"] == xla["NPROC"] == "3"
    assert torch["PYTHONHASHSEED"] == "0"
    assert torch["XLA_FLAGS"] == "--xla_mine"  # TensorFlow ends over a flag of JAX's that it does not know
    assert {"--xla_mine", "--xla_gpu_deterministic_ops=true"} <= set(xla["XLA_FLAGS"].split())
    # without its algorithm picker XLA takes cuDNN's default, which may add by atomics
    assert "autotune_level" not in xla["XLA_FLAGS"]
    assert (xla["JAX_PLATFORMS"], environment(lane("jax", "cpu"), 1)["JAX_PLATFORMS"]) == ("cuda,cpu", "cpu")
    assert environment(lane("pytorch", "cpu"), 1)["CUDA_VISIBLE_DEVICES"] == ""


def test_a_workaround_is_set_and_flags_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_FLAGS", "--xla_mine")
    variables = {"XLA_FLAGS": "--xla_theirs", "TF_ENABLE_ONEDNN_OPTS": "0"}
    found = environment(msgspec.structs.replace(lane("jax", "cpu"), variables=variables), 1)
    assert {"--xla_mine", "--xla_theirs"} <= set(found["XLA_FLAGS"].split())
    assert found["TF_ENABLE_ONEDNN_OPTS"] == "0"
    assert "TF_ENABLE_ONEDNN_OPTS" not in environment(lane("jax", "cpu"), 1)


def test_a_card_takes_one_lane_at_a_time(tmp_path: Path) -> None:
    from collections import deque

    from gpusetup.selftest.workers.execute import _start

    class Stub:
        def __init__(self, device: str) -> None:
            self.lane, self.started = lane("pytorch", device), False

        def start(self) -> None:
            self.started = True

    stubs = [Stub(device) for device in ("cuda:0", "cuda:0", "cuda:1", "cpu", "cpu")]
    active: list[Any] = []
    _start(deque(stubs), active, 4)  # type: ignore[arg-type]  # stand-ins
    assert [one.started for one in stubs] == [True, False, True, True, True]


PREPARED = """
import os, sys
sys.path.insert(0, sys.argv[1])
from checks.common.job import Job
from checks.common import pytorch
import torch
torch.cuda.is_available = lambda: True
torch.cuda.get_device_capability = lambda _: (8, 0)
for pair in sys.argv[2:]:
    precision, device = pair.split("@")
    if os.fork():  # a job each, as the worker does it
        os.wait()
        continue
    job = Job(check="any", framework="pytorch", device=device, seed=1, round=1, profile="quick", threads=1, trace="",
              log="", precision=precision)
    pytorch.prepare(job)
    kind = "cpu" if device == "cpu" else "cuda"
    tf32 = {torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32}
    cast = torch.is_autocast_enabled(kind) and (torch.get_autocast_dtype(kind), torch.is_autocast_cache_enabled())
    print(pair, tf32, cast, pytorch.dtype(job), flush=True)
    assert torch.are_deterministic_algorithms_enabled() and not torch.backends.cudnn.benchmark
    os._exit(0)
"""


@pytest.mark.frameworks
def test_pytorch_is_prepared_for_each_precision() -> None:
    expected = {
        "float32@cuda:0": "{False} False torch.float32",
        "tf32@cuda:0": "{True} False torch.float32",
        "bf16@cuda:0": "{False} (torch.bfloat16, False) torch.float32",
        "fp16@cpu": "{False} (torch.float16, False) torch.float32",
        "float64@cpu": "{False} False torch.float64",
    }
    command = [sys.executable, "-c", PREPARED, str(content_root()), *expected]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [f"{pair} {flags}" for pair, flags in expected.items()], done.stderr
