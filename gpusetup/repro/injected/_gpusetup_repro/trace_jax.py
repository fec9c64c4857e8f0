"""Traces JAX's operations: each equation of a jitted function as it is evaluated, with jit switched off.

``jax_disable_jit`` (docs.jax.dev/en/latest/debugging/flags.html) has functions, loops and branches run in Python, one
primitive after another. What evaluates a primitive on values is ``EvalTrace.process_primitive`` of ``jax._src.core``,
which is not public; it has had this form from JAX 0.4.30 to 0.10 at least. Without it the trace is reported as failed.
"""

from __future__ import annotations

from typing import Any

from _gpusetup_repro.trace import Trace, digest


def start(jax: Any, value: Any) -> Any:
    """Trace this process into the folder `value`, as long as it lives."""
    import numpy
    from jax._src.core import EvalTrace

    jax.config.update("jax_disable_jit", True)
    trace, original, within = Trace(value, jax), EvalTrace.process_primitive, list[bool]()

    def told(leaf: Any) -> list[Any]:
        kind = getattr(leaf, "dtype", type(leaf).__name__)
        try:
            if jax.dtypes.issubdtype(kind, jax.dtypes.prng_key):
                leaf = jax.random.key_data(leaf)
            array = numpy.asarray(leaf)
            return [str(kind), list(array.shape), digest(array.tobytes())]
        except (TypeError, ValueError, RuntimeError):  # a token, a reference, a deleted array: not compared
            return [str(kind), list(getattr(leaf, "shape", ())), ""]

    def process(self: Any, primitive: Any, args: Any, params: Any, *more: Any) -> Any:
        if within:  # what we ask for ourselves
            return original(self, primitive, args, params, *more)
        result = original(self, primitive, args, params, *more)
        within.append(True)
        try:
            results = result if primitive.multiple_results else [result]
            called = params.get("name")  # of a function that is compiled as a whole
            name = f"{primitive.name} {called}" if isinstance(called, str) else primitive.name
            trace.note(name, [told(one) for one in args], [told(one) for one in results])
        finally:
            within.pop()
        return result

    EvalTrace.process_primitive = process
