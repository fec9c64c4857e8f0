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
from tools.matrix_page import pages as matrix_pages
from tools.rule_pages import pages as rule_pages

GLOSSARY = (ROOT / "docs/glossary.md").read_text()
OF_PEOPLE = ["README.md", "CONTRIBUTING.md", "SECURITY.md"]
OF_PEOPLE += [
    f"docs/{page.name}"
    for page in sorted((ROOT / "docs").glob("*.md"))
    if page.stem not in {"architecture", "glossary"}
]


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the glossary's table under `heading`."""
    table = GLOSSARY.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]


def not_to_be_written() -> list[str]:
    cells = [row[1] for row in rows("Write this, not that")]
    return [word.strip() for cell in cells if not set(cell) & set('():"') for word in re.split("[;,]", cell)]


def test_no_term_is_defined_twice() -> None:
    terms = [term for line in GLOSSARY.splitlines() for term in re.findall(r"^\| \*\*([^*]+)\*\*", line)]
    assert len(terms) > 50
    assert len({term.lower() for term in terms}) == len(terms)


@pytest.mark.parametrize("page", OF_PEOPLE)
def test_a_page_uses_the_words_of_the_glossary(page: str) -> None:
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", (ROOT / page).read_text(), flags=re.DOTALL)
    assert [word for word in not_to_be_written() if re.search(rf"\b{re.escape(word)}\b", prose)] == []


def test_there_are_words_not_to_be_written() -> None:
    assert {"could not look", "mend", "door"} < set(not_to_be_written())


# The whole site takes 6 s, so the tests that build it are slow ones.


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Return a copy of what the site is made of, with the rules' pages."""
    for module in ("mkdocs", "material"):
        pytest.importorskip(module, reason="the extra docs is not installed")
    for file in ("mkdocs.yml", "CONTRIBUTING.md"):
        shutil.copy(ROOT / file, tmp_path)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("rules", "matrix"))
    (tmp_path / "docs/rules").mkdir()
    for name, text in rule_pages().items():
        (tmp_path / "docs/rules" / name).write_text(text)
    (tmp_path / "docs/matrix").mkdir()
    for name, text in matrix_pages().items():
        (tmp_path / "docs/matrix" / name).write_text(text)
    return tmp_path


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]  # --quiet would also silence --strict
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_it_is_built_without_a_warning_and_loads_nothing_from_elsewhere(sources: Path) -> None:
    done = build(sources)
    assert done.returncode == 0, done.stderr
    written = sorted((sources / "build/site").rglob("*.html"))
    assert len(written) > len(rule_pages())
    loaded = re.compile(
        r"<(?:script|img|iframe)[^>]* src=\"?(https?:[^\" >]+)|<link[^>]*rel=\"?(?:stylesheet|preconnect)[^>]*https?:"
    )
    assert not [page.name for page in written if loaded.search(page.read_text())]


@pytest.mark.slow
def test_a_dead_link_and_a_dead_anchor_stop_it(sources: Path) -> None:
    with (sources / "docs/glossary.md").open("a") as page:
        page.write("\n[gone](nothing.md), [gone too](doctor.md#nothing)\n")
    done = build(sources)
    assert done.returncode != 0
    assert "nothing.md" in done.stderr
    assert "doctor.md#nothing" in done.stderr
