"""``gpusetup doctor`` as it is run: exit codes, what it prints, and that it survives every driver."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gpusetup import files
from gpusetup.doctor.finding import Report
from gpusetup.value import to_json
from tests.doctor.machines import machine
from tests.fake_driver import FakeDriver
from tests.support import Run


@pytest.fixture
def saved(tmp_path: Path) -> Any:
    """Save a changed healthy host and return the options that replay it."""

    def write(host: str = "desktop", change: dict[str, Any] | None = None) -> tuple[str, str]:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.json"
        files.write(path, to_json(machine(host, change)))
        return "--machine", str(path)

    return write


HOT = {"gpus": {"0": {"temperature": 120}}}
NO_SECURE_BOOT = {"system": {"secure_boot": {"unread": "denied", "source": "efivars"}, "kernel": {"modules!": []}}}


@pytest.mark.parametrize(
    ("host", "change", "options", "code"),
    [
        ("desktop", {}, [], 0),
        ("desktop", HOT, [], 0),
        ("desktop", HOT, ["--fail-on", "warning"], 1),
        ("desktop", HOT, ["--fail-on", "warning", "--skip", "PWR001"], 0),
        ("desktop", HOT, ["--fail-on", "warning", "--only", "GPU"], 0),
        ("desktop", {"gpus": {"0": {"compute_mode": 2}}}, [], 1),
        ("desktop", {"gpus": {"unread": "failed", "source": "nvmlInit", "detail": "crash"}}, [], 3),
        ("desktop", {"gpus": {"0": {"ecc_uncorrected": {"unread": "failed", "source": "x"}}}}, [], 3),
        ("desktop", {"system": {"kernel": {"log": {"unread": "denied", "source": "/dev/kmsg"}}}}, [], 0),
        ("no_gpu", {}, [], 0),
        ("no_gpu", {}, ["--fail-on", "warning"], 0),
        ("no_gpu", {}, ["--require-gpu"], 1),
        ("no_gpu", {"pci": {"unread": "denied", "source": "/sys/bus/pci/devices"}}, [], 3),
    ],
)
def test_the_exit_code_is_the_verdict(
    host: str, change: dict[str, Any], options: list[str], code: int, gpusetup: Run, saved: Any
) -> None:
    for extra in ([], ["--json"]):
        done = gpusetup("doctor", *saved(host, change), *options, *extra)
        assert (done.returncode, done.stderr) == (code, "")


@pytest.mark.parametrize(
    ("unread", "groups", "container", "advice"),
    [
        ("denied", ["video"], "", "Root can read it"),
        ("denied", ["video"], "podman", "Root can read it"),
        ("denied", ["root"], "podman", "Run gpusetup on the host of this container"),
        ("absent", ["root"], "podman", "Run gpusetup on the host of this container"),
        ("denied", ["root"], "", ""),
        ("absent", ["video"], "", ""),
        ("timeout", ["video"], "podman", ""),
    ],
)
def test_who_can_check_is_named_where_this_user_cannot(
    unread: str, groups: list[str], container: str, advice: str, gpusetup: Run, saved: Any
) -> None:
    log = {"unread": unread, "source": "/dev/kmsg"}
    host = saved("desktop", {"system": {"kernel": {"log": log}, "groups": groups, "container": container}})
    told = gpusetup("doctor", *host, "--only", "LOG001").stdout
    assert "UNKNOWN LOG001" in told
    assert ("What to do: " + advice in told) if advice else ("What to do" not in told)


def test_no_gpu_is_said_in_the_first_line(gpusetup: Run, saved: Any) -> None:
    first, *_ = gpusetup("doctor", *saved("no_gpu")).stdout.splitlines()
    assert first == "no NVIDIA GPU found; rules about the CPU still ran, nothing is wrong"


def test_the_first_line_counts_and_names_the_cause(gpusetup: Run, saved: Any) -> None:
    prohibited = {"compute_mode": 2}
    for change, first in (
        ({}, "healthy: nothing wrong was found"),
        ({"gpus": {"0": prohibited}}, "1 error: GPU 0: compute mode is prohibited"),
        (
            {"gpus": {"0": prohibited | {"temperature": 120}}},
            "1 error, 1 warning: GPU 0: compute mode is prohibited",
        ),
    ):
        for form in ("text", "markdown"):
            line = gpusetup("doctor", *saved("desktop", change), "--format", form).stdout.splitlines()[0]
            assert first in line


def test_the_json_has_identities_at_the_top_and_counts_what_passed(gpusetup: Run, saved: Any) -> None:
    report = msgspec.json.decode(gpusetup("doctor", *saved("h100_server"), "--json").stdout, type=Report)
    host = machine("h100_server")
    assert (report.verdict, report.at, report.host) == ("healthy", host.read_at, "")
    gpus = [(one.subject, one.name, one.pci) for one in report.gpus]
    assert gpus[0] == ("GPU 0", "NVIDIA H100 80GB HBM3", "0000:1b:00.0")
    assert len({one.uuid for one in report.gpus}) == 8
    assert [(one.name, one.state) for one in report.areas][:3] == [("System", "ok"), ("GPU", "ok"), ("Driver", "ok")]
    assert all(one.evidence for one in report.findings), "of what passed only what did without something is told"
    assert report.basis.looked > 200


def test_a_live_report_names_its_host_and_a_redacted_one_does_not(gpusetup: Run) -> None:
    named = json.loads(gpusetup("doctor", "--json").stdout)
    assert named["host"] == os.uname().nodename
    assert json.loads(gpusetup("doctor", "--json", "--redact").stdout)["host"] not in {"", named["host"]}


def test_an_output_is_written_in_one_step_in_every_format(gpusetup: Run, saved: Any, tmp_path: Path) -> None:
    options = saved("desktop", HOT)
    for form in ("text", "json", "junit", "prometheus", "github", "markdown", "sarif"):
        file = tmp_path / f"report.{form}"
        printed = gpusetup("doctor", *options, "--format", form)
        done = gpusetup("doctor", *options, "--format", form, "--output", file)
        assert (done.returncode, done.stdout) == (printed.returncode, "")
        assert file.read_text() == printed.stdout
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")], "no scratch file is left"
    refused = gpusetup("doctor", *options, "--output", tmp_path / "missing/report")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert gpusetup("doctor", "--list", "--output", tmp_path / "x").returncode == 2


def test_all_shows_what_passed_in_text_and_json(gpusetup: Run, saved: Any) -> None:
    text = gpusetup("doctor", *saved(), "--all").stdout
    assert "OK DRV004, this machine: " in text
    assert "OK " not in gpusetup("doctor", *saved()).stdout


@pytest.mark.parametrize(
    ("host", "change", "step"),
    [
        ("desktop", {}, "gpusetup selftest"),
        ("no_gpu", {}, "gpusetup selftest"),
        ("desktop", {"system": {"kernel": {"log": {"unread": "denied", "source": "/dev/kmsg"}}, "groups": []}},
         'sudo "$(command -v gpusetup)" doctor'),
        ("desktop", {"gpus": {"0": {"compute_mode": 2}}}, "sudo nvidia-smi -c DEFAULT"),
    ],
)  # fmt: skip
def test_the_report_ends_with_the_next_step(
    host: str, change: dict[str, Any], step: str, gpusetup: Run, saved: Any
) -> None:
    *_, before, last = gpusetup("doctor", *saved(host, change)).stdout.splitlines()
    assert before.startswith("Next: ")
    assert step in last or last.split()[:2] == step.split()[:2]


def test_the_areas_say_what_is_there_and_where_the_problem_is(gpusetup: Run, saved: Any) -> None:
    lines = gpusetup("doctor", *saved("h100_server", {"gpus": {"3": {"temperature": 120}}})).stdout.splitlines()
    marks = {line.split()[1]: line[0] for line in lines[2:8]}
    assert marks == {"System": "✓", "GPU": "!", "Driver": "✓", "CUDA": "✓", "Frameworks": "✓", "Containers": "✓"}
    assert "8 × NVIDIA H100 80GB HBM3" in lines[3]


def test_a_kernel_log_that_may_not_be_read_leaves_the_gpu_unknown(gpusetup: Run, saved: Any) -> None:
    denied = {"unread": "denied", "source": "/dev/kmsg", "detail": "Operation not permitted", "code": 1}
    lines = gpusetup("doctor", *saved("h100_server", {"system": {"kernel": {"log": denied}}})).stdout.splitlines()
    marks = {line.split()[1]: line[0] for line in lines[2:8]}
    assert (marks["GPU"], marks["Driver"], marks["CUDA"]) == ("?", "?", "✓")


def test_a_terminal_without_the_marks_gets_ascii(gpusetup: Run, saved: Any) -> None:
    done = gpusetup("doctor", *saved(), env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert "+ GPU" in done.stdout


def test_the_json_with_all_has_a_finding_of_every_rule(gpusetup: Run, saved: Any) -> None:
    report = msgspec.json.decode(gpusetup("doctor", *saved(), "--json", "--all").stdout, type=Report)
    listed = {line.split()[0] for line in gpusetup("doctor", "--list").stdout.splitlines()}
    of_options = {name for name in listed if name.startswith(("IMG", "EXP"))}  # --image, --expect
    assert {one.rule for one in report.findings} == listed - of_options
    assert len(listed) >= 25


def test_unknown_is_always_shown_and_never_counted_as_healthy(gpusetup: Run, saved: Any) -> None:
    blind = {"gpus": {"0": {"ecc_uncorrected": {"unread": "failed", "source": "nvmlDeviceGetTotalEccErrors"}}}}
    text = gpusetup("doctor", *saved("desktop", blind)).stdout
    assert text.startswith("1 rule cannot check\n")
    assert "UNKNOWN ANS002, GPU 0: no answer about this GPU's ecc uncorrected" in text


def test_the_text_fits_80_columns_on_a_terminal_and_no_color_takes_the_colours_away(saved: Any) -> None:
    options = saved(
        "desktop", {"gpus": {"unread": "failed", "source": "nvmlInit", "detail": "word " * 60, "code": 999}}
    )
    coloured = on_terminal([*options], {"COLUMNS": "80"})
    assert "\x1b[31m" in coloured
    plain = on_terminal([*options], {"COLUMNS": "80", "NO_COLOR": "1"})
    assert "\x1b" not in plain
    assert max(len(line) for line in plain.splitlines() if not line.startswith("    ")) <= 80


def on_terminal(options: list[str], env: dict[str, str]) -> str:
    ours, theirs = pty.openpty()
    script = Path(sys.executable).with_name("gpusetup")
    clean = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "TERM"}}
    with subprocess.Popen([script, "doctor", *options], stdout=theirs, env=clean | env | {"TERM": "xterm"}) as process:
        os.close(theirs)
        pieces = []
        while piece := _read(ours):
            pieces.append(piece)
        process.wait(60)
    os.close(ours)
    return b"".join(pieces).decode().replace("\r\n", "\n")


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 1 << 16)
    except OSError:  # the other end of a terminal closes with an error
        return b""


def test_what_a_host_says_cannot_move_the_cursor(gpusetup: Run, saved: Any) -> None:
    evil = "\x1b[2J\nhealthy: nothing wrong was found\u202e"
    change = {
        "gpus": {"0": {"name": evil, "compute_mode": 2}},
        "system": {"pretty_name": evil, "environment": {"LD_PRELOAD": evil}},
    }
    text = gpusetup("doctor", *saved("desktop", change)).stdout
    assert "\\x1b[2J\\n" in text
    assert not any(char in text for char in "\x1b\u202e\r")
    assert not any(line.startswith("healthy") for line in text.splitlines())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--only", "NOSUCH001"], "no rule is called NOSUCH001"),
        (["--skip", "GPU0"], "no rule is called GPU0"),
        (["--only", "DRV", "--skip", "DRV"], "--only DRV and --skip DRV leave no rule"),
        (["--only", ","], "--only , leave no rule"),
        (["--explain", "nothing"], "no rule is called nothing"),
        (["--machine", "/nowhere/m.json"], "cannot read the machine file /nowhere/m.json"),
        (["--fail-on", "never"], "'never' is not one of"),
    ],
)
def test_bad_input_gets_one_clear_message(options: list[str], said: str, gpusetup: Run) -> None:
    done = gpusetup("doctor", *options)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_corrupt_machine_is_named_with_the_place_inside_it(gpusetup: Run, tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text(to_json(machine()).replace('"temperature": 41', '"temperature": "warm"'))
    done = gpusetup("doctor", "--machine", path)
    assert done.returncode == 2
    assert f"{path} is not a saved machine" in done.stderr
    assert "gpus[0].temperature" in done.stderr


def test_explain_prints_the_rules_page(gpusetup: Run) -> None:
    page = gpusetup("doctor", "--explain", "drv004").stdout
    assert page.startswith("# DRV004: ")
    assert "restart" in page


FAULTS: dict[str, tuple[dict[str, int | str], str]] = {
    "lost": ({"nvmlDeviceGetHandleByIndex@1": 15}, "GPU003"),
    "mismatch": ({"nvmlInit": 18}, "DRV004"),
    "no permission": ({"nvmlInit": 4}, "DRV006"),
    "unknown": ({"nvmlInit": 999}, "DRV001"),
    "hang": ({"nvmlDeviceGetTemperature@1": "hang"}, "DRV005"),
    "crash": ({"nvmlDeviceGetName": "segv"}, "ANS004"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_of_the_driver_ends_in_its_diagnosis_in_time(
    name: str, gpusetup: Run, fake_driver: FakeDriver
) -> None:
    faults, rule = FAULTS[name]
    start = time.monotonic()
    done = gpusetup("doctor", "--json", "--deadline", "2", env=fake_driver("h100*2", faults=faults))
    assert time.monotonic() - start < 10
    states = {one["rule"]: one["state"] for one in json.loads(done.stdout)["findings"] if one["state"] != "ok"}
    assert states[rule] in {"error", "unknown"}
    assert done.returncode in {1, 3}
    assert done.stderr == ""


@pytest.mark.parametrize(("code", "words"), [(9, "the NVIDIA driver is not loaded"), (12, "cannot be found or loaded")])
def test_a_driver_without_a_gpu_is_not_called_healthy(
    code: int, words: str, gpusetup: Run, fake_driver: FakeDriver
) -> None:
    done = gpusetup("doctor", env=fake_driver("", faults={"nvmlInit": code}))
    assert done.stdout.startswith("1 warning")
    assert words in done.stdout
    assert gpusetup("doctor", "--require-gpu", env=fake_driver("", faults={"nvmlInit": code})).returncode == 1


def test_a_bare_chroot_is_not_a_machine_without_a_gpu(gpusetup: Run, tmp_path: Path) -> None:
    bare = gpusetup("doctor", "--sysroot", tmp_path)
    assert (bare.returncode, "no NVIDIA GPU found" in bare.stdout) == (3, False)
    assert "sysfs is not mounted" in bare.stdout
    (tmp_path / "sys/bus").mkdir(parents=True)
    assert gpusetup("doctor", "--sysroot", tmp_path).returncode == 3  # a folder of that name is no system yet
    kernel = tmp_path / "proc/sys/kernel/osrelease"
    kernel.parent.mkdir(parents=True)
    kernel.write_text("6.19.8-200.fc44.x86_64\n")
    assert "no NVIDIA GPU found" in gpusetup("doctor", "--sysroot", tmp_path).stdout


def test_a_folder_with_a_drivers_library_says_that_nobody_asked_it(gpusetup: Run, tmp_path: Path) -> None:
    (tmp_path / "sys/bus/pci/devices").mkdir(parents=True)
    for name, text in {"proc/sys/kernel/osrelease": "6.19.8\n", "usr/lib64/libnvidia-ml.so.1": "ELF"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    said = " ".join(gpusetup("doctor", "--sysroot", tmp_path, "--only", "GPU001").stdout.split())
    assert "the driver's library /usr/lib64/libnvidia-ml.so.1 is there and was not asked: a folder" in said
    assert "return code" not in said


def test_a_corrupt_library_is_told_in_the_loaders_words(gpusetup: Run, broken_driver: dict[str, str]) -> None:
    text = gpusetup("doctor", env=broken_driver).stdout
    assert "WARNING GPU001" in text
    assert "file too short" in text


def test_mixed_healthy_gpus_are_all_named(gpusetup: Run, fake_driver: FakeDriver) -> None:
    text = gpusetup("doctor", env=fake_driver("h100*2,rtx4090")).stdout
    assert "2 × NVIDIA H100 80GB HBM3" in text
    assert "INFO GPU005" in text


NO_FRAMEWORK: dict[str, Any] = {"distributions!": [], "frameworks!": None}


@pytest.mark.parametrize("form", ["text", "json", "junit", "prometheus", "github", "markdown", "sarif"])
def test_where_nothing_was_looked_at_no_format_says_healthy(form: str, gpusetup: Run, saved: Any) -> None:
    done = gpusetup("doctor", *saved("desktop", NO_FRAMEWORK), "--only", "WHL003,WHL102", "--format", form)
    assert done.returncode == 3
    assert "healthy: " not in done.stdout
    said = {
        "json": '"verdict": "unknown"',
        "sarif": '"verdict": "unknown"',
        "junit": 'errors="1"',
        "prometheus": 'gpusetup_doctor_verdict{verdict="unknown"} 1\n',
    }
    assert said.get(form, "unknown: nothing was checked") in done.stdout.replace(r"\_", "_")


def test_a_required_gpu_is_looked_for_whatever_else_is(gpusetup: Run, saved: Any, tmp_path: Path) -> None:
    none = saved("no_gpu")
    for options in (["--only", "CTR"], ["--only", "CTR204", "--skip", "GPU001"], ["--skip", "GPU"]):
        done = gpusetup("doctor", *none, "--require-gpu", *options)
        assert (done.returncode, "no NVIDIA GPU found" in done.stdout) == (1, True)
    image = tmp_path / "inspect.json"
    image.write_text(json.dumps([{"Architecture": "amd64", "Os": "linux", "Config": {"Env": [], "Labels": {}}}]))
    done = gpusetup("doctor", *none, "--require-gpu", "--image", image, "--only", "IMG001")
    assert (done.returncode, "ERROR GPU001" in done.stdout) == (1, True)


def test_an_image_is_judged_by_no_check_when_none_is_left(gpusetup: Run, saved: Any, tmp_path: Path) -> None:
    image = tmp_path / "inspect.json"
    image.write_text(json.dumps([{"Architecture": "amd64", "Os": "linux", "Config": {"Env": [], "Labels": {}}}]))
    done = gpusetup("doctor", *saved(), "--image", image, "--only", "IMG001", "--skip", "IMG")
    assert (done.returncode, "leave no rule" in done.stderr) == (2, True)


def test_what_is_silenced_is_no_part_of_what_was_found(gpusetup: Run, saved: Any, tmp_path: Path) -> None:
    path = tmp_path / "silences.toml"
    path.write_text('[[silence]]\nrule = "PRM003"\nreason = "ours"\nuntil = 9999-12-31\n')
    hot = saved("desktop", {"gpus": {"0": {"compute_mode": 2, "temperature": 120}}})
    first = gpusetup("doctor", *hot, "--silences", path).stdout.splitlines()[0]
    assert first == "1 warning: GPU 0: 120 °C, at or above the slowdown temperature; silenced: 1 error"
    only = gpusetup("doctor", *hot, "--silences", path, "--only", "PRM003", "--json")
    assert (only.returncode, json.loads(only.stdout)["verdict"]) == (0, "silenced")


def test_the_rules_are_listed_and_explained_as_json(gpusetup: Run) -> None:
    listed = json.loads(gpusetup("doctor", "--list", "--json").stdout)
    lines = gpusetup("doctor", "--list").stdout.splitlines()
    assert [one["id"] for one in listed] == [line.split()[0] for line in lines]
    assert all(one["title"] in line and one["worst"] in line for one, line in zip(listed, lines, strict=True))
    (one,) = json.loads(gpusetup("doctor", "--explain", "drv004", "--format", "json").stdout)
    assert (one["id"], one["remedies"], one["required"]) == (
        "DRV004",
        ["image-rollback", "own-libraries", "restart", "same-version"],
        True,
    )
    assert gpusetup("doctor", "--list", "--format", "junit").returncode == 2


def test_a_report_says_what_its_verdict_rests_on(gpusetup: Run, saved: Any) -> None:
    said = gpusetup("doctor", *saved("desktop", NO_FRAMEWORK), "--json", "--all").stdout
    report = msgspec.json.decode(said, type=Report)
    assert report.verdict == "healthy"
    assert report.basis.looked > 200
    assert report.basis.nothing_here > 20
    assert report.basis.untried == len({one.rule for one in report.findings if one.rule.startswith("FWK")})
    rules = {one.rule for one in report.findings}
    assert sum(msgspec.structs.astuple(report.basis)) == len(rules)
