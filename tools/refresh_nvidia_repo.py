"""Refreshes what NVIDIA's repository directories for Fedora carry, from their own repodata.

    python -m tools.refresh_nvidia_repo [--write] [URL]

For every directory that has a row: the CUDA series (packages ``cuda-toolkit-13-3``), the newest driver
(``nvidia-driver``), whether cuDNN is there (``libcudnn9-cuda-13``), and the key its ``.repo`` file names.
"""

from __future__ import annotations

import gzip
import re
import sys
import zlib
from collections.abc import Iterator
from datetime import date
from xml.etree import ElementTree

from gpusetup.errors import CannotLookError
from gpusetup.versions import cuda, rpm
from tools import upstream
from tools.rows import Row, apply, merge

URL = "https://developer.download.nvidia.com/compute/cuda/repos"
SOURCE = "nvidia-repos"
REPO = "{http://linux.duke.edu/metadata/repo}"
COMMON = "{http://linux.duke.edu/metadata/common}"


def directories(rows: list[Row], url: str, today: date) -> Iterator[str]:
    """Correct the row of every directory that can be read; one that cannot is named and left as it is."""
    for row in rows:
        base = f"{url}/{row['directory']}/x86_64"
        try:
            found = contents(packages(base)) | {"key_id": key_id(base, row["directory"])}
        except CannotLookError as error:
            yield f"{row['id']}: left as it is, {error.message}"
            continue
        yield from merge(row, found, SOURCE, today)


def packages(base: str) -> dict[str, str]:
    """Return the newest version of each package: name → epoch:version-release."""
    root = _xml(upstream.get(f"{base}/repodata/repomd.xml"), base)
    places = [place for data in root.iter(f"{REPO}data") if data.get("type") == "primary"
              for place in data.iter(f"{REPO}location")]  # fmt: skip
    if len(places) != 1:
        raise CannotLookError(f"{base}/repodata/repomd.xml names no list of packages")
    primary = _xml(_unpack(upstream.get(f"{base}/{places[0].get('href')}"), base), base)
    newest: dict[str, str] = {}
    for package in primary.iter(f"{COMMON}package"):
        name, version = package.findtext(f"{COMMON}name", ""), package.find(f"{COMMON}version")
        if version is None:
            raise CannotLookError(f"{base}: package {name} has no version")
        text = f"{version.get('epoch', '0')}:{version.get('ver')}-{version.get('rel')}"
        if name not in newest or rpm(newest[name]) < rpm(text):
            newest[name] = text
    return newest


def contents(newest: dict[str, str]) -> Row:
    """Return what a directory with these packages carries."""
    matches = [re.fullmatch(r"cuda-toolkit-(\d+)-(\d+)", name) for name in newest]
    series = sorted((f"{match[1]}.{match[2]}" for match in matches if match), key=cuda)
    driver = newest.get("nvidia-driver", "")
    return {
        "toolkit_first": series[0] if series else None,
        "toolkit_last": series[-1] if series else None,
        "cudnn": any(re.fullmatch(r"libcudnn\d+-cuda-\d+", name) for name in newest),
        "driver": driver.partition(":")[2].partition("-")[0] or None,
    }


def key_id(base: str, directory: str) -> str:
    """Return the id of the key that the directory's ``.repo`` file names."""
    text = upstream.get(f"{base}/cuda-{directory}.repo").decode(errors="replace")
    match = re.search(r"^gpgkey=.*/([0-9A-Fa-f]{8})\.pub\s*$", text, re.MULTILINE)
    if match is None:
        raise CannotLookError(f"{base}/cuda-{directory}.repo names no key")
    return match[1].upper()


def _unpack(data: bytes, base: str) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise CannotLookError(f"{base} serves a broken list of packages: {error}") from error


def _xml(data: bytes, base: str) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise CannotLookError(f"{base} serves broken repodata: {error}") from error


def main() -> None:
    """Print every change; write them with ``--write``."""
    url = next((word for word in sys.argv[1:] if not word.startswith("-")), URL)
    apply("nvidia_repo", lambda rows, today: directories(rows, url, today))


if __name__ == "__main__":
    main()
