"""The stub index that stands for the world, and uv told to use nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packages.stub_index import Stub, write_index
from tests.support import tool

TORCHES = ("2.15.0", "2.14.1", "2.14.0", "2.13.0", "2.4.0")
WORLD = [
    *(Stub("torch", one, needs=("numpy",)) for one in TORCHES),
    Stub("tensorflow", "2.21.0", needs=("numpy",), extras=("and-cuda",)),
    Stub("tensorflow", "2.17.1", needs=("numpy<2",), extras=("and-cuda",)),
    Stub("tf-nightly", "2.23.0.dev20261026", needs=("numpy",), extras=("and-cuda",)),
    Stub("optax", "0.2.8", needs=("jax",)),
    Stub("jax", "0.12.0.1", needs=("numpy",), extras=("cuda13", "cuda12")),
    Stub("numpy", "2.5.0"), Stub("numpy", "1.26.4"),
    *(Stub(f"nvidia-cudnn-cu{major}", "9.28.0.42") for major in (12, 13)),
    Stub("nvidia-cudnn-cu12", "8.9.7.29"),
    Stub("seer", "0.3", needs=("torch==2.14.0",)), Stub("seer", "0.2", needs=("torch==2.13.0",)),
    Stub("oldseer", "1.0", needs=("torch==1.0.0",)),
    Stub("plain", "1.2", extras=("fast",)), Stub("plain", "1.1"),
    Stub("array-cuda12x", "14.0", needs=("numpy",)),
    Stub("kernels", "2.8", source=True), Stub("uses-kernels", "1.0", needs=("kernels==2.8", "plain")),
    Stub("flash-attn", "2.8.3", source=True), Stub("einops", "0.8"),
    *(Stub(one, "9.0") for one in ("packaging", "ninja", "setuptools", "wheel")),
    Stub("halfway", "1.0", source=True), Stub("halfway", "1.0", tag="cp312-cp312-manylinux_2_28_x86_64"),
    Stub("vllm", "0.30.0", needs=("torch",)), Stub("vllm", "0.14.0", needs=("torch",)),
    Stub("triton", "3.0"),
    Stub("serving", "1.0", needs=("vllm==0.30.0",)), Stub("tensorrt", "11.3", tag="py3-none-any"),
    Stub("only312", "1.0", tag="cp312-cp312-manylinux_2_28_x86_64", needs=("torch",)),
    Stub("flows", "1.0", needs=("tensorflow<2.18",)),
    Stub("both", "1.0", needs=("torch", "tensorflow")),
    Stub("arrays", "1.0", needs=("jax",)),
    *(Stub("tensorflow-cpu", one, module="tensorflow") for one in ("2.21.0", "2.20.0")),
    Stub("quiet", "1.0", needs=("tensorflow-cpu",)),
    Stub("newest", "2.0rc1"), Stub("newest", "1.0"),
]  # fmt: skip


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of the stub index."""
    return write_index(tmp_path_factory.mktemp("world"), WORLD)


@pytest.fixture
def index(world: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Let uv know the stub index alone."""
    tool("uv")
    monkeypatch.setenv("UV_DEFAULT_INDEX", world)
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return world
