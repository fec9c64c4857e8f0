"""What packages need of the card: refused with a way out where no card is new enough."""

from __future__ import annotations

from datetime import date

import pytest

from gpusetup.packages.compiled.known import compiled, of
from gpusetup.packages.model import Fit
from gpusetup.resolve.model import Refusal
from gpusetup.versions import dotted
from tests.packages.test_packages_fit import fit, lines, texts

PASCAL = ("GTX 1050 Mobile",)
VOLTA = ("Tesla V100",)


@pytest.mark.usefixtures("index")
def test_a_card_below_the_need_is_refused_with_a_way_out() -> None:
    refused = fit("vllm", "plain", gpus=PASCAL)
    said = texts(refused)
    assert "vllm 0.30.0 needs compute capability 7.5, and there is GeForce GTX 1050 Mobile (6.1)" in said
    assert isinstance(refused, Refusal)
    assert any(way.text.startswith("leave out vllm") for way in refused.ways_out)
    assert any("v0.21.0" in one for reason in refused.because for one in reason.sources)


@pytest.mark.usefixtures("index")
def test_an_older_release_that_the_card_runs_is_taken() -> None:
    assert "vllm==0.14.0" in lines(fit("vllm", gpus=VOLTA))
    assert "vllm==0.30.0" in lines(fit("vllm", gpus=("Tesla T4",)))


@pytest.mark.usefixtures("index")
def test_one_card_that_is_new_enough_will_do() -> None:
    found = fit("vllm", gpus=("RTX 4090", "GTX 1050 Mobile"))
    assert isinstance(found, Fit)
    notes = [note.text for note in found.request.packages.notes if note.fact == "packages:vllm"]
    assert notes == ["vllm 0.30.0 needs compute capability 7.5: not on GeForce GTX 1050 Mobile (6.1)"]


@pytest.mark.usefixtures("index")
def test_what_another_package_brings_is_told_and_not_refused() -> None:
    found = fit("serving", gpus=PASCAL)
    assert isinstance(found, Fit)
    assert any("vllm 0.30.0 needs compute capability 7.5" in note.text for note in found.request.packages.notes)


@pytest.mark.usefixtures("index")
def test_what_does_without_is_never_refused() -> None:
    found = fit("triton", "torch", gpus=("Tesla T4",))
    assert isinstance(found, Fit)
    assert any("triton 3.0 needs compute capability 8.0" in note.text for note in found.request.packages.notes)


def test_each_row_has_a_source_and_a_day() -> None:
    for row in compiled():
        assert all(one.startswith("https://") for one in row.source)
        assert date(2026, 11, 1) <= row.read_on
        assert row.card_needs in ("", "none") or dotted(row.card_needs) >= dotted("3.0")
        assert row.names == tuple(sorted(row.names)) or len(row.names) == 1


@pytest.mark.parametrize(("version", "needs"), [("0.20.3", "7.0"), ("0.21.0", "7.5"), ("0.21.0rc1", "7.5")])
def test_a_row_is_that_of_the_release(version: str, needs: str) -> None:
    row = of("vllm", version)
    assert row is not None
    assert row.card_needs == needs
