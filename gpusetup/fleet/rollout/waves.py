"""How many hosts at a time: numbers or shares, as Ansible's ``serial`` takes them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gpusetup.errors import WrongInputError

USUAL = ("1", "10%", "30%")
"""One host, then a tenth, then three tenths at a time until all are done."""
_WAVE = re.compile(r"[1-9][0-9]{0,5}|(?:[1-9][0-9]?|100)%")


def read_waves(words: Sequence[str]) -> tuple[str, ...]:
    """Return the waves; raises `WrongInputError` for what is none, or where more than one host is first without asking.

    A share as the canary would be many hosts of a large group.
    """
    waves = tuple(words) or USUAL
    for word in waves:
        if not _WAVE.fullmatch(word):
            raise WrongInputError(f"{word} is no wave", "give numbers of hosts or shares, as 1 or 25%")
    if waves[0].endswith("%"):
        raise WrongInputError(f"the first wave is {waves[0]}", "give a number: it is the canary")
    return waves
