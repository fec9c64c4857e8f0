"""Finds contradictions within and between the tables."""

from __future__ import annotations

from collections.abc import Iterator

from gpusetup.facts import Facts
from gpusetup.facts.check import artefacts, defects, hardware, joins, order, peaks, rows, systems, wheels
from gpusetup.facts.check.contradiction import Contradiction

CHECKS = (
    rows.ids_are_unique,
    rows.dates_are_in_order,
    rows.versions_parse,
    order.cuda_asks_for_no_older_driver_later,
    order.bundled_drivers_suffice,
    order.runfiles_name_their_driver,
    order.series_drop_oldest_first,
    order.branches_drop_oldest_first,
    order.variants_ask_for_no_older_driver_later,
    order.variants_ask_for_the_driver_of_their_major,
    hardware.chips_are_listed_once,
    hardware.gpus_agree_with_their_chips,
    hardware.pci_ids_are_well_formed_and_mean_one_capability,
    hardware.capabilities_belong_to_an_architecture,
    hardware.last_branches_are_the_last,
    hardware.series_and_architectures_agree,
    peaks.peaks_are_of_known_gpus,
    peaks.peaks_grow_as_precision_falls,
    peaks.peaks_are_dense,
    peaks.peaks_follow_from_the_clock,
    peaks.peaks_are_stated,
    joins.series_are_known,
    joins.builds_belong_to_releases,
    joins.default_variants_are_built,
    joins.builds_fit_their_toolkit,
    joins.cudnn_versions_are_known,
    joins.builds_keep_to_what_cudnn_supports,
    systems.releases_can_be_used,
    systems.clones_are_of_something,
    systems.owners_are_known,
    systems.lines_of_directories_are_known,
    joins.keys_exist,
    joins.packages_have_a_repository,
    wheels.wheels_belong_to_releases,
    wheels.wheels_are_named_as_they_are,
    artefacts.builds_are_what_their_wheels_hold,
    defects.defects_have_a_range,
    defects.defects_are_of_known_releases,
    defects.refusals_can_be_decided,
)


def check(facts: Facts) -> Iterator[Contradiction]:
    """Yield every contradiction, constraint by constraint."""
    for each in CHECKS:
        yield from each(facts)
