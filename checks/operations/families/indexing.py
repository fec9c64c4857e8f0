"""Gathering, scattering and moving: repeated places, segments, padding, joining, splitting, turning.

Bound: what is moved is exact; places that are hit m times sum m terms, (m - 1)·u·Σ|x| (Higham 2002, section 4.2).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.operations.case import Case, Input, distinct, real, truth, whole
from checks.operations.functions import concatenate, constant, largest, pad, stack, where


def added(x: Any, t: Any, rows: int) -> Any:
    """Return `rows` sums of the rows of x that `t` sends there."""
    return stack([where((t == row)[:, None], x, 0.0).sum(0) for row in range(rows)])


def segment_sum(x: Any, t: Any, V: int) -> Any:  # noqa: N803 - the size's name
    """Return the sum of each segment."""
    return added(x, t, V)


def add_to(a: Any, x: Any, t: Any) -> Any:
    """Return a with the rows of x added where `t` sends them."""
    return a + added(x, t, a.shape[0])


def segment_mean(x: Any, t: Any, V: int) -> Any:  # noqa: N803
    """Return the mean of each segment, 0 for one without rows."""
    count = np.maximum(np.bincount(t, minlength=V), 1).reshape(-1, 1)
    return added(x, t, V) / count


def segment_largest(x: Any, t: Any, V: int) -> Any:  # noqa: N803
    """Return the largest of each segment, or -2 where there is none."""
    low = np.full((1, x.shape[1]), -2.0)
    found = []
    for row in range(V):
        rows = np.flatnonzero(t == row)
        found.append(largest(concatenate([x[rows], low], 0), 0))
    return stack(found)


def along(x: Any, t: Any) -> Any:
    """Return x[row, t[row, …]]."""
    return x[np.arange(x.shape[0])[:, None], t]


def replaced(a: Any, x: Any, rows: Any) -> Any:
    """Return a with given rows replaced by those of x."""
    found = [a[row] for row in range(a.shape[0])]
    for number, row in enumerate(rows):
        found[row] = x[number]
    return stack(found)


def reflected(x: Any) -> Any:
    """Return x with two columns mirrored beyond each end, the ends not repeated."""
    size = x.shape[-1]
    order = np.concatenate([[2, 1], np.arange(size), [size - 2, size - 3]])
    return x[..., order]


def lower(x: Any) -> Any:
    """Return the lower triangle."""
    return where(np.tril(np.ones(x.shape[-2:], bool)), x, 0.0)


def diagonal_of(x: Any) -> Any:
    """Return a matrix with x on its diagonal."""
    return where(np.eye(x.shape[-1], dtype=bool), x.reshape(1, -1), 0.0)


def repeated(x: Any) -> Any:
    """Return every row three times, one beside the other."""
    return x[np.repeat(np.arange(x.shape[0]), 3)]


def masked_sum(x: Any, m: Any) -> Any:
    """Return the sum of what a mask keeps."""
    return where(m, x, 0.0).sum()


def rolled(x: Any) -> Any:
    """Return the rows moved on by two, those that fall off first."""
    return x[(np.arange(x.shape[0]) - 2) % x.shape[0]]


def _case(
    name: str, reference: Any, inputs: dict[str, Input], torch: str, tensorflow: str, jax: str, **more: Any
) -> Case:
    code = {"pytorch": torch, "tensorflow": tensorflow, "jax": jax}
    return Case(
        name=name,
        inputs=inputs,
        reference=reference,
        code={framework: text for framework, text in code.items() if text},
        absent={framework: "no function of it" for framework, text in code.items() if not text},
        sizes=more.pop("sizes", {"N": (3, 9, 40), "C": (5, 17), "V": (4, 12)}),
        **more,
    )


_ROWS = {"x": real("N, C"), "t": whole("N", "V")}
_MATRIX = {"x": real("N, C")}

CASES = (
    _case(
        "rows",
        lambda x, t: x[t],
        {"x": real("V, C"), "t": whole("N", "V")},
        "x[t]",
        "tf.gather(x, t)",
        "x[t]",
        quick=True,
    ),
    _case(
        "columns",
        lambda x, t: x[:, t],
        {"x": real("N, V"), "t": whole("C", "V")},
        "x.index_select(1, t)",
        "tf.gather(x, t, axis=1)",
        "jnp.take(x, t, 1)",
    ),
    _case(
        "along_rows",
        along,
        {"x": real("N, V"), "t": whole("N, C", "V")},
        "x.gather(1, t)",
        "tf.gather(x, t, axis=1, batch_dims=1)",
        "jnp.take_along_axis(x, t, 1)",
    ),
    _case(
        "pairs",
        lambda x, t: x[t[:, 0], t[:, 1]],
        {"x": real("V, V"), "t": whole("N, 2", "V")},
        "x[t[:, 0], t[:, 1]]",
        "tf.gather_nd(x, t)",
        "x[t[:, 0], t[:, 1]]",
    ),
    _case(
        "scatter_add",
        add_to,
        {"a": real("V, C"), **_ROWS},
        "a.index_add(0, t, x)",
        "tf.tensor_scatter_nd_add(a, t[:, None], x)",
        "a.at[t].add(x)",
        quick=True,
    ),
    _case(
        "scatter_add_by_place",
        add_to,
        {"a": real("V, C"), **_ROWS},
        "a.scatter_add(0, t[:, None].expand(-1, C), x)",
        "a + tf.scatter_nd(t[:, None], x, (V, C))",
        "a.at[t].add(x)",
    ),
    _case(
        "accumulated",
        add_to,
        {"a": real("V, C"), **_ROWS},
        "a.index_put((t,), x, accumulate=True)",
        "",
        "",
    ),
    _case(
        "segment_sum",
        segment_sum,
        _ROWS,
        "torch.zeros(V, C, dtype=x.dtype, device=x.device).index_add(0, t, x)",
        "tf.math.unsorted_segment_sum(x, t, V)",
        "jax.ops.segment_sum(x, t, V)",
    ),
    _case(
        "segment_mean",
        segment_mean,
        _ROWS,
        "torch.zeros(V, C, dtype=x.dtype, device=x.device).index_reduce(0, t, x, 'mean', include_self=False)",
        "tf.math.unsorted_segment_mean(x, t, V)",
        "",
        no_gradient="PyTorch's has none through the count",
    ),
    _case(
        "segment_largest",
        segment_largest,
        {"x": distinct("N, C"), "t": whole("N", "V")},
        "low = torch.full((V, C), -2.0, dtype=x.dtype, device=x.device)\n"
        "return low.scatter_reduce(0, t[:, None].expand(-1, C), x, 'amax')",
        "tf.maximum(tf.math.unsorted_segment_max(x, t, V), -2.0)",
        "jnp.maximum(jax.ops.segment_max(x, t, V), -2.0)",
    ),
    _case(
        "replace_rows",
        replaced,
        {"a": real("V, C"), "x": real("2, C")},
        "a.index_copy(0, torch.tensor(rows, device=a.device), x)",
        "tf.tensor_scatter_nd_update(a, [[row] for row in rows], x)",
        "a.at[jnp.array(rows)].set(x)",
        sizes={"V": (4, 12), "C": (5, 17), "rows": ((3, 0), (1, 2))},
    ),
    _case(
        "slices",
        lambda x: x[1::2, ::-1][:, :3],
        _MATRIX,
        "x[1::2].flip(1)[:, :3]",
        "x[1::2, ::-1][:, :3]",
        "x[1::2, ::-1][:, :3]",
    ),
    _case(
        "masked",
        masked_sum,
        {"x": real("N, C"), "m": truth("N, C")},
        "x[m].sum()",
        "tf.reduce_sum(tf.boolean_mask(x, m))",
        "jnp.where(m, x, 0).sum()",
        eager_only="the size depends on the numbers",
    ),
    _case(
        "where",
        lambda x, y, m: where(m, x, y),
        {"x": real("N, C"), "y": real("C"), "m": truth("N, C")},
        "torch.where(m, x, y)",
        "tf.where(m, x, y)",
        "jnp.where(m, x, y)",
    ),
    _case(
        "masked_fill",
        lambda x, m: where(m, -2.0, x),
        {"x": real("N, C"), "m": truth("N, C")},
        "x.masked_fill(m, -2.0)",
        "tf.where(m, tf.cast(-2.0, x.dtype), x)",
        "jnp.where(m, -2.0, x)",
    ),
    _case(
        "join",
        lambda x, y: concatenate([x, y], 1),
        {"x": real("N, C"), "y": real("N, V")},
        "torch.cat([x, y], 1)",
        "tf.concat([x, y], 1)",
        "jnp.concatenate([x, y], 1)",
    ),
    _case(
        "stack",
        lambda x, y: stack([x, y], 1),
        {"x": real("N, C"), "y": real("N, C")},
        "torch.stack([x, y], 1)",
        "tf.stack([x, y], 1)",
        "jnp.stack([x, y], 1)",
    ),
    _case(
        "split",
        lambda x: (x[:, :2], x[:, 2:]),
        _MATRIX,
        "torch.split(x, [2, C - 2], 1)",
        "tf.split(x, [2, C - 2], 1)",
        "tuple(jnp.split(x, [2], 1))",
    ),
    _case(
        "pad",
        lambda x: pad(x, [(1, 0), (2, 3)], 0.5),
        _MATRIX,
        "F.pad(x, (2, 3, 1, 0), value=0.5)",
        "tf.pad(x, [(1, 0), (2, 3)], constant_values=0.5)",
        "jnp.pad(x, ((1, 0), (2, 3)), constant_values=0.5)",
    ),
    _case(
        "pad_reflected",
        reflected,
        {"x": real("1, N, C")},
        "F.pad(x, (2, 2), mode='reflect')",
        "tf.pad(x, [(0, 0), (0, 0), (2, 2)], 'REFLECT')",
        "jnp.pad(x, ((0, 0), (0, 0), (2, 2)), mode='reflect')",
    ),
    _case(
        "turn",
        lambda x: x.transpose(2, 0, 1),
        {"x": real("N, C, V")},
        "x.permute(2, 0, 1).contiguous()",
        "tf.transpose(x, (2, 0, 1))",
        "jnp.transpose(x, (2, 0, 1))",
    ),
    _case("roll", rolled, _MATRIX, "x.roll(2, 0)", "tf.roll(x, 2, 0)", "jnp.roll(x, 2, 0)"),
    _case("flip", lambda x: x[:, ::-1], _MATRIX, "x.flip(1)", "tf.reverse(x, [1])", "jnp.flip(x, 1)"),
    _case("repeat", repeated, _MATRIX, "x.repeat_interleave(3, 0)", "tf.repeat(x, 3, 0)", "jnp.repeat(x, 3, 0)"),
    _case(
        "tile",
        lambda x: concatenate([x, x], 1),
        _MATRIX,
        "x.repeat(1, 2)",
        "tf.tile(x, (1, 2))",
        "jnp.tile(x, (1, 2))",
    ),
    _case(
        "lower_triangle",
        lower,
        _MATRIX,
        "x.tril()",
        "tf.linalg.band_part(x, -1, 0)",
        "jnp.tril(x)",
    ),
    _case(
        "diagonal",
        diagonal_of,
        {"x": real("C")},
        "torch.diag(x)",
        "tf.linalg.diag(x)",
        "jnp.diag(x)",
    ),
    _case(
        "stopped",
        lambda x: x * constant(x),
        _MATRIX,
        "x * x.detach()",
        "x * tf.stop_gradient(x)",
        "x * lax.stop_gradient(x)",
    ),
    _case(
        "unfold",
        lambda x: stack([x[:, n : n + 3] for n in range(x.shape[1] - 2)], 1),
        _MATRIX,
        "x.unfold(1, 3, 1)",
        "tf.signal.frame(x, 3, 1)",
        "x[:, jnp.arange(C - 2)[:, None] + jnp.arange(3)]",
    ),
)
