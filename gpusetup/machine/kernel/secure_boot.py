"""Secure Boot and the keys that the machine's owner has enrolled."""

from __future__ import annotations

from gpusetup.machine.host import Host
from gpusetup.machine.kernel.certificate import common_names, last_day
from gpusetup.machine.model import Mok, Reading, SigningKey, Unread

FIRMWARE = "/sys/firmware/efi"
VARIABLES = f"{FIRMWARE}/efivars"
SECURE_BOOT = f"{VARIABLES}/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
SHIM = "605dab50-e046-4300-abb6-3dd810dd8b23"
KEYS = (
    "/etc/pki/akmods/certs/public_key.der",
    "/var/lib/dkms/mok.pub",
    "/var/lib/shim-signed/mok/MOK.der",
)
OF_IMAGES = "/etc/pki/akmods/certs/akmods-*.der"
"""Where images bring the key that their modules are signed with (Universal Blue, secureblue)."""
VARIABLE_LIMIT = 1 << 20


def read_secure_boot(host: Host) -> Reading[bool]:
    """Return the last byte of the firmware's variable (four bytes of attributes come before it)."""
    if host.exists("/sys/firmware") and not host.exists(FIRMWARE):
        detail = "no EFI firmware: booted the legacy way, or hidden by a container"
        return Unread(unread="absent", source=FIRMWARE, detail=detail)
    raw = host.read_bytes(SECURE_BOOT, 64)
    if isinstance(raw, Unread):
        return raw
    # efivarfs puts the 32-bit attributes before the data; SecureBoot is one byte, 0 or 1 (UEFI specification, 3.3)
    if len(raw) != 5 or raw[4] > 1:
        return Unread(unread="failed", source=SECURE_BOOT, detail=f"not a flag: {raw[:8].hex()}")
    return raw[4] == 1


def read_mok(host: Host) -> Mok:
    """Return the enrolled keys by name, and for each key of this machine whether it is one of them, byte for byte."""
    enrolled = host.read_bytes(f"{VARIABLES}/MokListRT-{SHIM}", VARIABLE_LIMIT)
    listed = host.listdir(VARIABLES)
    return Mok(
        enrolled=enrolled if isinstance(enrolled, Unread) else common_names(enrolled),
        pending=listed if isinstance(listed, Unread) else f"MokNew-{SHIM}" in listed,
        keys=tuple(_key(host, path, enrolled) for path in (*KEYS, *host.glob(OF_IMAGES)) if host.exists(path)),
    )


def _key(host: Host, path: str, enrolled: Reading[bytes]) -> SigningKey:
    key = host.read_bytes(path)
    if isinstance(key, Unread):
        return SigningKey(path=path, enrolled=key)
    return SigningKey(
        path=path,
        enrolled=_is_in(key, path, enrolled),
        name=next(iter(common_names(key)), ""),
        expires=last_day(key),
    )


def _is_in(key: bytes, path: str, enrolled: Reading[bytes]) -> Reading[bool]:
    if isinstance(enrolled, Unread):
        return enrolled
    return key in enrolled if key else Unread(unread="failed", source=path, detail="empty")
