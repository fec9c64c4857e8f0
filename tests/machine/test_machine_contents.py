"""The program that lists what is installed: run as it is run inside an image, by a Python that has nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from gpusetup.machine.model.contents import Contents
from gpusetup.machine.software.installed import PROGRAM

SAID = {
    "new_one-1.0": "Name: New_One\nVersion: 1.0\nLicense-Expression: MIT AND ISC\n",
    "old-2.0": "Name: old\nVersion: 2.0\nLicense: BSD\nClassifier: License :: OSI Approved :: BSD License\n",
    "wordy-3.0": "Name: wordy\nVersion: 3.0\nLicense: " + "All of it. " * 20
    + "\nClassifier: License :: OSI Approved :: MIT License\nClassifier: License :: OSI Approved :: Zope\n",
    "silent-4.0": "Name: silent\nVersion: 4.0\n",
}  # fmt: skip


def listed(folder: Path) -> dict[str, Any]:
    text = subprocess.run([sys.executable, "-I", "-", folder], input=PROGRAM.read_text(), text=True, check=True,
                          capture_output=True).stdout  # fmt: skip
    msgspec.json.decode(text, type=Contents)
    return {wheel["name"]: wheel for wheel in json.loads(text)["wheels"]}


def test_each_way_of_stating_a_licence_is_read(tmp_path: Path) -> None:
    for name, text in SAID.items():
        (tmp_path / f"{name}.dist-info").mkdir()
        (tmp_path / f"{name}.dist-info/METADATA").write_text(f"Metadata-Version: 2.4\n{text}\n")
    (tmp_path / "gone-5.0.dist-info").mkdir()
    found = listed(tmp_path)
    assert found.keys() == {"new-one", "old", "wordy", "silent"}
    assert found["new-one"]["spdx"] == "MIT AND ISC"
    assert (found["old"]["spdx"], found["old"]["licence"]) == ("", "BSD")
    assert found["wordy"]["licence"] == "MIT License AND Zope"
    assert found["silent"]["licence"] == ""


def test_it_needs_nothing_but_the_standard_library() -> None:
    names = [
        line.split()[1].partition(".")[0]
        for line in PROGRAM.read_text().splitlines()
        if line.startswith(("import ", "from "))
    ]
    assert set(names) <= set(sys.stdlib_module_names)
