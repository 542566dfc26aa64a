"""Value by value: what a source's table and a target's table hold, read by ODBC on one side and by psql on the other.

A value becomes one canonical form a type, by the tables of tests/demo/check_equal.py and by those here. No code of
shardferry.
"""

from __future__ import annotations

import json
import pathlib
import re
import secrets
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "demo"))
import check_equal
import mssql_python

from server import Server


def without_declaration(value: str) -> bytes:
    """xml: neither side promises to keep the declaration."""
    return (value.split("?>", 1)[1] if value.startswith("<?xml") else value).encode()


def spatial(value: str) -> bytes:
    """`srid wkb` of SQL Server."""
    srid, wkb = value.split(" ", 1)
    return f"{int(srid)} {wkb.lower()}".encode()


def ewkb(value: str) -> bytes:
    """The same of PostgreSQL: EWKB as bytea, the SRID behind the first type (PostGIS documentation, EWKB)."""
    data = bytes.fromhex(value.removeprefix("\\x"))
    order = "<" if data[0] == 1 else ">"
    kind = struct.unpack(order + "I", data[1:5])[0]
    if not kind & 0x20000000:
        return f"0 {data.hex()}".encode()
    srid = struct.unpack(order + "I", data[5:9])[0]
    return f"{srid} {(data[:1] + struct.pack(order + 'I', kind & ~0x20000000) + data[9:]).hex()}".encode()


def floats(value: str) -> bytes:
    numbers = json.loads(value.replace("{", "[").replace("}", "]"))
    return b"".join(struct.pack("<f", number) for number in numbers)


def document(value: str) -> bytes:
    return json.dumps(json.loads(value), sort_keys=True).encode()


#: Types that the source is asked for in another form: the expression, how it is read, how the target's text is read. Values of
#: types that stand neither here nor there (sql_variant) are compared by hand only: test_types.py.
ASKED: dict[str, tuple[str, Callable, Callable]] = {
    "hierarchyid": ("{0}.ToString()", str.encode, str.encode),
    # Of shapes without Z and M; the SRID is no part of it.
    "geometry": ("CAST({0}.STSrid AS nvarchar(10)) + ' ' + CONVERT(nvarchar(max), {0}.AsBinaryZM(), 2)", spatial, ewkb),
    "geography": ("CAST({0}.STSrid AS nvarchar(10)) + ' ' + CONVERT(nvarchar(max), {0}.AsBinaryZM(), 2)", spatial, ewkb),
    "json": ("CAST({0} AS nvarchar(max))", document, document),
    "vector": ("CAST({0} AS nvarchar(max))", floats, floats),
    "xml": ("CAST({0} AS nvarchar(max))", without_declaration, without_declaration),
}


def tables(server: Server, database: str, schema: str | None = None) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Every base table with its columns and their types, as the source's INFORMATION_SCHEMA has them."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    rows = server.rows(database, "SELECT t.TABLE_SCHEMA, t.TABLE_NAME, c.COLUMN_NAME, c.DATA_TYPE FROM INFORMATION_SCHEMA.TABLES t"
                       " JOIN INFORMATION_SCHEMA.COLUMNS c ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME"
                       " WHERE t.TABLE_TYPE = 'BASE TABLE' ORDER BY t.TABLE_SCHEMA, t.TABLE_NAME, c.ORDINAL_POSITION")
    for owner, name, column, kind in rows:
        if schema is None or owner == schema:
            found.setdefault((owner, name), []).append((column, kind))
    return found


def psql_all(url: str, queries: list[str]) -> list[list[list[str | None]]]:
    """For each query its rows, as the texts that COPY gives, in UTC, with ISO dates and exact floats. One psql for all."""
    mark = secrets.token_hex(16)
    command = ["psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", url, "--command",
               "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET extra_float_digits = 1"]
    for query in queries:
        command += ["--command", f"COPY ({query}) TO STDOUT", "--command", f"\\echo {mark}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"psql: {done.stderr.strip()}")
    results: list[list[list[str | None]]] = [[]]
    for line in done.stdout.split("\n")[:-1]:
        if line == mark:
            results.append([])
        else:
            results[-1].append([check_equal.unescape(cell) for cell in line.split("\t")])
    return results[:-1]


def psql(url: str, query: str) -> list[list[str | None]]:
    return psql_all(url, [query])[0]


def value(url: str, query: str) -> str | None:
    return psql(url, query)[0][0]


@dataclass
class Names:
    """Names of the target, by those of the source, as the plan has them: long ones are shortened."""

    tables: dict[tuple[str, str], tuple[str, str]]
    columns: dict[tuple[str, str], dict[str, str]]

    @classmethod
    def of_plan(cls, plan: dict) -> Self:
        def pair(name: dict) -> tuple[str, str]:
            return name["schema"], name["name"]
        return cls({pair(table["source"]): pair(table["target"]) for table in plan["tables"]},
                   {pair(table["source"]): {column["source"]: column["target"] for column in table["columns"]} for table in plan["tables"]})


def asked(name: str, kind: str) -> str:
    return ASKED[kind][0].format(check_equal.bracketed(name)) if kind in ASKED else check_equal.bracketed(name)


def canonical(rows: Iterable[Sequence], forms: list[Callable]) -> Counter:
    return Counter(tuple(None if cell is None else form(cell) for form, cell in zip(forms, row, strict=True)) for row in rows)


def of_source(connection: mssql_python.Connection, table: tuple[str, str], columns: list[tuple[str, str]]) -> Counter:
    forms = [ASKED[kind][1] if kind in ASKED else check_equal.SOURCE[kind] for _, kind in columns]
    listed = ", ".join(asked(name, kind) for name, kind in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {listed} FROM {check_equal.bracketed(table[0])}.{check_equal.bracketed(table[1])}")
        return canonical(cursor.fetchall(), forms)


def asked_of_target(table: tuple[str, str], columns: list[tuple[str, str]], names: Names) -> str:
    # A computed column is no column of the plan: the target computes it.
    listed = ", ".join(check_equal.quoted(names.columns[table].get(name, name)) for name, _ in columns)
    schema, name = names.tables[table]
    return f"SELECT {listed} FROM {check_equal.quoted(schema)}.{check_equal.quoted(name)}"


def of_target(rows: list[list[str | None]], columns: list[tuple[str, str]]) -> Counter:
    return canonical(rows, [ASKED[kind][2] if kind in ASKED else check_equal.TARGET[kind] for _, kind in columns])


def unanswered(server: Server, database: str, table: tuple[str, str], columns: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Columns of special types that this server cannot show in another form."""
    found = []
    for name, kind in columns:
        if kind in ASKED and server.run(database, f"SELECT {asked(name, kind)} FROM {'.'.join(map(check_equal.bracketed, table))}"):
            found.append((name, kind))
    return found


def statements(url: str, *texts: str) -> None:
    """Statements that give no rows, one after the other."""
    commands = [part for text in texts for part in ("--command", text)]
    done = subprocess.run(["psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", url, *commands],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"psql: {done.stderr.strip()}\n{texts}"


def assert_equal(server: Server, database: str, url: str, names: Names, notes: list[str], schema: str | None = None,
                 left_out: str = "") -> int:
    """Every table of the source (or of its schema) is in the target with the same rows. Columns whose names match `left_out`
    are not compared. What could not be compared goes to the notes. The number of rows."""
    compared: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for table, all_columns in tables(server, database, schema).items():
        assert table in names.tables, f"{'.'.join(table)} is not in the plan"
        columns = [(name, kind) for name, kind in all_columns if not (left_out and re.search(left_out, name))]
        unknown = [(name, kind) for name, kind in columns if kind not in ASKED and kind not in check_equal.SOURCE]
        without = unknown + unanswered(server, database, table, columns)
        notes += [f"values of {'.'.join(table)}.{name} ({kind}) are not compared by ODBC" for name, kind in without]
        compared[table] = [column for column in columns if column not in without]
    targets = psql_all(url, [asked_of_target(table, columns, names) for table, columns in compared.items()])
    total = 0
    with server.odbc(database) as connection:
        for (table, columns), rows in zip(compared.items(), targets, strict=True):
            source, target = of_source(connection, table, columns), of_target(rows, columns)
            missing, more = list((source - target).elements()), list((target - source).elements())
            assert not missing and not more, (
                f"{'.'.join(table)} {[name for name, _ in columns]}: {len(missing)} rows are only in the source, {len(more)} only in the"
                f" target; for example\n  source {missing[:2]}\n  target {more[:2]}")
            total += source.total()
    return total
