"""Requirement files as people write them, and what is not understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpusetup.errors import WrongInputError
from gpusetup.packages.files.lines import Lines, read_lines

FILE = """\
# a comment
torch>=2.1  # the framework
numpy==1.26.4 \\
    --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000
--extra-index-url https://wheels.example/simple
-i https://mirror.example/simple
-r more.txt
-c limits.txt
uvloop; sys_platform != "win32"
-e .
git+https://forge.example/a/b.git
tool @ https://forge.example/tool-1.0-py3-none-any.whl
https://forge.example/x#egg=x
--find-links wheels
"""


def read(folder: Path, text: str, name: str = "requirements.txt") -> Lines:
    (folder / name).write_text(text)
    return read_lines((folder / name,), ())


def test_lines_of_every_kind_are_taken_or_told(tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("einops\n")
    (tmp_path / "limits.txt").write_text("einops<1\n")
    found = read(tmp_path, FILE)
    assert found.wanted == ["torch>=2.1", "numpy==1.26.4", "einops", 'uvloop; sys_platform != "win32"']
    assert found.constraints == ["einops<1"]
    assert found.indexes == ["https://wheels.example/simple", "https://mirror.example/simple"]
    assert [line.partition(" ")[0] for line, _ in found.left] == [
        ".", "git+https://forge.example/a/b.git", "tool", "https://forge.example/x#egg=x",
        "--find-links",
    ]  # fmt: skip


def test_a_project_gives_its_dependencies(tmp_path: Path) -> None:
    text = '[project]\nname = "mine"\ndependencies = ["vllm>=0.3", "numpy"]\n'
    assert read(tmp_path, text, "pyproject.toml").wanted == ["vllm>=0.3", "numpy"]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("r.txt", "numpy ==\n", "r.txt, line 1: 'numpy ==' is no requirement"),
        ("r.txt", "\n\n--frobnicate\n", "line 3: --frobnicate is not understood"),
        ("r.txt", "-r r.txt\n", "is included by itself"),
        ("r.txt", "-r gone.txt\n", "gone.txt"),
        ("pyproject.toml", "[project]\ndependencies = 3\n", "no readable"),
        ("pyproject.toml", '[project]\ndynamic = ["dependencies"]\n', "dynamic"),
        ("pyproject.toml", "project = 3\n", "no readable"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_line(tmp_path: Path, name: str, text: str, why: str) -> None:
    with pytest.raises(WrongInputError) as caught:
        read(tmp_path, text, name)
    assert why in caught.value.message


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_bytes(b"\x80\x81")
    with pytest.raises(WrongInputError, match="cannot read"):
        read_lines((tmp_path / "r.txt",), ())
