"""An image can be anybody's: to list it nothing in it is run, and what has to run in it is confined."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gpusetup.errors import RefusedError, StepFailedError
from gpusetup.facts import facts
from gpusetup.images import sandbox
from gpusetup.images.builder import Builder, Name
from gpusetup.images.contents import licences_of
from gpusetup.images.run import inside
from tests.machine.test_machine_image_layers import STATUS, files, image, metadata
from tests.support import Run, tool

ENGINE = """#!/bin/sh
printf '%s\\n' "$*" >>{folder}/log
case "$1" in
image) echo '[{{"Architecture": "amd64", "Config": {{"Labels": {{}}}}, "RepoTags": ["localhost/x:1"]}}]' ;;
save) for word; do case $word in --output=*) cp {folder}/image.tar "${{word#--output=}}" ;; esac; done ;;
run) touch {folder}/ran; {does} ;;
kill) touch {folder}/killed ;;
esac
"""


def engine(folder: Path, does: str = ":", name: str = "podman") -> Path:
    path = folder / name
    path.write_text(ENGINE.format(folder=folder, does=does))
    path.chmod(0o755)
    return path


def test_the_licences_of_an_image_are_read_and_nothing_in_it_is_run(gpusetup: Run, tmp_path: Path) -> None:
    """Its python3 once was run as root, with network: any program can have that name."""
    engine(tmp_path)
    image(
        tmp_path, files(metadata("torch", "2.9.1") | {"var/lib/dpkg/status": STATUS, "usr/bin/python3": "#!/bin/sh\n"})
    )
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = gpusetup("licences", "--image", "localhost/x:1", "--builder", "podman", "--json", env=env)
    assert done.returncode == 0, done.stderr
    parts = {one["key"]: one for one in json.loads(done.stdout)["parts"]}
    assert parts["pypi/torch"]["version"] == "2.9.1"
    assert parts["deb/bash"]["version"] == "5.2-1"
    assert [line.split()[0] for line in (tmp_path / "log").read_text().splitlines()] == ["image", "save"]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["podman", "docker"])
def test_what_runs_in_an_image_has_no_network_no_rights_and_limits(name: Name, tmp_path: Path) -> None:
    inside(Builder(name=name, path=str(engine(tmp_path))), "localhost/x:1", ["gpusetup", "selftest"], gpu=False)
    words = (tmp_path / "log").read_text().split()
    assert words[0] == "run"
    before = words[: words.index("localhost/x:1")]
    needed = {
        "--network=none",
        "--cap-drop=all",
        "--security-opt=no-new-privileges",
        "--read-only",
        "--pull=never",
        "--rm",
    }
    assert needed <= set(before)
    assert "--user=1000:1000" in before
    assert {word.partition("=")[0] for word in before} >= {"--pids-limit", "--memory", "--tmpfs"}
    assert not [word for word in before if word.startswith(("--privileged", "--volume", "--mount", "-v", "--cap-add"))]


def test_what_takes_too_long_or_prints_too_much_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Builder(name="podman", path=str(engine(tmp_path, "exec sleep 600")))
    with pytest.raises(StepFailedError, match=r"longer than 0\.5 s"):
        sandbox.run([slow.path, "run"], slow, "c", seconds=0.5)
    assert (tmp_path / "killed").exists(), "the engine's client can end and leave the container"
    (tmp_path / "killed").unlink()
    monkeypatch.setattr(sandbox, "PRINTED", 1 << 16)
    loud = Builder(name="podman", path=str(engine(tmp_path, "exec yes")))
    with pytest.raises(StepFailedError, match="printed more"):
        sandbox.run([loud.path, "run"], loud, "c", seconds=60)
    assert (tmp_path / "killed").exists()


def test_a_chroot_whose_network_cannot_be_taken_away_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUILDAH_ISOLATION", "chroot")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(RefusedError, match="network"):
        sandbox.without_network()
    monkeypatch.setenv("BUILDAH_ISOLATION", "oci")
    assert sandbox.without_network() == []


PROGRAM = r"""
#include <stdio.h>
#include <unistd.h>
int main(void) {
    char line[4096];
    FILE *mark = fopen("/srv/mark", "w"), *net = fopen("/proc/net/dev", "r"), *status = fopen("/proc/self/status", "r");
    printf("uid %d mark %d\n", getuid(), mark != 0);
    while (fgets(line, sizeof line, net)) fputs(line, stdout);
    while (fgets(line, sizeof line, status)) fputs(line, stdout);
    return 0;
}
"""


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Builder:
    """Build a real image whose every program, python3 and sh too, is one that looks around and leaves a mark."""
    program, gcc = tool("buildah"), tool("gcc")
    (tmp_path / "storage.conf").write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{tmp_path}/store"\nrunroot = "{tmp_path}/run"\n'
    )
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(tmp_path / "storage.conf"))
    monkeypatch.setenv("BUILDAH_ISOLATION", "chroot")
    (tmp_path / "looks.c").write_text(PROGRAM)
    top = tmp_path / "top"
    for folder in ("bin", "usr/bin", "tmp", "srv", "var/lib/dpkg"):
        (top / folder).mkdir(parents=True)
    (top / "var/lib/dpkg/status").write_text(STATUS)
    built = subprocess.run(
        [gcc, "-static", "-o", top / "bin/sh", tmp_path / "looks.c"], check=False, capture_output=True
    )
    if built.returncode:
        pytest.skip("there is no static C library")
    shutil.copy(top / "bin/sh", top / "usr/bin/python3")

    def buildah(*words: object) -> str:
        return subprocess.run([program, *map(str, words)], check=True, capture_output=True, text=True).stdout.strip()

    made = buildah("from", "scratch")
    buildah("add", "--quiet", made, top, "/")
    buildah("config", "--env", "PATH=/usr/bin:/bin", made)
    buildah("commit", "--quiet", made, "localhost/hostile:1")
    return Builder(name="buildah", path=program)


@pytest.mark.root("only root can build images with chroot isolation")
def test_a_real_image_is_listed_without_its_python_and_runs_without_rights(
    hostile: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = licences_of(hostile, "localhost/hostile:1", facts())
    assert [one.key for one in found.parts] == ["deb/bash"]
    assert not list(tmp_path.glob("store/**/srv/mark")), "its python3 has run"
    seen: list[str] = []
    really = sandbox.run

    def watched(*words: Any, **more: Any) -> tuple[int, str]:
        done = really(*words, **more)
        seen.append(done[1])
        return done

    monkeypatch.setattr(sandbox, "run", watched)
    inside(hostile, "localhost/hostile:1", ["sh"], gpu=False)
    (said,) = seen
    assert "uid 1000 mark 0" in said
    assert "CapEff:\t0000000000000000" in said
    listed = said.partition("Name:")[0].splitlines()[3:]
    received = {line.split(":")[0].strip(): line.split(":")[1].split()[0] for line in listed}
    assert "lo" in received
    assert set(received.values()) == {"0"}, "it sees interfaces on which something has come in"
