"""`Host`: nothing that lies in a folder can make it fail, wait or leave the folder."""

from __future__ import annotations

import itertools
import os
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from gpusetup.machine.host import Host
from gpusetup.machine.model import Unread
from tests.fake_host import Link, grow


def unread(value: object) -> Unread:
    assert isinstance(value, Unread)
    return value


def test_absolute_links_stay_inside(tmp_path: Path) -> None:
    host = Host(grow(tmp_path, {"/etc/os-release": Link("/usr/lib/os-release"), "/usr/lib/os-release": "ID=inside\n"}))
    assert host.read_line("/etc/os-release") == "ID=inside"
    assert host.resolve("/etc/os-release") == "/usr/lib/os-release"


def test_a_link_cannot_climb_out(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("outside")
    host = Host(grow(tmp_path / "root", {"/etc/passwd": Link("../../../../../secret")}))
    assert unread(host.read_text("/etc/passwd")).unread == "absent"
    assert unread(host.read_text("/../../secret")).unread == "absent"


def test_linked_folders_are_followed_on_the_way(tmp_path: Path) -> None:
    host = Host(
        grow(tmp_path, {"/lib": Link("/usr/lib"), "/usr/lib/modules/7.0/x": "1", "/a": Link("b"), "/b": Link("lib")})
    )
    assert host.read_int("/a/modules/7.0/x") == 1
    assert host.glob("/lib/modules/*/x") == ("/lib/modules/7.0/x",)


@pytest.mark.parametrize(
    "pattern",
    ["*", "a*", "*a", "a*a", "*a*", "a*a*a", "*ab*b*", "a*b*a", "**", "[ab]a*", "a?", "*.x", "a*.x", "a", "aa*a"],
)
def test_patterns_match_as_in_a_shell(tmp_path: Path, pattern: str) -> None:
    names = ["".join(letters) for count in (1, 2, 3, 4) for letters in itertools.product("ab", repeat=count)]
    names += ["a.x", ".x", "ab.x", "A", "aA", "[ab]a"]
    host = Host(grow(tmp_path, {f"/d/{name}": "" for name in names}))
    assert host.glob(f"/d/{pattern}") == tuple(sorted(f"/d/{name}" for name in names if fnmatchcase(name, pattern)))


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    host = Host(grow(tmp_path, {"/a": Link("b"), "/b": Link("/a")}))
    assert unread(host.read_text("/a")).unread == "failed"
    assert host.resolve("/a") == "/a"
    assert not host.exists("/a")
    assert unread(host.listdir("/a/x")).unread == "failed"


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    host = Host(grow(tmp_path, {"/folder": None}))
    assert unread(host.read_text("/fifo")).detail == "not a regular file"
    assert unread(host.read_text("/folder")).detail == "not a regular file"
    assert unread(host.listdir("/fifo")).unread == "absent"


def test_a_file_without_end_is_read_to_the_limit(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(1 << 34)
    text = Host(tmp_path).read_text("/huge", limit=1000)
    assert not isinstance(text, Unread)
    assert len(text) == 1000


def test_bytes_that_are_not_text_become_text(tmp_path: Path) -> None:
    host = Host(grow(tmp_path, {"/latin1": b"caf\xe9\n"}))
    (tmp_path / os.fsdecode(b"na\xefve")).write_text("")
    assert host.read_line("/latin1") == "caf�"
    assert "na�ve" in host.names("/")


@pytest.mark.parametrize("content", ["", "   \n", "twelve\n", "0x12\n"])
def test_a_number_that_is_none_is_not_zero(tmp_path: Path, content: str) -> None:
    assert unread(Host(grow(tmp_path, {"/n": content})).read_int("/n")).unread == "failed"


def test_absent_and_denied_are_told_apart(ordinary_user: Path) -> None:
    locked = grow(ordinary_user, {"/file": "1", "/folder/file": "1"})
    (locked / "file").chmod(0)
    (locked / "folder").chmod(0)
    host = Host(locked)
    assert unread(host.read_int("/file")).unread == "denied"
    assert unread(host.listdir("/folder")).unread == "denied"
    assert unread(host.read_int("/folder/file")).unread == "denied"
    assert unread(host.read_int("/nothing")).unread == "absent"
    (locked / "folder").chmod(0o700)
