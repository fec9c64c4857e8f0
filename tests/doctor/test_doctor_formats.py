"""No name that a host gives itself can break a format or leave a redacted report."""

from __future__ import annotations

import contextlib
import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusetup.doctor.diagnosis import diagnose
from gpusetup.doctor.finding import Finding, Remedy, Report
from gpusetup.doctor.outcome.comparison import changes
from gpusetup.doctor.outcome.grouping import together
from gpusetup.doctor.outcome.verdict import first_line
from gpusetup.doctor.registry import all_rules
from gpusetup.doctor.remedies.repair import Left, Repair
from gpusetup.doctor.rule import known
from gpusetup.redact import redacted
from gpusetup.render.model import Recipe
from gpusetup.report import doctor as text
from gpusetup.report import repair
from gpusetup.report.doctor_formats import FORMATS, markdown, prometheus
from gpusetup.value import to_json
from tests.doctor.machines import machine
from tests.support import Run, examples

RULES = all_rules()
EVIL = ["\x1b[2J", "]]>", "</testsuite>", '"', "\\", "\n::error::x", "::warning::y", "<script>", "@everyone", "%0A",
        "\u202e", "](http://evil)", "{a=\"b\"} 2", "&amp;", "\ufffe", "`", "-->"]  # fmt: skip
HOSTILE = st.lists(st.sampled_from(EVIL) | st.text(max_size=8), max_size=5).map("".join)
STATES = st.sampled_from(["ok", "info", "warning", "error", "unknown", "skipped"])
FINDINGS = st.builds(
    Finding,
    rule=st.sampled_from(["GPU001", "DRV004"]),
    state=STATES,
    subject=HOSTILE,
    summary=HOSTILE,
    evidence=st.lists(HOSTILE, max_size=3).map(tuple),
    remedy=st.none() | st.builds(Remedy, text=HOSTILE, commands=st.lists(HOSTILE, max_size=2).map(tuple)),
    caused_by=st.sampled_from(["", "GPU001"]),
)
REPORTS = st.builds(
    Report, gpusetup=st.just("0.1"), machine=HOSTILE, findings=st.lists(FINDINGS, max_size=6).map(tuple)
)
RECIPE = Recipe(distro="fedora", release="44", steps=(), digest="0" * 64)
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@pytest.mark.slow
@examples(200)
@given(report=REPORTS, form=st.sampled_from(sorted(FORMATS)))
def test_no_format_lets_a_control_character_through(report: Report, form: str) -> None:
    assert not CONTROL.search(FORMATS[form](report))


@pytest.mark.slow
@examples(100)
@given(before=REPORTS, report=REPORTS)
def test_neither_text_nor_json_lets_one_through(before: Report, report: Report) -> None:
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        text.show(report)
        text.show_changes("12:00:00", changes(before.findings, report.findings), report)
        left = tuple(Left(reason="choice", finding=one) for one in report.findings)
        repair.show(Repair(recipe=RECIPE, by_hand=left))
    for said in (shown.getvalue(), to_json(report), to_json(report, indent=-1)):
        assert not CONTROL.search(said)


def test_what_is_said_of_several_gpus_alike_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    def hot(gpu: int, degrees: int) -> Finding:
        told = (f"{degrees} degrees",)
        return Finding(rule="PWR001", state="warning", subject=f"GPU {gpu}", summary="it is hot", evidence=told)

    findings = (hot(0, 95), hot(1, 95), hot(2, 99), hot(3, 95))
    report = Report(gpusetup="0.1", machine="a server", findings=findings)
    assert markdown(report).count("WARNING PWR001") == 2
    assert first_line(findings) == "2 warnings: GPUs 0, 1, 3: it is hot; 1 more on GPU 2"
    text.show(report)
    told = [line for line in capsys.readouterr().out.splitlines() if "PWR001," in line or "degrees" in line]
    assert told == [
        "WARNING PWR001, GPUs 0, 1, 3: it is hot",
        "  - 95 degrees",
        "WARNING PWR001, GPU 2: it is hot",
        "  - 99 degrees",
    ]


def test_commands_that_differ_by_the_gpu_alone_become_one_loop() -> None:
    def lost(gpu: int) -> Finding:
        remedy = Remedy(text="Reset it", commands=(f"sudo nvidia-smi --gpu-reset --id={gpu}", "nvidia-smi"))
        return Finding(rule="GPU004", state="error", subject=f"GPU {gpu}", summary="reset it", remedy=remedy)

    (one,) = together(map(lost, (0, 1, 2, 3, 10)))
    assert one.subject == "GPUs 0-3, 10"
    assert one.remedy
    assert one.remedy.commands == (
        "for gpu in 0 1 2 3 10; do sudo nvidia-smi --gpu-reset --id=$gpu; done",
        "nvidia-smi",
    )


@examples(200)
@given(report=REPORTS)
def test_sarif_has_a_rule_for_every_result_and_nothing_that_passed(report: Report) -> None:
    (run,) = json.loads(FORMATS["sarif"](report))["runs"]
    run["results"] = [one for one in run["results"] if one["ruleId"] != "verdict"]  # that nothing was checked
    rules = run["tool"]["driver"]["rules"]
    assert [rules[one["ruleIndex"]]["id"] for one in run["results"]] == [one["ruleId"] for one in run["results"]]
    shown = [one for one in report.findings if one.state in {"error", "warning", "unknown", "info"}]
    assert [(one["ruleId"], one["level"]) for one in run["results"]] == [
        (one.rule, {"error": "error", "warning": "warning", "unknown": "none", "info": "note"}[one.state])
        for one in shown
    ]


ABBREVIATED = re.compile(r"(^|_)(ms|sec|secs|us|ns|kb|mb|gb|min|hours?|days?|percent)(_|$)")
"""Units that promtool's linter refuses (prometheus/client_golang: testutil/promlint): base units are written out."""


def test_prometheus_names_pass_the_rules_of_promtool() -> None:
    report = diagnose(machine("h100_server", {"gpus": {"3": {"temperature": 120}}}), list(RULES.values()))
    lines = prometheus(report).splitlines()
    helped = [line.split()[2] for line in lines if line.startswith("# HELP")]
    types = {line.split()[2]: line.split()[3] for line in lines if line.startswith("# TYPE")}
    assert list(types) == helped, "each metric has a help text and a type, once"
    assert len(helped) == len(set(helped))
    for name, kind in types.items():
        assert re.fullmatch(r"gpusetup(_[a-z]+)+", name)
        assert not name.endswith(("_total", "_count", "_sum", "_bucket")), f"{name} is a {kind}"
        assert not ABBREVIATED.search(name)
        assert kind not in name.split("_")
    assert "gpusetup_doctor_last_run_timestamp_seconds" in types
    uuid = known(known(machine("h100_server").gpus)[3].uuid)
    hot = f'subject="GPU 3",uuid="{uuid}"'
    assert any(line.startswith("gpusetup_doctor_finding_info") and hot in line for line in lines)
    assert any(line.startswith("gpusetup_gpu_info") and uuid in line for line in lines)


def test_no_host_name_is_left_in_a_redacted_report() -> None:
    log = ("Nov 30 04:00:00 db-7 kernel: NVRM: Xid 79", "2026-11-30T04:00:00+0000 db-7 kernel: x", "on db-7.lab.corp")
    one = Finding(rule="GPU001", state="error", subject="this machine", summary="on db-7", evidence=log)
    done = redacted(Report(gpusetup="0.1", machine="db-7", host="db-7.lab.corp", findings=(one,)))
    assert "db-7" not in to_json(done)
    short = redacted(Report(gpusetup="0.1", machine="a", host="gpu", findings=()))
    assert short.host == "host"


@pytest.mark.slow
@examples(200)
@given(report=REPORTS)
def test_junit_is_xml_with_one_case_for_every_finding(report: Report) -> None:
    suite = ET.fromstring(FORMATS["junit"](report))
    cases = suite.findall("testcase")
    hollow = int(says_nothing(report))
    assert len(cases) == len(report.findings) + hollow == int(suite.attrib["tests"])
    for case, one in zip(cases, report.findings, strict=False):
        inside = {"error": "failure", "unknown": "error", "skipped": "skipped", "ok": None}.get(one.state, "system-out")
        assert [child.tag for child in case] == ([inside] if inside else [])
    assert len(suite.findall("testcase/failure")) == int(suite.attrib["failures"])


def says_nothing(report: Report) -> bool:
    return report.verdict == "unknown" and not any(one.state == "unknown" for one in report.findings)


SAMPLE = re.compile(r'[a-z_]+(\{([a-z_]+="(?:[^"\\\n]|\\["\\])*"(?:,|(?=\})))*\})? \d+')


@pytest.mark.slow
@examples(200)
@given(report=REPORTS)
def test_prometheus_has_whole_samples_and_no_two_of_the_same_labels(report: Report) -> None:
    lines = prometheus(report).splitlines()
    samples = [line for line in lines if not line.startswith("#")]
    assert all(SAMPLE.fullmatch(line) for line in samples)
    assert len(set(samples)) == len(samples)
    assert f'gpusetup_doctor_findings{{state="error"}} {sum(o.state == "error" for o in report.findings)}' in samples


@pytest.mark.slow
@examples(200)
@given(report=REPORTS)
def test_github_has_one_line_for_every_annotation(report: Report) -> None:
    lines = FORMATS["github"](report).splitlines()
    told = sum(one.state in {"error", "warning", "unknown", "info"} for one in report.findings)
    assert len(lines) == told + says_nothing(report)
    assert all(re.match(r"::(error|warning|notice) title=[^:,]*::", line) for line in lines)


@pytest.mark.slow
@examples(200)
@given(report=REPORTS)
def test_markdown_has_no_html_mention_or_link_of_the_hosts(report: Report) -> None:
    said = markdown(report).replace("<details><summary>", "").replace("</summary>", "").replace("</details>", "")
    assert "<" not in said
    assert not re.search(r"@\w", said)
    assert not re.search(r"(?<!\\)\]\(", said)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("GPU-11111111-2222-3333-4444-555555555550 is lost", "GPU-uuid-1 is lost"),
        ("MIG-0a1b2c3d-2222-3333-4444-555555555550", "MIG-uuid-1"),
        ("torch 2.14.1 in /home/ada/env/lib", "torch 2.14.1 in /home/user-1/env/lib"),
        ("serial: 0323418012345", "serial: serial-1"),
        ("10.1.2.3 answers", "address-1 answers"),
        ("ada@example.org", "address-1"),
        ("driver 580.159.04, CUDA 13.0", "driver 580.159.04, CUDA 13.0"),
        ("NVIDIA GeForce RTX 4090 at 0000:01:00.0", "NVIDIA GeForce RTX 4090 at 0000:01:00.0"),
    ],
)
def test_redaction_takes_out_names_and_keeps_facts(said: str, kept: str) -> None:
    one = Finding(
        rule="GPU001",
        state="error",
        subject=said,
        summary=said,
        evidence=(said,),
        remedy=Remedy(text=said, commands=(said,)),
    )
    done = redacted(Report(gpusetup="0.1", machine=said, findings=(one,)))
    assert done.machine == kept
    (clean,) = done.findings
    assert clean.remedy
    assert {clean.subject, clean.summary, *clean.evidence, clean.remedy.text, *clean.remedy.commands} == {kept}


@pytest.mark.parametrize("form", ["text", "json", "junit", "github", "prometheus", "markdown", "sarif"])
def test_redact_works_in_every_format_and_markdown_needs_no_asking(form: str, gpusetup: Run, tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    unknown = {"unread": "failed", "source": "/home/lovelace/lib", "detail": "GPU-11111111-2222-3333-4444-555555555550"}
    path.write_text(to_json(machine("desktop", {"gpus": unknown, "system": {"pretty_name": "OS of lovelace"}})))
    env = {"USER": "lovelace"}
    options = ["doctor", "--machine", path, "--format", form]
    plain, asked = gpusetup(*options, env=env), gpusetup(*options, "--redact", env=env)
    assert plain.returncode == asked.returncode
    for secret in ("lovelace", "11111111"):
        assert secret not in asked.stdout
        assert (secret in plain.stdout) == (form != "markdown" and (form, secret) != ("prometheus", "11111111"))


@pytest.mark.parametrize("form", ["json", *FORMATS])
def test_every_format_prints_and_keeps_the_exit_code(form: str, gpusetup: Run, tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text(to_json(machine("desktop", {"gpus": {"0": {"compute_mode": 2}}})))
    done = gpusetup("doctor", "--machine", path, "--format", form)
    assert (done.returncode, done.stderr) == (1, "")
    assert "PRM003" in done.stdout
    if form == "json":
        assert json.loads(done.stdout)["version"] == 1
