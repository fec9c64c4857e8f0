"""Recipes of CONTRIBUTING.md are followed to the letter in a copy of the checkout, and its own commands judge it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import ROOT, drawn, tool

PAGE = (ROOT / "CONTRIBUTING.md").read_text()
PARTS = ("checks", "containers", "docs", "gpusetup", "recipes", "tests", "tools", "benchmarks")
FILES = ("Makefile", "pyproject.toml", "README.md", "CONTRIBUTING.md", "mkdocs.yml", "hatch_build.py")
RULE = "PCI901"

pytestmark = pytest.mark.slow


def commands(heading: str) -> dict[str, list[str]]:
    """Return the commands that the table of a section has, by what they are for."""
    section = PAGE.partition(f"\n## {heading}")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\w+) \| (.*) \|$", section, re.MULTILINE)
    return {name: re.findall(r"`([^`]+)`", text) for name, text in rows}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of the checkout with the environment of the tests; nothing in it is linked to the original."""
    tool("make")
    root = tmp_path / "checkout"
    # bytecode comes along, since it takes each command seconds to make it; but for what another process is writing
    ignored = shutil.ignore_patterns("*.pyc.*", ".built", "rules.md")
    for part in PARTS:
        shutil.copytree(ROOT / part, root / part, ignore=ignored)
    for file in FILES:
        shutil.copy2(ROOT / file, root)
    (root / ".venv").mkdir()
    for one in Path(sys.prefix).iterdir():
        if not one.name.startswith("."):
            (root / ".venv" / one.name).symlink_to(one)
    for stamp in (".light", ".tools", ".full", ".compiled"):
        (root / ".venv" / stamp).touch()
    return root


def run(checkout: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the page in the copy; its own modules go before those that are installed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GPUSETUP_", "PYTEST_"))}
    path = f"{checkout / '.venv/bin'}:{os.environ['PATH']}"
    return subprocess.run(
        shlex.split(command),
        cwd=checkout,
        env=clean
        | {"PATH": path, "PYTHONPATH": str(checkout), "JOBS": "0", "MAKEFLAGS": "", "GPUSETUP_TESTS_SHARE": "0.02"},
        capture_output=True,
        text=True,
        check=False,
    )


def passes(checkout: Path, command: str, *, rows: str = "") -> None:
    """Run a test command of the page; with `rows` only what is about them."""
    words = shlex.split(command)
    chosen = f" --rows {rows}" if rows else ""
    done = run(checkout, shlex.join(f"{word}{chosen}" if word.startswith("PYTEST_ARGS=") else word for word in words))
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    assert re.search(r"[1-9]\d* passed", done.stdout), f"{command} runs no test\n{done.stdout}"


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


A_RULE = f'''

@gpu_rule(
    "{RULE}",
    "pcie-one-lane",
    "The PCIe link has a single lane",
    worst="warning",
    source=LINK,
    remedies=("reseat",),
)
def single(machine: Machine, gpu: Gpu) -> RuleResults:
    """One lane is what a mining riser has: copies to and from the GPU take sixteen times as long as in a slot."""
    width = there(gpu.pcie_width)
    if width and width[0] == 1:
        yield warning("the PCIe link has a single lane", "width now: x1", fix=fix("reseat"))
'''
TWO_HOSTS = f"""
[{RULE}]
state = "warning"
[{RULE}.fires]
gpus.0.pcie_width = [1, 16]
[{RULE}.quiet]
gpus.0.pcie_width = [16, 16]
"""
WHOLE = ("test_doctor_symptoms.py", "test_doctor_pages.py", "test_doctor_cases.py")


def a_rule_is_a_function_two_hosts_and_a_place_among_the_symptoms(checkout: Path) -> None:
    page = commands("Add a doctor rule")
    append(checkout / "gpusetup/doctor/rules/pci.py", A_RULE)
    files = " ".join(f"tests/doctor/{name}" for name in WHOLE)
    alone = run(checkout, f"python -m pytest -q -n 0 {files} -m 'not slow'")
    for refused in ("every_rule_is_named", "every_rule_has_both_hosts", "no_more_than_its_worst_severity"):
        assert re.search(rf"FAILED .*{refused}", alone.stdout), f"without hosts and a symptom: {refused}"
    append(checkout / "tests/doctor/cases/pci.toml", TWO_HOSTS)
    symptoms = checkout / "docs/evidence/symptoms.md"
    symptoms.write_text(re.sub(r"^(\| PCI-01 .*) \|$", rf"\1, {RULE} |", symptoms.read_text(), flags=re.MULTILINE))
    passes(checkout, f"make fast PYTEST_ARGS='{files}'")
    passes(checkout, page["test"][0], rows=RULE)
    explained = run(checkout, page["try"][1].replace("ID", RULE))
    assert "a mining riser" in " ".join(explained.stdout.split())
    assert run(checkout, page["try"][0].replace("ID", "pcie-one-lane")).returncode in {0, 3}, "no GPU here"


A_STEP = """{% extends "step.sh.j2" %}
{% block title %}Say which release this is{% endblock %}
{% block why %}Whoever logs in wants to know.{% endblock %}
{% block check %}[[ -e /etc/motd.d/release ]]{% endblock %}
{% block apply %}printf '%s\\n' {{ stack.release | sh }} >/etc/motd.d/release{% endblock %}
{% block undo %}rm -f /etc/motd.d/release{% endblock %}
"""


def a_recipe_step_is_a_file(checkout: Path) -> None:
    page = commands("Add a recipe step")
    step = checkout / "recipes/fedora/87-motd.sh.j2"
    step.write_text(A_STEP.replace(" | sh", ""))
    refused = run(checkout, page["try"][0])
    assert refused.returncode != 0, "a value without its filter is refused"
    assert "unquoted" in refused.stderr
    step.write_text(A_STEP)
    done = run(checkout, page["try"][0])
    assert done.returncode == 0, done.stderr
    assert "Say which release this is" in done.stdout
    passes(checkout, page["test"][0], rows="motd")
    passes(checkout, "make fast PYTEST_ARGS=tests/render/test_render_steps.py")


def a_fact_is_a_row(checkout: Path) -> None:
    page = commands("Add a fact")
    table = checkout / "gpusetup/facts/gpu.toml"
    row = '\n[[gpu]]\nid = "gpu-test-board"\nname = "Test Board 1"\narch = "Ada"\ncc = "8.9"\nchip = ["AD102"]\n'
    append(table, row)
    incomplete = run(checkout, page["test"][0])
    assert incomplete.returncode != 0, "without source and day it does not load"
    assert "gpu" in incomplete.stderr
    append(table, 'market = "geforce"\nas_of = "2026-08-22"\nread_on = 2026-11-22\nsource = ["pciids"]\n')
    for command in page["regenerate"]:
        if command.startswith(".venv"):
            done = run(checkout, command)
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    found = run(checkout, page["test"][0])
    assert found.returncode == 0, found.stdout + found.stderr
    passes(checkout, page["test"][1], rows="gpu-test-board")
    passes(checkout, "make fast PYTEST_ARGS='tests/facts/test_facts_cross_check.py tests/facts/test_facts_tables.py'")


A_CHECK = {
    "check.toml": """title = "a sum"
version = 1
proves = ["a sum of small integers is right"]
[tolerance.sum]
ulps = 1
why = "sums of integers below 2^24 are exact"
[[cause]]
tensor = "*"
text = "the sum"
""",
    "__init__.py": '''"""The sum of the integers below 100."""

import numpy as np


def prove(backend, job, record):
    record.tensor("sum", "sum", backend.total(np.arange(100, dtype=np.float32)))
''',
    "reference.py": '"""NumPy."""\n\nimport numpy as np\n\n\ndef total(values):\n    return np.float64(values.sum())\n',
    "pytorch.py": '"""PyTorch."""\n\nimport torch\n\n\ndef total(values):\n'
    "    return torch.from_numpy(values).sum().numpy()\n",
}


def a_check_is_a_folder(checkout: Path) -> None:
    page = commands("Add a check")
    folder = checkout / "checks/total"
    folder.mkdir()
    for name, text in A_CHECK.items():
        (folder / name).write_text(text)
    command = f"{page['try'][0].replace('NAME', 'total')} --framework pytorch"
    proven = run(checkout, command)
    assert proven.returncode == 0, proven.stdout + proven.stderr
    assert "total" in proven.stdout
    (folder / "pytorch.py").write_text(A_CHECK["pytorch.py"].replace(".sum()", ".sum() + 1"))
    wrong = run(checkout, command)
    assert wrong.returncode == 1, wrong.stdout + wrong.stderr
    assert "FAIL" in wrong.stdout


GUIDES = (
    a_rule_is_a_function_two_hosts_and_a_place_among_the_symptoms,
    a_recipe_step_is_a_file,
    a_fact_is_a_row,
    pytest.param(a_check_is_a_folder, marks=pytest.mark.frameworks),
)


@pytest.mark.parametrize("guide", drawn("guides of the page", GUIDES, 2), ids=lambda guide: guide.__name__)
def test_what_the_page_says_is_all_there_is_to_do(guide: Callable[[Path], None], checkout: Path) -> None:
    guide(checkout)


def test_every_section_that_adds_something_says_how_it_is_tested() -> None:
    for heading in re.findall(r"^## (Add .*)$", PAGE, re.MULTILINE):
        assert commands(heading)["test"], heading
