"""What a user may rely on: every folder, link and file on the way belongs to root or that user, and to them alone."""

from __future__ import annotations

import grp
import os
import pwd
import struct
from pathlib import Path

import pytest

from gpusetup.errors import RefusedError
from gpusetup.trust.paths import Trust, require_tree
from tests.strangers import MALLORY, TRENT, give, needs_root

pytestmark = needs_root


@pytest.fixture
def file(commons: Path) -> Path:
    """A file of root's, two folders deep."""
    path = commons / "a/b/file"
    path.parent.mkdir(parents=True)
    path.write_text("x")
    return path


def test_what_root_alone_can_write_is_relied_on(file: Path) -> None:
    assert Trust(0).path(str(file)) == ""
    assert Trust(MALLORY).path(str(file)) == ""
    assert Trust(0).tree(str(file.parent)) == ""


@pytest.mark.parametrize("which", ["a", "a/b", "a/b/file"])
def test_one_thing_of_another_on_the_way_is_enough(file: Path, commons: Path, which: str) -> None:
    os.chown(commons / which, MALLORY, MALLORY)
    assert Trust(0).path(str(file)) == f"{commons / which} belongs to user {MALLORY}"
    assert Trust(MALLORY).path(str(file)) == ""
    assert Trust(TRENT).path(str(file)) != ""


@pytest.mark.parametrize("which", ["a", "a/b", "a/b/file"])
@pytest.mark.parametrize(("mode", "who"), [(0o757, "world-writable"), (0o775, "writable by group 61001")])
def test_what_others_can_write_is_not(file: Path, commons: Path, which: str, mode: int, who: str) -> None:
    os.chown(commons / which, 0, MALLORY)
    (commons / which).chmod(mode)
    assert Trust(0).path(str(file)) == f"{commons / which} is {who} (mode {mode:04o})"
    assert bool(Trust(0, lenient=True).path(str(file))) == (who == "world-writable")


def test_a_sticky_folder_is_passed_through_but_holds_nothing_of_its_own(file: Path, commons: Path) -> None:
    (commons / "a").chmod(0o1777)
    assert Trust(0).path(str(file)) == ""
    assert "world-writable" in Trust(0).path(str(commons / "a"))


def test_a_link_is_as_good_as_who_made_it_and_where_it_leads(file: Path, commons: Path) -> None:
    mallorys = commons / "mallorys"
    mallorys.mkdir()
    (mallorys / "evil").write_text("x")
    give(mallorys, MALLORY)
    link = commons / "link"
    link.symlink_to("mallorys/../mallorys/evil")
    assert Trust(0).path(str(link)) == f"{mallorys} belongs to user {MALLORY}"
    link.unlink()
    link.symlink_to(file)
    assert Trust(0).path(str(link)) == ""
    os.chown(link, MALLORY, MALLORY, follow_symlinks=False)
    assert Trust(0).path(str(link)) == f"{link} belongs to user {MALLORY}"


def test_dots_are_taken_as_the_kernel_takes_them(file: Path, commons: Path) -> None:
    (commons / "evil").mkdir()
    (commons / "evil/x").mkdir()
    (commons / "evil/secret").write_text("x")
    give(commons / "evil", MALLORY)
    (commons / "a/link").symlink_to("../evil/x")
    assert "belongs to" in Trust(0).path(f"{commons}/a/link/../secret")


def test_a_folder_that_is_gone_is_in_no_whole_paths_way(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert Trust(0).path(str(file)) == ""
    assert "cannot be checked" in Trust(0).path("file")


def test_links_in_a_ring_and_what_is_not_there_are_reasons(commons: Path) -> None:
    (commons / "ring").symlink_to("ring")
    assert "Too many levels" in Trust(0).path(str(commons / "ring"))
    assert "No such file" in Trust(0).path(str(commons / "nothing"))


def test_an_access_list_is_seen_even_where_the_group_is_roots(file: Path) -> None:
    file.chmod(0o664)
    assert Trust(0).path(str(file)) == ""
    # owner rw, user MALLORY rw, group r, mask rw, others r: acl(5), linux/posix_acl_xattr.h
    entries = ((1, 6, -1), (2, 6, MALLORY), (4, 4, -1), (16, 6, -1), (32, 4, -1))
    access = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    os.setxattr(file, "system.posix_acl_access", access)
    assert Trust(0).path(str(file)) == f"{file} has an ACL that lets other users write (see getfacl)"


def test_a_group_of_ones_own_is_nobody_else(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = pwd.struct_passwd(("ada", "x", MALLORY, MALLORY, "", "/home/ada", "/bin/bash"))
    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: user)
    members: list[str] = []
    monkeypatch.setattr(grp, "getgrgid", lambda _gid: grp.struct_group(("ada", "x", MALLORY, members)))
    os.chown(file, MALLORY, MALLORY)
    file.chmod(0o664)
    assert Trust(MALLORY).path(str(file)) == ""
    members.append("bob")
    assert Trust(MALLORY).path(str(file)) == f"{file} is writable by group ada (mode 0664)"


def test_a_systems_group_without_members_is_nobody(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members: list[str] = []
    users = [pwd.struct_passwd(("root", "x", 0, 0, "", "/root", "/bin/bash"))]
    monkeypatch.setattr(pwd, "getpwall", lambda: users)
    monkeypatch.setattr(grp, "getgrgid", lambda gid: grp.struct_group(("staff", "x", gid, members)))
    file.chmod(0o664)
    os.chown(file, 0, 50)
    assert Trust(0).path(str(file)) == ""
    users.append(pwd.struct_passwd(("ada", "x", MALLORY, 50, "", "/", "/bin/bash")))
    assert Trust(0).path(str(file)) == f"{file} is writable by group staff (mode 0664)"
    del users[1]
    members.append("ada")
    assert Trust(0).path(str(file)) != ""
    members.clear()
    os.chown(file, 0, 1000)  # whose members a directory may keep to itself
    assert Trust(0).path(str(file)) != ""


@pytest.mark.parametrize("evil", ["file", "folder", "link", "far"])
def test_a_tree_is_looked_through(file: Path, commons: Path, evil: str) -> None:
    tree, strange = file.parent, commons / "strange"
    strange.mkdir()
    (strange / "x").write_text("x")
    os.chown(strange / "x", MALLORY, MALLORY)
    assert Trust(0).tree(str(tree)) == ""
    match evil:
        case "file":
            os.chown(file, MALLORY, MALLORY)
        case "folder":
            (tree / "open").mkdir()
            (tree / "open").chmod(0o777)
        case "link":
            (tree / "link").symlink_to(strange / "x")
        case "far":  # a link to a folder in which one file is another's
            (tree / "link").symlink_to(strange)
    assert Trust(0).tree(str(tree)) != ""


def test_the_lock_that_uv_makes_for_everybody_is_no_reason(file: Path, commons: Path) -> None:
    lock = file.parent / ".lock"
    lock.touch()
    lock.chmod(0o666)
    assert Trust(0).tree(str(file.parent)) == ""
    (file.parent / "other.lock").touch()
    (file.parent / "other.lock").chmod(0o666)
    assert "world-writable" in Trust(0).tree(str(file.parent))
    (file.parent / "other.lock").unlink()
    lock.unlink()
    os.chown(commons, MALLORY, MALLORY)
    lock.symlink_to(commons)
    assert Trust(0).tree(str(file.parent)) != "", "a link of that name leads on"


def test_links_that_lead_nowhere_or_back_end_no_tree(file: Path) -> None:
    (file.parent / "nowhere").symlink_to("/nowhere/at/all")
    (file.parent / "back").symlink_to("..")
    assert Trust(0).tree(str(file.parent)) == ""


def test_a_refusal_says_whose_it_is_and_what_to_do(file: Path) -> None:
    give(file.parent, MALLORY)
    with pytest.raises(RefusedError) as refused:
        require_tree(str(file.parent), "recipes")
    assert refused.value.message == (
        f"the recipes in {file.parent} are not used: {file.parent} belongs to user {MALLORY}, "
        "so other users can change what root would run"
    )
    assert "cp -r" in refused.value.remedy
