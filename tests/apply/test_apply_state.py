"""What is known of earlier runs is its owner's, whatever the umask: nothing that others could change is believed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from gpusetup.apply.owned_files import MOST, read_ours
from gpusetup.apply.run import apply, undo
from gpusetup.apply.state_dir import StateDir
from gpusetup.errors import MissingError, RefusedError
from gpusetup.render.model import Recipe, Step
from gpusetup.render.steps import digest

STEP = Step(id="one", title="one", why="for the test", check="[[ -e $GPUSETUP_ROOT/one ]]",
            apply="touch $GPUSETUP_ROOT/one", undo="rm -f $GPUSETUP_ROOT/one")  # fmt: skip
MADE = Recipe(distro="fedora", release="44", steps=(STEP,), digest=digest("", (STEP,)))


@pytest.fixture
def place(tmp_path: Path) -> StateDir:
    return StateDir(tmp_path)


def quiet(_: str) -> None:
    return None


def tampered(place: StateDir) -> Path:
    """Change the undo of the recipe that was carried out, as the review did; return the proof that it ran."""
    proof = place.root / "undone_by_tamper"
    (file,) = (place.folder / "recipes").iterdir()
    file.write_text(file.read_text().replace("rm -f $GPUSETUP_ROOT/one", f"id >{proof}"))
    return proof


@pytest.fixture(params=[0o000, 0o002, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_folders_and_files_are_for_their_owner_alone_whatever_the_umask(place: StateDir, umask: int) -> None:
    apply(MADE, place, quiet)
    modes = {path.relative_to(place.folder).parts[0]: path.stat().st_mode & 0o777 for path in place.folder.iterdir()}
    assert modes == {"journal.jsonl": 0o600, "lock": 0o600, "recipes": 0o700}
    assert place.folder.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in (place.folder / "recipes").iterdir()] == [0o600]


def test_what_an_older_version_left_open_to_read_is_closed(place: StateDir) -> None:
    apply(MADE, place, quiet)
    place.folder.chmod(0o755)
    place.journal.path.chmod(0o644)
    assert undo(place, quiet) == 1
    assert place.folder.stat().st_mode & 0o777 == 0o700
    assert place.journal.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o707])
@pytest.mark.parametrize("what", ["", "recipes", "journal.jsonl"])
def test_what_others_can_write_to_is_not_believed(place: StateDir, what: str, mode: int) -> None:
    apply(MADE, place, quiet)
    proof = tampered(place)
    (place.folder / what).chmod(mode)
    with pytest.raises(RefusedError, match="is not trusted") as caught:
        undo(place, quiet)
    assert "chmod" in caught.value.remedy
    assert not proof.exists()


def test_a_folder_on_the_way_counts_too(place: StateDir) -> None:
    apply(MADE, place, quiet)
    (place.root / "var").chmod(0o777)
    with pytest.raises(RefusedError, match="other users can write"):
        undo(place, quiet)
    (place.root / "var").chmod(0o1777)  # sticky: what is in it stays whose it is
    assert undo(place, quiet) == 1


def test_a_recipe_that_was_changed_since_is_not_undone(place: StateDir) -> None:
    """The proof of the review: `id` ran as root."""
    apply(MADE, place, quiet)
    proof = tampered(place)
    with pytest.raises(RefusedError, match="not the recipe that was applied"):
        undo(place, quiet)
    with pytest.raises(RefusedError):
        place.is_repair(MADE.digest)
    assert not proof.exists()


def test_a_recipe_under_another_ones_name_is_not_undone(place: StateDir) -> None:
    apply(MADE, place, quiet)
    other = "0" * 64
    path = place.folder / "recipes" / f"{other}.json"
    shutil.copy(place.folder / "recipes" / f"{MADE.digest}.json", path)
    with pytest.raises(RefusedError, match="not the recipe"):
        place.recipe(other)
    path.write_text(path.read_text().replace(MADE.digest, other))
    with pytest.raises(RefusedError, match="not the recipe"):
        place.recipe(other)


@pytest.mark.parametrize("name", ["../../evil", "0" * 63, "0" * 64 + "\n", "A" * 64, ""])
def test_a_digest_is_no_path(place: StateDir, name: str) -> None:
    with pytest.raises(RefusedError, match="not the digest"):
        place.recipe(name)


@pytest.mark.parametrize(
    "change",
    [{"recipe": "../../../../evil"}, {"step": "../one"}, {"step": "one\n"}, {"event": "evil"}, {"more": "x"},
     {"at": "9" * 99}],
)  # fmt: skip
def test_a_line_that_is_no_entry_says_nothing(place: StateDir, change: dict[str, str]) -> None:
    apply(MADE, place, quiet)
    before = place.journal.entries()
    line = {"at": "2026-11-22T00:00:00Z", "recipe": MADE.digest, "step": "one", "event": "applied"} | change
    with place.journal.path.open("ab") as file:
        file.write(msgspec.json.encode(line) + b"\n")
    assert place.journal.entries() == before


def test_a_step_that_the_recipe_does_not_have_is_said(place: StateDir) -> None:
    apply(MADE, place, quiet)
    place.journal.note(MADE.digest, "other", "applied")
    with pytest.raises(RefusedError, match="lists the step other"):
        undo(place, quiet)


@pytest.mark.parametrize("what", ["journal.jsonl", "lock", "recipes"])
def test_a_link_in_the_place_of_a_file_is_not_followed(place: StateDir, tmp_path: Path, what: str) -> None:
    apply(MADE, place, quiet)
    target = tmp_path / "theirs"
    (place.folder / what).rename(target)
    (place.folder / what).symlink_to(target)
    before = target.read_text() if target.is_file() else ""
    if what != "recipes":  # a folder that its owner has put elsewhere is one's own
        with pytest.raises(RefusedError, match="is not trusted"):
            apply(MADE, place, quiet)
    if before:
        assert target.read_text() == before


def test_a_pipe_does_not_make_us_wait(place: StateDir) -> None:
    apply(MADE, place, quiet)
    place.journal.path.unlink()
    os.mkfifo(place.journal.path)
    with pytest.raises(RefusedError, match="not a regular file"):
        place.journal.entries()


def test_a_file_without_end_is_refused(place: StateDir) -> None:
    apply(MADE, place, quiet)
    os.truncate(place.journal.path, MOST + 1)
    with pytest.raises(RefusedError, match="MiB"):
        read_ours(place.journal.path)


@pytest.mark.root("only root can give files to another user")
@pytest.mark.parametrize("what", ["", "journal.jsonl", "recipes"])
def test_what_belongs_to_another_user_is_not_believed(place: StateDir, what: str) -> None:
    apply(MADE, place, quiet)
    shutil.chown(place.folder / what, "nobody")
    with pytest.raises(RefusedError, match="belongs to user"):
        undo(place, quiet)
    assert (place.root / "one").exists()


def test_a_recipe_that_is_not_there_is_missing(place: StateDir) -> None:
    with pytest.raises(MissingError, match="not applied by gpusetup here"):
        place.recipe("0" * 64)
