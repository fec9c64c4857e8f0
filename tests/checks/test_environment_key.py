"""Every switch that is known to change bits is in the environment key; what start-up code sets is put back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from checks.common.host import host
from checks.common.variables import variables
from tests.checks.one_job import JOB
from tests.support import ROOT

FORKED = ROOT / "tests/forked.py"
TORCH, TF, JAX = "import torch\n", "import tensorflow as tf, keras\n", "import jax\n"

# framework → row of the key → a statement that must change it
SWITCHES = {
    "pytorch": {
        "torch.get_default_dtype": "torch.set_default_dtype(torch.float64)",
        "torch.are_deterministic_algorithms_enabled": "torch.use_deterministic_algorithms(False)",
        "torch.get_float32_matmul_precision": "torch.set_float32_matmul_precision('high')",
        "torch.utils.deterministic.fill_uninitialized_memory": (
            "torch.utils.deterministic.fill_uninitialized_memory = False"
        ),
        "denormals": "torch.set_flush_denormal(True)",
        "torch.backends.cudnn.benchmark": "torch.backends.cudnn.benchmark = True",
        "torch.backends.cudnn.deterministic": "torch.backends.cudnn.deterministic = True",
        "torch.backends.cudnn.enabled": "torch.backends.cudnn.enabled = False",
        "torch.backends.cudnn.allow_tf32": "torch.backends.cudnn.allow_tf32 = True",
        "torch.backends.cudnn.fp32_precision": "torch.backends.cudnn.fp32_precision = 'tf32'",
        "torch.backends.cudnn.conv.fp32_precision": "torch.backends.cudnn.conv.fp32_precision = 'tf32'",
        "torch.backends.cudnn.rnn.fp32_precision": "torch.backends.cudnn.rnn.fp32_precision = 'tf32'",
        "torch.backends.fp32_precision": "torch.backends.fp32_precision = 'tf32'",
        "torch.backends.cuda.matmul.allow_tf32": "torch.backends.cuda.matmul.allow_tf32 = True",
        "torch.backends.cuda.matmul.fp32_precision": "torch.backends.cuda.matmul.fp32_precision = 'tf32'",
        "torch.backends.cuda.matmul.allow_fp16_accumulation": (
            "torch.backends.cuda.matmul.allow_fp16_accumulation = True"
        ),
        "torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction": (
            "torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = True"
        ),
        "torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction": (
            "torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = True"
        ),
        "torch.backends.cuda.flash_sdp_enabled": "torch.backends.cuda.enable_flash_sdp(False)",
        "torch.backends.cuda.mem_efficient_sdp_enabled": "torch.backends.cuda.enable_mem_efficient_sdp(False)",
        "torch.backends.cuda.math_sdp_enabled": "torch.backends.cuda.enable_math_sdp(False)",
        "torch.backends.cuda.cudnn_sdp_enabled": "torch.backends.cuda.enable_cudnn_sdp(False)",
        "torch.backends.cuda.fp16_bf16_reduction_math_sdp_allowed": (
            "torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp(True)"
        ),
        "torch.backends.cuda.preferred_blas_library": "torch.backends.cuda.preferred_blas_library('cublaslt')",
        "torch.backends.mha.get_fastpath_enabled": "torch.backends.mha.set_fastpath_enabled(False)",
        "torch.backends.mkldnn.enabled": "torch.backends.mkldnn.enabled = False",
        "torch.backends.mkldnn.deterministic": "torch.backends.mkldnn.deterministic = True",
        "torch.backends.mkldnn.matmul.fp32_precision": "torch.backends.mkldnn.matmul.fp32_precision = 'bf16'",
        "torch.backends.mkldnn.conv.fp32_precision": "torch.backends.mkldnn.conv.fp32_precision = 'bf16'",
        "torch.backends.mkldnn.rnn.fp32_precision": "torch.backends.mkldnn.rnn.fp32_precision = 'bf16'",
        "torch.backends.opt_einsum.enabled": "torch.backends.opt_einsum.enabled = False",
        "torch.backends.quantized.engine": "torch.backends.quantized.engine = 'onednn'",
    },
    "tensorflow": {
        "tf32": "tf.config.experimental.enable_tensor_float_32_execution(True)",
        "jit": "tf.config.optimizer.set_jit(True)",
        "graph optimiser": "tf.config.optimizer.set_experimental_options({'layout_optimizer': False})",
        "functions run eagerly": "tf.config.run_functions_eagerly(True)",
        "intra-op threads": "tf.config.threading.set_intra_op_parallelism_threads(2)",
        "keras floatx": "keras.backend.set_floatx('float16')",
        "keras epsilon": "keras.backend.set_epsilon(0.5)",
        "keras image data format": "keras.backend.set_image_data_format('channels_first')",
        "keras policy": "keras.mixed_precision.set_global_policy('mixed_float16')",
    },
    "jax": {
        "jax_enable_x64": "jax.config.update('jax_enable_x64', True)",
        "jax_default_matmul_precision": "jax.config.update('jax_default_matmul_precision', 'bfloat16')",
        "jax_default_prng_impl": "jax.config.update('jax_default_prng_impl', 'rbg')",
        "jax_threefry_partitionable": "jax.config.update('jax_threefry_partitionable', False)",
        "jax_disable_jit": "jax.config.update('jax_disable_jit', True)",
        "jax_disable_most_optimizations": "jax.config.update('jax_disable_most_optimizations', True)",
        "jax_numpy_dtype_promotion": "jax.config.update('jax_numpy_dtype_promotion', 'strict')",
    },
}
# framework → what start-up code does, and must not reach the checks
PUT_BACK = {
    "pytorch": [
        "torch.set_float32_matmul_precision('high')",
        "torch.set_float32_matmul_precision('medium')",
        "torch.backends.fp32_precision = 'tf32'",
        "torch.backends.fp32_precision = 'ieee'",
        "torch.backends.cudnn.fp32_precision = 'tf32'",
        "torch.backends.cudnn.conv.fp32_precision = 'tf32'",
        "torch.backends.cudnn.rnn.fp32_precision = 'ieee'",
        "torch.backends.cuda.matmul.fp32_precision = 'tf32'",
        "torch.backends.mkldnn.matmul.fp32_precision = 'bf16'",
        "torch.backends.mkldnn.fp32_precision = 'bf16'",
        "torch.backends.cuda.matmul.allow_tf32 = True; torch.backends.cudnn.fp32_precision = 'tf32'",
        "torch.set_float32_matmul_precision('high'); torch.backends.fp32_precision = 'ieee'",
        "torch.backends.cuda.matmul.allow_fp16_accumulation = True",
        "torch.set_default_dtype(torch.float64)",
        "torch.set_default_device('meta')",
        "torch.set_flush_denormal(True)",
        "torch.use_deterministic_algorithms(True, warn_only=True)",
    ],
    "tensorflow": [
        "tf.config.experimental.enable_tensor_float_32_execution(True)",
        "tf.config.run_functions_eagerly(True)",
        "tf.config.threading.set_intra_op_parallelism_threads(7)",
        "keras.backend.set_floatx('float16'); keras.backend.set_epsilon(0.5)",
        "keras.backend.set_image_data_format('channels_first')",
        "keras.mixed_precision.set_global_policy('mixed_float16')",
    ],
    "jax": [
        "jax.config.update('jax_enable_x64', True); jax.config.update('jax_default_matmul_precision', 'bfloat16')",
        "jax.config.update('jax_disable_jit', True)",
        "jax.config.update('jax_numpy_dtype_promotion', 'strict')",
        "jax.config.update('jax_numpy_rank_promotion', 'raise')",
    ],
}
IMPORTS = {"pytorch": TORCH, "tensorflow": TF, "jax": JAX}


# framework, what start-up code did before, device, what is said
UNSUPPORTED = (
    ("pytorch", "", "cuda:0", "needs a PyTorch built for cuda:0"),
    ("tensorflow", "", "cuda:0", "needs a TensorFlow built for cuda:0"),
    ("tensorflow", "tf.constant(1.0) + 1", "cpu", "needs a TensorFlow that start-up code"),
    ("tensorflow", "tf.compat.v1.disable_eager_execution()", "cpu", "needs eager execution"),
    ("jax", "", "cuda:0", "needs a JAX with a plug-in for CUDA"),
    ("jax", "jax.numpy.ones(3) + 1", "cpu", "needs a JAX that start-up code"),
)
MODULES = {
    "pytorch": ("torch", "checks.common.pytorch"),
    "tensorflow": ("tensorflow", "keras", "checks.common.tensorflow"),
    "jax": ("jax", "checks.common.jax"),
}
ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "",
    "KERAS_BACKEND": "tensorflow",
    "PYTHONPATH": str(ROOT),
    "TF_CPP_MIN_LOG_LEVEL": "3",
}

Ends = dict[str, dict[str, tuple[int, str, str]]]
Keys = dict[str, dict[str, dict[str, str]]]


@pytest.fixture(scope="module")
def ends() -> Ends:
    """Return how each script of each framework ended, by its name: one process loads the framework for all of them."""
    return {framework: _run(framework, _scripts(framework)) for framework in SWITCHES}


@pytest.fixture(scope="module")
def keys(ends: Ends) -> Keys:
    """Return the environment key after each of the statements, by its name; "" for that of nothing changed."""
    return {
        framework: {
            name: json.loads(output) if status == 0 else {"error": errors[-500:]}
            for name, (status, output, errors) in found.items()
            if not name.startswith("unsupported: ")
        }
        for framework, found in ends.items()
    }


def _run(framework: str, scripts: dict[str, str]) -> dict[str, tuple[int, str, str]]:
    done = subprocess.run(
        [sys.executable, FORKED, *MODULES[framework]],
        input=json.dumps(list(scripts.values())),
        env=os.environ | ENVIRONMENT,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return {name: tuple(end) for name, end in zip(scripts, json.loads(done.stdout), strict=True)}


def _scripts(framework: str) -> dict[str, str]:
    changed = {"": _key(framework), **{row: _key(framework, after=one) for row, one in SWITCHES[framework].items()}}
    started = {f"start: {one}": _key(framework, before=one) for one in PUT_BACK[framework]}
    refused = {
        f"unsupported: {before} {device}": _preparation(framework, before, device)
        for name, before, device, _ in UNSUPPORTED
        if name == framework
    }
    return changed | started | refused


def _key(framework: str, before: str = "", after: str = "") -> str:
    """Return a script that prints the key, with a statement before the worker's preparation or after it."""
    return (
        f"{IMPORTS[framework]}{before}\n"
        "import importlib, json\n"
        "from tests.checks.one_job import JOB\n"
        f"prepared = importlib.import_module('checks.common.{framework}')\n"
        f"prepared.prepare(JOB)\n{after}\n"
        "print(json.dumps(prepared.environment(JOB)))\n"
    )


@pytest.mark.frameworks
@pytest.mark.parametrize("framework", SWITCHES)
def test_each_switch_changes_its_row_of_the_key(keys: Keys, framework: str) -> None:
    found = keys[framework]
    same = [row for row in SWITCHES[framework] if found[row].get(row, "absent") == found[""].get(row, "absent")]
    assert not same, {row: found[row] if "error" in found[row] else found[""].get(row) for row in same}


@pytest.mark.frameworks
@pytest.mark.parametrize("framework", PUT_BACK)
def test_what_start_up_code_sets_is_put_back(keys: Keys, framework: str) -> None:
    found = keys[framework]
    for one in PUT_BACK[framework]:
        now = found[f"start: {one}"]
        changed = {row: now.get(row) for row in now | found[""] if now.get(row) != found[""].get(row)}
        assert not changed, one


def _preparation(framework: str, before: str, device: str) -> str:
    return (
        f"{IMPORTS[framework]}{before}\n"
        "import dataclasses, importlib, sys\n"
        f"sys.modules.pop('checks.common.{framework}', None)\n"  # it looks at its import who used the framework
        "from tests.checks.one_job import JOB\n"
        "from checks.common.needs import Unsupported\n"
        f"prepared = importlib.import_module('checks.common.{framework}')\n"
        "try:\n"
        f"    prepared.prepare(dataclasses.replace(JOB, device='{device}'))\n"
        "except Unsupported as error:\n"
        "    print(error)\n"
    )


@pytest.mark.frameworks
@pytest.mark.parametrize(("framework", "before", "device", "said"), UNSUPPORTED)
def test_what_cannot_be_put_back_or_is_not_there_is_unsupported(
    framework: str,
    before: str,
    device: str,
    said: str,
    ends: Ends,
) -> None:
    status, output, errors = ends[framework][f"unsupported: {before} {device}"]
    assert status == 0, errors[-1000:]
    assert output.startswith(said), errors[-1000:]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TF_ENABLE_ONEDNN_OPTS", "0"),
        ("NVIDIA_TF32_OVERRIDE", "0"),
        ("CUBLAS_WORKSPACE_CONFIG", ":16:8"),
        ("MKL_CBWR", "AVX2,STRICT"),
        ("MKL_DEBUG_CPU_TYPE", "5"),
        ("ONEDNN_MAX_CPU_ISA", "AVX2"),
        ("DNNL_DEFAULT_FPMATH_MODE", "BF16"),
        ("OMP_SCHEDULE", "dynamic"),
        ("OMP_PLACES", "{0:4}"),
        ("KMP_AFFINITY", "granularity=fine,compact,1,0"),
        ("ATEN_CPU_CAPABILITY", "default"),
        ("OPENBLAS_CORETYPE", "Haswell"),
        ("NPY_DISABLE_CPU_FEATURES", "AVX512F"),
        ("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX2"),
        ("JAX_DEFAULT_MATMUL_PRECISION", "bfloat16"),
        ("XLA_FLAGS", "--xla_cpu_max_isa=AVX2 --xla_cpu_enable_fast_math=true"),
        ("TF_XLA_FLAGS", "--tf_xla_auto_jit=2"),
        ("TF_CUDNN_DETERMINISTIC", "1"),
        ("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "1"),
        ("TORCHINDUCTOR_FREEZING", "1"),
    ],
)
def test_each_variable_that_is_set_is_a_switch_of_the_key(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.delenv(name, raising=False)
    assert name not in variables()
    monkeypatch.setenv(name, value)
    assert variables()[name] == value
    assert f"{name}={value}" in host(JOB)["switches"]


@pytest.mark.parametrize(
    "name",
    [
        "TF_VAR_password", "TF_VAR_DB_PASSWORD", "TF_TOKEN_app_terraform_io", "TF_CLI_ARGS", "JAX_COORDINATOR_ADDRESS",
        "JAX_COMPILATION_CACHE_DIR", "TORCH_HOME", "KERAS_HOME", "TORCH_LOGS", "HF_TOKEN", "AWS_SECRET_ACCESS_KEY",
        "XLA_API_TOKEN", "HOME", "PATH",
    ],
)  # fmt: skip
def test_no_secret_and_no_place_is_in_the_key(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "s3cret")
    assert "s3cret" not in " ".join(variables().values())


def test_what_is_no_plain_switch_is_a_digest_that_still_tells_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(value: str) -> str:
        monkeypatch.setenv("XLA_FLAGS", value)
        return variables()["XLA_FLAGS"]

    there, elsewhere = shown("--xla_cpu_max_isa=AVX2 --xla_dump_to=/home/me/x"), shown("--xla_dump_to=/home/you/x")
    assert there.startswith("--xla_cpu_max_isa=AVX2 sha256:")
    assert "me" not in there
    assert there.split()[1] != elsewhere
    assert shown("--xla_dump_to=/home/you/x") == elsewhere


def test_a_library_that_is_preloaded_is_named_without_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_PRELOAD", "/home/me/libfake.so:/usr/lib/libjemalloc.so.2")
    assert variables()["LD_PRELOAD"] == "libfake.so libjemalloc.so.2"


def test_the_host_is_described_down_to_its_libraries() -> None:
    found = host(JOB)
    assert found["c library"].startswith("glibc ") or found["c library"]
    assert found["numpy blas"] != "? ?"
    assert set(found["instructions"].split()) <= set(Path("/proc/cpuinfo").read_text().split())
