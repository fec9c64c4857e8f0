"""A proof from anywhere: whatever its pictures hold is drawn, or is an error of the file, and never one of ours."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from gpusetup.errors import WrongInputError
from gpusetup.report.page.sections.proof import boundaries, maps, valleys
from gpusetup.report.page.sections.proof.runs import shown
from gpusetup.selftest.model import Picture
from tests.report_page.proofs import computed, proof, run
from tests.support import drawn

DRAWN = {"sgd": valleys, "boundary": boundaries, "attribution": maps, "transformer": maps, "inpaint": maps}
"""Checks that record pictures, and what draws them."""


def packed(dtype: str, values: list[float]) -> str:
    code = {"uint8": "B", "float16": "e"}[dtype]
    return base64.b64encode(zlib.compress(struct.pack(f"<{len(values)}{code}", *values))).decode()


def spoilt(picture: Picture) -> Iterator[dict[str, Any]]:
    """Yield other shapes of as many numbers, shapes of none or one, other numbers, and other words about the axes."""
    count, dtype = math.prod(picture.shape), picture.dtype
    yield from ({"shape": shape} for shape in ((), (count,), (1, count), (count, 1), picture.shape[::-1]))
    yield from ({"shape": (0,) * axes, "data": packed(dtype, [])} for axes in (1, 2, 3))
    yield {"shape": (0, *picture.shape[1:]), "data": packed(dtype, [])}
    yield from ({"shape": (1,) * axes, "data": packed(dtype, [1])} for axes in range(1, 6))
    odd = [255, 0] if dtype == "uint8" else [math.nan, math.inf, -1e4, -1]
    yield from ({"data": packed(dtype, [value] * count)} for value in odd)
    yield from ({"about": about} for about in ("", "x" * 99, "(1, 2, 3)", "(9,,x)"))


@pytest.mark.parametrize("check", DRAWN)
def test_a_spoilt_picture_is_drawn_or_refused(check: str) -> None:
    result = computed(check)
    refused: list[str] = []
    # one of each kind: what is drawn of several, such as the rules of a boundary, is drawn by one function
    kinds = {(one.dtype, len(one.shape), one.name.split()[0]): place for place, one in enumerate(result.pictures)}
    for place in drawn(check, sorted(kinds.values()), 2):
        picture = result.pictures[place]
        for change in spoilt(picture):
            pictures = (*result.pictures[:place], replace(picture, **change), *result.pictures[place + 1 :])
            runs = shown(proof([run(check, "pytorch", replace(result, pictures=pictures))]).runs)
            try:
                list(DRAWN[check].sections(runs))
            except WrongInputError as error:
                refused.append(str(error))
    assert len(refused) >= 2
    assert [error for error in refused if not any(one.name in error for one in result.pictures)] == []
