"""Constraints on single rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from gpusetup import versions
from gpusetup.errors import WrongInputError
from gpusetup.facts import Facts
from gpusetup.facts.check.contradiction import Contradiction
from gpusetup.facts.model.fact import Fact
from gpusetup.facts.tables import TABLES

# field → how its text (or each of its texts) is parsed
PARSERS: dict[str, dict[str, Callable[[str], object]]] = {
    "branch": {"branch": versions.driver, "latest": versions.driver, "cuda_max": versions.cuda,
               "cc_min": versions.capability, "cc_max_derived": versions.capability},
    "cuda": {"release": versions.cuda, "series": versions.cuda, "driver_min": versions.driver,
             "driver_compat": versions.driver, "driver_bundled": versions.driver},
    "cuda_major": {"driver_min": versions.driver, "driver_native_below": versions.driver},
    "cuda_series": {"series": versions.cuda, "cc_min": versions.capability, "cc_max": versions.capability,
                    "added": versions.capability, "dropped": versions.capability},
    "glibc": {"series_last": versions.cuda, "glibc_from": versions.dotted},
    "arch": {"cc": versions.capability, "cuda_first": versions.cuda, "cuda_last": versions.cuda,
             "first_driver_derived": versions.driver, "last_driver_branch": versions.driver},
    "chip": {"cc": versions.capability},
    "gpu": {"cc": versions.capability},
    "cudnn": {"version": versions.cudnn},
    "cudnn_support": {"first": versions.cudnn, "last": versions.cudnn, "cuda": versions.cuda,
                      "cc_min": versions.capability, "cc_max": versions.capability, "driver_min": versions.driver},
    "torch": {"release": versions.pep440, "python": versions.dotted, "requires_python": versions.specifier},
    "torch_build": {"releases": versions.pep440, "cuda": versions.cuda, "cudnn": versions.cudnn,
                    "nccl": versions.dotted, "cc": versions.capability, "ptx": versions.capability},
    "variant": {"cuda": versions.cuda, "driver_min": versions.driver},
    "tensorflow": {"release": versions.pep440, "python": versions.dotted, "cuda": versions.cuda,
                   "cudnn": versions.cudnn, "cc": versions.capability, "ptx": versions.capability},
    "wheel": {"release": versions.dotted, "python": versions.dotted},
    "release": {"release": versions.dotted, "gcc": versions.dotted, "glibc": versions.dotted,
                "python": versions.dotted},
    "distribution": {"oldest_python": versions.dotted},
    "nvidia_repo": {"release": versions.dotted,
                    "toolkit_first": versions.cuda, "toolkit_last": versions.cuda, "driver": versions.driver},
    "image_tag": {"cuda": versions.cuda},
    "cdi_support": {"cdi": versions.dotted, "engine_from": versions.dotted},
}  # fmt: skip


def ids_are_unique(facts: Facts) -> Iterator[Contradiction]:
    """Demand that an id names one row in all the tables."""
    seen = Counter(row.id for table in TABLES for row in getattr(facts, table))
    yield from (Contradiction(row=name, text=f"{count} rows have this id") for name, count in seen.items() if count > 1)


def dates_are_in_order(facts: Facts) -> Iterator[Contradiction]:
    """Demand that no row expires before it was read, and nothing ends before its release."""
    for table in TABLES:
        for row in getattr(facts, table):
            released, eol = getattr(row, "released", None), getattr(row, "eol", None)
            if row.expires is not None and row.expires <= row.read_on:
                yield Contradiction(row=row.id, text=f"expires {row.expires}, but was read {row.read_on}")
            if released is not None and eol is not None and eol <= released:
                yield Contradiction(row=row.id, text=f"ends {eol}, but was released {released}")


def versions_parse(facts: Facts) -> Iterator[Contradiction]:
    """Demand that every version parses; "" means none."""
    for table, parsers in PARSERS.items():
        for row in getattr(facts, table):
            yield from _unparsed(row, parsers)


def _unparsed(row: Fact, parsers: dict[str, Callable[[str], object]]) -> Iterator[Contradiction]:
    for field, parse in parsers.items():
        value = getattr(row, field)
        for text in (value,) if isinstance(value, str) else value:
            try:
                if text:
                    parse(text)
            except WrongInputError as error:
                yield Contradiction(row=row.id, text=f"{field}: {error.message}")
