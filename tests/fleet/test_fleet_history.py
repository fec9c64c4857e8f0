"""What the store remembers: since when, what changed before, cards that were moved, faults that come and go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gpusetup.errors import WrongInputError
from tests.fleet.fleets import hosts
from tests.fleet.stores import day, keep, remembered
from tests.fleet.synthetic import Parts, report
from tests.support import chance

XID = {"rule": "MSG001", "slug": "xid", "state": "error", "subject": "GPU 2", "summary": "Xid 79: off the bus"}


@pytest.fixture
def some() -> dict[str, Parts]:
    return hosts(5, chance("fleet, history"), proofs=False)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "fleet.sqlite"


def _uuid(parts: Parts, place: int) -> str:
    return str(parts["machine"]["gpus"][place]["uuid"])


def _find(parts: Parts, *found: dict[str, Any]) -> None:
    parts["report"] = report("", "", found) | {
        "gpus": [{"subject": f"GPU {one['index']}", "uuid": one["uuid"]} for one in parts["machine"]["gpus"]]
    }


def test_a_host_says_since_when_it_differs_and_what_changed_before(store: Path, some: dict[str, Parts]) -> None:
    for number in range(3):
        keep(store, some, day(number))
    machine = some["node00002"]["machine"]
    machine["system"]["kernel"]["release"] = "6.5.0-1-generic"
    machine["driver"]["kernel_module"] = "560.35.03"
    for number in (3, 4):
        keep(store, some, day(number))
    (host,) = remembered(store, "node00002").hosts
    assert (host.state, host.since[:10], host.last[:10]) == ("drain", "2026-09-04", "2026-09-05")
    driver = next(one for one in host.standing if one.text.startswith("driver 560"))
    assert (driver.since[:10], driver.after[:10]) == ("2026-09-04", "2026-09-03")
    assert "kernel 6.8.0-90-generic → 6.5.0-1-generic" in driver.before
    assert [one.text for one in host.changes if one.kind == "state"][-1].startswith("ok → drain: driver 560.35.03")
    (other,) = remembered(store, "node00001").hosts
    assert (other.state, other.changes) == ("ok", ()), "loads, clocks and serial numbers are no changes"


def test_a_reason_stays_the_same_while_others_come_and_go(store: Path, some: dict[str, Parts]) -> None:
    some["node00002"]["machine"]["system"]["kernel"]["release"] = "5.15.0"
    keep(store, some, day(0))
    keep(store, {name: parts for name, parts in some.items() if name != "node00004"}, day(1))
    (host,) = remembered(store, "node00002").hosts
    assert [(one.text, one.since[:10], one.after) for one in host.standing] == [
        ("kernel 5.15.0; 3 of 4 hosts have 6.8.0-90-generic", "2026-09-01", "")
    ]


@pytest.mark.parametrize(("fault", "fate"), [("card", "goes with the card"), ("place", "stays at the place")])
def test_a_fault_goes_with_the_card_or_stays_at_the_place(
    fault: str, fate: str, store: Path, some: dict[str, Parts]
) -> None:
    first, second = some["node00001"], some["node00003"]
    card, other = _uuid(first, 2), _uuid(second, 5)
    _find(first, XID)
    keep(store, some, day(0))
    for parts, place, uuid in ((first, 2, other), (second, 5, card)):
        parts["machine"]["gpus"][place]["uuid"] = uuid
    _find(first, *[XID] * (fault == "place"))
    _find(second, *[XID | {"subject": "GPU 5"}] * (fault == "card"))
    keep(store, some, day(1))
    (found,) = remembered(store, card).cards
    assert [(one.host, one.place) for one in found.places] == [("node00001", "GPU 2"), ("node00003", "GPU 5")]
    assert [(one.what, one.fate) for one in found.followed] == [("MSG001 error", fate)]
    overview = remembered(store).overview
    assert overview is not None
    assert {(one.gpu, one.was, one.now) for one in overview.moved} == {
        (card, "node00001: GPU 2", "node00003: GPU 5"), (other, "node00003: GPU 5", "node00001: GPU 2"),
    }  # fmt: skip
    (host,) = remembered(store, "node00001").hosts
    assert f"GPU 2: {card} → {other}" in [one.text for one in host.changes]


def test_what_came_thrice_flaps_and_what_came_twice_does_not(store: Path, some: dict[str, Parts]) -> None:
    for number in range(7):
        _find(some["node00001"], *[XID] * (number % 2))
        _find(some["node00002"], *[XID] * (number in {1, 3}))
        keep(store, some, day(number))
    overview = remembered(store).overview
    assert overview is not None
    assert [(one.subject, one.what, one.times) for one in overview.flapping] == [("node00001", "MSG001 error", 3)]


def test_what_could_not_be_checked_or_collected_is_no_absence(store: Path, some: dict[str, Parts]) -> None:
    blind = XID | {"state": "unknown"}
    for number in range(9):
        _find(some["node00001"], XID if number % 2 else blind)
        _find(some["node00002"], XID)
        some["node00003"]["machine"]["gpus"][1]["pcie_width"] = [8, 16]
        given = {name: parts for name, parts in some.items() if name != "node00002" or number % 2}
        keep(store, given | ({"node00003": {"error": "unreachable"}} if number % 2 else {}), day(number))
    overview = remembered(store).overview
    assert overview is not None
    assert overview.flapping == ()


def test_damage_is_counted_step_by_step(store: Path, some: dict[str, Parts]) -> None:
    gpu = some["node00001"]["machine"]["gpus"][3]
    for number, rows in enumerate((0, 0, 2, 2, 5)):
        gpu["remapped_rows"] = [0, rows, False, False]
        keep(store, some, day(number))
    overview = remembered(store).overview
    assert overview is not None
    assert [(one.subject, one.where, one.text) for one in overview.trends] == [
        (gpu["uuid"], "node00001: GPU 3", "rows remapped after uncorrectable errors 0 → 5, in 2 steps")
    ]


def test_a_host_of_which_nothing_comes_any_more_is_named(store: Path, some: dict[str, Parts]) -> None:
    keep(store, some, day(0))
    keep(store, {name: parts for name, parts in some.items() if name != "node00004"}, day(3))
    overview = remembered(store).overview
    assert overview is not None
    assert [name for name, _ in overview.silent] == ["node00004"]


def test_a_gpu_is_found_by_the_beginning_of_its_uuid_and_by_its_serial_number(
    store: Path, some: dict[str, Parts]
) -> None:
    gpu = some["node00003"]["machine"]["gpus"][4]
    gpu["serial"] = '1320"%21'
    keep(store, some, day(0))
    for word in (gpu["uuid"], "GPU-00000003-0000-0000-0000-000000000004"[:39] + "4", '1320"%21'):
        (found,) = remembered(store, word).cards
        assert (found.gpu, found.serial) == (gpu["uuid"], '1320"%21')
    for word, said in (("GPU-000000", "40 GPUs begin with"), ("node9", "has no host or GPU"), ("", "has no host")):
        with pytest.raises(WrongInputError, match=said):
            remembered(store, word)
