"""What JAX says of itself and computes."""

from __future__ import annotations

import importlib.util
import os
from typing import Any

import jax
import jax.numpy as jnp

PLUGINS = {"12": "jax_plugins.xla_cuda12", "13": "jax_plugins.xla_cuda13"}


def version() -> str:
    return str(jax.__version__)


def location() -> str:
    return os.path.dirname(jax.__file__)


def cuda() -> str:
    """Return the CUDA major of the plugin that is installed, ``cpu`` without one."""
    if importlib.util.find_spec("jax_plugins") is None:
        return "cpu"
    return next((major for major, name in PLUGINS.items() if importlib.util.find_spec(name)), "cpu")


def gpus() -> list[str]:
    """Return the GPUs' names; raises JAX's own reason for seeing none."""
    return [] if cuda() == "cpu" else [str(one.device_kind) for one in jax.devices("cuda")]


def devices() -> list[str]:
    """Return the devices to compute on, as the others name them."""
    try:
        found = len(jax.devices("cuda"))
    except RuntimeError:  # it has said why to `gpus`
        found = 0
    return ["cpu", *(f"cuda:{index}" for index in range(found))]


def elementwise(device: str) -> Any:
    with jax.default_device(_device(device)):
        return (jnp.arange(1000, dtype=jnp.float32) * 2 + 1).sum()


def matmul(device: str) -> Any:
    with jax.default_device(_device(device)):
        row = jnp.arange(64, dtype=jnp.float32)
        left = jnp.tile((row % 5).reshape(64, 1), (1, 64))
        right = jnp.tile((row % 3).reshape(1, 64), (64, 1))
        return (left @ right).sum()


def convolution(device: str) -> Any:
    with jax.default_device(_device(device)):
        image, kernel = jnp.ones((1, 1, 8, 8)), jnp.ones((1, 1, 3, 3))
        return jax.lax.conv(image, kernel, (1, 1), "VALID").sum()


def _device(name: str) -> Any:
    kind, _, index = name.partition(":")
    return jax.devices(kind)[int(index or 0)]
