"""What a user names is written whole or not at all, and nothing that has the name is destroyed."""

from __future__ import annotations

import io
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gpusetup.errors import WrongInputError
from gpusetup.files import read, require_writable, write
from tests.support import Run, tool

TEXTS = {"short": "new\n", "long": "é" * 40_000, "empty": ""}
ROOT = os.geteuid() == 0


def device(kind: int, major: int, minor: int) -> Callable[[Path], None]:
    return lambda at: os.mknod(at, kind | 0o666, os.makedev(major, minor))


def linked(target: str, make: Callable[[Path], None] | None = None) -> Callable[[Path], None]:
    def plant(at: Path) -> None:
        if make is not None:
            make(at.parent / target)
        at.symlink_to(target)

    return plant


def file(mode: int = 0o640, owner: int = 0) -> Callable[[Path], None]:
    def plant(at: Path) -> None:
        at.write_text("old")
        at.chmod(mode)
        if owner:
            os.chown(at, owner, owner)

    return plant


def sock(at: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(at))


def chain(at: Path) -> None:
    for number in range(45):
        (at.parent / f"hop{number}").symlink_to(f"hop{number + 1}")
    at.symlink_to("hop0")


def strangers(at: Path) -> None:
    """Another user's link to a file of root's: what /tmp is full of."""
    (at.parent / "precious").write_text("old")
    at.symlink_to("precious")
    os.lchown(at, 12345, 12345)


def strangers_folder(at: Path) -> None:
    (at.parent / "there").mkdir()
    at.symlink_to("there")
    os.lchown(at, 12345, 12345)


def others_folder(at: Path) -> None:
    at.mkdir()
    os.chown(at, 12345, 12345)


def inside(name: str, make: Callable[[Path], object]) -> Callable[[Path], Path]:
    def plant(at: Path) -> Path:
        make(at)
        return at / name

    return plant


REFUSED: dict[str, Callable[[Path], Path | None]] = {
    "a folder": Path.mkdir,
    "a link to a folder": linked("there", Path.mkdir),
    "a link to itself": linked("node"),
    "too many links": chain,
    "a socket": sock,
    "a missing folder": lambda at: at / "new.json",
    "a missing folder's folder": lambda at: at / "a" / "b" / "new.json",
    "below a file": inside("new.json", file()),
    "a link into nowhere": linked("no/such/folder/x"),
    "below a link into nowhere": inside("new.json", linked("nowhere")),
    "a name too long": lambda at: at.parent / ("x" * 300),
    "a path too long": lambda at: at.parent / "/".join(["y" * 200] * 30),
    "a NUL": lambda at: at.parent / "a\0b",
    "procfs": lambda _: Path("/proc/new.json"),
    "a file of procfs": lambda _: Path("/proc/version"),
    "a file of sysfs": lambda _: Path("/sys/kernel/notes"),
    "a descriptor that is closed": lambda _: Path("/dev/fd/987"),
    "the root": lambda _: Path("/"),
    "up and away": lambda at: at.parent / "missing" / ".." / ".." / "missing" / "x",
}
REFUSED_AS_ROOT: dict[str, Callable[[Path], Path | None]] = {
    "a block device": device(stat.S_IFBLK, 240, 250),
    "a link to a block device": linked("disk", device(stat.S_IFBLK, 240, 250)),
    "a full device": device(stat.S_IFCHR, 1, 7),
    "a link to a full device": linked("full", device(stat.S_IFCHR, 1, 7)),
    "a device without driver": device(stat.S_IFCHR, 240, 250),
    "another user's link": strangers,
    "below another user's link": inside("new.json", strangers_folder),
}  # fmt: skip
WRITTEN: dict[str, Callable[[Path], Path | None]] = {
    "nothing yet": lambda _: None,
    "a file": file(),
    "a private file": file(0o600),
    "a read-only file": file(0o444),
    "a link to a file": linked("goal", file()),
    "a link to nothing yet": linked("goal"),
    "a chain of links": linked("second", linked("goal", file())),
    "a link with dots": lambda at: linked(f"../{at.parent.name}/goal", file())(at),
    "a name with line breaks": lambda at: at.parent / "a\n::error::b\x1b[2J",
    "a name that is not UTF-8": lambda at: at.parent / os.fsdecode(b"\xff\xfe.json"),
    "a name of blanks": lambda at: at.parent / " ",
    "a name like an option": lambda at: at.parent / "--output",
}
WRITTEN_AS_ROOT: dict[str, Callable[[Path], Path | None]] = {
    "another user's file": file(0o600, 12345),
    "another user's folder": inside("new.json", others_folder),
    "a null device": device(stat.S_IFCHR, 1, 3),
    "a link to a null device": linked("null", device(stat.S_IFCHR, 1, 3)),
    "a zero device": device(stat.S_IFCHR, 1, 5),
}
if ROOT:
    REFUSED |= REFUSED_AS_ROOT
    WRITTEN |= WRITTEN_AS_ROOT


def snapshot(folder: Path) -> dict[str, tuple[object, ...]]:
    """Everything below `folder`: kind, mode, owner, device, where a link leads, and what a file holds."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(folder.rglob("*")):
        entry = path.lstat()
        link = os.readlink(path) if path.is_symlink() else ""
        held = path.read_bytes() if stat.S_ISREG(entry.st_mode) else b""
        found[str(path.relative_to(folder))] = (entry.st_mode, entry.st_uid, entry.st_gid, entry.st_rdev, link, held)
    return found


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)  # a socket's name may have 107 bytes
    (tmp_path / "w").mkdir()
    return tmp_path / "w"


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_written_is_refused_and_left_as_it_was(kind: str, text: str, place: Path) -> None:
    target = REFUSED[kind](place / "node") or place / "node"
    before = snapshot(place)
    quiet = {"a full device", "a link to a full device", "a device without driver", "a socket"}  # seen on writing only
    if kind not in quiet and not kind.startswith("a file of"):
        with pytest.raises(WrongInputError, match="cannot write"):
            require_writable(target)
    if TEXTS[text] or "full device" not in kind:  # nothing fits on a full device
        with pytest.raises(WrongInputError, match="cannot write"):
            write(target, TEXTS[text] or "x")
    assert snapshot(place) == before


@pytest.mark.parametrize("mode", [None, 0o755])
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", WRITTEN)
def test_what_is_written_stays_what_it_is(kind: str, text: str, mode: int | None, place: Path) -> None:
    target = WRITTEN[kind](place / "node") or place / "node"
    before = snapshot(place)
    require_writable(target)
    assert snapshot(place) == before
    write(target, TEXTS[text], mode)
    after = snapshot(place)
    goal = target.resolve()
    name = str(goal.relative_to(place))
    if goal.is_file():
        assert goal.read_text() == TEXTS[text]
        kept = before.get(name, (0,))[0]
        assert isinstance(kept, int)
        assert stat.S_IMODE(goal.stat().st_mode) == (mode or kept & 0o777 or 0o666 & ~_umask())
        assert not kept or after.pop(name)[1:3] == before.pop(name)[1:3]
        after.pop(name, None)
    assert after == before


def test_the_hostile_targets_are_many() -> None:
    """As an administrator's machine has them; what an ordinary user may not plant is left out for that user."""
    assert len(TEXTS) * (len(REFUSED) + 2 * len(WRITTEN)) >= (170 if ROOT else 120)


def test_a_pipe_gets_the_text_and_stays_a_pipe(place: Path) -> None:
    os.mkfifo(place / "pipe")
    reader = os.open(place / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    require_writable(place / "pipe")
    write(place / "pipe", "through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert stat.S_ISFIFO((place / "pipe").lstat().st_mode)


def test_a_reader_that_has_left_is_told_from_a_place_that_cannot_be_written(place: Path) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    with pytest.raises(BrokenPipeError):
        write(Path(f"/dev/fd/{theirs}"), "x" * 10)
    os.close(theirs)


def test_a_descriptor_is_written_where_it_stands(place: Path) -> None:
    with open(place / "log", "w+") as log:
        log.write("before, ")
        log.flush()
        write(Path(f"/dev/fd/{log.fileno()}"), "after")
    assert (place / "log").read_text() == "before, after"


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "-"])
def test_standard_output_by_any_name(name: str, tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("gpusetup")
    log = tmp_path / "log"
    line = 'echo before >"$1"; "$0" plan --gpu "RTX 4090" --distro fedora --output "$2" --json >>"$1" 2>/dev/null'
    before = os.lstat("/dev/stdout")
    assert subprocess.run(["bash", "-c", line, script, log, name], timeout=60, check=False).returncode == 0
    assert log.read_text().startswith('before\n{\n  "version": 1,')
    assert os.lstat("/dev/stdout").st_ino == before.st_ino


def test_a_failed_write_leaves_the_old_file_and_no_scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kept.json"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WrongInputError, match="No space left"):
        write(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def mounts(tmp_path: Path) -> Iterator[Callable[..., None]]:
    made: list[Path] = []

    def mount(at: Path, *options: str | Path) -> None:
        done = subprocess.run(["mount", *map(str, options), str(at)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"mounting needs root and its capabilities: {done.stderr.strip()}")
        if "remount" not in str(options):
            made.append(at)

    tool("mount")
    yield mount
    for at in reversed(made):
        subprocess.run(["umount", str(at)], check=True)


def test_a_full_disk_is_found_before_the_work_and_keeps_the_old_file(place: Path, mounts: Callable[..., None]) -> None:
    mounts(place, "-t", "tmpfs", "-o", "size=64k", "none")
    (place / "old.json").write_text("old")
    (place / "rest").write_bytes(bytes(60_000))
    for path in (place / "old.json", place / "new.json"):
        with pytest.raises(WrongInputError, match="No space left"):
            require_writable(path)
        with pytest.raises(WrongInputError, match="No space left"):
            write(path, "x" * 10_000)
    assert (place / "old.json").read_text() == "old"
    assert sorted(path.name for path in place.iterdir()) == ["old.json", "rest"]


def test_read_only_media_are_found_before_the_work(place: Path, mounts: Callable[..., None]) -> None:
    (place / "old.json").write_text("old")
    mounts(place, "--bind", place)
    mounts(place, "-o", "remount,bind,ro")
    for path in (place / "old.json", place / "new.json"):
        with pytest.raises(WrongInputError, match="Read-only"):
            require_writable(path)


def test_a_file_that_is_mounted_alone_is_written_into(place: Path, mounts: Callable[..., None]) -> None:
    (place / "outside").write_text("old, and longer than what is new")
    (place / "inside").touch()
    mounts(place / "inside", "--bind", place / "outside")
    require_writable(place / "inside")
    write(place / "inside", "new")
    assert (place / "outside").read_text() == "new"


COMMANDS = {
    "detect": ["detect", "--output"],
    "plan": ["plan", "--gpu", "RTX 4090", "--distro", "fedora", "--output"],
    "lock": ["plan", "--gpu", "RTX 4090", "--distro", "fedora", "--format", "toml", "--output"],
    "install": ["install", "--gpu", "RTX 4090", "--distro", "fedora", "--output"],
    "container": ["container", "--gpu", "RTX 4090", "--distro", "fedora", "--output"],
    "licences": ["licences", "--gpu", "RTX 4090", "--distro", "fedora", "--sbom"],
    "selftest": ["selftest", "--save"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_refuses_at_once_what_it_could_not_write(name: str, gpusetup: Run, tmp_path: Path) -> None:
    for target in (tmp_path, tmp_path / "no" / "x.json", "/proc/version/x", f"{tmp_path}/new/"):
        done = gpusetup(*COMMANDS[name], target)
        assert done.returncode == 2, done.stderr
        assert "cannot write" in done.stderr
        assert not done.stdout
        assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"selftest", "lock"}))
def test_every_command_writes_through_a_link(name: str, gpusetup: Run, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("goal")
    done = gpusetup(*COMMANDS[name], tmp_path / "link")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "goal").stat().st_size > 100


def test_standard_input_is_a_file_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"piped")))
    assert read(Path("-"), "it") == b"piped"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_text(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "marked.json"
    path.write_bytes('{"é": 1}'.encode(encoding))
    assert read(path, "it").decode() == '{"é": 1}'


def test_what_has_no_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongInputError, match="more than 1 MiB"):
        read(Path("/dev/zero"), "the file", 1 << 20)
    (tmp_path / "large").write_bytes(bytes(1 << 20))
    assert len(read(tmp_path / "large", "the file", 1 << 20)) == 1 << 20


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize(
    "args", [["doctor", "--silences"], ["plan", "--gpu", "T4", "--distro", "fedora", "--format", "toml", "--output"]]
)
def test_a_number_without_end_is_no_fault_of_ours(args: list[str], gpusetup: Run, tmp_path: Path) -> None:
    """Python reads no integer of more than 4,300 digits, and says so by a ValueError that is no TOML error."""
    (tmp_path / "file.toml").write_text(f"a = {'9' * 5000}\n")
    done = gpusetup(*args, tmp_path / "file.toml")
    assert done.returncode == 2
    assert "4300 digits" in done.stderr
