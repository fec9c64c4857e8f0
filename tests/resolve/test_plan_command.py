"""``gpusetup plan`` as its users run it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from gpusetup.resolve.model import Refusal, Stack
from tests.support import Run


def test_plan_prints_what_to_install_and_why(gpusetup: Run) -> None:
    done = gpusetup("plan", "--distro", "fedora", "--gpu", "GTX 1050 Mobile")
    assert done.returncode == 0
    assert "akmod-nvidia-580xx xorg-x11-drv-nvidia-580xx" in done.stdout
    assert "torch==2.14.1+cu126" in done.stdout
    assert "[arch-pascal]" in done.stdout
    assert "read in" not in done.stdout
    assert not [line for line in done.stdout.splitlines() if line.endswith(" ")]


def test_explain_adds_sources_and_alternatives(gpusetup: Run) -> None:
    done = gpusetup("plan", "--distro", "fedora", "--gpu", "RTX 4090", "--explain")
    assert "source: github.com/endoflife-date/endoflife.date" in done.stdout
    assert "also possible: 2.14.1+cu130" in done.stdout


def test_json_is_a_stack_and_so_is_the_output_file(gpusetup: Run, tmp_path: Path) -> None:
    file = tmp_path / "stack.json"
    done = gpusetup("plan", "--distro", "fedora", "--gpu", "RTX 4090", "--json", "--output", file)
    stack = msgspec.json.decode(done.stdout, type=Stack)
    assert stack.request.cards[0].name == "GeForce RTX 4090"
    assert msgspec.json.decode(file.read_bytes(), type=Stack) == stack
    assert "saved" in done.stderr


def test_no_stack_is_exit_4_with_the_conflict_and_the_ways_out(gpusetup: Run) -> None:
    asked = ("plan", "--distro", "fedora", "--gpu", "RTX 5090", "--gpu", "GTX 1080")
    done = gpusetup(*asked)
    assert done.returncode == 4
    assert "Pascal is supported by the proprietary kernel modules only" in done.stdout
    assert "drop the GeForce GTX 1080: --gpu 'GeForce RTX 5090'" in done.stdout
    as_json = gpusetup(*asked, "--json")
    assert as_json.returncode == 4
    assert len(msgspec.json.decode(as_json.stdout, type=Refusal).ways_out) == 2


@pytest.mark.parametrize(
    ("options", "known"),
    [
        (("--cuda", "99.9"), "13.4, 13.3"),
        (("--gpu", "RTX 9999"), "GeForce RTX 4090"),
        (("--gpu-arch", "9.9"), "8.9, 9.0"),
        (("--distro", "arch"), "fedora"),
        (("--release", "99"), "45, 44"),
        (("--torch", "9.9"), "2.15.0"),
        (("--torch", "2.14.1+cu999"), "cu126"),
        (("--tensorflow", "9"), "2.21.0"),
        (("--python", "3.99"), "3.14"),
        (("--cudnn", "1.0"), "9.28"),
        (("--driver", "123.4"), "610"),
        (("--driver", "new"), "numbers with dots"),
    ],
)
def test_what_no_table_knows_is_one_clear_line_that_lists_what_is_known(
    gpusetup: Run, options: tuple[str, str], known: str
) -> None:
    done = gpusetup("plan", *(() if options[0].startswith("--gpu") else ("--gpu", "none")), *options)
    assert done.returncode == 2
    assert done.stdout == ""
    what = options[1].partition("+")[2] or options[1].partition(".")[0]
    assert what in done.stderr.splitlines()[0]
    assert known in done.stderr
    assert "Traceback" not in done.stderr


def test_a_saved_machine_is_planned_for(gpusetup: Run, tmp_path: Path) -> None:
    machine = json.loads(gpusetup("detect").stdout)
    machine["system"] |= {"distro": "fedora", "release": "43", "pretty_name": "Fedora Linux 43"}
    machine["pci"] = [
        {"address": "0000:01:00.0", "device_id": "1c8d", "class_code": "030200", "driver": "nouveau",
         "runtime_status": "suspended", "numa_node": 0}
    ]  # fmt: skip
    file = tmp_path / "machine.json"
    file.write_text(json.dumps(machine))
    done = gpusetup("plan", "--machine", file, "--json")
    stack = msgspec.json.decode(done.stdout, type=Stack)
    assert stack.release == "43"
    (card,) = stack.request.cards
    assert (card.name, card.known_by) == ("GeForce GTX 1050 Mobile", "PCI id 10de:1c8d")


def test_a_host_of_another_distribution_is_told_so(gpusetup: Run, tmp_path: Path) -> None:
    machine = json.loads(gpusetup("detect").stdout)
    machine["system"] |= {"distro": "plan9", "release": "4", "pretty_name": "Plan 9 from Bell Labs"}
    machine["pci"] = []
    file = tmp_path / "machine.json"
    file.write_text(json.dumps(machine))
    done = gpusetup("plan", "--machine", file)
    assert done.returncode == 4
    assert "this host is Plan 9 from Bell Labs" in done.stdout
    assert "pip install torch==" in done.stdout
    assert "gpusetup container" in done.stdout
    assert "no NVIDIA GPU found" in done.stderr
    script = gpusetup("install", "--machine", file)
    assert (script.returncode, script.stdout) == (4, "")
    assert re.search(r"recipes for Fedora, .*Debian.* only", " ".join(script.stderr.split()))
    asked = gpusetup("install", "--machine", file, "--distro", "fedora")
    assert asked.returncode == 0
    assert asked.stdout.startswith("#!")


def test_a_framework_that_is_pinned_and_left_out_is_refused(gpusetup: Run) -> None:
    done = gpusetup("plan", "--gpu", "none", "--framework", "torch", "--tensorflow", "2.21")
    assert done.returncode == 2
    assert "--tensorflow pins a framework that --framework excludes" in done.stderr
