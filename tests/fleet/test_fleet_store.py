"""The store: nothing twice, nothing half, nothing of others, and no more than was asked for."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from gpusetup.cli.fleet import fleet
from gpusetup.errors import GpusetupError, RefusedError, WrongInputError
from gpusetup.fleet.store.database import opened
from gpusetup.fleet.store.keep import MOST_BODY, Writer, prune
from gpusetup.fleet.store.observed import GPU, HOST, Sample, Seen
from tests.each import each
from tests.fleet.fleets import hosts
from tests.fleet.stores import day, keep, remembered
from tests.fleet.synthetic import Parts, write
from tests.support import chance


@pytest.fixture
def some() -> dict[str, Parts]:
    return hosts(3, chance("fleet, store"))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "fleet.sqlite"


def _count(store: Path, table: str) -> int:
    with opened(store) as database:
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_the_same_again_is_kept_once_and_what_is_older_not_at_all(store: Path, some: dict[str, Parts]) -> None:
    first = keep(store, some, day(1))
    assert (first.hosts, first.same, first.older) == (3, 0, 0)
    assert first.samples == 3 * 8 * 2 + 3 * 8, "two temperatures of each GPU, and a rate"
    spans = _count(store, "span")
    again = keep(store, some, day(1))
    assert (again.changed, again.same, again.samples, _count(store, "span")) == (0, 0, 0, spans)
    some["node00001"]["machine"]["driver"]["kernel_module"] = "1.2.3"
    assert keep(store, some, day(0)).changed == 0
    later = keep(store, some, day(2))
    assert later.changed > 0
    assert later.same > later.changed


def test_equal_hosts_cost_one_content(store: Path) -> None:
    keep(store, hosts(20, chance("fleet, store, equal"), proofs=False), day(0))
    with opened(store) as database:
        (rows,) = database.execute("SELECT count(DISTINCT content) FROM span WHERE aspect = 'card'").fetchone()
    assert rows == 1, "160 GPUs have the same row"


def test_a_clock_that_is_ahead_or_was_never_set_counts_as_ours(store: Path, some: dict[str, Parts]) -> None:
    keep(store, some, day(0))
    some["node00000"]["machine"]["read_at"] = "2031-01-01T00:00:00Z"
    some["node00001"]["machine"]["read_at"] = "1970-01-01T00:00:07Z"
    some["node00002"]["machine"]["read_at"] = "yesterday"
    stream = store.with_suffix(".folder")
    write(stream, some)
    done = CliRunner().invoke(fleet, ["keep", str(stream), "--store", str(store)])
    assert done.exit_code == 0, done.output
    with opened(store) as database:
        latest = database.execute("SELECT max(last) FROM span WHERE aspect = 'machine'").fetchone()[0]
        (collected,) = database.execute("SELECT max(at) FROM collection").fetchone()
    assert latest == collected


def _write_and_die(store: Path, some: dict[str, Parts]) -> None:
    """Die in the middle of a transaction, as by a power cut."""
    with opened(store, write=True) as database:
        database.execute("PRAGMA cache_size = 10")  # so that much of it is on the disk already
        writer = Writer(database)
        writer.add(Seen(HOST, f"ghost{n}", "machine", 10**9, {"x": "y" * 500 + str(n)}) for n in range(2000))
        os.kill(os.getpid(), signal.SIGKILL)


def test_who_is_killed_while_writing_leaves_what_was_there(store: Path, some: dict[str, Parts]) -> None:
    keep(store, some, day(0))
    before = remembered(store).overview
    child = os.fork()
    if not child:
        _write_and_die(store, some)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert store.with_name("fleet.sqlite-journal").exists(), "it died in the middle"
    keep(store, some, day(1))
    after = remembered(store).overview
    assert before is not None
    assert after is not None
    assert (before.hosts, after.hosts, after.collections) == (3, 3, 2)


def test_several_writers_wait_for_each_other(store: Path) -> None:
    parts = hosts(8, chance("fleet, writers"), proofs=False)
    errors: list[BaseException] = []

    def work(name: str) -> None:
        try:
            own = store.parent / name
            own.mkdir()
            link = own / "fleet.sqlite"
            link.symlink_to(store)
            for number in range(3):
                keep(link, {name: parts[name]}, day(number))
        except BaseException as error:  # a thread's failure is the test's
            errors.append(error)

    with opened(store, write=True):
        pass
    threads = [threading.Thread(target=work, args=(name,)) for name in parts]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    overview = remembered(store).overview
    assert not errors
    assert overview is not None
    assert (overview.hosts, overview.gpus, overview.collections) == (8, 64, 24)


def _spoilt(store: Path, how: str) -> None:
    if how == "bytes":
        store.write_bytes(os.urandom(20_000))
    elif how == "text":
        store.write_text('{"host": "node01"}' * 100)
    elif how == "cut":
        raw = store.read_bytes()
        store.write_bytes(raw[: len(raw) // 3])
    else:
        with sqlite3.connect(store) as database:
            database.execute(how)
        database.close()


@each("how, said", [
    ("bytes", "is no store of a fleet"), ("text", "is no store of a fleet"), ("cut", "is no store of a fleet"),
    ("PRAGMA user_version = 9", "written by a newer gpusetup"), ("PRAGMA application_id = 7", "is no store"),
    ("CREATE TRIGGER t AFTER INSERT ON span BEGIN DELETE FROM sample; END", "tables of .* are not those"),
    ("CREATE VIEW v AS SELECT load_extension('/tmp/x')", "tables of .* are not those"),
    ("ALTER TABLE span ADD COLUMN more", "tables of .* are not those"),
])  # fmt: skip
def test_a_file_that_is_no_store_is_refused_and_stays(tmp_path: Path, how: str, said: str) -> None:
    store = tmp_path / f"{abs(hash(how))}.sqlite"
    some = hosts(2, chance("fleet, spoilt"), proofs=False)
    keep(store, some, day(0))
    _spoilt(store, how)
    raw = store.read_bytes()
    for attempt in (lambda: keep(store, some, day(1)), lambda: remembered(store)):
        with pytest.raises(WrongInputError, match=said):
            attempt()
    assert store.read_bytes() == raw


def test_a_store_is_its_owners_alone(store: Path, some: dict[str, Parts]) -> None:
    keep(store, some, day(0))
    assert store.stat().st_mode & 0o777 == 0o600
    store.parent.chmod(0o1777)  # as /tmp: whoever writes a journal beside it writes into it
    with pytest.raises(RefusedError, match="world-writable"):
        remembered(store)
    store.parent.chmod(0o700)
    store.chmod(0o666)
    with pytest.raises(RefusedError, match="world-writable"):
        keep(store, some, day(1))


@each("name, said", [("missing/fleet.sqlite", "cannot make the store"), ("", "unable to open|no store")])
def test_a_place_without_a_folder_is_one_message(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(GpusetupError, match=said), opened(tmp_path / name, write=True):
        pass


def test_a_host_cannot_fill_the_disk(store: Path) -> None:
    with opened(store, write=True) as database:
        Writer(database).add([Seen(HOST, "loud", "machine", 5, {"x": "y" * MOST_BODY})])
    assert store.stat().st_size < MOST_BODY // 4


def test_what_ended_long_ago_goes_and_what_still_holds_stays(store: Path) -> None:
    at = int(day(0).timestamp())
    with opened(store, write=True) as database:
        writer = Writer(database)
        writer.add([Seen(HOST, "gone", "machine", at, {"a": "1"}), Seen(HOST, "kept", "machine", at, {"b": "2"})])
        for hour in range(100 * 24):
            writer.add([Sample(GPU, "GPU-1", "temperature", at + hour * 3600, float(hour))])
        now = int((day(0) + timedelta(days=100)).timestamp())
        writer.add([Seen(HOST, "kept", "machine", now, {"b": "2"})])
        prune(database, now, 60)
        names = [row[0] for row in database.execute("SELECT name FROM subject WHERE kind = 'host'")]
        (contents,) = database.execute("SELECT count(*) FROM content").fetchone()
        per_day = database.execute("SELECT count(*) FROM sample GROUP BY at / 86400 ORDER BY at / 86400").fetchall()
        values = [row[0] for row in database.execute("SELECT value FROM sample ORDER BY at")]
    assert (names, contents) == (["kept"], 1)
    assert [count for (count,) in per_day][:50] == [1] * 50
    assert [count for (count,) in per_day][-5:] == [24, 24, 24, 24, 6]
    assert values[1] % 24 == 18, "the first of its day, which begins at midnight UTC: six hours before the first figure"


def test_keep_prints_what_it_did(tmp_path: Path, some: dict[str, Parts]) -> None:
    write(tmp_path / "fleet", some)
    words = ["keep", str(tmp_path / "fleet"), "--store", str(tmp_path / "s.sqlite")]
    told = CliRunner().invoke(fleet, words).output.splitlines()
    assert told[0] == "3 hosts: 3 are like their equals"
    assert told[1].startswith("kept: ")
    assert CliRunner().invoke(fleet, [*words, "--json"]).exit_code == 0
