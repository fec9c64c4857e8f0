"""What is on the host already: repositories of others, overrides, macros, the firmware's variables."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.shims.conftest import Fedora
from tests.stacks import desktop, laptop

NEGATIVO17 = "[fedora-{0}]\nbaseurl=https://negativo17.org/repos/{0}/fedora-$releasever/$basearch/\n"
CUDA = "[cuda-of-mine]\nbaseurl=https://developer.download.nvidia.com/compute/cuda/repos/fedora42/x86_64\n"
EFI = "sys/firmware/efi/efivars"
SECURE_BOOT = f"{EFI}/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"


def write(fedora: Fedora, path: str, text: str | bytes) -> Path:
    place = fedora.root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(text if isinstance(text, bytes) else text.encode())
    return place


@pytest.mark.parametrize("text", [NEGATIVO17.format("nvidia"), NEGATIVO17.format("multimedia"), CUDA])
def test_an_enabled_repository_with_another_owners_driver_stops_it(fedora: Fedora, text: str) -> None:
    script = fedora.render(laptop(), "preflight")
    write(fedora, "etc/yum.repos.d/other.repo", text + "enabled=1\n")
    refused = fedora.run(script)
    assert refused.returncode == 6
    assert "the driver of another owner" in refused.stderr
    assert text[1 : text.index("]")] in refused.stderr


@pytest.mark.parametrize("text", [
    NEGATIVO17.format("steam"), NEGATIVO17.format("nvidia") + "enabled=0\n",
    NEGATIVO17.format("multimedia") + "excludepkgs=foo,\n  *nvidia*\n", "[x]\nbaseurl=https://example.org/repos/nvidia/\n",
])  # fmt: skip
def test_one_that_is_disabled_or_leaves_the_driver_out_does_not(fedora: Fedora, text: str) -> None:
    script = fedora.render(laptop(), "preflight")
    write(fedora, "etc/yum.repos.d/other.repo", text)
    assert fedora.run(script).returncode == 0


def test_one_that_an_override_disables_does_not_either(fedora: Fedora) -> None:
    script = fedora.render(laptop(), "preflight")
    write(fedora, "etc/yum.repos.d/other.repo", NEGATIVO17.format("nvidia"))
    write(fedora, "etc/dnf/repos.override.d/99-config_manager.repo", "[fedora-nvidia]\nenabled=0\n")
    assert fedora.run(script).returncode == 0


def test_without_an_override_dnf_is_called_as_ever_and_with_one_it_checks_signatures(fedora: Fedora) -> None:
    script = fedora.render(laptop(), "kernel-headers")
    write(fedora, "etc/yum.repos.d/a.repo", "[fedora]\ngpgcheck=1\n[local]\ngpgcheck=0\n[meta]\nrepo_gpgcheck = true\n")
    assert fedora.run(script).returncode == 0
    assert [call for call in fedora.calls if call.startswith("dnf")] == ["dnf -y install gcc make kernel-devel-6.19.8"]
    assert fedora.run(script, "--undo").returncode == 0
    write(fedora, "etc/dnf/repos.override.d/1.repo", "[*]\ngpgcheck=0\n")
    fedora.run(script)
    (call,) = [call for call in fedora.calls if call.startswith("dnf")]
    assert call.startswith("dnf -y --setopt=fedora.gpgcheck=1 --setopt=meta.repo_gpgcheck=1 install gcc make")


def test_macros_that_an_earlier_installation_left_are_put_aside(fedora: Fedora) -> None:
    """They make akmods build the proprietary modules, which do not drive cards from Blackwell on."""
    macros = write(fedora, "etc/rpm/macros.nvidia-kmod", "%_without_kmod_nvidia_detect 1\n")
    script = fedora.render(desktop(), "driver")
    done = fedora.run(script)
    assert done.returncode == 0, done.stderr
    assert "/etc/rpm/macros.nvidia-kmod selects other kernel modules" in done.stdout
    assert not macros.exists()
    assert fedora.run(script, "--undo").returncode == 0
    assert macros.read_text() == "%_without_kmod_nvidia_detect 1\n"


@pytest.mark.parametrize(("stack", "licence"), [(desktop(), "NVIDIA"), (laptop(), "Dual MIT/GPL")])
def test_a_module_of_the_other_kind_is_not_taken_for_done(fedora: Fedora, stack: object, licence: str) -> None:
    script = fedora.render(msgspec.convert(stack, type(desktop())), "driver")
    fedora.build(licence)
    refused = fedora.run(script)
    assert refused.returncode == 6
    assert "kernel module of version 580.173.02 was built" in refused.stderr


def test_a_module_of_another_version_than_the_packages_is_not_taken_for_done(fedora: Fedora) -> None:
    script = fedora.render(laptop(), "driver")
    assert fedora.run(script).returncode == 0
    assert fedora.run(script, "--check").returncode == 0
    (fedora.shim / "version").write_text("580.95.05\n")  # dnf has updated the packages since
    assert fedora.run(script, "--check").returncode == 1


@pytest.mark.parametrize(
    ("said", "variable", "state"),
    [
        ("SecureBoot enabled", None, "on"),
        ("SecureBoot disabled", None, "off"),
        ("EFI variables are not supported on this system", None, "off"),
        ("", None, "off"),  # no firmware of this kind
        ("", b"\x06\0\0\0\x01", "on"),
        ("", b"\x06\0\0\0\0", "off"),
        ("", b"", "unknown"),
        ("Failed to read SecureBoot: Permission denied", b"", "unknown"),
    ],
)
def test_what_is_not_known_of_secure_boot_is_not_off(
    fedora: Fedora, said: str, variable: bytes | None, state: str
) -> None:
    script = fedora.render(laptop(), "secure-boot")
    (fedora.shim / "secure-boot").write_text(said + "\n")
    if variable:
        write(fedora, SECURE_BOOT, variable)
    elif variable is not None:
        (fedora.root / EFI).mkdir(parents=True)
    done = fedora.run(script)
    assert done.returncode == (0 if state == "off" else 6)
    assert ("cannot check whether Secure Boot is on" in done.stderr) == (state == "unknown")
    assert ("enrolling the key needs a password" in done.stderr) == (state == "on")


def test_pip_unpacks_on_the_environments_own_disk(fedora: Fedora) -> None:
    """It keeps 4 GB there, and Fedora's /tmp is in memory; what was unpacked does not stay."""
    script = fedora.render(laptop(), "environments")
    done = fedora.run(script, TMPDIR="/tmp/somebody-elses")
    assert done.returncode == 0, done.stderr
    homes = [path.parent for path in fedora.root.rglob("python") if path.parent.name == "bin"]
    folders = (fedora.shim / "tmpdir").read_text().split()
    assert folders
    assert set(folders) == {f"{home.parent}/.gpusetup.tmp" for home in homes}
    assert not [folder for folder in folders if Path(folder).exists()]
