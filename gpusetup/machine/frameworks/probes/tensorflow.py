"""What TensorFlow says of itself and computes."""

from __future__ import annotations

import os

import tensorflow as tf


def version() -> str:
    return str(tf.__version__)


def location() -> str:
    return os.path.dirname(tf.__file__)


def cuda() -> str:
    said = tf.sysconfig.get_build_info()
    return str(said.get("cuda_version", "")) or "cpu" if said.get("is_cuda_build") else "cpu"


def gpus() -> list[str]:
    """Return the GPUs' names; why it sees none, TensorFlow writes to its standard error."""
    found = tf.config.list_physical_devices("GPU")
    return [str(tf.config.experimental.get_device_details(one).get("device_name", one.name)) for one in found]


def devices() -> list[str]:
    """Return the devices to compute on, as the others name them."""
    return ["cpu", *(f"cuda:{index}" for index in range(len(tf.config.list_physical_devices("GPU"))))]


def elementwise(device: str) -> float:
    with _on(device):
        return tf.reduce_sum(tf.range(1000, dtype=tf.float32) * 2 + 1).numpy()


def matmul(device: str) -> float:
    with _on(device):
        row = tf.range(64, dtype=tf.float32)
        left = tf.tile(tf.reshape(row % 5, (64, 1)), (1, 64))
        right = tf.tile(tf.reshape(row % 3, (1, 64)), (64, 1))
        return tf.reduce_sum(left @ right).numpy()


def convolution(device: str) -> float:
    with _on(device):
        image, kernel = tf.ones((1, 8, 8, 1)), tf.ones((3, 3, 1, 1))
        return tf.reduce_sum(tf.nn.conv2d(image, kernel, strides=1, padding="VALID")).numpy()


def _on(device: str):  # type: ignore[no-untyped-def]  # TensorFlow has no types
    return tf.device("/" + device.replace("cuda", "GPU"))
