"""Value by value: what a source's table and a target's table hold, read by ODBC on one side and by psql on the other.

A value becomes one canonical form a type, by the tables of tests/demo/check_equal.py and by those here. No code of
shardferry.
"""

from __future__ import annotations

import json
import pathlib
import re
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Callable

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


#: Types that the source is asked for in another form: the expression, how it is read, how the target's text is read.
ASKED: dict[str, tuple[str, Callable, Callable]] = {
    "hierarchyid": ("CAST({0} AS nvarchar(4000))", str.encode, str.encode),
    # Well-known binary has no SRID, no Z and no M.
    "geometry": ("CAST({0}.STSrid AS nvarchar(10)) + ' ' + CONVERT(nvarchar(max), {0}.STAsBinary(), 2)", spatial, ewkb),
    "geography": ("CAST({0}.STSrid AS nvarchar(10)) + ' ' + CONVERT(nvarchar(max), {0}.STAsBinary(), 2)", spatial, ewkb),
    "json": ("CAST({0} AS nvarchar(max))", document, document),
    "vector": ("CAST({0} AS nvarchar(max))", floats, floats),
    "xml": ("CAST({0} AS nvarchar(max))", without_declaration, without_declaration),
}
#: Types whose values are compared with values written by hand only (test_types.py).
BY_HAND = {"sql_variant"}


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


def psql(url: str, query: str) -> list[list[str | None]]:
    """Rows as the texts that COPY gives, in UTC, with ISO dates and exact floats."""
    done = subprocess.run(check_equal.psql(url, query), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"psql: {done.stderr.strip()}\n{query}")
    return [[check_equal.unescape(cell) for cell in line.split("\t")] for line in done.stdout.split("\n")[:-1]]


def value(url: str, query: str) -> str | None:
    return psql(url, query)[0][0]


def of_source(server: Server, database: str, table: tuple[str, str], columns: list[tuple[str, str]]) -> list[tuple]:
    asked = [ASKED[kind][0].format(check_equal.bracketed(name)) if kind in ASKED else check_equal.bracketed(name) for name, kind in columns]
    canonical = [ASKED[kind][1] if kind in ASKED else check_equal.SOURCE[kind] for _, kind in columns]
    with server.odbc(database) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(asked)} FROM {check_equal.bracketed(table[0])}.{check_equal.bracketed(table[1])}")
        return [tuple(None if cell is None else form(cell) for form, cell in zip(canonical, row, strict=True)) for row in cursor.fetchall()]


def of_target(url: str, table: tuple[str, str], columns: list[tuple[str, str]]) -> list[tuple]:
    canonical = [ASKED[kind][2] if kind in ASKED else check_equal.TARGET[kind] for _, kind in columns]
    names = ", ".join(check_equal.quoted(name) for name, _ in columns)
    rows = psql(url, f"SELECT {names} FROM {check_equal.quoted(table[0])}.{check_equal.quoted(table[1])}")
    return [tuple(None if cell is None else form(cell) for form, cell in zip(canonical, row, strict=True)) for row in rows]


def statement(url: str, text: str) -> None:
    """A statement that gives no rows."""
    done = subprocess.run(["psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", url, "--command", text],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"psql: {done.stderr.strip()}\n{text}"


def assert_equal(server: Server, database: str, url: str, notes: list[str], schema: str | None = None, left_out: str = "") -> int:
    """Every table of the source (or of its schema) is in the target with the same rows. Columns whose names match `left_out`
    are not compared. What could not be compared goes to the notes. The number of rows."""
    total = 0
    for table, columns in tables(server, database, schema).items():
        full = ".".join(table)
        kept = [(name, kind) for name, kind in columns if not (left_out and re.search(left_out, name))]
        unasked = [(name, kind) for name, kind in kept if kind in BY_HAND]
        kept = [column for column in kept if column not in unasked]
        try:
            source = Counter(of_source(server, database, table, kept))
        except mssql_python.Error:
            # A server that cannot show a special type in another form: its other columns count all the same.
            unasked += [(name, kind) for name, kind in kept if kind in ASKED]
            kept = [column for column in kept if column not in unasked]
            source = Counter(of_source(server, database, table, kept))
        target = Counter(of_target(url, table, kept))
        notes += [f"values of {full}.{name} ({kind}) are not compared by ODBC" for name, kind in unasked]
        missing, more = list((source - target).elements()), list((target - source).elements())
        assert not missing and not more, (
            f"{full} {[name for name, _ in kept]}: {len(missing)} rows are only in the source, {len(more)} only in the target;"
            f" for example\n  source {missing[:2]}\n  target {more[:2]}")
        total += source.total()
    return total
