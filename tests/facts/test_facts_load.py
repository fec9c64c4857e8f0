"""A row without source or reading day does not load, and an old compilation never shadows an edited row."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import msgspec
import pytest

from gpusetup.errors import WrongInputError
from gpusetup.facts import Facts, cache, facts
from gpusetup.facts.tables import TABLES, row_type

ROW = """
[[glibc]]
id = "glibc-2.41"
series_last = "12.9"
glibc_from = "2.41"
symptom = "nvcc stops"
fix = "a newer one"
source = ["https://example.org/"]
read_on = 2026-11-22
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one table of one row."""
    (tmp_path / "sources.toml").write_text('somewhere = "https://example.org/there"\n')
    (tmp_path / "glibc.toml").write_text(ROW)
    return tmp_path


def edit(folder: Path, pattern: str, replacement: str) -> None:
    text = (folder / "glibc.toml").read_text()
    changed = re.sub(pattern, replacement, text)
    assert changed != text
    (folder / "glibc.toml").write_text(changed)


def test_a_whole_row_loads(folder: Path) -> None:
    (row,) = Facts(folder).glibc
    assert (row.id, row.series_last, row.read_on.isoformat(), row.expires) == ("glibc-2.41", "12.9", "2026-11-22", None)


@pytest.mark.parametrize(
    ("pattern", "replacement", "says"),
    [
        (r"source = .*\n", "", "source"),
        (r'source = \["https://example.org/"\]', "source = []", "source"),
        (r'"https://example.org/"', '""', "source"),
        (r'"https://example.org/"', '"nowhere"', "nowhere"),
        (r"read_on = .*\n", "", "read_on"),
        (r"read_on = .*", 'read_on = "lately"', "read_on"),
        (r"fix = .*\n", "", "fix"),
        (r'id = "glibc-2.41"', 'id = ""', "id"),
        (r'fix = "a newer one"', 'fix = "a newer one"\ncure = "none"', "cure"),
        (r"\[\[glibc\]\]", "[[glibc", "not TOML"),
        (r"\[\[glibc\]\]", "[[muslc]]", "muslc"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_by_name(folder: Path, pattern: str, replacement: str, says: str) -> None:
    edit(folder, pattern, replacement)
    with pytest.raises(WrongInputError) as refused:
        Facts(folder).load("glibc")
    assert "glibc.toml" in str(refused.value)
    assert says in str(refused.value)


def test_a_row_that_does_not_fit_is_named_by_its_line_with_where_its_fields_are_described(folder: Path) -> None:
    with (folder / "glibc.toml").open("a") as table:
        table.write(ROW.replace('id = "glibc-2.41"', 'id = "glibc-2.42"').replace("read_on", "# read_on"))
    with pytest.raises(WrongInputError) as refused:
        Facts(folder).load("glibc")
    begins = [line for line, text in enumerate((folder / "glibc.toml").read_text().split("\n"), 1) if "[[" in text]
    assert f"glibc.toml:{begins[1]}: [[glibc]] row 2 (glibc-2.42)" in refused.value.message
    assert "`read_on`" in refused.value.message
    assert (
        refused.value.remedy == "correct the row: gpusetup/facts/model/cuda.py, class Glibc, says which fields it has"
    )


WHEEL = """
[[wheel]]
id = "wheel-torch-2.15.0-cp313"
package = "torch"
release = "2.15.0"
python = "3.13"
file = "torch-2.15.0-cp313-cp313-manylinux_2_28_x86_64.whl"
sha256 = "{}"
source = ["https://example.org/"]
read_on = 2026-11-22
"""


@pytest.mark.parametrize("sha256", ["", "ab" * 31, "ab" * 33, "AB" * 32, "xy" * 32, "ab" * 32 + "\\n"])
def test_a_wheel_whose_hash_is_no_sha256_is_refused(folder: Path, sha256: str) -> None:
    (folder / "wheel.toml").write_text(WHEEL.format("ab" * 32))
    assert Facts(folder).wheel[0].sha256 == "ab" * 32
    (folder / "wheel.toml").write_text(WHEEL.format(sha256))
    with pytest.raises(WrongInputError, match=r"wheel-torch-2.15.0-cp313.*sha256"):
        Facts(folder).load("wheel")


def test_a_name_stands_for_its_source(folder: Path) -> None:
    edit(folder, '"https://example.org/"', '"somewhere"')
    assert Facts(folder).glibc[0].source == ("https://example.org/there",)


def test_a_table_that_cannot_be_read_or_does_not_exist_is_an_error(folder: Path) -> None:
    (folder / "glibc.toml").unlink()
    with pytest.raises(WrongInputError, match="glibc"):
        Facts(folder).load("glibc")
    with pytest.raises(WrongInputError, match="nonsense"):
        Facts(folder).load("nonsense")
    with pytest.raises(AttributeError):
        _ = Facts(folder).nonsense


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all the tables, compiled."""
    copy = tmp_path_factory.mktemp("facts")
    for path in Path(cache.HERE).glob("*.toml"):
        shutil.copy(path, copy)
    cache.write(copy)
    return copy


def test_compiled_tables_are_the_tables(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = {table: Facts(cache.HERE).load(table) for table in TABLES}
    monkeypatch.setattr("gpusetup.facts.toml.read_table", lambda *_: pytest.fail("TOML was parsed"))
    assert {table: Facts(whole).load(table) for table in TABLES} == parsed


@pytest.mark.parametrize("name", ["glibc.toml", "sources.toml"])
def test_an_edited_row_is_never_shadowed(whole: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    path = tmp_path / name
    path.write_text(path.read_text().replace("spack-packages", "stack-packages").replace("container", "stack-packages"))
    assert "stack-packages" in msgspec.json.encode(Facts(tmp_path).load("glibc")).decode()


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"glibc": 1}', b"\xff"])
def test_a_broken_compilation_is_not_used(whole: Path, tmp_path: Path, content: bytes) -> None:
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    (tmp_path / cache.NAME).write_bytes(content)
    assert Facts(tmp_path).glibc == Facts(whole).glibc


def test_every_table_is_declared_once() -> None:
    annotations = {name: text for name, text in Facts.__annotations__.items() if not name.startswith("_")}
    assert annotations == {table: f"tuple[{row_type(table).__name__}, ...]" for table in TABLES}
    assert {path.stem for path in Path(cache.HERE).glob("*.toml")} == {*TABLES, "sources"}
    assert all(facts().load(table) for table in TABLES)
