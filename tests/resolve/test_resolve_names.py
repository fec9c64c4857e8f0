"""Cards as lspci, NVML, sysfs and people write them: each is that card, or an error that names the candidates."""

from __future__ import annotations

import pytest

from gpusetup.errors import WrongInputError
from gpusetup.facts import Facts
from gpusetup.resolve.asked.cards import named

CAPABILITIES = {
    "GTX 580": "2.0", "GT 610": "2.1", "Quadro 6000": "2.0", "Quadro 4000": "2.0",
    "GTX 660": "3.0", "GTX 680": "3.0", "GT 640": "3.0", "NVS 510": "3.0", "Quadro K2000": "3.0",
    "GTX 780": "3.5", "GTX TITAN": "3.5", "GTX TITAN Black": "3.5", "Tesla K40": "3.5", "Tesla K80": "3.7",
    "GTX 750 Ti": "5.0", "GTX 960": "5.2", "GTX TITAN X": "5.2", "Quadro M2000": "5.2", "Tesla M40 24GB": "5.2",
    "TITAN Xp": "6.1", "GT 1030": "6.1", "MX150": "6.1", "10de:1d01": "6.1", "Quadro P2000": "6.1",
    "GP107M [GeForce GTX 1050 Mobile]": "6.1", "Tesla P100-PCIE-16GB": "6.0", "TITAN V": "7.0",
    "GTX 1650": "7.5", "Quadro RTX 4000": "7.5", "TU104GL [Tesla T4] (rev a1)": "7.5", "10de:1eb8": "7.5",
    "GA102 [GeForce RTX 3090]": "8.6", "NVIDIA GeForce RTX 3070 Laptop GPU": "8.6",
    "NVIDIA Corporation GA103M [GeForce RTX 3080 Ti Mobile] (rev a1)": "8.6",
    "RTX 4060 Max-Q": "8.9", "AD107M [GeForce RTX 4060 Max-Q / Mobile]": "8.9", "RTX 4000 Ada": "8.9", "L40S": "8.9",
    "0x10de 0x2684": "8.9", "sm_89": "8.9", "NVIDIA H100 NVL": "9.0", "NVIDIA H100 80GB HBM3": "9.0", "GH200": "9.0",
    "NVIDIA B200": "10.0", "NVIDIA GB300": "10.3", "sm_120": "12.0", "DGX Spark": "12.1", "GB10": "12.1",
    "NVIDIA RTX PRO 6000 Blackwell Workstation Edition": "12.0", "Jetson AGX Thor": "11.0", "Jetson Orin Nano": "8.7",
}  # fmt: skip
"""Names → compute capability, from NVIDIA's own lists (developer.nvidia.com/cuda-gpus, and that of legacy GPUs)."""


@pytest.mark.parametrize("name", CAPABILITIES)
def test_a_card_is_known_by_any_of_its_names(tables: Facts, name: str) -> None:
    (card,) = named(tables, [name], ())
    assert card.compute_capability == CAPABILITIES[name]


@pytest.mark.parametrize("name", ["TITAN X", "RTX 4000", "RTX 6000", "GT 730", "GeForce GT 740M"])
def test_a_name_of_several_architectures_is_never_one_of_them(tables: Facts, name: str) -> None:
    with pytest.raises(WrongInputError, match="ambiguous"):
        named(tables, [name], ())


@pytest.mark.parametrize("name", ["RTX 9999", "Tegra X1", "GRID X9-16Q", "Radeon RX 7900", "x8", "GTX"])
def test_an_unknown_name_is_never_another_card(tables: Facts, name: str) -> None:
    with pytest.raises(WrongInputError):
        named(tables, [name], ())
