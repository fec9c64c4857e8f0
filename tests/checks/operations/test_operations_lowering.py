"""JAX lowers the operations for a card, which needs none: text, types and shapes hold there as on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from checks.operations.case import Case
from checks.operations.families import families
from checks.operations.program import compile_function
from tests.support import drawn

pytestmark = pytest.mark.own_process

CASES = {f"{family}.{one.name}": (family, one) for family, cases in families().items() for one in cases}


def lower(family: str, case: Case) -> str:
    """Return the program that JAX makes of a case for CUDA."""
    import jax
    import optax
    from jax import export, lax, nn
    from jax import numpy as jnp

    names = {"jax": jax, "jnp": jnp, "lax": lax, "nn": nn, "optax": optax, "np": np}
    sizes = case.draw_sizes(family, 0)
    inputs = case.draw_inputs(family, 0, sizes)
    given = {name: one.astype("f4") if one.dtype == "f8" else one for name, one in inputs.items()}
    function = compile_function(case.code["jax"], tuple(inputs), names, sizes)
    fixed = {name: one for name, one in given.items() if one.dtype != np.float32}  # counts and places are constants

    def run(**free: Any) -> Any:
        return function(**{name: {**fixed, **free}[name] for name in given})

    free = {name: jax.ShapeDtypeStruct(one.shape, one.dtype) for name, one in given.items() if name not in fixed}
    return str(export.export(jax.jit(run), platforms=["cuda"])(**free).mlir_module())


@pytest.mark.frameworks
@pytest.mark.parametrize(
    "name", drawn("operations lowered", [n for n, (_, one) in CASES.items() if "jax" in one.code], 60)
)
def test_a_case_lowers_for_a_card(name: str) -> None:
    assert "func.func" in lower(*CASES[name])
