"""The functions by which steps write files, under real bash: nothing through a link, nobody's later edit taken away."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gpusetup.content_dirs import content_dirs
from gpusetup.render.steps import read_library

Bash = Callable[..., subprocess.CompletedProcess[str]]
USER = "nobody"
"""A user that every system has, and that has no right to anything."""
needs_root = pytest.mark.root("only root can act as another user")
DOCTOR = "\n".join(path.read_text() for path in sorted((content_dirs("recipes")[0] / "doctor").glob("*.sh")))


@pytest.fixture
def root() -> Iterator[Path]:
    """A system's root that every user can reach, unlike a test's own folder."""
    folder = Path(tempfile.mkdtemp(prefix="gpusetup-test-"))
    folder.chmod(0o755)
    for name in ("etc", "var/lib/gpusetup", "nonexistent"):  # the last is USER's home
        (folder / name).mkdir(parents=True)
    (folder / "var/lib/gpusetup").chmod(0o700)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def bash(root: Path) -> Bash:
    """Run text under bash with the functions of steps and remedies, as a step named ``s``."""

    def run(text: str, **env: str) -> subprocess.CompletedProcess[str]:
        whole = "\n".join(("set -euo pipefail", read_library("fedora"), DOCTOR, f"step=s person={USER}", text))
        return subprocess.run(
            ["bash", "-c", whole], env=os.environ | {"GPUSETUP_ROOT": str(root)} | env,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    return run


def given_to_user(*paths: Path) -> None:
    for path in paths:
        shutil.chown(path, USER)


def tree(root: Path) -> dict[str, tuple[str, int]]:
    """Return what every file and link but those of the state is: its text or target, and its mode."""
    state = root / "var/lib/gpusetup"
    return {
        str(path.relative_to(root)): (
            os.readlink(path) if path.is_symlink() else path.read_text(),
            path.lstat().st_mode,
        )
        for path in sorted(root.rglob("*"))
        if (path.is_symlink() or path.is_file()) and state not in path.parents
    }


# ── what was there comes back ─────────────────────────────────────────────────────────────────────────────────────


def test_files_links_and_nothing_come_back_as_they_were(bash: Bash, root: Path) -> None:
    (root / "etc/a.conf").write_text("before\n")
    (root / "etc/a.conf").chmod(0o640)
    (root / "etc/target").write_text("old\n")
    (root / "etc/link.conf").symlink_to("target")
    (root / "etc/gone.conf").symlink_to("nowhere")
    before = tree(root)
    write = "for f in a link new/b; do echo ours | write_file s /etc/$f.conf 600; done; take_away s /etc/gone.conf"
    done = bash(write)
    assert done.returncode == 0, done.stderr
    assert (root / "etc/link.conf").is_symlink()
    assert (root / "etc/target").read_text() == "ours\n"
    assert (root / "etc/new/b.conf").read_text() == "ours\n"
    assert not (root / "etc/gone.conf").is_symlink()
    undone = bash("restore_files s")
    assert (undone.returncode, undone.stderr) == (0, "")
    assert tree(root) == before
    assert list((root / "var/lib/gpusetup").iterdir()) == []


def test_what_a_kill_has_left_beside_a_file_goes_too(bash: Bash, root: Path) -> None:
    (root / "etc/a").write_text("before\n")
    before = tree(root)
    bash("put_aside s /etc/a; : >$root/etc/.gpusetup.0123456789")
    assert bash("restore_files s").returncode == 0
    assert tree(root) == before


# ── later edits ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_that_was_changed_since_stays_and_the_old_one_is_put_beside_it(bash: Bash, root: Path) -> None:
    (root / "etc/y.conf").write_text("before\n")
    bash("echo ours | write_file s /etc/y.conf; echo ours | write_file s /etc/x.conf")
    (root / "etc/y.conf").write_text("ours\nadmin later\n")
    (root / "etc/x.conf").write_text("the admin's own line\n")
    undone = bash("restore_files s")
    assert undone.returncode == 0
    assert (root / "etc/y.conf").read_text() == "ours\nadmin later\n"
    assert (root / "etc/y.conf.gpusetup-save").read_text() == "before\n"
    assert (root / "etc/x.conf").read_text() == "the admin's own line\n"
    assert "/etc/y.conf was changed after" in undone.stderr
    assert "/etc/x.conf was changed after" in undone.stderr


def test_a_file_that_was_removed_since_does_not_come_back_under_its_name(bash: Bash, root: Path) -> None:
    (root / "etc/y.conf").write_text("before\n")
    bash("echo ours | write_file s /etc/y.conf")
    (root / "etc/y.conf").unlink()
    assert bash("restore_files s").returncode == 0
    assert not (root / "etc/y.conf").exists()
    assert (root / "etc/y.conf.gpusetup-save").read_text() == "before\n"


def test_a_second_try_of_a_step_keeps_what_was_changed_between(bash: Bash, root: Path) -> None:
    bash("echo ours | write_file s /etc/y.conf")
    (root / "etc/y.conf").write_text("admin\n")
    again = bash("echo newer | write_file s /etc/y.conf")
    assert "is saved as /etc/y.conf.gpusetup-save" in again.stderr
    assert (root / "etc/y.conf").read_text() == "newer\n"
    assert (root / "etc/y.conf.gpusetup-save").read_text() == "admin\n"
    (root / "etc/y.conf").write_text("admin again\n")
    bash("echo newest | write_file s /etc/y.conf")
    assert {path.read_text() for path in (root / "etc").glob("y.conf.gpusetup-save*")} == {"admin\n", "admin again\n"}


def test_what_a_program_makes_of_a_file_is_the_steps_doing(bash: Bash, root: Path) -> None:
    (root / "etc/d.json").write_text("{}\n")
    change = "keep_file /etc/d.json; echo '{nvidia}' >$root/etc/d.json; kept_file_is /etc/d.json"
    assert bash(change).returncode == 0
    assert bash("take_back").returncode == 0
    assert (root / "etc/d.json").read_text() == "{}\n"
    bash(change)
    (root / "etc/d.json").write_text("{nvidia, mine}\n")
    bash("take_back")
    assert (root / "etc/d.json").read_text() == "{nvidia, mine}\n"


def test_what_an_older_version_has_put_aside_comes_back(bash: Bash, root: Path) -> None:
    """It did not note what it wrote, so that nothing can be told from it."""
    aside = root / "var/lib/gpusetup/s.files/etc/a"
    aside.parent.mkdir(parents=True)
    aside.write_text("before\n")
    (root / "etc/a").write_text("ours\n")
    assert bash("restore_files s").returncode == 0
    assert (root / "etc/a").read_text() == "before\n"


# ── whose a place is ──────────────────────────────────────────────────────────────────────────────────────────────


@needs_root
def test_it_is_said_whose_a_place_is(bash: Bash, root: Path) -> None:
    home = root / "nonexistent"
    (home / "mine").symlink_to("/etc/passwd")
    given_to_user(home)
    os.lchown(home / "mine", home.stat().st_uid, -1)
    (root / "etc/theirs").symlink_to(home / "file")
    asked = bash("for p in /etc/a /nonexistent/b /nonexistent/mine /etc/theirs /new/x; do keeper $root$p; done")
    assert asked.stdout.splitlines() == ["", USER, USER, USER, ""], asked.stderr


@pytest.mark.parametrize("path", ["relative", "/etc/../etc/a", "/etc/.."])
def test_a_path_that_is_not_whole_is_refused(bash: Bash, path: str) -> None:
    assert bash(f"keeper {path}").returncode == 1


def test_a_folder_that_everybody_can_change_is_refused(bash: Bash, root: Path) -> None:
    for mode in (0o777, 0o1777):
        (root / "etc").chmod(mode)
        done = bash("echo ours | write_file s /etc/a")
        assert done.returncode == 1
        assert "other users can change" in done.stderr
    (root / "etc").chmod(0o755)
    assert tree(root) == {}


@needs_root
def test_two_users_have_no_common_place(bash: Bash, root: Path) -> None:
    (root / "nonexistent/inner").mkdir()
    given_to_user(root / "nonexistent")
    shutil.chown(root / "nonexistent/inner", "daemon")
    assert bash("echo ours | write_file s /nonexistent/inner/a").returncode == 1
    assert tree(root) == {}


# ── in the home of a user ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def home(root: Path) -> Path:
    """The home of USER, whose login sets a variable."""
    folder = root / "nonexistent"
    (folder / ".bash_profile").write_text("export CUDA_LAUNCH_BLOCKING=1\nevil::0:0:written by a user:/:/bin/sh\n")
    given_to_user(folder, folder / ".bash_profile")
    return folder


@pytest.fixture
def secret(root: Path) -> Path:
    """A file of root's, where no other user can look."""
    (root / "rootonly").mkdir(mode=0o700)
    path = root / "rootonly/passwd"
    path.write_text("root:x:0:0\n")
    path.chmod(0o600)
    return path


def untouched(path: Path) -> bool:
    entry = path.lstat()
    return (path.read_text(), stat.S_IMODE(entry.st_mode), entry.st_uid) == ("root:x:0:0\n", 0o600, 0)


@needs_root
def test_undo_does_not_follow_a_link_that_was_laid_beside_the_profile(bash: Bash, home: Path, secret: Path) -> None:
    """The proof of the review: root handed its own file to the user."""
    before = (home / ".bash_profile").read_text()
    done = bash("take_variable_out CUDA_LAUNCH_BLOCKING")
    assert done.returncode == 0, done.stderr
    assert (home / ".bash_profile").read_text().startswith(": # export")
    assert (home / ".bash_profile").owner() == USER
    for name in (".gpusetup", ".gpusetup.new", ".new"):
        (home / f".bash_profile{name}").symlink_to(secret)
    undone = bash("take_back")
    assert undone.returncode == 0, undone.stderr
    assert untouched(secret)
    assert (home / ".bash_profile").read_text() == before
    assert (home / ".bash_profile").owner() == USER


@needs_root
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_profile_that_is_a_link_to_roots_file_is_not_followed(
    bash: Bash, home: Path, secret: Path, when: str
) -> None:
    profile = home / ".bash_profile"
    secret.write_text("export CUDA_LAUNCH_BLOCKING=1\n")
    if when == "after":
        assert bash("take_variable_out CUDA_LAUNCH_BLOCKING").returncode == 0
    profile.unlink()
    profile.symlink_to(secret)
    os.lchown(profile, home.stat().st_uid, -1)
    bash("take_variable_out CUDA_LAUNCH_BLOCKING" if when == "before" else "take_back")
    assert secret.read_text() == "export CUDA_LAUNCH_BLOCKING=1\n"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert not list((bash_state := home.parent / "var/lib/gpusetup").glob("*.files/rootonly/*")), bash_state


@needs_root
def test_a_home_that_becomes_a_link_to_a_folder_of_roots_is_not_written_to(
    bash: Bash, home: Path, secret: Path
) -> None:
    (home / "config").mkdir()
    given_to_user(home / "config")
    assert bash("echo ours | write_file s /nonexistent/config/passwd").returncode == 0
    shutil.rmtree(home / "config")
    (home / "config").symlink_to(secret.parent)
    os.lchown(home / "config", home.stat().st_uid, -1)
    for text in ("echo ours | write_file s /nonexistent/config/passwd", "restore_files s"):
        bash(text)
        assert untouched(secret)


@needs_root
def test_a_profile_that_is_a_link_of_the_users_own_stays_one(bash: Bash, home: Path) -> None:
    (home / "dotfiles").mkdir()
    (home / ".bash_profile").rename(home / "dotfiles/profile")
    (home / ".bash_profile").symlink_to("dotfiles/profile")
    given_to_user(home / "dotfiles", home / "dotfiles/profile")
    os.lchown(home / ".bash_profile", home.stat().st_uid, -1)
    before = tree(home)
    assert bash("take_variable_out CUDA_LAUNCH_BLOCKING").returncode == 0
    assert (home / ".bash_profile").is_symlink()
    assert (home / "dotfiles/profile").read_text().startswith(": # export")
    assert bash("take_back").returncode == 0
    assert tree(home) == before


@needs_root
def test_nothing_of_roots_environment_reaches_a_command_that_is_run_as_a_user(bash: Bash, home: Path) -> None:
    done = bash(f"at {home}/x env", SECRET_TOKEN="abc", LD_LIBRARY_PATH="/evil", BASH_ENV="/dev/null")
    assert done.returncode == 0, done.stderr
    names = {line.partition("=")[0] for line in done.stdout.splitlines()}
    assert names - {"PWD", "SHLVL", "_", "OLDPWD"} == {"HOME", "PATH", "LC_ALL"}


@needs_root
def test_a_stray_library_in_a_users_folder_is_left_to_that_user(bash: Bash, home: Path, secret: Path) -> None:
    (home / "libcuda.so.1").symlink_to(secret)
    done = bash("package_owns() { return 1; }; move_stray /nonexistent/libcuda.so.1")
    assert done.returncode == 1
    assert f"do this as {USER}" in done.stderr
    assert bash("package_owns() { return 1; }; move_stray /etc/../rootonly/passwd").returncode == 1
    assert untouched(secret)


# ── how to come back is no text for a shell ───────────────────────────────────────────────────────────────────────


def test_what_undo_runs_is_words_and_never_read_as_shell_text(bash: Bash, root: Path) -> None:
    mark = root / "was-here"
    words = f"'$(touch {mark})' '`touch {mark}`;' 'two\nlines' '' \"'\""
    assert bash(f"undo_by say {words}; renew printf '<%s>\\n' {words}").returncode == 0
    undone = bash("take_back")
    assert undone.returncode == 0, undone.stderr
    assert f"$(touch {mark}) `touch {mark}`; two\nlines  '" in undone.stdout
    assert undone.stdout.count("<") == 5
    assert not mark.exists()
