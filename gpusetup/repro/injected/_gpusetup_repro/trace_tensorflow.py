"""Traces TensorFlow's operations by its own op callbacks (tf.debugging uses them), functions being run eagerly."""

from __future__ import annotations

from typing import Any

from _gpusetup_repro.trace import Trace, digest


def start(tensorflow: Any, value: Any) -> Any:
    """Trace this process into the folder `value`, as long as it lives.

    In a graph an operation is seen once, when it is built, and has no values: so functions are run eagerly.
    """
    import keras
    from tensorflow.python.framework import op_callbacks

    tensorflow.config.run_functions_eagerly(True)
    trace = Trace(value, tensorflow, keras)

    def told(tensor: Any) -> list[Any]:
        try:
            array = tensor.numpy()
            bits = digest(array.tobytes() if hasattr(array, "tobytes") else repr(array).encode())
        except (AttributeError, ValueError, NotImplementedError, tensorflow.errors.OpError):  # a variable, a data set
            bits = ""
        return [tensor.dtype.name, list(tensor.shape), bits]

    def note(op_type: Any, inputs: Any, attrs: Any, outputs: Any, op_name: Any = None, graph: Any = None) -> Any:
        if graph is None:
            trace.note(str(op_type), [told(one) for one in inputs], [told(one) for one in outputs])

    op_callbacks.add_op_callback(note)
