"""Fedora as an image: packages layered by rpm-ostree, or another image built with podman and booted by bootc."""

from __future__ import annotations

import json

import msgspec
import pytest

from gpusetup.resolve.model import Environment, Stack
from tests.shims.conftest import Fedora
from tests.stacks import PASCAL, laptop

BASE = "quay.io/fedora/fedora-bootc:44"
STEPS = ("preflight", "repositories", "secure-boot", "driver")
OURS = "localhost/gpusetup-host:latest"


def stack(variant: str, secure_boot: bool | None = False) -> Stack:
    made = laptop()
    request = msgspec.structs.replace(made.request, variant=variant, secure_boot=secure_boot)
    environments: tuple[Environment, ...] = made.environments[:1]
    return msgspec.structs.replace(made, request=request, environments=environments)


def image_based(fedora: Fedora) -> None:
    (fedora.root / "run").mkdir()
    (fedora.root / "run/ostree-booted").touch()


def status(booted: str, staged: str | None = None) -> str:
    def entry(name: str | None) -> object:
        return {"image": {"image": {"image": name, "transport": "registry"}}} if name else None

    return json.dumps({"status": {"staged": entry(staged), "booted": entry(booted), "rollback": None}})


def reboot(fedora: Fedora, licence: str = "NVIDIA\n") -> None:
    """Boot the new deployment: its packages are there, and its module."""
    pending = (fedora.shim / "pending").read_text()
    with (fedora.shim / "packages").open("a") as packages:
        packages.write(pending)
    (fedora.shim / "module").touch()
    (fedora.shim / "licence").write_text(licence)


def test_one_layer_one_reboot_and_undo_asks_only_for_what_was_ours(fedora: Fedora) -> None:
    image_based(fedora)
    with (fedora.shim / "packages").open("a") as packages:
        packages.write("podman.x86_64\n")  # part of the image
    script = fedora.render(stack("ostree"), *STEPS)
    waiting = fedora.run(script)
    assert waiting.returncode == 7, waiting.stderr
    assert fedora.events()[-1] == ("driver", "waiting")
    layers = [call for call in fedora.calls if call.startswith("rpm-ostree install")]
    assert len(layers) == 1
    assert {"akmod-nvidia-580xx", "python3.13", "nvidia-container-toolkit-base"} <= set(layers[0].split())
    assert "rd.driver.blacklist=nouveau,nova_core" in (fedora.shim / "arguments").read_text()
    assert not [call for call in fedora.calls if call.startswith(("dnf", "rpmkeys --import", "grubby"))]
    reboot(fedora)
    done = fedora.run(script)
    assert done.returncode == 0, done.stderr + done.stdout
    assert fedora.run(script, "--undo").returncode == 0
    (uninstall,) = [call for call in fedora.calls if call.startswith("rpm-ostree uninstall")]
    assert "podman" not in uninstall
    assert "akmod-nvidia-580xx" in uninstall
    assert (fedora.shim / "arguments").read_text() == ""


def test_the_wrong_kind_of_module_in_the_layer_is_named_and_not_built_for_ever(fedora: Fedora) -> None:
    image_based(fedora)
    script = fedora.render(stack("ostree"), *STEPS)
    assert fedora.run(script).returncode == 7
    reboot(fedora, "Dual MIT/GPL\n")
    done = fedora.run(script)
    assert done.returncode == 6
    assert "--variant bootc" in done.stderr
    assert not [call for call in fedora.calls if call.startswith("rpm-ostree install")]


def test_secure_boot_and_a_layered_module_do_not_go_together(fedora: Fedora) -> None:
    image_based(fedora)
    (fedora.shim / "secure-boot").write_text("SecureBoot enabled\n")
    done = fedora.run(fedora.render(stack("ostree", None), *STEPS))
    assert done.returncode == 6
    assert "Secure Boot is on" in done.stderr
    assert not [call for call in fedora.calls if call.startswith("rpm-ostree install")]


@pytest.mark.parametrize("variant", ["ostree", "bootc"])
def test_a_recipe_for_an_image_stops_on_a_system_of_packages(fedora: Fedora, variant: str) -> None:
    done = fedora.run(fedora.render(stack(variant), *STEPS))
    assert done.returncode == 6
    assert "this one is not" in done.stderr


def test_an_image_of_its_own_is_built_on_the_booted_one_and_undone(fedora: Fedora) -> None:
    image_based(fedora)
    (fedora.shim / "bootc.json").write_text(status(BASE))
    script = fedora.render(stack("bootc"), *STEPS)
    waiting = fedora.run(script)
    assert waiting.returncode == 7, waiting.stderr
    built = (fedora.shim / "Containerfile").read_text()
    assert built.startswith(f"FROM {BASE}\n")
    assert "akmods --force --kernels" in built
    assert f"bootc switch --transport containers-storage {OURS}" in fedora.calls
    (fedora.shim / "bootc.json").write_text(status(OURS))
    (fedora.shim / "pending").write_text("".join(f"{name}.x86_64\n" for name in packages(stack("bootc"))))
    reboot(fedora)
    done = fedora.run(script)
    assert done.returncode == 0, done.stderr + done.stdout
    assert not [call for call in fedora.calls if call.startswith("podman build")]
    assert fedora.run(script, "--undo").returncode == 0
    assert "bootc rollback" in fedora.calls


def test_undo_before_the_reboot_goes_back_to_the_first_image(fedora: Fedora) -> None:
    image_based(fedora)
    (fedora.shim / "bootc.json").write_text(status(BASE))
    script = fedora.render(stack("bootc"), *STEPS)
    assert fedora.run(script).returncode == 7
    assert fedora.run(script, "--undo").returncode == 0
    assert f"bootc switch {BASE}" in fedora.calls


def test_the_private_key_never_stays_in_the_image(fedora: Fedora) -> None:
    image_based(fedora)
    (fedora.shim / "bootc.json").write_text(status(BASE))
    key = fedora.root / "etc/pki/akmods/private/private_key.priv"
    key.parent.mkdir(parents=True)
    key.write_text("secret")
    assert fedora.run(fedora.render(stack("bootc"), *STEPS)).returncode == 7
    (build,) = [call for call in fedora.calls if call.startswith("podman build")]
    assert f"--secret id=private,src={key}" in build
    built = (fedora.shim / "Containerfile").read_text()
    assert built.index("private_key.priv") < built.index("rm -f /etc/pki/akmods/private/private_key.priv")
    assert "COPY keys/ /etc/pki/rpm-gpg/" in built
    assert "secret" not in built.replace("secret,id=", "").replace("secrets/", "")


def packages(made: Stack) -> list[str]:
    assert made.driver is not None
    assert made.request.cards == (PASCAL,)
    return [*made.driver.packages, *made.container_packages, "python3.13"]
