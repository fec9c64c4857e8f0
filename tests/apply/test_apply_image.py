"""What builders are asked, and what is made of what they say; a recording stand-in takes each one's place."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from gpusetup.errors import MissingError, RefusedError, StepFailedError, WrongInputError
from gpusetup.images import builder as builders
from gpusetup.images.build import EPOCH, BuildOptions, build, context, epoch
from gpusetup.images.builder import Builder, find
from gpusetup.images.program import failure
from gpusetup.images.run import inside, require_gpu
from gpusetup.images.selftest import selftest
from gpusetup.images.wheel import wheel
from tests.support import Run

STAND_IN = """#!/bin/sh
printf '%s\\n' "$@" >>{log}
for word; do case $word in --iidfile=*) echo "sha256:abc" >"${{word#--iidfile=}}" ;; esac; done
echo "STEP 1/1: FROM x"
case " $* " in *" from "*) ;; *" run "*|*" build "*) cat {folder}/says; exit $(cat {folder}/status) ;; esac
"""


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    path = tmp_path / "builder"
    path.write_text(STAND_IN.format(log=tmp_path / "log", folder=tmp_path))
    path.chmod(0o755)
    (tmp_path / "says").write_text("")
    (tmp_path / "status").write_text("0")
    return path


def asked(path: Path) -> list[str]:
    return (path.parent / "log").read_text().splitlines()


def build_with(path: Path, name: builders.Name) -> list[str]:
    said: list[str] = []
    wishes = BuildOptions(pip_config=Path("/etc/pip.conf"), options=("--no-cache",))
    with context() as folder:
        built = build(Builder(name=name, path=str(path)), folder, "FROM x\n", "localhost/x:1", wishes, said.append)
    assert (built.id, built.epoch, said) == ("sha256:abc", EPOCH, ["STEP 1/1: FROM x"])
    return asked(path)


@pytest.mark.parametrize("name", ["podman", "buildah"])
def test_podman_and_buildah_are_asked_for_one_date_everywhere(stand_in: Path, name: builders.Name) -> None:
    words = build_with(stand_in, name)
    assert words[0] == "build"
    assert {f"--timestamp={EPOCH}", f"--build-arg=SOURCE_DATE_EPOCH={EPOCH}", "--tag=localhost/x:1"} <= set(words)
    assert "--secret=id=pip,src=/etc/pip.conf" in words
    assert words[-2] == "--no-cache"  # the user's own come last, so that they win


def test_docker_is_asked_to_rewrite_dates_and_to_leave_out_its_dated_provenance(stand_in: Path) -> None:
    words = build_with(stand_in, "docker")
    assert words[:2] == ["buildx", "build"]
    assert {"--output=type=docker,rewrite-timestamp=true", "--provenance=false"} <= set(words)


def test_the_first_builder_that_is_installed_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingError, match="none of podman, buildah, docker") as error:
        find()
    assert "--output" in error.value.remedy
    for name in ("docker", "buildah", "podman"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
        assert find().name == name  # each new one comes before those that are there
    (tmp_path / "podman").unlink()
    with pytest.raises(MissingError, match="podman is not installed"):
        find("podman")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (['Error: building at STEP "RUN dnf -y install x": exit status 1'], "'RUN dnf -y install x': exit status 1"),
        (["Error: Unable to find a match: nope", "subprocess exited with status 1",
          'Error: building at STEP "RUN dnf -y install nope": while running runtime: exit status 1'],
         "'RUN dnf -y install nope': Error: Unable to find a match: nope"),
        (["Failed to resolve the transaction:", "No match for argument: nope", "You can try to add to command line:",
          "  --skip-unavailable to skip unavailable packages", 'Error: building at STEP "RUN dnf x": exit status 1'],
         "No match for argument: nope"),
        (["E: Unable to locate package nope", 'Error: building at STEP "RUN apt-get x": exit status 100'],
         "E: Unable to locate package nope"),
        (['ERROR: failed to solve: process "/bin/sh -c false" did not complete successfully: exit code: 1'],
         "at the step '/bin/sh -c false'"),
        (["Error: creating build container: x: image not known"], "creating build container: x: image not known"),
        ([], "exit status 125"),
    ],
)  # fmt: skip
def test_a_failure_is_told_in_one_line_with_its_step_and_its_cause(said: list[str], expected: str) -> None:
    error = failure("building x", said, 125)
    assert isinstance(error, StepFailedError)
    assert error.message.startswith("building x failed")
    assert expected in error.message
    assert "\n" not in error.message


def test_a_build_that_fails_is_an_error_and_its_escapes_are_neutral(stand_in: Path) -> None:
    (stand_in.parent / "status").write_text("1")
    (stand_in.parent / "says").write_text("Error: \x1b[31mred\n")
    with context() as folder, pytest.raises(StepFailedError, match=r"Error: \\x1b\[31mred"):
        build(Builder(name="podman", path=str(stand_in)), folder, "FROM x\n", "x:1", BuildOptions(), lambda _: None)


@pytest.mark.parametrize(("text", "expected"), [("", EPOCH), ("17", 17)])
def test_the_date_is_the_same_for_everyone_unless_the_user_gives_one(
    monkeypatch: pytest.MonkeyPatch, text: str, expected: int
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    assert epoch() == expected


@pytest.mark.parametrize("text", ["yesterday", "-1", "1.5", "١"])
def test_a_date_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    with pytest.raises(WrongInputError):
        epoch()


def test_each_engine_brings_the_gpu_its_own_way_and_buildah_refuses(stand_in: Path) -> None:
    inside(Builder(name="podman", path=str(stand_in)), "x", ["gpusetup", "selftest"], gpu=True)
    inside(Builder(name="docker", path=str(stand_in)), "x", ["gpusetup"], gpu=True)
    words = asked(stand_in)
    assert {"--device=nvidia.com/gpu=all", "--security-opt=label=disable", "--gpus=all"} <= set(words)
    assert words[words.index("--entrypoint=gpusetup") + 1 :][:2] == ["x", "selftest"]
    with pytest.raises(RefusedError, match="GPU"):
        require_gpu(Builder(name="buildah", path=""), True)


def test_an_image_that_proves_nothing_is_an_error(stand_in: Path) -> None:
    (stand_in.parent / "says").write_text("gpusetup: neither PyTorch nor TensorFlow is installed\n")
    (stand_in.parent / "status").write_text("5")
    with pytest.raises(StepFailedError, match="exit status 5 and without a proof"):
        selftest(Builder(name="podman", path=str(stand_in)), "x", gpu=False)


def test_the_wheel_is_the_one_given_with_its_hash(tmp_path: Path) -> None:
    given, place = tmp_path / "gpusetup-9-py3-none-any.whl", tmp_path / "context"
    given.write_bytes(b"wheel")
    place.mkdir()
    own = wheel(given, place)
    assert (own.url, (place / own.url).read_bytes()) == (given.name, b"wheel")
    assert own.sha256 == subprocess.check_output(["sha256sum", given], text=True).split()[0]
    with pytest.raises(WrongInputError, match="not a wheel of gpusetup"):
        wheel(tmp_path / "torch-2-py3-none-any.whl", place)
    with pytest.raises(WrongInputError, match="not a wheel of gpusetup"):
        wheel(tmp_path / "gpusetup-9 [1]-py3-none-any.whl", place)  # COPY would take it for two words and a pattern
    with pytest.raises(WrongInputError, match="cannot read"):
        wheel(tmp_path / "gpusetup-8-py3-none-any.whl", place)


def test_a_path_that_a_builder_would_cut_is_refused(stand_in: Path) -> None:
    wishes = BuildOptions(pip_config=Path("/etc/a,b/pip.conf"))
    with context() as folder, pytest.raises(WrongInputError, match="comma"):
        build(Builder(name="buildah", path=str(stand_in)), folder, "FROM x\n", "x:1", wishes, lambda _: None)


def test_what_needs_a_build_says_so(gpusetup: Run, tmp_path: Path) -> None:
    for option in (["--run-selftest"], ["--sbom", "x.json"], ["--build", "--save", "x.json"]):
        done = gpusetup("container", "--gpu", "none", *option)
        assert done.returncode == 2, done.stderr
        assert "add --" in done.stderr


def test_a_format_that_only_runs_images_is_not_built(gpusetup: Run, stand_in: Path) -> None:
    stand_in.rename(stand_in.with_name("podman"))
    env = {"PATH": f"{stand_in.parent}:{os.environ['PATH']}"}
    done = gpusetup("container", "--gpu", "none", "--format", "compose", "--build", env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--format compose is not a Containerfile" in done.stderr
    assert not (stand_in.parent / "log").exists()
    done = gpusetup("container", "--gpu", "none", "--build", "--image", "localhost/x:1", env=env)
    assert (done.returncode, done.stdout) == (0, "sha256:abc localhost/x:1\n")


def test_the_printed_selftest_file_names_the_wheel_that_lies_beside_it(gpusetup: Run, tmp_path: Path) -> None:
    own = tmp_path / "gpusetup-9-py3-none-any.whl"
    own.write_bytes(b"wheel")
    written = tmp_path / "out/Containerfile"
    written.parent.mkdir()
    done = gpusetup("container", "--gpu", "none", "--format", "selftest", "--wheel", own, "--output", written)
    assert done.returncode == 0, done.stderr
    assert "COPY gpusetup-9-py3-none-any.whl /tmp/" in written.read_text()
    assert (written.parent / own.name).read_bytes() == b"wheel"
    assert json.dumps(["gpusetup", "selftest"]) in written.read_text()
