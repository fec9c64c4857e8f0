"""Numbers of which each bit is known at the other end, and what it says when they come otherwise.

A turn's numbers are one fixed draw of 32-bit integers, combined by exclusive or with a word that is different for
every sender, receiver and turn: a buffer of another turn or another rank differs in all numbers by one word, a broken
bit in that bit alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

Tensor = Any
_MASK, _SIGN = 0xFFFFFFFF, 1 << 32
_BLOCK = 4096
SPOKEN = 15
"""The largest number that one rank gives to a sum."""


def mixed(*words: int) -> int:
    """Return 32 bits that depend on each of the words (the finaliser of MurmurHash3, once per word)."""
    value = 0x9E3779B9
    for word in words:
        value = (value ^ (word & _MASK)) & _MASK
        value = ((value ^ value >> 16) * 0x85EBCA6B) & _MASK
        value = ((value ^ value >> 13) * 0xC2B2AE35) & _MASK
        value ^= value >> 16
    return value


def draw(count: int, device: str) -> Tensor:
    """Return the fixed numbers: a drawn block of 4,096, repeated with a word of its own each time."""
    block = torch.tensor([_signed(mixed(place)) for place in range(_BLOCK)], dtype=torch.int32)
    words = torch.tensor([_signed(mixed(7, place)) for place in range(-(-count // _BLOCK))], dtype=torch.int32)
    return (words[:, None] ^ block[None, :]).flatten()[:count].to(device)


def word(sender: int, receiver: int, turn: int) -> int:
    """Return the word of one turn in one direction, as a signed number."""
    return _signed(mixed(sender, receiver, turn))


def fault(got: Tensor, right: Tensor, others: Iterable[tuple[str, int]], own: int) -> tuple[int, int, str]:
    """Return how many numbers and bits are wrong, and what it looks like; `others` are words it may have come with."""
    apart = got ^ right
    wrong = int(torch.count_nonzero(apart))
    if not wrong:
        return 0, 0, ""
    bits = sum(int(torch.count_nonzero(apart >> place & 1)) for place in range(32))
    first = int(apart[0])
    if wrong == apart.numel() and bool((apart == first).all()):
        whose = next((what for what, other in others if other ^ own == first), "")
        return wrong, bits, whose or "every number differs by the same bits"
    where = int(torch.nonzero(apart)[0])
    return wrong, bits, f"the first at {where}, bit {_lowest(int(apart[where]))}"


def spoken(rank: int, turn: int, count: int, device: str) -> Tensor:
    """Return what a rank gives to a sum: 1 to 15, exact in any order of summation."""
    places = torch.arange(count, dtype=torch.int64)
    factor, start = mixed(rank, turn, 1) | 1, mixed(rank, turn, 2)
    return (1 + ((places * factor + start) >> 7 & _MASK) % SPOKEN).to(device)


def total(ranks: Iterable[int], turn: int, count: int, device: str) -> Tensor:
    """Return the right sum of a group."""
    result = torch.zeros(count, dtype=torch.int64, device=device)
    for rank in ranks:
        result += spoken(rank, turn, count, device)
    return result


def _signed(value: int) -> int:
    return value - _SIGN if value >= _SIGN // 2 else value


def _lowest(value: int) -> int:
    value &= _MASK
    return (value & -value).bit_length() - 1
