"""Secure Boot and the keys of the machine's owner."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gpusetup.machine.host import Host
from gpusetup.machine.kernel.secure_boot import KEYS, SHIM, VARIABLES, read_mok, read_secure_boot
from gpusetup.machine.model import SigningKey, Unread
from tests.fake_host import Content, grow
from tests.support import tool

SECURE_BOOT = f"{VARIABLES}/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Certificates that openssl has made, by common name."""
    tool("openssl")
    folder = tmp_path_factory.mktemp("keys")
    made = {}
    for name in ("akmods-host", "Fedora Secure Boot CA"):
        key = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k.pem", "-out", "c.der"]
        subprocess.run([*key, "-outform", "DER", "-subj", f"/CN={name}"], cwd=folder, check=True, capture_output=True)
        made[name] = (folder / "c.der").read_bytes()
    return made


def certificate_ends(der: bytes) -> str:
    """Return the last day of a certificate as openssl tells it."""
    asked = ["openssl", "x509", "-inform", "DER", "-noout", "-enddate", "-dateopt", "iso_8601"]
    told = subprocess.run(asked, input=der, capture_output=True, check=True).stdout.decode()
    return told.removeprefix("notAfter=")[:10]


@pytest.mark.parametrize(
    ("content", "told"), [(b"\x06\0\0\0\x01", True), (b"\x06\0\0\0\0", False), (b"\x06\0\0\0\x07", None), (b"", None)]
)
def test_secure_boot_is_the_last_byte(tmp_path: Path, content: bytes, told: bool | None) -> None:
    read = read_secure_boot(Host(grow(tmp_path, {SECURE_BOOT: content})))
    assert (None if isinstance(read, Unread) else read) is told


def test_a_machine_that_did_not_boot_by_efi_says_so(tmp_path: Path) -> None:
    read = read_secure_boot(Host(grow(tmp_path, {"/sys/firmware": None})))
    assert isinstance(read, Unread)
    assert "legacy" in read.detail


def test_a_key_is_enrolled_when_the_firmware_has_it_byte_for_byte(
    tmp_path: Path, certificates: dict[str, bytes]
) -> None:
    own, other = certificates["akmods-host"], certificates["Fedora Secure Boot CA"]
    header = b"\x06\0\0\0" + b"signature list header"
    tree: dict[str, Content] = {KEYS[0]: own, f"{VARIABLES}/MokListRT-{SHIM}": header + other}
    mok = read_mok(Host(grow(tmp_path / "before", tree)))
    assert (mok.enrolled, mok.pending) == (("Fedora Secure Boot CA",), False)
    assert mok.keys == (SigningKey(path=KEYS[0], enrolled=False, name="akmods-host", expires=certificate_ends(own)),)

    tree |= {f"{VARIABLES}/MokListRT-{SHIM}": header + other + own, f"{VARIABLES}/MokNew-{SHIM}": own}
    mok = read_mok(Host(grow(tmp_path / "after", tree)))
    assert (mok.enrolled, mok.pending) == (("Fedora Secure Boot CA", "akmods-host"), True)
    assert mok.keys == (SigningKey(path=KEYS[0], enrolled=True, name="akmods-host", expires=certificate_ends(own)),)


def test_without_the_firmwares_list_nobody_knows_what_is_enrolled(tmp_path: Path) -> None:
    mok = read_mok(Host(grow(tmp_path, {KEYS[1]: b"key"})))
    assert isinstance(mok.keys[0].enrolled, Unread)
    assert isinstance(mok.pending, Unread)
