"""Values that must not decrease from release to release."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any

from gpusetup.facts import Facts
from gpusetup.facts.check.contradiction import Contradiction
from gpusetup.facts.model.fact import Fact
from gpusetup.versions import capability, cuda, driver


def cuda_asks_for_no_older_driver_later(facts: Facts) -> Iterator[Contradiction]:
    """Demand that neither the exact nor the minor-compatible driver floor falls from one release to the next."""
    yield from _falling(facts.cuda, lambda row: cuda(row.release), "driver_min", driver)
    yield from _falling(facts.cuda, lambda row: cuda(row.release), "driver_compat", driver)
    yield from _falling(facts.cuda_major, lambda row: row.major, "driver_min", driver)


def bundled_drivers_suffice(facts: Facts) -> Iterator[Contradiction]:
    """Demand that a toolkit accepts the driver inside its runfile, and that its floors are in order."""
    for row in facts.cuda:
        floors = [row.driver_compat, row.driver_min, row.driver_bundled]
        for low, high in pairwise(text for text in floors if text):
            if driver(low) > driver(high):
                yield Contradiction(row=row.id, text=f"needs driver {low} where {high} should suffice")


def runfiles_name_their_driver(facts: Facts) -> Iterator[Contradiction]:
    """Demand that a runfile bears its release and (names before 13.4.1) its driver, and its address the runfile."""
    for row in facts.cuda:
        parts = row.runfile.removesuffix("_linux.run").removesuffix(".run").split("_")
        if row.runfile and parts[1] != row.release:
            yield Contradiction(row=row.id, text=f"has the runfile {row.runfile}")
        if row.driver_bundled and len(parts) > 2 and parts[2] != row.driver_bundled:
            yield Contradiction(row=row.id, text=f"bundles {row.driver_bundled}, but its runfile is {row.runfile}")
        if row.runfile_url and row.runfile not in row.runfile_url:
            yield Contradiction(row=row.id, text=f"fetches {row.runfile_url}")


def series_drop_oldest_first(facts: Facts) -> Iterator[Contradiction]:
    """Demand that a later CUDA series supports no older GPUs, no fewer new ones and no fewer compilers."""
    for field, parse in (("cc_min", capability), ("cc_max", capability), ("gcc_max", int)):
        yield from _falling(facts.cuda_series, lambda row: cuda(row.series), field, parse)


def branches_drop_oldest_first(facts: Facts) -> Iterator[Contradiction]:
    """Demand that a later driver branch supports no older GPUs and reports no older CUDA."""
    for field, parse in (("cc_min", capability), ("cc_max_derived", capability), ("cuda_max", cuda)):
        yield from _falling(facts.branch, lambda row: driver(row.branch), field, parse)


def variants_ask_for_no_older_driver_later(facts: Facts) -> Iterator[Contradiction]:
    """Demand that a wheel for a later CUDA does not run on an older driver."""
    yield from _falling(facts.variant, lambda row: cuda(row.cuda), "driver_min", driver)


def variants_ask_for_the_driver_of_their_major(facts: Facts) -> Iterator[Contradiction]:
    """Demand that a wheel needs the driver that its CUDA major needs; 11.0 came before minor-version compatibility."""
    floors = {row.major: row.driver_min for row in facts.cuda_major if row.minor_compat}
    for row in facts.variant:
        floor = floors.get(cuda(row.cuda).major)
        if floor is not None and row.cuda != "11.0" and row.driver_min != floor:
            yield Contradiction(row=row.id, text=f"needs driver {row.driver_min}, but its major needs {floor}")


def _falling(
    rows: Iterable[Fact], key: Callable[[Any], Any], field: str, parse: Callable[[Any], Any]
) -> Iterator[Contradiction]:
    known = sorted((row for row in rows if getattr(row, field)), key=key)
    for earlier, later in pairwise(known):
        if parse(getattr(later, field)) < parse(getattr(earlier, field)):
            text = f"{field} is {getattr(later, field)}, below {getattr(earlier, field)} of {earlier.id}"
            yield Contradiction(row=later.id, text=text)
