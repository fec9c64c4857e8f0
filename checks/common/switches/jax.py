"""JAX's switches."""

from __future__ import annotations

import os
import re
from typing import Any

import jax

_DEFAULTS = {
    "jax_disable_jit": False,
    "jax_debug_nans": False,  # it would turn an expected NaN into an error
    "jax_debug_infs": False,
    "jax_check_tracer_leaks": False,
    "jax_default_device": None,
    "jax_numpy_dtype_promotion": "standard",
    "jax_numpy_rank_promotion": "allow",
    "jax_transfer_guard": "allow",
    "jax_default_dtype_bits": "64",
    "jax_no_tracing": False,
    "jax_no_execution": False,
}
"""What start-up code or a variable may have set, and what the checks are about."""
_CHANGES_BITS = re.compile(
    r"x64|precision|prng|threefry|random|jit|promotion|dtype_bits|optimi[sz]ation|effort|fitting|softmax|linearize"
    r"|shardy|reductions|lowering|remat|scan|gumbel|dynamic_range|magma|pallas_use|collectives|seed"
)


def put_back() -> None:
    """Set what start-up code may have set to JAX's defaults, where this version has it, and the platform as asked."""
    for name, value in _DEFAULTS.items():
        _set(name, value)
    if "JAX_PLATFORMS" in os.environ:
        _set("jax_platforms", os.environ["JAX_PLATFORMS"])


def switches() -> dict[str, str]:
    """Return the options of this version whose names say that they may change bits."""
    values: dict[str, Any] = jax.config.values
    return {name: str(value) for name, value in sorted(values.items()) if _CHANGES_BITS.search(name)}


def _set(name: str, value: Any) -> None:
    if name in jax.config.values:
        jax.config.update(name, value)
