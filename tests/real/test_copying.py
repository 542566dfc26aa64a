"""Generated tables, a key a table: copied in chunks, by three shards, by a run that was killed; and every chunk is a seek."""

from __future__ import annotations

import datetime as dt
import random
import signal
import time
import uuid
import xml.etree.ElementTree as ET

import compare
import pytest
from conftest import PATIENCE, World, Worlds
from recorder import Recorder
from server import OFF, Server

ROWS, CHUNK = 1000, "64KiB"
SHOWPLAN = "{http://schemas.microsoft.com/sqlserver/2004/07/showplan}"


def text(rng: random.Random, length: int) -> str:
    return "".join(rng.choice("abcdefghij ÄÖÜß日本") for _ in range(length)).strip()


#: Tables by their key's columns, the clustered index of the primary key; what makes a key of the number of a row.
KEYS = {
    "ByInt": ("k int NOT NULL", "k", lambda n, rng: f"{n * 7 - 3000}"),
    "ByBigint": ("k bigint NOT NULL", "k", lambda n, rng: f"{n * 1_000_000_007}"),
    "ByDescending": ("k int NOT NULL", "k DESC", lambda n, rng: f"{n}"),
    "ByTwo": ("a smallint NOT NULL, b int NOT NULL", "a, b", lambda n, rng: f"{n // 400}, {n % 400}"),
    "ByDate": ("k date NOT NULL", "k", lambda n, rng: f"'{dt.date(1999, 1, 1) + dt.timedelta(n)}'"),
    "ByMoment": ("k datetime2(3) NOT NULL", "k", lambda n, rng: f"'{dt.datetime(2020, 1, 1) + dt.timedelta(seconds=n * 77):%Y-%m-%dT%H:%M:%S}.125'"),
    "ByDecimal": ("k decimal(18, 4) NOT NULL", "k", lambda n, rng: f"{n * 3}.{n % 10000:04}"),
    "ByGuid": ("k uniqueidentifier NOT NULL", "k", lambda n, rng: f"'{uuid.UUID(int=rng.getrandbits(128))}'"),
    "ByUnicode": ("k nvarchar(30) COLLATE Latin1_General_100_CI_AS NOT NULL", "k", lambda n, rng: f"N'{text(rng, 6)}-{n}'"),
    "ByText": ("k varchar(30) COLLATE SQL_Latin1_General_CP1_CI_AS NOT NULL", "k", lambda n, rng: f"'code {n % 97:03}-{n}'"),
    "ByBytes": ("k varbinary(8) NOT NULL", "k", lambda n, rng: f"0x{n * 2654435761 % 2**32:08X}"),
}


@pytest.fixture(scope="module")
def company(worlds: Worlds, server: Server) -> str:
    """The database of all tests here."""
    database, rng = server.create(), random.Random(16)
    server.must(database, f"ALTER DATABASE [{database}] SET ALLOW_SNAPSHOT_ISOLATION ON")
    for name, (columns, key, makes) in KEYS.items():
        server.must(database, f"CREATE TABLE dbo.{name} ({columns}, Payload nvarchar(200) NULL, Amount money NOT NULL, At datetime NULL,"
                              f" CONSTRAINT PK_{name} PRIMARY KEY CLUSTERED ({key}))")
        fill(server, database, name, lambda n, makes=makes: makes(n, rng), rng)
    server.must(database, "CREATE TABLE dbo.Heap (k int NULL, Payload nvarchar(200) NULL, Amount money NOT NULL, At datetime NULL)")
    fill(server, database, "Heap", lambda n: f"{n % 5}", rng)
    return database


def fill(server: Server, database: str, name: str, key: object, rng: random.Random) -> None:
    """One INSERT has at most 1,000 rows: Transact-SQL's table value constructor."""
    rows = [f"({key(n)}, {'NULL' if n % 11 == 0 else f'''N'{text(rng, 60)}' '''}, {n}.{n % 100:02}, '2024-02-{1 + n % 28:02}T12:00:00.{n % 10}00')"
            for n in range(ROWS)]
    for first in range(0, ROWS, 500):
        server.must(database, f"INSERT INTO dbo.{name} VALUES {', '.join(rows[first:first + 500])}")


def committed(world: World) -> list[list[str | None]]:
    if compare.value(world.target, "SELECT to_regclass('shardferry.chunk')") is None:
        return []
    return compare.psql(world.target, "SELECT table_index, chunk, committed_at FROM shardferry.chunk WHERE committed_at IS NOT NULL ORDER BY 1, 2")


def test_three_shards_at_once(worlds: Worlds, company: str) -> None:
    world = worlds.world(company)
    pods = [world.start("run", "--shard", f"{shard}/3", "--chunk-size", CHUNK, "--pod-name", f"pod-{shard}") for shard in (1, 2, 3)]
    for pod in pods:
        world.ends(pod)
    assert world.assert_equal() == ROWS * (len(KEYS) + 1)
    assert len(committed(world)) > 2 * len(KEYS), "tables have several chunks"


def test_killed_and_run_again(worlds: Worlds, company: str) -> None:
    world = worlds.world(company)
    pod = world.start("run", "--jobs", "1", "--chunk-size", CHUNK, "--max-rows-per-second", "2000")
    until = time.monotonic() + PATIENCE
    while len(committed(world)) < 4:
        assert pod.poll() is None and time.monotonic() < until, f"nothing to kill: {pod.communicate()}"
        time.sleep(0.05)
    pod.send_signal(signal.SIGKILL)
    pod.communicate()
    before = committed(world)
    world.shardferry("run", "--chunk-size", CHUNK)
    after = committed(world)
    assert len(before) < len(after), "killed half-way"
    assert [row for row in after if row in before] == before, "what was committed is not copied again"
    assert world.assert_equal() == ROWS * (len(KEYS) + 1)


def chunk_queries(world: World, server: Server) -> list[str]:
    """Every SELECT of a chunk, as it went over the wire; a connection whose login alone is encrypted can be read."""
    with Recorder(server.host, server.port) as recorder:
        encrypt = "off" if server.encrypt in OFF else "login"
        url = server.program_url(world.database, "127.0.0.1", recorder.port, encrypt)
        process = world.start("run", "--chunk-size", CHUNK, SHARDFERRY_SOURCE_URL=url)
        _, err = process.communicate(timeout=PATIENCE)
    if process.returncode != 0 and not recorder.batches:
        pytest.skip(f"the server does not take encrypt={encrypt}: {err.strip().splitlines()[-1]}")
    assert process.returncode == 0, err[-4000:]
    return [batch for batch in recorder.batches if "[Payload]" in batch and " WHERE " in batch]


def plan(server: Server, database: str, queries: list[str]) -> list[ET.Element]:
    """SET SHOWPLAN_XML must be the only statement of its batch; nothing is run until it is OFF again, and each batch gives
    one document. https://learn.microsoft.com/sql/t-sql/statements/set-showplan-xml-transact-sql"""
    documents = []
    with server.statements(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET SHOWPLAN_XML ON")
        for query in queries:
            cursor.execute(query)
            documents += [ET.fromstring(row[0]) for row in cursor.fetchall()]
        cursor.execute("SET SHOWPLAN_XML OFF")
    return documents


@pytest.mark.needs("SET SHOWPLAN_XML", "the permission SHOWPLAN; a server that does not force encryption")
@pytest.mark.parametrize("name", KEYS)
def test_chunks_seek(asked: tuple[str, list[str]], server: Server, name: str) -> None:
    """The table's chunks are found in its index, and nothing is scanned or sorted."""
    database, queries = asked
    of_table = [query for query in queries if f"FROM [dbo].[{name}] " in query]
    assert len(of_table) >= 2, f"chunks of {name}"
    refused = server.run(database, "SET SHOWPLAN_XML ON\nGO\n" + of_table[0])
    if refused:
        raise refused[0]
    for query, document in zip(of_table, plan(server, database, of_table), strict=True):
        steps = [(step.get("PhysicalOp", ""), step) for step in document.iter(SHOWPLAN + "RelOp")]
        names = [operator for operator, _ in steps]
        seeks = [step for operator, step in steps if operator.endswith("Index Seek")]
        assert seeks and all(step.find(f".//{SHOWPLAN}SeekPredicates") is not None for step in seeks), f"{names}: {query}"
        assert not [operator for operator in names if operator.endswith("Scan") and operator != "Constant Scan"], f"{names}: {query}"
        assert "Sort" not in names, f"{names}: {query}"


@pytest.fixture(scope="module")
def asked(worlds: Worlds, company: str, server: Server) -> tuple[str, list[str]]:
    if server.encrypt == "strict":
        pytest.skip("encrypt=strict: nobody reads what goes over the wire")
    world = worlds.world(company)
    queries = chunk_queries(world, server)
    assert world.assert_equal() == ROWS * (len(KEYS) + 1)
    return company, queries
