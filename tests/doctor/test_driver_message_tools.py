"""The tools that derive the driver's messages from its source, over a small repository of two branches."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import count_driver_messages, refresh_driver_messages
from tools.c_calls import calls, literal
from tools.refresh_driver_messages import Clone, Format, derive, formats, rows

pytestmark = pytest.mark.slow  # a small repository is made for each test, and read by git

OLD = r"""
#define NV_PRINTF(level, format, ...) NV_PRINTF_EX(NV_PRINTF_MODULE, level, NV_PRINTF_ADD_PREFIX(format))
void one(void) {
    NV_PRINTF(LEVEL_ERROR, "the frobnicator of GPU %d failed: 0x%x\n", (a, b), c);  // (not ) this
    NV_PRINTF(LEVEL_WARNING, "a warning that no release build prints\n");
    NV_PRINTF(LEVEL_INFO, "nor this one\n");
    nv_printf(NV_DBG_ERRORS, /* why */ "NVRM: GPU " NV_PCI_DEV_FMT " is\n"
        "NVRM: not what it was,\n"
        "NVRM: at 0x%" NvU64_fmtx ".\n", x);
    nv_printf(NV_DBG_INFO, "NVRM: some information for nobody\n");
    NV_DEV_PRINTF(NV_DBG_WARNINGS, nv, "a warning that is printed (100%% sure)\n");
    nvErrorLog_va((void *)pGpu, SOME_ERROR, "%s: a fault at %p", f("x, \"y\")"), p);
    NVSWITCH_PRINT(device, ERROR, "compiled out of releases\n");
    NVSWITCH_PRINT_SXID(device, NVSWITCH_ERR_HW_FOO, "Fatal, %s\n", "unit");
    UVM_ERR_PRINT("switched off by default\n");
    nvEvoLogDevDebug(pDevEvo, EVO_LOG_ERROR, "only in debug builds");
    nvEvoLogDev(pDevEvo, EVO_LOG_ERROR, "a display error in %s", head);
    printk(KERN_ERR "nvidia-nvlink: the core broke\n");
    printk(KERN_INFO "nvidia-nvlink: the core is fine\n");
    NV_PRINTF(LEVEL_ERROR, variable);
    NV_PRINTF(LEVEL_ERROR, "%d\n", 1);
}
"""
SAID = {
    Format("error", "the frobnicator of GPU % failed: 0x%"),
    Format("error", "GPU %:%:%.% is not what it was, at 0x%."),
    Format("warning", "GPU %:%:%.%: a warning that is printed (100%% sure)"),
    Format("error", "Xid: %: a fault at %"),
    Format("error", "SXid: Fatal, %"),
    Format("error", "a display error in %"),
    Format("error", "the core broke"),
}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository of two tags; the second drops one message and has another in a new file."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed: it reads a clone")
    root = tmp_path / "clone"

    def git(*words: str) -> None:
        author = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        subprocess.run(["git", "-C", str(root), *author, *words], check=True, capture_output=True)

    def put(path: str, text: str) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)

    root.mkdir()
    git("init", "-q")
    put("src/nvidia/src/kernel/one.c", OLD)
    put(refresh_driver_messages.STATUSES, 'NV_STATUS_CODE(NV_ERR_FOO, 0x0000001F, "Foo")\n')
    put(refresh_driver_messages.SXIDS, "    NVSWITCH_ERR_HW_FOO_BAR     = 10001,\n")
    for tag in ("525.1", "550.40.07", "550.163.01"):  # the first is too old, of the others the newest counts
        git("add", "-A")
        git("commit", "-q", "--allow-empty", "-m", tag)
        git("tag", tag)
    put("src/nvidia/src/kernel/one.c", OLD.replace("the frobnicator of GPU", "the new frobnicator of GPU"))
    put("kernel-open/nvidia/two.c", 'void two(void) { nv_printf(NV_DBG_ERRORS, "NVRM: something new\\n"); }\n')
    git("add", "-A")
    git("commit", "-q", "-m", "595")
    git("tag", "595.45.04")
    return root


def test_a_release_build_prints_exactly_these() -> None:
    assert set(formats(OLD)) == SAID


def test_a_call_is_followed_through_strings_comments_and_parentheses() -> None:
    text = 'f(a /* , */, (b, c), "x, \\")", d); /* f(1) */ g(f(2)); f("never closed'
    assert next(one.arguments for one in calls(text, frozenset({"f"}))) == ("a", "(b, c)", '"x, \\")"', "d")
    assert not list(calls("#define f(x) g(x)", frozenset({"f"})))


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ('"a" "b"', "ab"),
        ('"0x%" NvU64_fmtx " of %" PRIx64', "0x%llx of %x"),
        ('PREFIX "x"', "%xx"),
        ("format", None),
        ('cond ? "a" : "b"', None),
    ],
)
def test_only_literals_are_formats(argument: str, text: str | None) -> None:
    assert literal(argument, {"NvU64_fmtx": "llx"}) == text


def test_branches_are_told_from_the_newest_tag_of_each(clone: Path) -> None:
    repository = Clone(str(clone))
    assert repository.newest_tags() == {550: "550.163.01", 595: "595.45.04"}
    table = rows(derive(repository))
    assert ("the frobnicator of GPU % failed: 0x%", "error", 550, 550) in table["one.c"]
    assert ("the new frobnicator of GPU % failed: 0x%", "error", 595, 595) in table["one.c"]
    assert ("the core broke", "error", 550, 595) in table["one.c"]
    assert table["two.c"] == [("something new", "error", 595, 595)]


def test_the_tables_are_written_only_when_asked(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(refresh_driver_messages, "TABLES", tmp_path)
    monkeypatch.setattr(sys, "argv", ["refresh", str(clone)])
    refresh_driver_messages.main()
    assert "595.45.04: 7 errors, 8 formats" in capsys.readouterr().out
    assert not (tmp_path / "formats.json").exists()
    monkeypatch.setattr(sys, "argv", ["refresh", str(clone), "--write"])
    refresh_driver_messages.main()
    written = {one.stem: json.loads(one.read_text()) for one in tmp_path.glob("*.json")}
    assert written["status"] == {"31": "NV_ERR_FOO"}
    assert written["sxid"] == {"10001": "FOO_BAR"}
    assert written["breaks"] == ["at 0x", "not what it was,"]
    assert written["formats"][""] == ["550.163.01", "595.45.04"]
    assert written["formats"]["two.c"] == [["something new", "error", 595, 595]]


def test_what_is_judged_is_counted_for_every_branch(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["count"])
    count_driver_messages.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [*map(str, count_driver_messages.branches()), "all"]
    for line in lines[1:]:
        errors, *kinds = map(int, line.split()[1:])
        assert sum(kinds) == errors


def test_what_no_row_judges_is_listed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["count", "--left"])
    count_driver_messages.main()
    left = capsys.readouterr().out
    assert "RmInitAdapter failed!" not in left
    assert "kern_bus_gm107.c: Peer number table doesn't support >% GPUs" in left
