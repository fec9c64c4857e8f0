"""The refreshers of endoflife.date, NVIDIA's repodata and NVIDIA's manifests, against a local server.

The answers in recorded/upstream are shaped as those upstreams document them; the versions in them are made up.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gpusetup.errors import CannotLookError, WrongInputError
from tests.facts.local_server import Upstream, serve
from tools import refresh_endoflife, refresh_nvidia_redist, refresh_nvidia_repo, rows, upstream

RECORDED = Path(__file__).parent / "recorded" / "upstream"
TODAY = date(2026, 11, 22)
BEFORE = {"source": ["x:y"], "read_on": date(2026, 6, 1), "expires": date(2026, 11, 28)}


@pytest.fixture
def site() -> Iterator[Upstream]:
    with serve() as running:
        yield running


def recorded(name: str) -> bytes:
    return (RECORDED / name).read_bytes()


def serve_repository(site: Upstream) -> None:
    base = "/fedora44/x86_64"
    site.pages[f"{base}/repodata/repomd.xml"] = recorded("repomd.xml")
    site.pages[f"{base}/repodata/primary.xml.gz"] = gzip.compress(recorded("primary.xml"))
    site.pages[f"{base}/cuda-fedora44.repo"] = recorded("cuda-fedora44.repo")


def test_branches_follow_their_lifecycle(site: Upstream) -> None:
    site.pages["/nvidia-driver"] = recorded("nvidia-driver.json")
    old = {"released": date(2026, 3, 24), "eol": date(2027, 3, 24), "latest": "595.91.07"}
    row: dict[str, Any] = {"id": "branch-595", "branch": "595", **old, **BEFORE}
    same: dict[str, Any] = {"id": "branch-580", "branch": "580", "latest": "580.178.04", **BEFORE}
    changes = list(refresh_endoflife.branches([row, same], site.url, TODAY))
    assert "branch-595: latest 595.91.07 → 595.99.01" in changes
    assert any("999 has no row" in change for change in changes)
    assert (row["latest"], row["latest_date"], row["released"]) == ("595.99.01", date(2026, 12, 1), date(2026, 3, 24))
    assert (row["read_on"], row["expires"]) == (TODAY, date(2027, 5, 21))


def test_a_planned_fedora_comes_out(site: Upstream) -> None:
    site.pages["/fedora"] = recorded("fedora.json")
    known = {"id": "fedora-45", "distribution": "fedora", "release": "45", "target": date(2026, 10, 20)}
    row: dict[str, Any] = {**known, **BEFORE}
    changes = list(refresh_endoflife.of_distribution([row], TODAY, site.url, "fedora"))
    assert row["released"] == date(2026, 10, 27)
    assert any("fedora 46 has no row" in change for change in changes)
    assert not any("fedora 6 " in change for change in changes)


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b'{"result": []}', b"\xff"])
def test_an_answer_that_is_none_changes_nothing(site: Upstream, answer: bytes) -> None:
    site.pages["/fedora"] = answer
    with pytest.raises(CannotLookError):
        list(refresh_endoflife.of_distribution([], TODAY, site.url, "fedora"))


def test_a_repository_says_what_it_carries(site: Upstream) -> None:
    serve_repository(site)
    row: dict[str, Any] = {"id": "nvidia-repo-fedora44", "directory": "fedora44", "key_id": "0", **BEFORE}
    changes = list(refresh_nvidia_repo.directories([row], site.url, TODAY))
    told = {name: row[name] for name in ("toolkit_first", "toolkit_last", "driver", "cudnn", "key_id")}
    assert told == {"toolkit_first": "13.3", "toolkit_last": "13.10", "driver": "610.159.03", "cudnn": True,
                    "key_id": "73CD9B30"}  # fmt: skip
    assert "nvidia-repo-fedora44: key_id 0 → 73CD9B30" in changes


@pytest.mark.parametrize("broken", ["repodata/repomd.xml", "repodata/primary.xml.gz", "cuda-fedora44.repo"])
@pytest.mark.parametrize(
    "answer", [None, b"<html", b"", gzip.compress(b"<x>", mtime=0)[:-9]], ids=["absent", "half", "empty", "cut"]
)
def test_a_repository_that_cannot_be_read_keeps_its_row(site: Upstream, broken: str, answer: bytes | None) -> None:
    serve_repository(site)
    page = f"/fedora44/x86_64/{broken}"
    if answer is None:
        del site.pages[page]
    else:
        site.pages[page] = answer
    row: dict[str, Any] = {"id": "nvidia-repo-fedora44", "directory": "fedora44", **BEFORE}
    before = dict(row)
    (change,) = refresh_nvidia_repo.directories([row], site.url, TODAY)
    assert "left as it is" in change
    assert row == before


def test_manifests_tell_drivers_and_archives(site: Upstream) -> None:
    site.pages["/cuda/redist/redistrib_13.2.2.json"] = recorded("redistrib_13.2.2.json")
    site.pages["/cudnn/redist/redistrib_9.22.0.json"] = recorded("redistrib_9.22.0.json")
    release: dict[str, Any] = {"id": "cuda-13.2.2", "release": "13.2.2", **BEFORE}
    absent: dict[str, Any] = {"id": "cuda-13.0.3", "release": "13.0.3", **BEFORE}
    library: dict[str, Any] = {"id": "cudnn-9.22.0.52", "version": "9.22.0.52", **BEFORE}
    assert "cuda-13.0.3: has no manifest" in list(refresh_nvidia_redist.cuda([release, absent], site.url, TODAY))
    list(refresh_nvidia_redist.cudnn([library], site.url, TODAY))
    assert release["driver_bundled"] == "595.71.05"
    assert [(one["cuda"], one["sha256"]) for one in library["tarballs"]] == [("13", "bb13"), ("12", "aa12")]
    assert library["tarballs"][0]["url"].startswith("https://developer.download.nvidia.com/compute/cudnn/redist/cudnn/")


def test_another_build_of_a_release_is_not_taken_for_it(site: Upstream) -> None:
    site.pages["/cudnn/redist/redistrib_9.22.0.json"] = recorded("redistrib_9.22.0.json")
    library: dict[str, Any] = {"id": "cudnn-9.22.0.99", "version": "9.22.0.99", **BEFORE}
    assert list(refresh_nvidia_redist.cudnn([library], site.url, TODAY)) == []
    assert "tarballs" not in library


@pytest.mark.parametrize("url", ["http://example.org/", "ftp://example.org/", "file:///etc/passwd"])
def test_only_https_is_read(url: str) -> None:
    with pytest.raises(WrongInputError):
        upstream.get(url)


def test_what_is_too_large_to_be_metadata_is_not_read(site: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "LARGEST", 10)
    site.pages["/large"] = b"x" * 11
    with pytest.raises(CannotLookError, match="larger"):
        upstream.get(f"{site.url}/large")


def test_a_table_is_written_only_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "glibc.toml"
    table.write_text('# head\n\n[[glibc]]\nid = "glibc-2.41"\nsource = ["x:y"]\nread_on = 2026-06-01\n')
    monkeypatch.setattr(rows, "HERE", tmp_path)

    def update(found: list[rows.Row], today: date) -> list[str]:
        return list(rows.merge(found[0], {"fix": "another"}, "a:b", today))

    before = table.read_text()
    monkeypatch.setattr("sys.argv", ["refresh"])
    rows.apply("glibc", update)
    assert table.read_text() == before
    monkeypatch.setattr("sys.argv", ["refresh", "--write"])
    rows.apply("glibc", update)
    assert 'fix = "another"' in table.read_text()
    assert 'source = ["x:y", "a:b"]' in table.read_text()
