"""``gpusetup fleet rollout``: who gets which recipe, who gets none, and what stands in the files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from gpusetup.cli._fleet_rollout import rollout as command
from gpusetup.errors import WrongInputError
from gpusetup.fleet.rollout.model import Rollout, RolloutGroup
from gpusetup.fleet.rollout.playbook import playbook
from gpusetup.fleet.rollout.waves import read_waves

HOSTS = Path(__file__).parents[1] / "doctor/hosts"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    desktop, server = ((HOSTS / f"{name}.json").read_text() for name in ("desktop", "h100_server"))
    foreign = server.replace('"ubuntu"', '"arch"').replace("Ubuntu 24.04.3 LTS", "Arch Linux")
    given = {
        "desk1": desktop, "desk2": desktop, "laptop": (HOSTS / "pascal_laptop.json").read_text(),
        "server": foreign, "blind": (HOSTS / "no_gpu.json").read_text(),
        "torn": "{", "node[1:9]": desktop, "-oProxyCommand=x": desktop, "localhost": desktop,
    }  # fmt: skip
    (tmp_path / "hosts").mkdir()
    for name, text in given.items():
        (tmp_path / f"hosts/{name}.json").write_text(text)
    return tmp_path


def test_equal_hosts_share_a_recipe_and_who_gets_none_is_told_why(folder: Path) -> None:
    out = folder / "out"
    done = CliRunner().invoke(command, [str(folder / "hosts"), "-o", str(out), "--framework", "torch", "--json"])
    found = json.loads(done.stdout)
    assert [group["hosts"] for group in found["groups"]] == [["desk1", "desk2"], ["laptop"]]
    assert done.exit_code == 4
    why = {one["host"]: one["why"] for one in found["left_out"]}
    assert why.pop("torn").startswith("a file of it could not be read")
    assert why.pop("server").startswith("no recipe is for Arch Linux")
    assert why.pop("blind").startswith("no NVIDIA GPU was found on it")
    assert why == dict.fromkeys(("node[1:9]", "-oProxyCommand=x", "localhost"), "its name cannot stand in an inventory")
    for group in found["groups"]:
        assert hashlib.sha256((out / group["script"]).read_bytes()).hexdigest() == group["sha256"]
    inventory = json.loads((out / "inventory.json").read_text())
    assert inventory["all"]["children"]["group_1"]["hosts"] == {"desk1": None, "desk2": None}
    plays = yaml.safe_load((out / "rollout.yml").read_text())
    assert [(play["hosts"], play["serial"]) for play in plays] == [(f"group_{n}", [1, "10%", "30%"]) for n in (1, 2)]


def test_every_host_with_a_recipe_is_fine(folder: Path) -> None:
    done = CliRunner().invoke(command, [str(folder / "hosts/desk1.json"), str(folder / "hosts/laptop.json")])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("Roll-out: 2 hosts in 2 groups with a recipe each")


def test_what_a_host_says_of_itself_stands_in_comments_alone() -> None:
    hostile = "{{ lookup('pipe', 'id') }}\n- hosts: all\u2028  tasks: []\x85- x"
    group = RolloutGroup(name="group_1", hosts=("a",), what=hostile, stack=(hostile,), script="s", sha256="0")
    text = playbook(Rollout(gpusetup="1", made_at="2026-12-01", waves=("1",), groups=(group,)))
    (play,) = yaml.safe_load(text)
    assert play["hosts"] == "group_1"
    assert all(line.startswith("#") for line in text.splitlines() if "lookup" in line)


@pytest.mark.parametrize("words", [("0",), ("10%",), ("1", "101%"), ("1", "x"), ("1 ",), ("-1",)])
def test_a_wave_is_a_number_or_a_share_and_the_canary_a_number(words: tuple[str, ...]) -> None:
    with pytest.raises(WrongInputError):
        read_waves(words)


def test_waves_are_taken_as_they_are_given() -> None:
    assert read_waves(("2", "50%", "100%")) == ("2", "50%", "100%")
    assert read_waves(())[0] == "1"
