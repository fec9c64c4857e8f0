"""A bundle's list is signed when asked, what was changed later is seen, and a wheel that is not on record ends it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from gpusetup.facts import facts
from gpusetup.render.formats import render
from gpusetup.render.steps import recipe
from gpusetup.resolve import resolve
from gpusetup.resolve.model import Request
from tests.stacks import laptop
from tests.support import tool

CHECK = "gpg --verify SHA256SUMS.asc SHA256SUMS && sha256sum --check --quiet SHA256SUMS"


def bundle() -> str:
    return render(recipe(laptop()), "bundle", "2026-11-22")


def part(text: str, first: str, last: str) -> str:
    """Return the lines from `first` to `last` of the script."""
    start = text.index(first)
    return text[start : text.index(last, start) + len(last)]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[dict[str, str]]:
    tool("gpg")
    folder = tmp_path / "gnupg"
    folder.mkdir(mode=0o700)
    env = os.environ | {"GNUPGHOME": str(folder)}
    make = ["gpg", "--batch", "--passphrase", "", "--quick-generate-key", "lab <lab@example.org>", "ed25519", "sign"]
    subprocess.run(make, env=env, check=True, capture_output=True)
    yield env
    subprocess.run(["gpgconf", "--kill", "all"], env=env, check=True)


def gathered(tmp_path: Path, env: dict[str, str], sign: str) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Run the end of the script, which lists and signs, over a folder with one wheel."""
    folder = tmp_path / "bundle"
    (folder / "wheels").mkdir(parents=True)
    (folder / "wheels/x-1-py3-none-any.whl").write_bytes(b"wheel")
    (tmp_path / "scratch").mkdir()
    ending = part(bundle(), 'rm -f "$folder/SHA256SUMS.asc"', "cut -d' ' -f1)\"")
    script = f'set -euo pipefail\nsay() {{ echo "$@"; }}\nfolder={folder}\nscratch={tmp_path}/scratch\n{ending}\n'
    done = subprocess.run(
        ["bash", "-c", script], env=env | {"GPUSETUP_SIGN": sign}, capture_output=True, text=True, check=False
    )
    return folder, done


def verified(folder: Path, env: dict[str, str]) -> bool:
    return subprocess.run(["sh", "-c", CHECK], cwd=folder, env=env, capture_output=True, check=False).returncode == 0


def test_a_signed_bundle_is_verified_as_its_head_says_and_any_change_is_seen(
    tmp_path: Path, home: dict[str, str]
) -> None:
    assert CHECK in bundle()
    folder, done = gathered(tmp_path, home, "lab@example.org")
    assert done.returncode == 0, done.stderr
    assert verified(folder, home)
    wheel = folder / "wheels/x-1-py3-none-any.whl"
    wheel.write_bytes(b"other")
    assert not verified(folder, home), "the list has another digest"
    listed = (folder / "SHA256SUMS").read_text()
    (folder / "SHA256SUMS").write_text(f"{sha256(b'other').hexdigest()}  ./wheels/{wheel.name}\n")
    assert not verified(folder, home), "a list made anew has no signature"
    wheel.write_bytes(b"wheel")
    (folder / "SHA256SUMS").write_text(listed)
    assert verified(folder, home)


def test_nothing_is_signed_unless_asked_and_never_with_a_key_that_is_not_there(
    tmp_path: Path, home: dict[str, str]
) -> None:
    folder, done = gathered(tmp_path, home, "")
    assert done.returncode == 0
    assert not (folder / "SHA256SUMS.asc").exists()
    shutil.rmtree(folder)
    shutil.rmtree(tmp_path / "scratch")
    _, done = gathered(tmp_path, home, "nobody@example.org")
    assert done.returncode != 0


@pytest.mark.parametrize(("content", "status"), [(b"wheel", 0), (b"other", 1)])
def test_a_wheel_with_another_digest_than_the_recipes_ends_the_bundle(
    content: bytes, status: int, tmp_path: Path
) -> None:
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels/x-1-py3-none-any.whl").write_bytes(content)
    function = part(bundle(), "wheel_on_record() {", "\n}\n")
    script = f'fail() {{ echo "$1" >&2; exit 1; }}\nfolder={tmp_path}\n{function}\nwheel_on_record x==1 "$1"\n'
    digest = sha256(b"wheel").hexdigest()
    done = subprocess.run(["bash", "-c", script, "-", digest], capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert ("recorded SHA-256" in done.stderr) == bool(status)


def test_every_wheel_with_a_hash_is_held_against_it() -> None:
    """PyTorch's own index has wheels of which no record knows the digest; those of PyPI are on record."""
    made = resolve(Request(release="44", frameworks=("tensorflow",)), facts())
    wanted = [one for each in made.environments for one in each.requirements if one.sha256]
    text = render(recipe(made), "bundle", "2026-11-22")
    assert wanted
    held = [line for line in text.splitlines() if line.startswith("wheel_on_record ")]
    for one in wanted:
        assert any(line.endswith(f" {one.sha256}") for line in held), one
