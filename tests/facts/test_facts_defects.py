"""The lookup of known defects: whom a row concerns, and whom it does not."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gpusetup.facts import Facts, facts
from gpusetup.facts.defects import Where, assignments, concerns, defects_of, known_as
from gpusetup.facts.model.defects import Defect

ANYWHERE = Where(gpu=True, cards=("8.9",), arch="x86_64", beside={}, environment={})


def row(**fields: Any) -> Defect:
    given: dict[str, Any] = {"id": "defect-x", "package": "torch", "first": "2.5.0", "last": "2.6", "symptom": "x",
             "way_out": "take another", "source": ("a thread",), "read_on": date(2026, 11, 30)} | fields  # fmt: skip
    return Defect(**given)


def tables(*rows: Defect) -> Facts:
    made = Facts()
    made.__dict__["defect"] = rows
    return made


@pytest.mark.parametrize(
    ("version", "found"),
    [("2.4.1", False), ("2.5.0", True), ("2.5.0+cu124", True), ("2.6.1", True), ("2.7.0", False), ("2.10.0", False),
     ("2.6.0a0+git1", False)],
)  # fmt: skip
def test_a_range_counts_as_far_as_it_is_written(version: str, found: bool) -> None:
    assert bool(defects_of(tables(row()), "torch", version)) is found


@pytest.mark.parametrize(
    ("fields", "where", "shows"),
    [
        ({"build": "gpu"}, {"gpu": True}, True),
        ({"build": "gpu"}, {"gpu": False}, False),
        ({"build": "cpu"}, {"gpu": False}, True),
        ({"build": "cpu"}, {"gpu": True}, True),
        ({"cc_first": "8.0", "cc_last": "9.0"}, {"cards": ("8.9",)}, True),
        ({"cc_first": "10.0"}, {"cards": ("8.9", "9.0")}, False),
        ({"cc_first": "10.0"}, {"cards": None}, True),
        ({"cc_last": "7.0"}, {"cards": ()}, False),
        ({"gpus": 2}, {"cards": ("8.9",)}, False),
        ({"gpus": 2}, {"cards": ("8.9", "8.9")}, True),
        ({"arch": "aarch64"}, {"arch": "x86_64"}, False),
        ({"arch": "aarch64"}, {"arch": "aarch64"}, True),
        ({"arch": "aarch64"}, {"arch": None}, True),
        ({"variable": "LD_PRELOAD"}, {"environment": {"LD_PRELOAD": "/x.so"}}, True),
        ({"variable": "LD_PRELOAD"}, {"environment": {"LD_PRELOAD": ""}}, False),
        ({"beside": "nvidia-cudnn<9.15"}, {"beside": {"nvidia-cudnn-cu12": "9.10.2.21"}}, True),
        ({"beside": "nvidia-cudnn<9.15"}, {"beside": {"nvidia-cudnn-cu12": "9.16.0.29"}}, False),
        ({"beside": "nvidia-cudnn-cu13"}, {"beside": {"nvidia-cudnn-cu12": "9.16.0.29"}}, False),
        ({"beside": "nvidia-cudnn-cu13"}, {"beside": {"nvidia-cudnn-cu13": "9.16.0.29"}}, True),
        ({"beside": "tensorflow==2.21.0"}, {"beside": {"tensorflow-cpu": "2.21.0"}}, True),
        ({"beside": "tensorflow==2.21.0"}, {"beside": {"tensorflow": "2.21.0rc1"}}, False),
        ({"beside": "tensorflow==2.21.0"}, {"beside": None}, True),
    ],
)
def test_what_is_known_can_exclude_a_defect_and_what_is_not_known_cannot(
    fields: dict[str, Any], where: dict[str, Any], shows: bool
) -> None:
    here = {name: getattr(ANYWHERE, name) for name in Where.__struct_fields__} | where
    assert concerns(row(**fields), Where(**here)) is shows


@pytest.mark.parametrize(
    ("distribution", "called"),
    [("nvidia-cudnn-cu12", "nvidia-cudnn"), ("nvidia-nccl-cu13", "nvidia-nccl"), ("nvidia-cublas", "nvidia-cublas"),
     ("tensorflow-cpu", "tensorflow"), ("jaxlib", "jax"), ("numpy", ""), ("nvidia-cudnn-frontend", "")],
)  # fmt: skip
def test_a_distribution_is_known_by_the_name_of_the_table(distribution: str, called: str) -> None:
    assert known_as(distribution) == called


def test_the_work_arounds_of_several_defects_are_one_environment() -> None:
    rows = [row(workaround=("A=1", "B=x=y")), row(workaround=()), row(workaround=("C=",))]
    assert assignments(rows) == {"A": "1", "B": "x=y", "C": ""}


def test_a_work_around_of_the_table_is_a_variable_its_way_out_names() -> None:
    for one in facts().defect:
        for text in one.workaround:
            assert text.partition("=")[0] in one.way_out, one.id
