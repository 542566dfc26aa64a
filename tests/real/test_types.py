"""Every type: its values, written by hand as PostgreSQL must show them, and compared by ODBC as well. A table a type."""

from __future__ import annotations

import json

import compare
import pytest
from conftest import NOTES, World, Worlds
from server import Refused

POINT = "0000000000000840" "0000000000001040"
LONG = "0123456789" * 10_000

#: T-SQL type, what it needs, and pairs of a T-SQL expression and the text in PostgreSQL.
TYPES: list[tuple[str, str | None, list[tuple[str, str]]]] = [
    ("bit", None, [("0", "f"), ("1", "t")]),
    ("tinyint", None, [("0", "0"), ("255", "255")]),
    ("smallint", None, [("-32768", "-32768"), ("32767", "32767")]),
    ("int", None, [("-2147483648", "-2147483648"), ("2147483647", "2147483647")]),
    ("bigint", None, [("-9223372036854775808", "-9223372036854775808"), ("9223372036854775807", "9223372036854775807")]),
    ("decimal(38, 10)", None, [("9999999999999999999999999999.9999999999",) * 2, ("-0.0000000001",) * 2]),
    ("decimal(38, 38)", None, [("0.12345678901234567890123456789012345678",) * 2]),
    ("numeric(9, 2)", None, [("-1234567.89",) * 2, ("0", "0.00")]),
    ("money", None, [("922337203685477.5807",) * 2, ("-922337203685477.5808",) * 2]),
    ("smallmoney", None, [("214748.3647",) * 2, ("-214748.3648",) * 2]),
    ("real", None, [("1.5E0", "1.5"), ("-3.25E10", "-3.25e+10")]),
    ("float", None, [("0.1E0", "0.1"), ("1.7976931348623157E308", "1.7976931348623157e+308")]),
    ("date", None, [("'0001-01-01'", "0001-01-01"), ("'9999-12-31'", "9999-12-31")]),
    ("time(0)", None, [("'23:59:59'", "23:59:59")]),
    ("time(7)", None, [("'12:34:56.1234560'", "12:34:56.123456"), ("'00:00:00'", "00:00:00")]),
    ("datetime", None, [("'1753-01-01T00:00:00'", "1753-01-01 00:00:00"), ("'9999-12-31T23:59:59.997'", "9999-12-31 23:59:59.997")]),
    ("smalldatetime", None, [("'1900-01-01T00:00:00'", "1900-01-01 00:00:00"), ("'2079-06-06T23:59:00'", "2079-06-06 23:59:00")]),
    ("datetime2(3)", None, [("'2024-02-29T13:14:15.123'", "2024-02-29 13:14:15.123")]),
    ("datetime2(7)", None, [("'0001-01-01T00:00:00'", "0001-01-01 00:00:00"), ("'9999-12-31T23:59:59.9999990'", "9999-12-31 23:59:59.999999")]),
    ("datetimeoffset(3)", None, [("'2024-02-29T18:44:15.123+05:30'", "2024-02-29 13:14:15.123+00")]),
    ("char(5)", None, [("'ab'", "ab   ")]),
    ("varchar(20) COLLATE Latin1_General_CI_AS", None, [("N'Grüße €'", "Grüße €"), ("''", "")]),
    ("varchar(20) COLLATE SQL_Latin1_General_CP1_CI_AS", None, [("N'Grüße €'", "Grüße €")]),
    ("varchar(20) COLLATE Cyrillic_General_CI_AS", None, [("N'Шайба'", "Шайба")]),
    ("varchar(20) COLLATE Japanese_CI_AS", None, [("N'ネジ'", "ネジ")]),
    ("varchar(40) COLLATE Latin1_General_100_CI_AS_SC_UTF8", "SQL Server 2019, Azure SQL Database", [("N'日本 😀'", "日本 😀")]),
    ("varchar(max)", None, [(f"'{LONG}'", LONG), ("''", "")]),
    ("nchar(4)", None, [("N'日本'", "日本  ")]),
    ("nvarchar(20)", None, [("N'Ωmega 😀'", "Ωmega 😀"), ("N'tab\tquote''back\\slash'", "tab\tquote'back\\slash")]),
    ("nvarchar(max)", None, [(f"N'{'日' * 5000}'", "日" * 5000)]),
    ("text", None, [("'words'", "words")]),
    ("ntext", None, [("N'日本'", "日本")]),
    ("image", None, [("0x00FF", "\\x00ff")]),
    ("binary(4)", None, [("0x01", "\\x01000000")]),
    ("varbinary(8)", None, [("0x", "\\x"), ("0x0001FEFF", "\\x0001feff")]),
    ("varbinary(max)", None, [(f"0x{'6162' * 20_000}", f"\\x{'6162' * 20_000}")]),
    ("uniqueidentifier", None, [("'6F9619FF-8B86-D011-B42D-00C04FC964FF'", "6f9619ff-8b86-d011-b42d-00c04fc964ff")]),
    ("xml", "all but Fabric", [("N'<a b=\"1\">é</a>'", '<a b="1">é</a>')]),
    ("sql_variant", "all but Fabric", [("CAST(7 AS bigint)", "7"), ("CAST(N'text' AS nvarchar(10))", "text"), ("CAST(1.50 AS decimal(5, 2))", "1.50")]),
    ("hierarchyid", "the CLR types", [("CAST('/1/2/' AS hierarchyid)", "/1/2/"), ("CAST('/' AS hierarchyid)", "/")]),
    ("geometry", "the CLR types", [("geometry::STGeomFromText('POINT (3 4)', 0)", f"\\x0101000000{POINT}")]),
    ("geography", "the CLR types", [("geography::Point(4, 3, 4326)", f"\\x0101000020e6100000{POINT}")]),
    # https://learn.microsoft.com/sql/t-sql/data-types/json-data-type and …/vector-data-type
    ("json", "SQL Server 2025, Azure SQL Database", [("'{\"a\": [1, 2.5], \"b\": null}'", '{"a": [1, 2.5], "b": null}')]),
    ("vector(3)", "SQL Server 2025, Azure SQL Database", [("'[1, 2.5, -3]'", "{1,2.5,-3}")]),
]


@pytest.fixture(scope="module")
def copied(worlds: Worlds) -> tuple[World, dict[str, Refused]]:
    """All types in one database, copied by one run; what the server refused, by type."""
    world, refused = worlds.world(), {}
    for number, (kind, _, values) in enumerate(TYPES):
        table = f"dbo.T{number:02}"
        # One statement a row: the rows of one VALUES would be converted to the type of the highest precedence.
        # https://learn.microsoft.com/sql/t-sql/queries/table-value-constructor-transact-sql
        script = f"CREATE TABLE {table} (id int NOT NULL PRIMARY KEY, v {kind} NULL)\nGO\n" + "\n".join(
            f"INSERT INTO {table} (id, v) VALUES ({row}, {expression})"
            for row, expression in enumerate([*(expression for expression, _ in values), "NULL"], 1))
        if errors := world.server.run(world.database, script):
            refused[kind] = errors[0]
    world.copy()
    return world, refused


def marked(number: int) -> object:
    kind, where, _ = TYPES[number]
    return pytest.param(number, id=kind.replace("(", "-").replace(")", "").replace(" COLLATE ", "-").replace(", ", "-"),
                        marks=[pytest.mark.needs(f"the type {kind}", where)] if where else [])


@pytest.mark.parametrize("number", [marked(number) for number in range(len(TYPES))])
def test_type(copied: tuple[World, dict[str, Refused]], number: int) -> None:
    world, refused = copied
    kind, _, values = TYPES[number]
    if kind in refused:
        raise refused[kind]
    shown = [row[0] for row in compare.psql(world.target, f'SELECT v FROM dbo."T{number:02}" ORDER BY id')]
    expected: list[str | None] = [text for _, text in values] + [None]
    if kind == "json":
        shown, expected = ([text and json.loads(text) for text in texts] for texts in (shown, expected))
    assert shown == expected


def test_every_type_by_odbc(copied: tuple[World, dict[str, Refused]]) -> None:
    world, refused = copied
    loaded = sum(len(values) + 1 for kind, _, values in TYPES if kind not in refused)
    assert world.assert_equal() == loaded, NOTES
