"""Databases that are not as usual."""

from __future__ import annotations

import compare
import pytest
from conftest import Worlds
from server import Server

TABLE = """CREATE TABLE dbo.Item (Id int NOT NULL PRIMARY KEY, Name nvarchar(20) NULL)
GO
INSERT INTO dbo.Item VALUES (1, N'one'), (2, NULL), (3, N'😀')"""


def test_without_snapshot_isolation(worlds: Worlds, server: Server) -> None:
    """A new database does not allow it: rows are read under READ COMMITTED."""
    world = worlds.world()
    server.must(world.database, TABLE)
    world.copy()
    assert world.assert_equal() == 3


def test_an_empty_database_is_told(worlds: Worlds) -> None:
    pod = worlds.world().start("run")
    _, err = pod.communicate()
    assert pod.returncode == 2 and "has no table" in err, err


@pytest.mark.needs("CREATE DATABASE … COLLATE", "every server")
def test_names_that_differ_in_case(worlds: Worlds, server: Server) -> None:
    world = worlds.world(options="COLLATE Latin1_General_100_BIN2")
    server.must(world.database, "CREATE TABLE dbo.Item (Id int NOT NULL PRIMARY KEY, id varchar(5) NULL)\nGO\n"
                                "CREATE TABLE dbo.ITEM (Id nvarchar(10) NOT NULL PRIMARY KEY)\nGO\n"
                                "INSERT INTO dbo.Item VALUES (1, 'a'), (2, 'A')\nGO\nINSERT INTO dbo.ITEM VALUES (N'a'), (N'A')")
    world.copy()
    assert world.assert_equal() == 4
    assert compare.value(world.target, 'SELECT string_agg("id", \'\' ORDER BY "Id") FROM dbo."Item"') == "aA"


@pytest.mark.needs("database snapshots", "SQL Server 2016 SP1 and Managed Instance; not Azure SQL Database, not Amazon RDS")
def test_one_moment_by_a_database_snapshot(worlds: Worlds, server: Server) -> None:
    world = worlds.world()
    server.must(world.database, TABLE)
    snapshot = server.snapshot_of(world.database)
    server.must(world.database, "DELETE FROM dbo.Item WHERE Id > 1")
    world.shardferry("run", "--consistency", "database-snapshot", snapshot)
    assert compare.value(world.target, 'SELECT count(*) FROM dbo."Item"') == "3"
