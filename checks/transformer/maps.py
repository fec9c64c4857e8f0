"""Where a trained language model looks: the maps of every head over one line, for a report to draw.

Frameworks do not give the maps that their fused kernels use. So each is computed here in float64, from the framework's
own trained weights and from what its own layers gave the block: what differs between frameworks differs here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.transformer.layers import layer_norm, softmax
from checks.transformer.text import encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checks.common.record import Recorder
    from checks.transformer import Model

LINE = "\nthat this nation, under"
_BEFORE = ("embedded", "mlp 1")
"""What goes into each block."""


def record_maps(trained: Model, heads: int, record: Recorder) -> None:
    """Record for each block and head how much each letter of `LINE` looks at each letter up to it."""
    draw_maps(trained.layers(encode(LINE)[None]), trained.weights(), heads, record)


def draw_maps(
    layers: Mapping[str, NDArray[Any]], weights: Mapping[str, NDArray[Any]], heads: int, record: Recorder
) -> None:
    """Record the maps that follow from what the `layers` gave for `LINE`, and from the `weights`."""
    maps = []
    for block, name in enumerate(_BEFORE, start=1):
        parts = [weights[f"{block}.attention.{part}"] for part in ("norm", "input.weight", "input.bias")]
        maps.append(look(layers[name], parts, heads))
    record.picture("attention", np.stack(maps), "block, head, letter that looks, letter looked at; share in [0, 1]")
    record.picture("attention: letters", np.frombuffer(LINE.encode("ascii"), np.uint8), "letter; ASCII")


def look(stream: NDArray[Any], weights: Sequence[NDArray[Any]], heads: int) -> NDArray[np.float64]:
    """Return the maps (heads, t, t) of one causal block over `stream` (1, t, d); rows sum to 1."""
    x, norm, weight, bias = (np.asarray(one, np.float64) for one in (stream, *weights))
    normed = layer_norm(x, norm)[0][0]
    query, key = (
        (normed @ weight[part].T + bias[part]).reshape(len(normed), heads, -1).swapaxes(0, 1) for part in (0, 1)
    )
    scores = query @ key.swapaxes(1, 2) / np.sqrt(query.shape[-1])
    return softmax(np.where(np.tri(len(normed), dtype=bool), scores, -np.inf))
