"""What the store holds, for other programs: read back by their own parsers."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from google.protobuf import json_format
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as plain_families
from pyarrow import parquet

from gpusetup.cli.fleet import fleet
from gpusetup.fleet.store.database import opened
from gpusetup.fleet.store.keep import Writer
from gpusetup.fleet.store.observed import HOST, Sample, Seen
from tests.fleet.fleets import hosts
from tests.fleet.stores import day, keep
from tests.support import chance

HOSTILE = 'no"de\\09\x1b[2J,a="b"}'


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("export") / "fleet.sqlite"
    some = hosts(4, chance("fleet, export"))
    keep(file, some, day(0))
    gpu = some["node00001"]["machine"]["gpus"][3]
    gpu["pcie_width"], gpu["temperature"], gpu["pcie_replays"] = [8, 16], 66, 1234567
    keep(file, some, day(1))
    with opened(file, write=True) as database:
        at = int(day(1).timestamp())
        verdict = {"state": "ok", "group": "", "drain": "", "reasons": []}
        Writer(database).add(
            [Seen(HOST, HOSTILE, "verdict", at, verdict), Sample(HOST, HOSTILE, "cuda:0: x", at, 1e300)]
        )
    return file


def _exported(store: Path, *words: str) -> str:
    done = CliRunner().invoke(fleet, ["export", "--store", str(store), *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_prometheus_own_parsers_read_the_metrics(store: Path) -> None:
    text = _exported(store)
    families = {one.name: one for one in text_string_to_metric_families(text)}
    assert {one.name for one in plain_families(text)} == {*families}, "as the textfile collector reads it"
    states = {
        (one.labels["host"], one.labels["state"]): one.value for one in families["gpusetup_fleet_host_state"].samples
    }
    assert (states["node00001", "drain"], states["node00001", "ok"], states["node00002", "ok"]) == (1, 0, 1)
    assert (r'no"de\09\x1b[2J,a="b"}', "ok") in states, "nothing of a host's name is syntax, and none moves a cursor"
    mine = {"host": "node00001", "gpu": "3", "uuid": "GPU-00000001-0000-0000-0000-000000000003"}
    for name, value in (("gpu_temperature_celsius", 66), ("gpu_pcie_replays", 1234567)):
        found = families[f"gpusetup_fleet_{name}"].samples
        assert [one.value for one in found if one.labels == mine] == [value]
        assert len(found) == 32
    assert len(families["gpusetup_fleet_rate"].samples) == 33
    assert families["gpusetup_fleet_host_judged_timestamp_seconds"].samples[0].value == day(1).timestamp()


def test_opentelemetrys_own_messages_read_the_lines(store: Path) -> None:
    lines = _exported(store, "--format", "otlp").splitlines()
    assert len(lines) == 5, "one for each host"
    found = [json_format.Parse(line, MetricsData()).resource_metrics[0] for line in lines]
    names = {one.resource.attributes[0].value.string_value for one in found}
    assert {"node00000", "node00003", HOSTILE} <= names
    for one in found:
        if one.resource.attributes[0].value.string_value == "node00001":
            metrics = {each.name: each for each in one.scope_metrics[0].metrics}
    points = metrics["gpusetup.fleet.gpu_temperature_celsius"].gauge.data_points
    assert metrics["gpusetup.fleet.gpu_temperature_celsius"].unit == "Cel"
    assert len(points) == 8
    hot = [one for one in points if ("gpu", "3") in {(each.key, each.value.string_value) for each in one.attributes}]
    assert [one.as_double for one in hot] == [66]
    assert hot[0].time_unix_nano == (int(day(1).timestamp()) - 600) * 10**9, "when the machine was read"


def test_parquet_has_the_whole_history(store: Path, tmp_path: Path) -> None:
    told = _exported(store, "--format", "parquet", "--output", str(tmp_path / "out")).split()
    spans, samples = (parquet.read_table(path).to_pylist() for path in told)
    states = [one for one in spans if (one["subject"], one["aspect"]) == ("node00001", "verdict")]
    assert [(one["first"].date().isoformat(), '"state":"drain"' in one["content"]) for one in states] == [
        ("2026-09-01", False), ("2026-09-02", True),
    ]  # fmt: skip
    hot = [one["value"] for one in samples if (one["subject"][4:12], one["series"]) == ("00000001", "temperature")]
    assert len(hot) == 16
    assert 66 in hot
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["samples.parquet", "spans.parquet"]


def test_parquet_goes_into_a_folder(store: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(fleet, ["export", "--store", str(store), "--format", "parquet"])
    assert (done.exit_code, "give --output DIR" in done.output) == (2, True)
