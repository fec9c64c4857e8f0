"""The table of properties, and the partial values, hold to what a machine is."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from gpusetup.fleet import partial
from gpusetup.fleet.decode import Refused, pieces
from gpusetup.fleet.forms import FAMILIES, FORMS
from gpusetup.fleet.model import Fleet
from gpusetup.fleet.properties import Property, Rows, properties
from gpusetup.machine import model as machine
from gpusetup.selftest import model as selftest
from gpusetup.selftest import proof, verdict
from gpusetup.value import schema, to_json
from tests.doctor.healthy_hosts import healthy, names
from tests.each import each
from tests.fleet.fleets import hosts, judged
from tests.support import chance, drawn

WHOLE = {
    partial.Machine: machine.Machine, partial.Gpu: machine.Gpu, partial.System: machine.System,
    partial.Driver: machine.Driver, partial.Kernel: machine.Kernel, partial.Limits: machine.Limits,
    partial.Service: machine.Service, partial.PciGpu: machine.PciGpu, partial.Peer: machine.Peer,
    partial.Wheel: machine.Distribution, partial.Containers: machine.Containers, partial.Job: selftest.Job,
    partial.KeptResult: proof.KeptResult, partial.Kept: proof.Kept, partial.Proof: proof.Proof,
    partial.Verdict: verdict.Verdict,
}  # fmt: skip


@each("some, whole", list(WHOLE.items()), lambda row: row[0].__name__)
def test_every_field_that_is_read_is_one_that_is_saved(some: type[Any], whole: type[Any]) -> None:
    assert {*some.__struct_fields__} <= {*whole.__struct_fields__}


def test_every_property_leads_to_a_reading_and_has_a_form() -> None:
    table = properties()
    for kind, rows in ((partial.Machine, table.host), (partial.Gpu, table.gpu)):
        assert len({one.path for one in rows}) == len({one.title for one in rows}) == len(rows)
        for one in rows:
            place: Any = kind
            for part in one.path.split("."):
                if isinstance(getattr(place, part), property):
                    break  # worked out of what is read
                assert part in place.__struct_fields__, one.path
                place = get_type_hints(place, vars(partial))[part]
            assert one.form in {*FORMS, *FAMILIES}, one.path


def test_what_follows_follows_something() -> None:
    table = properties()
    every = {one.path: one for one in (*table.host, *table.gpu)}
    assert all(leader in every for one in every.values() for leader in one.follows)


@each("name", drawn("fleet, healthy hosts", names(), 20))
def test_public_hosts_can_be_compared(name: str) -> None:
    whole = healthy(name, Path(tempfile.mkdtemp())).machine
    (piece,) = pieces(to_json(whole).encode())
    assert not isinstance(piece.saved, Refused), piece.saved
    assert isinstance(piece.saved, partial.Machine)
    rows = Rows()
    row = rows.host(piece.saved)
    assert rows.host(piece.saved) is row
    written: dict[Property, Any] = dict(zip(properties().host, row, strict=True))
    kernel = next(cell for one, cell in written.items() if one.path == "system.kernel.release")
    assert kernel == whole.system.kernel.release


def test_a_fleet_reads_back(tmp_path: Path) -> None:
    fleet = judged(hosts(3, chance("fleet, back")), tmp_path)
    assert msgspec.json.decode(to_json(fleet), type=Fleet) == fleet
    assert schema(Fleet)["$defs"]["HostResult"]["properties"]["state"]
