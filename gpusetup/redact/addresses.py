"""Addresses and numbers that identify one machine: network, hardware, cloud."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from gpusetup.redact.domains import is_host, is_public
from gpusetup.redact.pseudonyms import SECRET, Pseudonyms

_GPU = r"(?<![A-Za-z0-9])(GPU|MIG)-(?=[0-9a-fA-F-]{0,60}[0-9])([0-9a-fA-F]{4}[0-9a-fA-F-]{0,60})(?![A-Za-z0-9])"
_UUID = r"(?<![0-9a-zA-Z])(?<!efivars/MokListRT-)[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9a-zA-Z])"
_MAIL = r"(?<![\w.+-])[\w.+-]++@(?:\d{1,3}(?:\.\d{1,3}){3}(?![\w.])|\[[^\]\s]{0,60}\]|(?!\d)[\w-][\w.-]*+)"
_LOGIN = r"(?<![\w.+-])[\w.+-]++:[^\s:/@,]{1,128}@(\[[^\]\s]{0,60}\]|[\w-][\w.-]*+)"
_MAC = (
    r"(?<![\w:.-])(?:[0-9a-fA-F]{2}(?:([:-])[0-9a-fA-F]{2})(?:\1[0-9a-fA-F]{2}){4,}+"
    r"|(?:[0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4})"
    r"(?![\w:.])"
)
# InfiniBand GUIDs and GIDs (ibstat: 0x…, or groups of four); 0x0000… and 0xffff… are addresses and masks
_GUID = (
    r"(?<![\w:.])(?:[0-9a-fA-F]{4}(?::[0-9a-fA-F]{4}){3}(?:(?::[0-9a-fA-F]{4}){4})?"
    r"|0x(?!0000|ffff)[0-9a-fA-F]{16})(?![\w:.])"
)
# "+", "~" and "-" beside a number belong to package versions: 580.95.05.1-1, 1.2.3.4~rc1
_IPV4 = r"(?<![\w.+~-])\d{1,3}(?:\.\d{1,3}){3}(?!\.?[\w+~-])"
_IPV6 = r"(?<![\w:.])(?=[0-9a-fA-F:]{0,39}:[0-9a-fA-F]{0,4}:)[0-9a-fA-F:.]{3,46}+(?:%[\w.-]++)?(?![\w:])"
# Amazon's default host names
_EC2 = r"(?<![\w-])ip-\d{1,3}(?:-\d{1,3}){3}(?![\w-])"
# resource ids of Amazon: a known prefix and 8 or 17 hexadecimal digits, of which one is a number ("i-feedback" is not)
_CLOUD = r"(?<![\w-])(?:i|vol|eni|ami|snap|subnet|vpc|sg|lt|fs|eipalloc)-(?=[0-9a-f]{0,16}\d)[0-9a-f]{8,17}(?!\w)"
# resource names of Amazon and Oracle
_ARN = r"(?<![\w:])(?:arn:aws[\w-]{0,20}:|ocid1\.)[^\s\"',]++"
# paths of Azure and Google Cloud
_NAMED = r"(?i)\b(resourceGroups|subscriptions|instances|hostedzone)/([^/\s\"',]++)"
_SERIAL = (
    r"(?i)(?<![A-Za-z])(serial(?:[ _]?(?:number|no\.?|nr\.?))?|s/n|(?:service|asset)[ _]tag|chassis[ _](?:id|sn)"
    r"|board[ _](?:id|part)|inventory(?: number)?)([\"']? ?[:=#] ?| )(?=[\w.-]{0,40}\d)([A-Za-z0-9][\w.-]{2,}+)"
)
# NVIDIA's serial numbers have 13 digits; shorter numbers are sizes and times
_LONG_NUMBER = r"(?<![\w.:+-])\d{12,22}(?![\w.])"
_DOTTED = r"(?<![\w.-])[A-Za-z0-9_][\w.-]*+"
# words and signs after which a dotted number is a version: a driver branch may have four parts, like an address
_BEFORE_VERSION = (
    r"(?i)(?:[=<>~!]=|(?<!-)[<>]"
    r"|\b(?:versions?|release|driver|firmware|vbios|bios|cuda|cudnn|is|needs?|v|has)[ :=]{0,2}"
    r"|(?<![\w.-])(?:nvidia|cuda|cu[a-z]{2,12}|lib\w{2,20}|tensorrt|nccl|xorg|kmod|akmod|dkms|torch|triton)"
    r"[\w.+-]{0,40}[ =:/]) ?\Z"
)


def learn_versions(text: str) -> set[str]:
    """Return the numbers in `text` that look like IPv4 addresses but are versions."""
    if text.count(".") < 3:
        return set()
    found = re.finditer(_IPV4, text)
    return {one[0] for one in found if re.search(_BEFORE_VERSION, text[max(0, one.start() - 64) : one.start()])}


def without_hosts(text: str, names: Pseudonyms) -> str:
    """Return `text` with stand-ins for full host names; those in mail addresses and logins are handled elsewhere."""
    if "@" in text:
        text = re.sub(_LOGIN, lambda it: f"{SECRET}@{names.of('host', it[1].lower())}", text)
        text = re.sub(_MAIL, lambda it: it[0] if it[0].endswith(_UNITS) else names.of("address", it[0].lower()), text)
    return re.sub(_DOTTED, lambda it: _host(it[0], names), text) if "." in text else text


def without_addresses(text: str, names: Pseudonyms, versions: set[str]) -> str:
    """Return `text` with stand-ins for addresses and serial numbers; the numbers in `versions` are not addresses."""
    # the order matters: a UUID contains what looks like a GUID, and an ARN what looks like an id
    text = re.sub(_GPU, lambda it: names.of_uuid(f"{it[1]}-uuid", it[2].lower()), text)
    text = re.sub(_UUID, lambda it: names.of("uuid", it[0].lower()), text)
    text = re.sub(_ARN, lambda it: names.of("id", it[0]), text)
    text = re.sub(_NAMED, lambda it: f"{it[1]}/{names.of('id', it[2])}", text)
    text = re.sub(_SERIAL, lambda it: f"{it[1]}{it[2]}{names.of('serial', it[3])}", text)
    text = re.sub(_MAC, lambda it: names.of("address", it[0].lower()), text)
    if "-" in text:
        text = re.sub(_CLOUD, lambda it: names.of("id", it[0]), text)
        text = re.sub(_EC2, lambda it: names.of("host", it[0]), text)
    text = re.sub(_GUID, lambda it: names.of("id", it[0].lower()), text)
    if ":" in text:
        text = re.sub(_IPV6, lambda it: _ipv6(it[0], names), text)
    if "." in text:
        text = re.sub(_IPV4, lambda it: _ipv4(it[0], names, versions), text)
    return re.sub(_LONG_NUMBER, lambda it: names.of("serial", it[0]), text)


_UNITS = (".service", ".socket", ".target", ".mount", ".timer")


def _ipv4(word: str, names: Pseudonyms, versions: set[str]) -> str:
    try:
        address = IPv4Address(word)
    except AddressValueError:  # a number above 255, or a leading zero
        return word
    kept = word in versions or address.is_loopback or address.is_unspecified
    return word if kept else names.of("address", word)


def _ipv6(word: str, names: Pseudonyms) -> str:
    bare = word.partition("%")[0].rstrip(".")
    try:
        address = IPv6Address(bare)
    except AddressValueError:  # a PCI address, a time, a name of C++
        return word
    kept = address.is_loopback or address.is_unspecified
    return word if kept else names.of("address", bare.lower()) + word[len(word.rstrip(".")) :]


def _host(word: str, names: Pseudonyms) -> str:
    return word if not is_host(word) or is_public(word) else names.of("host", word.rstrip(".").lower()) + (
        "." if word.endswith(".") else ""
    )  # fmt: skip
