"""The committed tables: without contradiction, in the one form they are written in, and no source cited in vain."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gpusetup.facts import Facts, cache, facts
from gpusetup.facts.check import CHECKS, check
from gpusetup.facts.tables import TABLES
from gpusetup.facts.toml import read_sources
from tests.each import each
from tools import facts_toml

# one planted contradiction for each check: (check, table, row, fields to change)
PLANTED = [
    ("ids_are_unique", "branch", "branch-580", {"id": "branch-570"}),
    ("dates_are_in_order", "branch", "branch-580", {"expires": date(2026, 1, 1)}),
    ("dates_are_in_order", "release", "fedora-44", {"eol": date(2026, 1, 1)}),
    ("versions_parse", "cuda", "cuda-13.2.1", {"driver_min": "595.58.x"}),
    ("versions_parse", "torch_build", "torch-build-2.13-cu126", {"cc": ("sm_50",)}),
    ("cuda_asks_for_no_older_driver_later", "cuda", "cuda-13.2.1", {"driver_min": "525.60.13"}),
    ("bundled_drivers_suffice", "cuda", "cuda-13.2.1", {"driver_bundled": "580.65.06"}),
    ("runfiles_name_their_driver", "cuda", "cuda-13.2.1", {"release": "13.2.9"}),
    ("runfiles_name_their_driver", "cuda", "cuda-13.2.1", {"driver_bundled": "595.58.04"}),
    ("runfiles_name_their_driver", "cuda", "cuda-13.2.1", {"runfile_url": "https://example.org/"}),
    ("variants_ask_for_the_driver_of_their_major", "variant", "variant-cu126", {"driver_min": "530.30.02"}),
    ("series_drop_oldest_first", "cuda_series", "cuda-series-13.2", {"cc_min": "5.0"}),
    ("branches_drop_oldest_first", "branch", "branch-595", {"cc_min": "5.0"}),
    ("variants_ask_for_no_older_driver_later", "variant", "variant-cu130", {"driver_min": "450.80.02"}),
    ("chips_are_listed_once", "chip", "chip-gp107", {"chip": "GP106"}),
    ("chips_are_listed_once", "chip", "chip-gp107", {"boards": {"1c20": "x"}}),
    ("gpus_agree_with_their_chips", "gpu", "gpu-geforce-gtx-1050-mobile", {"pci_ids": ("1eb8",)}),
    ("gpus_agree_with_their_chips", "gpu", "gpu-geforce-gtx-1050-mobile", {"cc": "7.5"}),
    ("pci_ids_are_well_formed_and_mean_one_capability", "gpu", "gpu-t4", {"pci_ids": ("1EB8",)}),
    ("pci_ids_are_well_formed_and_mean_one_capability", "gpu", "gpu-t4", {"pci_ids": ("1c8d",)}),
    ("capabilities_belong_to_an_architecture", "arch", "arch-pascal", {"cc": ("6.0",)}),
    ("capabilities_belong_to_an_architecture", "arch", "arch-pascal", {"cc": ("6.0", "6.1", "6.2", "7.0")}),
    ("capabilities_belong_to_an_architecture", "gpu", "gpu-t4", {"arch": "Pascal"}),
    ("last_branches_are_the_last", "branch", "branch-590", {"cc_min": "5.0"}),
    ("last_branches_are_the_last", "branch", "branch-580", {"cc_min": "7.5"}),
    ("series_and_architectures_agree", "cuda_series", "cuda-series-12.9", {"cc_min": "7.5"}),
    ("series_and_architectures_agree", "cuda_series", "cuda-series-12.8", {"dropped": ("5.0",)}),
    ("peaks_are_of_known_gpus", "peak", "peak-t4", {"gpu": ("gpu-t5",)}),
    ("peaks_are_of_known_gpus", "peak", "peak-t4", {"gpu": ("gpu-a30",)}),
    ("peaks_are_of_known_gpus", "peak", "peak-t4", {"reported": ("H200",)}),
    ("peaks_grow_as_precision_falls", "peak", "peak-a30", {"tf32": 8.2}),
    ("peaks_grow_as_precision_falls", "peak", "peak-a30", {"fp16": 330.0}),
    ("peaks_grow_as_precision_falls", "peak", "peak-a30", {"float64_tensor": 20.6}),
    ("peaks_are_dense", "peak", "peak-h200-sxm", {"tf32": 989.0, "bf16": 1979.0, "fp16": 1979.0}),
    ("peaks_are_dense", "peak", "peak-rtx-4090", {"tf32": 165.2, "bf16": 330.4, "fp16": 330.4}),
    ("peaks_are_dense", "peak", "peak-rtx-4090", {"bf16": 330.3, "fp16": 330.3}),
    ("peaks_are_dense", "peak", "peak-l4", {"tf32": 120.0}),
    ("peaks_follow_from_the_clock", "peak", "peak-rtx-3070", {"boost_mhz": 1665}),
    ("peaks_follow_from_the_clock", "peak", "peak-a100-pcie-40gb", {"multiprocessors": 124}),
    ("peaks_are_stated", "peak", "peak-l20", {"tf32": 0.0, "bf16": 0.0, "fp16": 0.0, "bandwidth": 0.0}),
    ("series_are_known", "cuda", "cuda-13.2.1", {"series": "13.9"}),
    ("builds_belong_to_releases", "torch_build", "torch-build-2.13-cu126", {"releases": ("2.13",)}),
    ("builds_belong_to_releases", "torch_build", "torch-build-2.13-cu126", {"cuda": "12.8"}),
    ("default_variants_are_built", "torch", "torch-2.13.0", {"default_variant": "cu128"}),
    ("default_variants_are_built", "torch_build", "torch-build-2.13-cu130", {"variant": "cu132"}),
    ("builds_fit_their_toolkit", "torch_build", "torch-build-2.13-cu130", {"cc": ("6.0",)}),
    ("cudnn_versions_are_known", "torch_build", "torch-build-2.13-cu130", {"cudnn": "9.99.0.1"}),
    ("cudnn_versions_are_known", "cudnn_support", "cudnn-support-9.5.0-cuda11.8", {"last": "9.0.0"}),
    ("builds_keep_to_what_cudnn_supports", "torch_build", "torch-build-2.13-cu126", {"cc": ("3.7",)}),
    ("releases_can_be_used", "release", "fedora-44", {"gcc_major": 0}),
    ("releases_can_be_used", "release", "fedora-44", {"nvidia_repo": "fedora99"}),
    ("releases_can_be_used", "release", "fedora-45", {"nvidia_repo_exact": True}),
    ("releases_can_be_used", "release", "fedora-45", {"target": None}),
    ("releases_can_be_used", "release", "fedora-44", {"distribution": "fedore"}),
    ("clones_are_of_something", "clone", "clone-rocky", {"of": "rhol"}),
    ("clones_are_of_something", "clone", "clone-rocky", {"name": "fedora"}),
    ("lines_of_directories_are_known", "nvidia_repo", "nvidia-repo-rhel9", {"lines": {"581": "580.178.04"}}),
    ("lines_of_directories_are_known", "nvidia_repo", "nvidia-repo-rhel9", {"streams": {"581": {}}}),
    ("owners_are_known", "distribution", "distribution-fedora", {"owners": ("rpmfusion", "negativo17")}),
    ("owners_are_known", "distribution", "distribution-fedora", {"toolkit_repository": "nvidia"}),
    ("owners_are_known", "release", "fedora-44", {"drivers": {"rpmfusion": {"590xx": "590.44.01"}}}),
    ("owners_are_known", "release", "fedora-44", {"drivers": {"negativo17": {"main": "590.44.01"}}}),
    ("lines_of_directories_are_known", "nvidia_repo", "nvidia-repo-debian13", {"lines": {"470": "470.256.02"}}),
    ("owners_are_known", "driver_owner", "driver-owner-fedora-rpmfusion", {"repositories": ("rpmfusion",)}),
    ("owners_are_known", "driver_owner", "driver-owner-fedora-rpmfusion", {"chooses_row": "rule-nothing"}),
    ("keys_exist", "repo", "repo-epel", {"release_keys": {"9": "00000000"}}),
    ("keys_exist", "nvidia_repo", "nvidia-repo-fedora44", {"key_id": "00000000"}),
    ("keys_exist", "key", "key-73CD9B30", {"fingerprint": "129994480EC63D2789BC98E490DFED2F73CD9B31"}),
    ("wheels_belong_to_releases", "wheel", "wheel-torch-2.15.0-cp313", {"release": "2.15.9"}),
    ("wheels_belong_to_releases", "wheel", "wheel-torch-2.15.0-cp313", {"python": "3.7"}),
    ("wheels_belong_to_releases", "wheel", "wheel-nvidia-cudnn-cu12-9.28.0.42", {"package": "nvidia-cudnn-cu10"}),
    ("wheels_are_named_as_they_are", "wheel", "wheel-torch-2.15.0-cp313", {"python": "3.14"}),
    ("wheels_are_named_as_they_are", "wheel", "wheel-torch-2.15.0-cp313", {"python": ""}),
    ("wheels_are_named_as_they_are", "wheel", "wheel-torch-2.15.0-cp313", {"release": "2.14.1"}),
    ("wheels_are_named_as_they_are", "wheel", "wheel-torch-2.15.0-cp313", {"machine": "aarch64"}),
    ("packages_have_a_repository", "package", "package-akmod-nvidia", {"repo": "somewhere"}),
    ("builds_are_what_their_wheels_hold", "torch_build", "torch-build-2.14-cu130", {"ptx": "12.0"}),
    ("builds_are_what_their_wheels_hold", "tensorflow", "tensorflow-2.15.1", {"cc": ("8.0",)}),
    ("defects_have_a_range", "defect", "defect-nccl-2.29.2-hang", {"last": "2.29.1"}),
    ("defects_have_a_range", "defect", "defect-nccl-2.29.2-hang", {"cc_first": "9.0", "cc_last": "8.0"}),
    ("defects_have_a_range", "defect", "defect-nccl-2.29.2-hang", {"first": "2.29.x"}),
    ("defects_have_a_range", "defect", "defect-nccl-2.29.2-hang", {"beside": "tensorflow=>2"}),
    ("defects_are_of_known_releases", "defect", "defect-tensorflow-2.16.1-runpath", {"last": "2.16.9"}),
    ("refusals_can_be_decided", "defect", "defect-tensorflow-2.16.1-runpath", {"gpus": 2}),
]


def test_there_is_no_contradiction() -> None:
    assert list(check(facts())) == []


@pytest.mark.parametrize(
    ("name", "table", "row", "change"), PLANTED, ids=[f"{p[0]}-{n}" for n, p in enumerate(PLANTED)]
)
def test_a_planted_contradiction_is_found(name: str, table: str, row: str, change: dict[str, Any]) -> None:
    broken = Facts()
    rows = getattr(broken, table)
    assert row in {each.id for each in rows}
    changed = [msgspec.structs.replace(each, **change) if each.id == row else each for each in rows]
    setattr(broken, table, tuple(changed))
    (looked,) = [each for each in CHECKS if each.__name__ == name]
    assert list(looked(broken))


def test_every_check_has_something_planted() -> None:
    assert {each.__name__ for each in CHECKS} == {planted[0] for planted in PLANTED}


@each("table", TABLES)
def test_tables_are_written_in_their_one_form(table: str) -> None:
    path = Path(cache.HERE) / f"{table}.toml"
    assert facts_toml.dump(table, *facts_toml.read(path)) == path.read_text(), "run `python -m tools.facts_toml`"


def test_every_named_source_is_cited_and_written_out() -> None:
    cited = "".join((Path(cache.HERE) / f"{table}.toml").read_text() for table in TABLES)
    names = read_sources(cache.HERE)
    assert [name for name in names if f'"{name}"' not in cited] == []
    assert [text for text in names.values() if cited.count(f'"{text}"')] == []
    assert list(names) == sorted(names)


def test_rows_that_are_not_history_expire() -> None:
    current = ("branch-580", "fedora-44", "torch-2.15.0", "tensorflow-2.21.0", "nvidia-repo-fedora44", "cuda-13.3.1")
    rows = {row.id: row for table in TABLES for row in getattr(facts(), table)}
    assert [row_id for row_id in current if rows[row_id].expires is None] == []
