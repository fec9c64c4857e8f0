"""Which variables are recorded: names on a list that the rules' own needs decide, values in an expected form alone."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpusetup.machine.read import read
from gpusetup.machine.system.environment import kept
from gpusetup.machine.system.variables import KEPT
from tests.each import each
from tests.support import ROOT

SET = "<set>"
REQUIRED = "cuda>=12.6 brand=tesla,driver>=535,driver<536"


def names_in_rules() -> Iterator[str]:
    """Yield every name that a rule looks up in the environment, and those in lists that it goes through."""
    for path in sorted((ROOT / "gpusetup/doctor/rules").rglob("*.py")):
        text = path.read_text()
        if "system.environment" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                name = node.value
                if name.isupper() and name.replace("_", "a").isalnum() and ("_" in name or len(name) > 8):
                    yield name


def test_every_variable_that_a_rule_reads_keeps_its_value() -> None:
    """`PCI_BUS_ID` is a value, `NCCL_IB` a beginning of names of which rules only ask whether they are set."""
    found = set(names_in_rules()) - {"PCI_BUS_ID", "NCCL_IB"}
    assert {"CUDA_VISIBLE_DEVICES", "LD_PRELOAD", "TF_CUDNN_DETERMINISTIC", "CUDA_HOME", "PYTHONHOME"} <= found
    assert len(found) > 25
    assert not found - set(KEPT)


SECRETS = ["nvapi-Zx81kQpL0aTr5Wv9", "hf_AbCdEfGhIjKl", "eyJhbGciOi.eyJzdW",
           "redis://svc:p#ss@h/0", "alice:pw@host", "a?sig=x",
           "correct horse battery", "--xla_dump_to=gs://b?sig=AbC"]  # fmt: skip


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_is_kept_under_any_name(secret: str) -> None:
    """A path may have any name; what is no path, or has a sign that addresses and queries have, is not kept."""
    others = ("NVIDIA_NGC_AUTH", "TORCH_HF_PAT", "PYTORCH_BEARER", "TORCHINDUCTOR_REDIS_URL", "JAX_COORDINATOR_ADDRESS")
    told = kept(dict.fromkeys((*KEPT, *others, "HOME", "AWS_SECRET", "CUDA_" + "x" * 80, "TF_GPU_\n"), secret))
    paths = {name for name, shape in KEPT.items() if shape.__name__ == "paths"}
    left = {name for name, value in told.items() if secret.rpartition("=")[2] in value}
    assert left <= (paths if not set(secret) & set("@?=") else set())
    assert {told[name] for name in others} == {SET}
    assert not {"HOME", "AWS_SECRET", "CUDA_" + "x" * 80, "TF_GPU_\n"} & set(told)


@each(
    "name, value, expected",
    [
        ("CUDA_VISIBLE_DEVICES", "0,1", "0,1"),
        ("CUDA_VISIBLE_DEVICES", "", ""),
        ("CUDA_VISIBLE_DEVICES", "-1", "-1"),
        ("CUDA_VISIBLE_DEVICES", "GPU-1a2b3c4d, MIG-GPU-1a2b/7/0", "GPU-1a2b3c4d, MIG-GPU-1a2b/7/0"),
        ("CUDA_VISIBLE_DEVICES", "0,secret,1", f"0,{SET},1"),
        ("NVIDIA_VISIBLE_DEVICES", "all", "all"),
        ("CUDA_LAUNCH_BLOCKING", "1", "1"),
        ("NVIDIA_TF32_OVERRIDE", "hunter2", SET),
        ("CUBLAS_WORKSPACE_CONFIG", ":4096:8", ":4096:8"),
        ("CUBLAS_WORKSPACE_CONFIG", "4096:8", "4096:8"),
        ("NVIDIA_DRIVER_CAPABILITIES", "compute,utility", "compute,utility"),
        ("NVIDIA_DRIVER_CAPABILITIES", "compute,hunter2", f"compute,{SET}"),
        ("NVIDIA_REQUIRE_CUDA", REQUIRED, REQUIRED),
        ("NVIDIA_REQUIRE_CUDA", "cuda>=12.6 x=y", f"cuda>=12.6 {SET}"),
        ("XLA_FLAGS", "--xla_gpu_ftz=0 --xla_dump_to=/home/x", f"--xla_gpu_ftz=0 --xla_dump_to={SET}"),
        ("XLA_FLAGS", "--xla_gpu_autotune_level=hunter2password", f"--xla_gpu_autotune_level={SET}"),
        ("XLA_FLAGS", "hunter2", SET),
        ("LD_LIBRARY_PATH", "/opt/lib:/caf\N{REPLACEMENT CHARACTER}", "/opt/lib:/caf\N{REPLACEMENT CHARACTER}"),
        ("LD_PRELOAD", "/usr/lib64/libjemalloc.so.2 /x.so", "/usr/lib64/libjemalloc.so.2 /x.so"),
        ("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True,key:x", f"expandable_segments:True,{SET}"),
        ("NCCL_IB_HCA", "=mlx5_0:1,mlx5_1:1", "=mlx5_0:1,mlx5_1:1"),
        ("KERAS_BACKEND", "torch", "torch"),
        ("TORCH_LOGS", "dynamo", SET),
    ],
)  # fmt: skip
def test_of_a_value_only_what_has_the_expected_form_is_kept(name: str, value: str, expected: str) -> None:
    assert kept({name: value}) == {name: expected}
    assert kept({name: expected}) == {name: expected}


def test_the_running_process_is_read_and_a_folder_has_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setenv("CUDA_CACHE_PATH", os.fsdecode(b"/caf\xe9"))
    monkeypatch.setenv("NVIDIA_NGC_AUTH", "nvapi-secret")
    told = read(Path("/"), 5).system.environment
    assert (told["CUDA_VISIBLE_DEVICES"], told["CUDA_CACHE_PATH"], told["NVIDIA_NGC_AUTH"]) == ("0", "/caf\ufffd", SET)
    assert read(tmp_path, 5).system.environment == {}
