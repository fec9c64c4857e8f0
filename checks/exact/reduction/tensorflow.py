"""All-reduce by `tf.distribute.MirroredStrategy` over TensorFlow's collectives, between virtual CPUs."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import tensorflow as tf

Array = np.ndarray[Any, Any]


def all_reduce(parts: Array) -> Array:
    """Add the parts up in one step of a strategy, in a separate process: virtual CPUs can be configured only once.

    Where TensorFlow has listed a GPU it has opened it, and a process with an open GPU must not be forked.
    """
    from checks.exact.reduction import in_children, in_fresh_process  # not there in the fresh process

    if tf.config.list_physical_devices("GPU"):
        return in_fresh_process(__file__, parts, {"CUDA_VISIBLE_DEVICES": ""})
    return in_children(lambda _: _add(parts), 1)[0]


def _add(parts: Array) -> Array:
    (host,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(host, [tf.config.LogicalDeviceConfiguration()] * len(parts))
    strategy = tf.distribute.MirroredStrategy([f"CPU:{number}" for number in range(len(parts))])

    def replica() -> tf.Tensor:
        context = tf.distribute.get_replica_context()
        return context.all_reduce("SUM", tf.constant(parts)[context.replica_id_in_sync_group])

    return np.stack(strategy.experimental_local_results(tf.function(strategy.run)(replica)))


if __name__ == "__main__":
    np.save(sys.argv[2], _add(np.load(sys.argv[1], allow_pickle=False)))
