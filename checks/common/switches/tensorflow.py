"""TensorFlow's and Keras's switches."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from checks.common.needs import Unsupported

_EPSILON = 1e-7  # Keras's own, which keras.json may change


def put_back(policy: str) -> None:
    """Set what start-up code or ``keras.json`` may have set to the defaults, and Keras's types to `policy`.

    Raises `Unsupported` where TensorFlow cannot go back.
    """
    if not tf.executing_eagerly():
        raise Unsupported("needs eager execution, which start-up code of this Python (sitecustomize) switches off")
    tf.config.run_functions_eagerly(False)
    tf.debugging.disable_check_numerics()  # it would turn an expected NaN into an error
    keras.backend.set_floatx("float32")
    keras.backend.set_epsilon(_EPSILON)
    keras.backend.set_image_data_format("channels_last")
    keras.mixed_precision.set_global_policy(policy)


def switches() -> dict[str, str]:
    """Return every switch of TensorFlow and Keras that is known to change bits and can be read."""
    found: dict[str, Any] = {
        "oneDNN": _onednn(),
        "tf32": tf.config.experimental.tensor_float_32_execution_enabled(),
        "jit": tf.config.optimizer.get_jit() or "off",
        "graph optimiser": tf.config.optimizer.get_experimental_options() or "as it is",
        "functions run eagerly": tf.config.functions_run_eagerly(),
        "intra-op threads": tf.config.threading.get_intra_op_parallelism_threads(),
        "inter-op threads": tf.config.threading.get_inter_op_parallelism_threads(),
        "keras floatx": keras.backend.floatx(),
        "keras epsilon": keras.backend.epsilon(),
        "keras policy": keras.mixed_precision.global_policy().name,
        "keras image data format": keras.backend.image_data_format(),
    }
    return {name: str(value) for name, value in found.items()}


def _onednn() -> str:
    """Return whether TensorFlow computes with oneDNN here; no public function reports the effect of its variable."""
    try:
        from tensorflow.python.util import _pywrap_util_port as port  # it may move

        return "on" if port.IsMklEnabled() else "off"
    except (ImportError, AttributeError):
        return "cannot be read in this version"
