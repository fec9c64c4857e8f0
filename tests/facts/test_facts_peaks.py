"""A card's peak is found by every word of the name that its driver reports, and by nothing less."""

from __future__ import annotations

from gpusetup.facts import facts
from gpusetup.facts.peaks import peak_by_name, peak_rate
from tests.each import each

NAMES = {
    "NVIDIA A100-SXM4-80GB": "peak-a100-sxm4-80gb",
    "NVIDIA A100 80GB PCIe": "peak-a100-pcie-80gb",
    "NVIDIA A100-PCIE-40GB": "peak-a100-pcie-40gb",
    "NVIDIA H100 80GB HBM3": "peak-h100-sxm",
    "NVIDIA H100 PCIe": "peak-h100-pcie",
    "NVIDIA H100 NVL": "peak-h100-nvl",
    "NVIDIA H200": "peak-h200-sxm",
    "NVIDIA GH200 480GB": "peak-gh200-96gb",
    "NVIDIA B300 SXM6 AC": "peak-b300",
    "Tesla V100-SXM2-16GB": "peak-v100-sxm2",
    "Tesla V100S-PCIE-32GB": "peak-v100s-pcie-32gb",
    "Tesla T4": "peak-t4",
    "NVIDIA L40S": "peak-l40s",
    "NVIDIA RTX A6000": "peak-rtx-a6000",
    "NVIDIA RTX 6000 Ada Generation": "peak-rtx-6000-ada",
    "NVIDIA GeForce RTX 4090": "peak-rtx-4090",
    "NVIDIA GeForce RTX 3080": "peak-rtx-3080",
}
NONE = (
    "NVIDIA GeForce RTX 4090 Laptop GPU",
    "NVIDIA GeForce RTX 4090 D",
    "NVIDIA A100-SXM4-40GB MIG 1g.5gb",
    "GRID A100D-10C",
    "NVIDIA A100",
    "NVIDIA H100",
    "AMD Instinct MI300X",
    "",
)


@each("name", NAMES)
def test_the_name_that_the_driver_reports_finds_the_row(name: str) -> None:
    row = peak_by_name(facts(), name)
    assert row is not None
    assert row.id == NAMES[name]


@each("name", NONE)
def test_less_than_the_whole_name_or_another_card_finds_none(name: str) -> None:
    assert peak_by_name(facts(), name) is None


def test_another_number_of_multiprocessors_is_another_card() -> None:
    """The RTX 3080 with 12 GB bears the same name; part of an A100 may, too."""
    assert peak_by_name(facts(), "NVIDIA GeForce RTX 3080", 68)
    assert peak_by_name(facts(), "NVIDIA GeForce RTX 3080", 70) is None
    assert peak_by_name(facts(), "NVIDIA A100-SXM4-40GB", 14) is None


def test_float64_is_that_of_the_tensor_cores_where_they_have_it() -> None:
    ampere, volta = (peak_by_name(facts(), name) for name in ("NVIDIA A100-SXM4-80GB", "Tesla V100-SXM2-16GB"))
    assert ampere is not None
    assert volta is not None
    assert (peak_rate(ampere, "float64"), peak_rate(volta, "float64")) == (19.5e12, 7.8e12)
    assert (peak_rate(ampere, "tf32"), peak_rate(volta, "tf32")) == (156e12, 0.0)
