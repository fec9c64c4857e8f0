"""What the checks do on a card, seen without one: stand-ins for what a card answers, fake tensors, and lowering."""

from __future__ import annotations

import dataclasses
import importlib.util
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from checks.common import no_kernel
from checks.common.host import driver
from checks.common.needs import Unsupported, require_tf32
from checks.common.record import Recorder
from checks.determinism import portability
from checks.determinism.operations import Refused
from checks.exact import portability as exact_portability
from checks.exact import reduction
from checks.numerics import reference as numerics_reference
from checks.numerics import sums
from checks.numerics.products import Product, Unavailable, judge, unavailable_without_kernel
from gpusetup.selftest.workers import exit_causes
from tests.checks.one_job import JOB

pytestmark = pytest.mark.own_process

CARD = dataclasses.replace(JOB, device="cuda:0")
# as PyTorch reports it on a P100 (pytorch/pytorch#57773), and cuDNN of a recurrent layer
NO_BF16 = "CUDA error: CUBLAS_STATUS_NOT_SUPPORTED when calling `cublasGemmEx(handle, …, CUDA_R_16BF, …)`"
NO_RNN = "cuDNN error: CUDNN_STATUS_NOT_SUPPORTED"


def recorder() -> Recorder:
    return Recorder(lambda *_: None)


def test_engine_and_workers_know_the_same_messages() -> None:
    assert exit_causes.NO_KERNEL == no_kernel.SIGNS


@pytest.mark.parametrize("message", [NO_BF16, NO_RNN])
def test_a_missing_kernel_is_unsupported_in_half_precision_alone(message: str) -> None:
    assert exit_causes.of_error(f"RuntimeError: {message}", half=True)[0] == "unsupported"
    assert exit_causes.of_error(f"RuntimeError: {message}", half=False)[0] == "failed"


def test_a_product_without_a_kernel_is_absent_and_one_in_float32_fails() -> None:
    with pytest.raises(Unavailable, match="CUBLAS_STATUS_NOT_SUPPORTED"), unavailable_without_kernel(half=True):
        raise RuntimeError(NO_BF16)
    with pytest.raises(RuntimeError, match="CUBLAS"), unavailable_without_kernel(half=False):
        raise RuntimeError(NO_BF16)
    with pytest.raises(RuntimeError, match="an illegal memory access"), unavailable_without_kernel(half=True):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")


class Pascal(numerics_reference.Engine):
    """An engine without products of bfloat16, as a card of capability 6.1 is."""

    def evaluate(self, name: str, *arrays: Any) -> Any:
        if name == "product of bfloat16 ones":
            raise RuntimeError(NO_BF16)
        return super().evaluate(name, *arrays)


def test_numerics_runs_on_a_card_without_bfloat16_and_says_what_is_absent() -> None:
    record = recorder()
    sums.record_sums(Pascal(CARD), CARD, record)  # type: ignore[arg-type]  # the reference has no formats of its own

    def none(*_: Any) -> Any:
        raise Unavailable("no bfloat16")

    judge.check_products([Product("bfloat16 matmul", none, 8)], CARD, record)
    found = record.result()
    assert set(found["absent"]) == {"0 product of 32768 ones in bfloat16", "0 bfloat16 matmul"}
    names = {one["name"] for one in found["records"]}
    assert "product of 32768 ones in float16" in names
    assert not names & {"product of 32768 ones in bfloat16", "bfloat16 matmul"}


def test_tf32_is_asked_only_of_a_card_that_has_it() -> None:
    require_tf32((8, 0))
    require_tf32((9, 0))
    with pytest.raises(Unsupported, match=r"needs a card with TF32, .* this one has 7\.5"):
        require_tf32((7, 5))


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86.16  Fri Jan 24 20:30:12 UTC 2025\n", "570.86.16"),
        (
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (root@host)\n",
            "580.95.05",
        ),
        ("something else\n", "?"),
    ],
)
def test_the_driver_is_part_of_a_cards_environment(tmp_path: Path, line: str, version: str) -> None:
    (tmp_path / "version").write_text(line)
    assert driver(tmp_path / "version") == version
    assert driver(tmp_path / "none") == "?"


BITS = {"training": "bits", "fingerprint": "bits"}


class Fresh:
    """Stands in for fresh processes that answer, or that find the card held by the first."""

    def __init__(self, *, busy: bool = False) -> None:
        self.busy, self.started = busy, 0

    def __call__(self, *_: Any) -> dict[str, str]:
        if self.busy:
            raise portability.DeviceBusy("the device is in exclusive-process mode, and this run holds it")
        self.started += 1
        return BITS


@pytest.mark.parametrize("busy", [False, True])
def test_fresh_processes_are_steps_and_a_card_in_exclusive_mode_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, *, busy: bool
) -> None:
    seen: list[tuple[int, int]] = []
    record, fresh = Recorder(lambda done, total: seen.append((done, total))), Fresh(busy=busy)
    job = dataclasses.replace(CARD, framework="jax")
    monkeypatch.setattr(portability, "run", fresh)
    monkeypatch.setattr(portability, "digests", lambda *_: BITS)
    portability.observe_portability(SimpleNamespace(), job, record)  # nothing is trained
    monkeypatch.setattr(exact_portability, "run", fresh)
    monkeypatch.setattr(exact_portability, "digests", lambda *_: BITS)
    exact_portability.check_portability(job, record, 100)
    found = record.result()
    assert all(one["holds"] for one in found["invariants"])
    texts = [one["text"] for one in found["observations"]]
    assert any("exclusive-process mode" in text for text in texts) is busy
    steps = [done for done, _ in seen if done > 100]
    assert steps == sorted(set(steps))
    assert len(steps) == len(list(portability.variants("jax")))
    assert bool(found["invariants"]) is not busy


def test_a_busy_card_is_known_by_the_runtimes_words(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "RuntimeError: CUDA error: CUDA-capable device(s) is/are busy or unavailable\n"
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1, stderr=said, stdout=""))
    with pytest.raises(portability.DeviceBusy):
        portability.run(CARD, {})


def test_numbers_of_the_exact_convolution_have_stride_2() -> None:
    """At stride 1 a Winograd or FFT algorithm may be taken, which is not exact."""
    from checks.exact import draw_primitives, reference

    found = reference.primitives(*draw_primitives(0), JOB)
    assert found["convolution"].shape == (2, 12, 9, 9)


def test_winograd_would_not_be_exact() -> None:
    """F(4×4, 3×3) in float32 on the check's own numbers, one tile: why stride 1 cannot be promised."""
    from checks.exact import draw_primitives

    _, _, image, kernel = draw_primitives(0)
    back = np.array(
        [
            [4, 0, -5, 0, 1, 0],
            [0, -4, -4, 1, 1, 0],
            [0, 4, -4, -1, 1, 0],
            [0, -2, -1, 2, 1, 0],
            [0, 2, -1, -2, 1, 0],
            [0, 4, 0, -5, 0, 1],
        ],
        np.float32,
    )
    of_kernel = np.array(
        [
            [1 / 4, 0, 0],
            [-1 / 6, -1 / 6, -1 / 6],
            [-1 / 6, 1 / 6, -1 / 6],
            [1 / 24, 1 / 12, 1 / 6],
            [1 / 24, -1 / 12, 1 / 6],
            [0, 0, 1],
        ],
        np.float32,
    )
    out = np.array(
        [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
        np.float32,
    )
    tile, weights = image[0, :, :6, :6].astype(np.float32), kernel[0].astype(np.float32)
    spectrum = sum((of_kernel @ w @ of_kernel.T) * (back @ x @ back.T) for x, w in zip(tile, weights, strict=True))
    windows = np.lib.stride_tricks.sliding_window_view(image[0, :, :6, :6], (3, 3), axis=(1, 2))
    right = np.einsum("chwij,cij->hw", windows, kernel[0])
    got = out @ spectrum @ out.T
    assert np.abs(got - right).max() < 1  # it is the same convolution
    assert (got != right).any()  # and not exact


@pytest.mark.frameworks
def test_a_process_that_has_listed_a_card_is_not_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    tensorflow = pytest.importorskip("tensorflow")
    from checks.exact.reduction import tensorflow as ours

    monkeypatch.setattr(tensorflow.config, "list_physical_devices", lambda kind: [kind])
    monkeypatch.setattr(reduction, "in_children", lambda *_: pytest.fail("it was forked"))
    parts = reduction.draw_parts(0).astype(np.float32)
    assert np.array_equal(ours.all_reduce(parts), np.broadcast_to(parts.sum(axis=0), parts.shape))


# JAX, lowered for a card


@pytest.mark.frameworks
def test_jax_asks_for_full_float32_in_every_product_on_a_card() -> None:
    """`jax.export` lowers for CUDA without a card: each product of float32 must carry the highest precision."""
    jax = pytest.importorskip("jax")
    export = pytest.importorskip("jax.export")
    from checks.numerics.jax import FUNCTIONS
    from checks.numerics.products.jax import _convolution

    def lowered(function: Any, *shapes: tuple[int, ...]) -> str:
        arguments = [jax.ShapeDtypeStruct(shape, "float32") for shape in shapes]
        return str(export.export(jax.jit(function), platforms=["cuda"])(*arguments).mlir_module())

    with jax.default_matmul_precision("highest"):
        texts = {name: lowered(FUNCTIONS[name], *([(8, 8)] * (2 if name in BINARY else 1))) for name in FUNCTIONS}
        texts["convolution"] = lowered(_convolution, (8, 8), (8, 8))
    assert texts["matmul"].count("HIGHEST") >= 1
    assert "HIGHEST" in texts["convolution"]
    with jax.default_matmul_precision("tensorfloat32"):
        assert "HIGHEST" not in lowered(FUNCTIONS["matmul"], (8, 8), (8, 8))


BINARY = {"matmul", "add", "multiply", "divide", "maximum", "minimum", "there and back"}


@pytest.mark.frameworks
def test_jaxs_operations_lower_for_a_card_and_share_their_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    jax = pytest.importorskip("jax")
    export = pytest.importorskip("jax.export")
    from checks.determinism.operations import jax as operations
    from checks.determinism.operations import probe

    for name in operations.NAMES:
        alone = jax.jit(operations.run, static_argnums=0)
        export.export(alone, platforms=["cuda"])((name,), *operations.draw(JOB))
    asked: list[tuple[str, ...]] = []

    def run(names: tuple[str, ...], _: Any) -> dict[str, Any]:
        asked.append(names)
        if refusing and refusing in names:
            raise Refused("no deterministic form")
        return {name: np.zeros(1) for name in names}

    monkeypatch.setattr(operations, "_run", run)
    for refusing, runs in (("", 3), ("max pooling, slope", 1 + 3 * (len(operations.NAMES) - 1) + 1)):
        asked.clear()
        record = recorder()
        backend = SimpleNamespace(operations=operations.shared_operations(), switch=None)
        probe(backend, JOB, record)  # what it asks of a backend
        assert len(asked) == runs
        found = record.result()
        assert all(one["holds"] for one in found["invariants"])
        refused = [one["row"] for one in found["observations"] if "refused" in one["text"]]
        assert refused == ([refusing] if refusing else [])


# PyTorch


@pytest.mark.frameworks
def test_pytorch_goes_back_without_autocast() -> None:
    torch = pytest.importorskip("torch")
    from checks.common.pytorch import backward

    seen = []

    class Watch(torch.autograd.Function):  # type: ignore[misc, name-defined]
        @staticmethod
        def forward(_: Any, value: Any) -> Any:
            return value * 1

        @staticmethod
        def backward(_: Any, slope: Any) -> Any:
            seen.append(torch.is_autocast_enabled("cpu"))
            return slope

    torch.set_autocast_enabled("cpu", True)
    try:
        weight = torch.ones(2, requires_grad=True)
        backward(Watch.apply(weight).sum())
        assert seen == [False]
        assert torch.is_autocast_enabled("cpu")
        Watch.apply(weight).sum().backward()
        assert seen == [False, True]
    finally:
        torch.set_autocast_enabled("cpu", False)


class Refusing:
    """A tensor whose running sum deterministic mode refuses, as PyTorch 2.5 does on a GPU."""

    def cumsum(self, *, dim: int) -> str:
        import torch

        if torch.are_deterministic_algorithms_enabled():
            raise RuntimeError("cumsum_cuda_kernel does not have a deterministic implementation, but you set 'torch…'")
        return f"sums along {dim}"


@pytest.mark.frameworks
def test_a_running_sum_that_is_refused_is_exact_without_and_absent_where_its_order_matters() -> None:
    torch = pytest.importorskip("torch")
    from checks.common.pytorch import running_sum
    from checks.numerics.pytorch import FUNCTIONS

    torch.use_deterministic_algorithms(True)
    try:
        assert running_sum(Refusing()) == "sums along 1"
        assert torch.are_deterministic_algorithms_enabled()
        with pytest.raises(Unavailable, match="deterministic implementation"):
            FUNCTIONS["long running sum"](Refusing())
    finally:
        torch.use_deterministic_algorithms(False)


@pytest.mark.frameworks
def test_a_timed_copy_is_a_copy_and_nothing_else() -> None:
    torch = pytest.importorskip("torch")
    from checks.numerics.pytorch import Engine

    torch.use_deterministic_algorithms(True)
    try:
        engine, there = Engine(JOB), torch.ones(1000)
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as seen:
            engine.copy(there)
        names = {event.name for event in seen.events()}
        assert "aten::copy_" in names
        assert "aten::fill_" not in names
        assert torch.utils.deterministic.fill_uninitialized_memory
    finally:
        torch.use_deterministic_algorithms(False)


@pytest.mark.frameworks
@pytest.mark.parametrize(
    ("capability", "found", "said"),
    [((6, 1), True, "Triton needs compute capability 7.0, this card has 6.1"), ((9, 0), False, "Triton is not")],
)
def test_torch_compile_is_not_tried_where_triton_cannot(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], found: bool, said: str
) -> None:
    torch = pytest.importorskip("torch")
    from checks.common.inductor.pytorch import no_compiler

    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: found or None)
    assert said in no_compiler(CARD)


@pytest.mark.frameworks
def test_a_compiled_operation_is_unsupported_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from checks.operations import pytorch as engine
    from checks.operations.families import families
    from checks.operations.run import Step, draw, run_step

    monkeypatch.setenv("CXX", "no-such-compiler")
    case = next(one for one in families()["fused"] if one.name == "sliced")
    here = dataclasses.replace(CARD, device="cpu", framework="pytorch")
    [item] = run_step(Step("fused", case, "compiled"), draw(case, "fused", here), engine, here, lambda _: None)
    assert item.fields["outcome"] == "unsupported"
    assert "there is no C++ compiler" in item.fields["detail"]


@pytest.mark.frameworks
def test_an_attention_kernel_without_bfloat16_is_not_available() -> None:
    pytest.importorskip("torch")
    from checks.transformer.kernels.pytorch import _reason

    assert "CUBLAS_STATUS_NOT_SUPPORTED" in _reason(RuntimeError(NO_BF16), [], half=True)
    with pytest.raises(RuntimeError, match="CUBLAS"):
        _reason(RuntimeError(NO_BF16), [], half=False)


@pytest.mark.frameworks
def test_no_function_of_numerics_leaves_the_card() -> None:
    """With fake tensors a CPU build runs PyTorch's own rules of devices and types, forward, without a kernel."""
    torch = pytest.importorskip("torch")
    from torch._subclasses.fake_tensor import FakeTensorMode

    from checks.numerics.pytorch import FUNCTIONS

    ran = 0
    with FakeTensorMode():
        for name, function in FUNCTIONS.items():
            if name.startswith("slope of"):  # autograd needs the guard of a CUDA build
                continue
            shape = (4, 4)
            there = [torch.ones(shape, device="cuda") for _ in range(2 if name in BINARY else 1)]
            result = function(*there)
            assert result.device.type == "cuda", name
            assert result.dtype in {torch.float32, torch.int64}, name
            ran += 1
    assert ran > 30
