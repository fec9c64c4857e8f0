"""Taking trusted keys back, whichever way rpm keeps them.

rpm 4 keeps a key as a package named gpg-pubkey; rpm 6 can keep it as a file as well, warns of removing the package, and
in 6.0.0 its own way of removing did nothing and said nothing (github.com/rpm-software-management/rpm issue 3990).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shims.conftest import Fedora
from tests.stacks import laptop


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize("keystore", ["rpm 4", "rpm 6 with files", "rpm 6 with packages", "rpm 6.0.0"])
def test_only_the_keys_that_were_not_there_before_are_forgotten(fedora: Fedora, keystore: str) -> None:
    env = {}
    theirs = "0123456789abcdef0123456789abcdef01234567"
    (fedora.shim / "keys").write_text("gpg-pubkey-theirs\n" if keystore == "rpm 4" else "")
    if keystore != "rpm 4":
        (fedora.shim / "keystore").write_text(f"{theirs}\n" if keystore == "rpm 6 with files" else "")
    if keystore in ("rpm 6 with packages", "rpm 6.0.0"):
        env["RPM_BOTH"] = "yes"
    if keystore == "rpm 6.0.0":
        env["RPMKEYS_BROKEN"] = "yes"
    script = fedora.render(laptop(), "repositories")
    before = lines(fedora.shim / "keys"), lines(fedora.shim / "keystore")
    assert fedora.run(script, **env).returncode == 0
    assert (lines(fedora.shim / "keys"), lines(fedora.shim / "keystore")) != before
    undone = fedora.run(script, "--undo", **env)
    assert undone.returncode == 0, undone.stderr
    assert (lines(fedora.shim / "keys"), lines(fedora.shim / "keystore")) == before


def test_a_key_that_stays_is_said(fedora: Fedora) -> None:
    (fedora.shim / "keystore").write_text("")
    script = fedora.render(laptop(), "repositories")
    assert fedora.run(script).returncode == 0
    undone = fedora.run(script, "--undo", RPMKEYS_BROKEN="yes")
    assert undone.returncode == 6
    assert "rpm still trusts" in undone.stderr
    assert fedora.run(script, "--undo").returncode == 0
