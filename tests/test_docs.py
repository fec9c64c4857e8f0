"""The documentation site: it is built with no warning, a dead link is one, and it loads nothing from elsewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT
from tools.rule_pages import pages as rule_pages

pytest.importorskip("mkdocs", reason="the extra docs is not installed")
pytest.importorskip("material", reason="the extra docs is not installed")


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Return a copy of what the site is made of, with the rules' pages."""
    for file in ("mkdocs.yml", "CONTRIBUTING.md"):
        shutil.copy(ROOT / file, tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("rules"))
    (tmp_path / "docs/rules").mkdir()
    for name, text in rule_pages().items():
        (tmp_path / "docs/rules" / name).write_text(text)
    return tmp_path


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]  # --quiet would also silence --strict
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_it_is_built_without_a_warning_and_loads_nothing_from_elsewhere(sources: Path) -> None:
    done = build(sources)
    assert done.returncode == 0, done.stderr
    written = sorted((sources / "build/site").rglob("*.html"))
    assert len(written) > len(rule_pages())
    loaded = re.compile(
        r"<(?:script|img|iframe)[^>]* src=\"?(https?:[^\" >]+)|<link[^>]*rel=\"?(?:stylesheet|preconnect)[^>]*https?:"
    )
    assert not [page.name for page in written if loaded.search(page.read_text())]


def test_a_dead_link_and_a_dead_anchor_stop_it(sources: Path) -> None:
    with (sources / "docs/glossary.md").open("a") as page:
        page.write("\n[gone](nothing.md), [gone too](doctor.md#nothing)\n")
    done = build(sources)
    assert done.returncode != 0
    assert "nothing.md" in done.stderr
    assert "doctor.md#nothing" in done.stderr
