"""NVIDIA's own installer under bash with stand-ins: by its checksum or not at all, resumed, taken back."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from gpusetup.resolve.model import Archive, HostDriver, Stack, Toolkit
from tests.shims.conftest import Fedora
from tests.stacks import laptop

# Stands in for NVIDIA-Linux-x86_64-….run, and for a CUDA installer that has it inside.
INSTALLER = """#!/bin/sh
echo "installer $*" >>"$SHIM/log"
case $* in
  *--advanced-options*) echo "OPTIONS" ;;
  --extract=*) cp "$0" "${1#--extract=}/NVIDIA-Linux-x86_64-580.173.02.run" ;;
  *--toolkit*)
    mkdir -p "$GPUSETUP_ROOT/usr/local/cuda-13.0/bin" "$GPUSETUP_ROOT/etc/ld.so.conf.d"
    printf '#!/bin/sh\\n' >"$GPUSETUP_ROOT/usr/local/cuda-13.0/bin/nvcc"
    chmod +x "$GPUSETUP_ROOT/usr/local/cuda-13.0/bin/nvcc"
    echo /usr/local/cuda-13.0/lib64 >"$GPUSETUP_ROOT/etc/ld.so.conf.d/cuda-13-0.conf"
    ln -sfn cuda-13.0 "$GPUSETUP_ROOT/usr/local/cuda"
    ;;
  *--dkms*)
    mkdir -p "$GPUSETUP_ROOT/usr/bin"
    printf '#!/bin/sh\\nrm -f "$SHIM/module" "$0"\\n' >"$GPUSETUP_ROOT/usr/bin/nvidia-uninstall"
    chmod +x "$GPUSETUP_ROOT/usr/bin/nvidia-uninstall"
    : >"$SHIM/module"
    ;;
esac
"""
STEPS = ("kernel-headers", "free-card", "driver-runfile", "toolkit-runfile")
NEW = "--skip-module-load --rebuild-initramfs --kernel-module-type"


def stack(fedora: Fedora, name: str = "NVIDIA-Linux-x86_64-580.173.02.run", options: str = NEW, **driver: str) -> Stack:
    """Return the laptop's stack with driver and toolkit from installers, which the stand-in for curl then brings."""
    text = INSTALLER.replace("OPTIONS", options)
    (fedora.shim / "download").write_text(text)
    archive = Archive(url=f"https://download.nvidia.com/{name}", sha256=hashlib.sha256(text.encode()).hexdigest())
    plain = {"branch": "580", "version": "580.173.02", "flavour": "proprietary"} | driver
    return msgspec.structs.replace(
        laptop(),
        repositories=(),
        driver=HostDriver(repo="runfile", packages=("dkms",), runfile=archive, **plain),  # type: ignore[arg-type]
        toolkit=Toolkit(series="13.0", via="runfile", runfile=archive, host_compiler="g++-15"),
        container_packages=(),
        environments=(),
    )


def installer_calls(fedora: Fedora) -> list[str]:
    return [call for call in fedora.calls if call.startswith("installer ")]


@pytest.mark.parametrize("name", ["NVIDIA-Linux-x86_64-580.173.02.run", "cuda_13.0.2_580.95.05_linux.run"])
def test_it_installs_once_and_undo_takes_everything_back(fedora: Fedora, name: str) -> None:
    script = fedora.render(stack(fedora, name), *STEPS)
    before = fedora.tree()
    first = fedora.run(script)
    assert first.returncode == 0, first.stderr + first.stdout
    said = installer_calls(fedora)
    assert any(
        "--silent --dkms --kernel-name=6.19.8" in call and "--kernel-module-type=proprietary" in call for call in said
    )
    assert "installer --silent --toolkit --override" in said
    assert "NVCC_CCBIN=g++-15" in (fedora.root / "etc/profile.d/gpusetup-cuda.sh").read_text()
    assert fedora.run(script).returncode == 0
    assert fedora.changes == []
    assert installer_calls(fedora) == []
    undone = fedora.run(script, "--undo")
    assert undone.returncode == 0, undone.stderr
    assert fedora.tree() == before
    assert not (fedora.root / "usr/local/cuda").is_symlink()


@pytest.mark.parametrize("part", ["driver", "toolkit"])
def test_a_file_with_another_checksum_is_never_run(fedora: Fedora, part: str) -> None:
    honest = stack(fedora)
    whole = getattr(honest, part)
    wrong = msgspec.structs.replace(whole, runfile=Archive(url=f"{whole.runfile.url}.2", sha256="0" * 64))
    done = fedora.run(fedora.render(msgspec.structs.replace(honest, **{part: wrong}), *STEPS))
    assert done.returncode == 6
    assert "does not have the recorded SHA-256 " + "0" * 64 in done.stderr
    assert [call for call in installer_calls(fedora) if f"--{part}" in call or part == "driver"] == []


def test_an_installer_is_told_only_what_it_knows(fedora: Fedora) -> None:
    assert fedora.run(fedora.render(stack(fedora, options="--dkms"), *STEPS)).returncode == 0
    (call,) = [call for call in installer_calls(fedora) if "--dkms" in call]
    assert "--skip-module-load" not in call
    assert "--kernel-module-type" not in call


def test_an_old_installer_waits_until_nouveau_has_let_go_of_the_card(fedora: Fedora) -> None:
    nouveau = fedora.root / "sys/module/nouveau"
    nouveau.mkdir(parents=True)
    script = fedora.render(stack(fedora, branch="410"), *STEPS)
    before = fedora.tree()
    waiting = fedora.run(script)
    assert waiting.returncode == 7
    assert fedora.events()[-1] == ("free-card", "waiting")
    assert installer_calls(fedora) == []
    assert "rd.driver.blacklist=nouveau" in (fedora.shim / "arguments").read_text()
    nouveau.rmdir()
    assert fedora.run(script).returncode == 0
    assert fedora.run(script, "--undo").returncode == 0
    assert fedora.tree() == before


def test_a_toolkit_that_is_not_ours_is_left_alone(fedora: Fedora) -> None:
    theirs = fedora.root / "usr/local/cuda-13.0/bin/nvcc"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs")
    script = fedora.render(stack(fedora), *STEPS)
    done = fedora.run(script)
    assert done.returncode == 6
    assert "not created by gpusetup" in done.stderr
    assert fedora.run(script, "--undo").returncode == 0
    assert theirs.read_text() == "theirs"


def test_an_installed_driver_of_the_installer_stops_the_packaged_one(fedora: Fedora) -> None:
    path = fedora.root / "usr/bin/nvidia-uninstall"
    path.parent.mkdir(parents=True)
    path.write_text("")
    path.chmod(0o755)
    done = fedora.run(fedora.render(laptop(), "preflight"))
    assert done.returncode == 6
    assert "sudo nvidia-uninstall" in done.stderr


def test_killed_in_the_middle_it_resumes_and_undoes(fedora: Fedora) -> None:
    script = fedora.render(stack(fedora), *STEPS)
    before = fedora.tree()
    assert fedora.run(script, KILL_AFTER="curl").returncode == -9
    resumed = fedora.run(script)
    assert resumed.returncode == 0, resumed.stderr
    assert fedora.run(script, "--undo").returncode == 0
    assert fedora.tree() == before
