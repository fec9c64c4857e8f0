"""JAX's implementations of `dot_product_attention`, each forced to be the one that is used."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from checks.common.no_kernel import lacks_kernel
from checks.transformer.attention import Attended, Kernel, Unavailable

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.no_kernel import lacks_kernel
from checks.transformer.attention import Case

Array = np.ndarray[Any, Any]


def kernels(job: Job) -> list[Kernel]:  # noqa: ARG001 - JAX sees this job's device alone
    """Return XLA's own and cuDNN's, in float32 and in the half precisions."""
    return [
        Kernel(f"{name} {precision}", digits, _Attention(name.lower(), precision))
        for name in ("XLA", "cuDNN")
        for precision, digits in (("float32", 24), ("bfloat16", 8), ("float16", 11))
    ]


class _Attention:
    """Attention by one implementation in one precision."""

    def __init__(self, implementation: str, precision: str) -> None:
        self.implementation, self.precision = implementation, precision

    def __call__(self, case: Case) -> Attended:
        arrays = [self._tensor(array) for array in (case.q, case.k, case.v, case.slope)]
        mask = case.seen if case.mask == "padding mask" else None
        run = partial(_run, self.implementation, causal=case.mask == "causal mask")
        try:
            results = run(*arrays, mask)
        except (RuntimeError, ValueError, NotImplementedError) as error:
            if self.implementation == "xla" and not (self.precision != "float32" and lacks_kernel(error)):
                raise
            raise Unavailable(str(error).partition("\n")[0]) from error
        return Attended(tuple(np.array(one).astype(np.float32).swapaxes(1, 2) for one in results))

    def _tensor(self, array: Array) -> jax.Array:
        """Return (n, h, t, e) as JAX wants it: (n, t, h, e)."""
        return jnp.array(array.swapaxes(1, 2), getattr(jnp, self.precision))


@partial(jax.jit, static_argnums=0, static_argnames="causal")
def _run(
    implementation: str,
    q: jax.Array,
    k: jax.Array,
    v: jax.Array,
    slope: jax.Array,
    mask: jax.Array | None,
    *,
    causal: bool,
) -> tuple[jax.Array, ...]:
    """Return the result and the slopes of q, k and v."""

    def attend(q: jax.Array, k: jax.Array, v: jax.Array) -> jax.Array:
        return jax.nn.dot_product_attention(q, k, v, mask=mask, is_causal=causal, implementation=implementation)

    result, back = jax.vjp(attend, q, k, v)
    return result, *back(slope)
