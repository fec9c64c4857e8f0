"""The engine knows no distribution: a name that is put into its code is found, wherever it stands."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import gpusetup
from tools.distribution_names import main, modules, names

ENGINE = Path(gpusetup.__file__).parent
PLANTED = [
    ("resolve/asked/request.py", 'DISTROS = ("fedora",)'),
    ("resolve/model.py", "distro_name = f'Fedora {1}'"),
    ("resolve/domains/hosts.py", "def rpmfusion_row(): ..."),
    ("resolve/chosen/repositories.py", "WORDS = {'x': 'RPM Fusion'}"),
    ("facts/find.py", "def newest_fedora(on): ..."),
    ("facts/tables.py", "facts.fedora"),
    ("render/formats.py", "HINT = 'a bundle has packages for dnf'"),
    ("packages/fit/question.py", "read(debian_version)"),
    ("licences/of_stack.py", "x = 'akmod-nvidia'"),
    ("cli/_request.py", "f(help='such as Ubuntu 24.04')"),
    ("api.py", "match x:\n    case 'opensuse-leap': pass"),
]


def test_the_engine_names_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(ENGINE) == 0, capsys.readouterr().out


def test_it_looks_at_the_modules_that_choose_and_render() -> None:
    looked_at = {path.relative_to(ENGINE).as_posix() for path in modules(ENGINE)}
    assert {path for path, _ in PLANTED} <= looked_at
    assert len(looked_at) > 200
    assert {"fedora", "rpm fusion", "rpmfusion", "debian", "dnf"} <= names()
    assert "nvidia" not in names()


@pytest.mark.parametrize(("path", "line"), PLANTED)
def test_one_that_is_put_there_is_found(
    path: str, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / path
    there.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ENGINE / path, there)
    assert main(tmp_path) == 0
    there.write_text(f"{there.read_text()}\n{line}\n")
    assert main(tmp_path) == 1
    assert f"{there}:" in capsys.readouterr().out


def test_an_example_in_a_docstring_or_comment_is_none(tmp_path: Path) -> None:
    (tmp_path / "api.py").write_text('"""Such as ``fedora``."""\n\nx = 1\n"""On Debian, 2."""  # Ubuntu has 3\n')
    assert main(tmp_path) == 0
