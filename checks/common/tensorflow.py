"""The TensorFlow backend: one thread count, op determinism, full float32 precision, and what it runs on."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from checks.common.host import host
from checks.common.job import LOSS_SCALE, Job
from checks.common.needs import Unsupported, require_tf32
from checks.common.switches.tensorflow import put_back, switches

_POLICIES = {"bf16": "mixed_bfloat16", "fp16": "mixed_float16", "float64": "float64"}


def prepare(job: Job) -> None:
    """Set everything that is known to change the bits."""
    try:
        tf.config.threading.set_intra_op_parallelism_threads(job.threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError as error:
        raise Unsupported(f"needs a TensorFlow that start-up code (sitecustomize) has not used yet: {error}") from error
    put_back(_POLICIES.get(job.precision, "float32"))
    tf.config.experimental.enable_tensor_float_32_execution(job.precision == "tf32")
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(job.seed)  # op determinism raises an error for random operations without a seed
    cards = tf.config.list_physical_devices("GPU")
    for card in cards:
        # by default TensorFlow reserves all memory of every GPU it sees
        tf.config.experimental.set_memory_growth(card, True)
    if job.device != "cpu" and not cards:
        if not tf.test.is_built_with_gpu_support():
            raise Unsupported(f"needs a TensorFlow built for {job.device}, this is {tf.__version__}, built without")
        raise RuntimeError(f"TensorFlow {tf.__version__} cannot use {job.device}: it lists no GPU")
    if job.precision == "tf32":
        require_tf32(tf.config.experimental.get_device_details(cards[0])["compute_capability"])


def dtype(job: Job) -> tf.DType:
    """Return the type that weights and inputs are kept in; Keras's policy makes of them what it needs."""
    return tf.float64 if job.precision == "float64" else tf.float32


def precise(job: Job) -> dict[str, str]:
    """Return the type that a loss and an `Input` must be given in float64: by itself either is float32.

    A loss does not ask the policy. Before Keras 3.4 its type cannot be changed, so none is given where none is needed.
    """
    return {"dtype": "float64"} if job.precision == "float64" else {}


def scaled(optimiser: keras.Optimizer, job: Job) -> keras.Optimizer:
    """Return the optimiser under Keras's loss scaling in float16, and as it is at other precisions."""
    return keras.optimizers.LossScaleOptimizer(optimiser, LOSS_SCALE) if job.precision == "fp16" else optimiser


def array(tensor: Any) -> NDArray[Any]:
    """Return what a tensor, a variable or a sparse gradient holds; half precision as float32."""
    there = tf.convert_to_tensor(tensor)
    return np.array(tf.cast(there, tf.float32) if there.dtype in {tf.bfloat16, tf.float16} else there)


def environment(job: Job) -> dict[str, str]:
    """Return the environment key: builds and libraries, device, switches."""
    key = host(job) | {
        "tensorflow": tf.__version__,
        "tensorflow build": tf.version.GIT_VERSION,
        "keras": keras.__version__,
        "op determinism": "True",  # prepare() enabled it; no public function reports it
        "precision": job.precision,
    }
    key |= switches()
    if job.device == "cpu":
        return key
    build = tf.sysconfig.get_build_info()
    card = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
    capability = card.get("compute_capability", ("?", "?"))
    return key | {
        "cuda": str(build.get("cuda_version")),
        "cudnn": str(build.get("cudnn_version")),
        "gpu": str(card.get("device_name")),
        "compute capability": ".".join(map(str, capability)),
    }
