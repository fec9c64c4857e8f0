"""Contractions by index notation, and products over several axes.

Bound: k roundings of the sum of |a||b| in any order (Higham 2002, section 3.5).
"""

from __future__ import annotations

from checks.operations.case import Case, real
from checks.operations.functions import einsum

_SIZES = {"B": (1, 2, 5), "I": (1, 3, 9), "J": (2, 7, 65), "K": (1, 4, 17)}


def _case(name: str, spec: str, a: str, b: str, quick: bool = False) -> Case:
    text = f"einsum('{spec}', a, b)"
    return Case(
        name=name,
        inputs={"a": real(a), "b": real(b)},
        reference=lambda a, b: einsum(spec, a, b),
        code={"pytorch": f"torch.{text}", "tensorflow": f"tf.{text}", "jax": f"jnp.{text}"},
        sizes=_SIZES,
        quick=quick,
    )


CASES = (
    _case("matrices", "ij,jk->ik", "I, J", "J, K"),
    _case("transposed", "ij,kj->ki", "I, J", "K, J"),
    _case("batched", "bij,bjk->bik", "B, I, J", "B, J, K", quick=True),
    _case("batched_by_matrix", "bij,jk->bik", "B, I, J", "J, K"),
    _case("heads", "bijk,blik->bijl", "B, I, J, K", "B, 3, I, K"),
    _case("rank4_by_rank3", "bijk,ikl->bijl", "B, I, J, K", "I, K, 5"),
    _case("two_axes", "bij,kij->bk", "B, I, J", "K, I, J"),
    _case("vectors", "i,i->", "J", "J"),
    _case("outer", "i,k->ik", "I", "K"),
    _case("weighted_rows", "bij,bi->bj", "B, I, J", "B, I"),
)
