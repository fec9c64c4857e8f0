"""Refreshes drivers and archives from NVIDIA's redistributable manifests (``redistrib_<version>.json``).

    python -m tools.refresh_nvidia_redist [--write] [URL]

A CUDA manifest names the driver that belongs to that toolkit (``nvidia_driver``); a cuDNN manifest has path and
SHA-256 of every archive, by platform and CUDA major.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date
from typing import Any

from gpusetup.errors import CannotLookError
from tools import upstream
from tools.rows import Row, apply, merge

URL = "https://developer.download.nvidia.com/compute"
PLATFORM = "linux-x86_64"


def cuda(rows: list[Row], url: str, today: date) -> Iterator[str]:
    """Fill in the bundled driver of the CUDA releases that have a manifest and lack it."""
    for row in rows:
        if row.get("driver_bundled"):
            continue
        manifest = _manifest(f"{url}/cuda/redist/redistrib_{row['release']}.json")
        if manifest is None:
            yield f"{row['id']}: has no manifest"
            continue
        found = {"driver_bundled": manifest.get("nvidia_driver", {}).get("version")}
        yield from merge(row, found, f"{URL}/cuda/redist/redistrib_{row['release']}.json", today)


def cudnn(rows: list[Row], url: str, today: date) -> Iterator[str]:
    """Fill in the archives of the cuDNN releases that have a manifest and lack them."""
    for row in rows:
        if row.get("tarballs") or row["version"].count(".") != 3:
            continue
        short = row["version"].rpartition(".")[0]
        manifest = _manifest(f"{url}/cudnn/redist/redistrib_{short}.json")
        if manifest is None:
            yield f"{row['id']}: has no manifest"
            continue
        if manifest.get("cudnn", {}).get("version") == row["version"]:
            found = {"tarballs": archives(manifest["cudnn"])}
            yield from merge(row, found, f"{URL}/cudnn/redist/redistrib_{short}.json", today)


def archives(component: dict[str, Any]) -> list[Row]:
    """Return the Linux archives of a cuDNN manifest, newest CUDA major first."""
    found = component.get(PLATFORM, {})
    return [
        {
            "cuda": name.removeprefix("cuda"),
            "sha256": one["sha256"],
            "url": f"{URL}/cudnn/redist/{one['relative_path']}",
        }
        for name, one in sorted(found.items(), key=lambda item: int(item[0].removeprefix("cuda")), reverse=True)
    ]


def _manifest(url: str) -> dict[str, Any] | None:
    """Return the manifest of a release, or None."""
    try:
        found: dict[str, Any] = json.loads(upstream.get(url))
    except CannotLookError as error:
        if "404" in error.message:
            return None
        raise
    except ValueError as error:
        raise CannotLookError(f"{url} is not a manifest: {error}") from error
    return found


def main() -> None:
    """Print every change; write them with ``--write``."""
    url = next((word for word in sys.argv[1:] if not word.startswith("-")), URL)
    apply("cuda", lambda rows, today: cuda(rows, url, today))
    apply("cudnn", lambda rows, today: cudnn(rows, url, today))


if __name__ == "__main__":
    main()
