#!/usr/bin/env python3
"""Proves that a PostgreSQL database holds what a SQL Server database holds, without a line of shardferry.

Reads the source with Microsoft's ODBC driver (mssql-python) and the target with psql, turns each value into one
canonical text per type, and compares, table by table, the number of rows and the sum of a 128-bit hash of each row
(so that order does not matter). Prints one line for each table that differs and a last line with the totals.

    check_equal.py --source "SERVER=...;DATABASE=...;..." --target postgres://... [--jobs 2] [--prefix dbo.]
                   [--name-case preserve]

Exit 0: equal. Exit 1: different. Exit 2: could not be compared.
"""

import argparse
import datetime as dt
import decimal
import hashlib
import json
import multiprocessing
import struct
import subprocess
import sys
import uuid

MODULUS = 1 << 128
EPOCH = dt.datetime(1, 1, 1)
UNESCAPE = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def row_hash(cells):
    digest = hashlib.blake2b(digest_size=16)
    for cell in cells:
        if cell is None:
            digest.update(b"\xff\xff\xff\xff")
        else:
            digest.update(struct.pack("<I", len(cell)))
            digest.update(cell)
    return int.from_bytes(digest.digest(), "little")


# --- the source: a Python value of the driver -> canonical bytes, by T-SQL type -------------------------------------

def text(value):
    return str(value).encode("utf-8", "surrogatepass")


def fixed_text(value):
    # Blank padding means nothing in either database (char and nchar compare without it, docs/reference/type-mapping.md); SQL Server
    # pads to n UTF-16 units, PostgreSQL to n characters, so it differs where a character takes two units.
    return text(value).rstrip(b" ")


def plain_decimal(value):
    return format(decimal.Decimal(value), "f").encode()


def stamp(value):
    return value.isoformat(sep=" ", timespec="microseconds").encode()


def utc(value):
    # Counted in plain integers: year 1 and year 9999 leave the range of datetime when they are moved to UTC.
    offset = value.utcoffset()
    micros = (value.replace(tzinfo=None) - EPOCH) // dt.timedelta(microseconds=1)
    return str(micros - offset // dt.timedelta(microseconds=1)).encode()


SOURCE = {
    "bit": lambda v: b"t" if v else b"f",
    "tinyint": text, "smallint": text, "int": text, "bigint": text,
    "decimal": plain_decimal, "numeric": plain_decimal, "money": plain_decimal, "smallmoney": plain_decimal,
    "real": lambda v: struct.pack("<f", v), "float": lambda v: struct.pack("<d", v),
    "date": lambda v: v.isoformat().encode(),
    "time": lambda v: v.isoformat(timespec="microseconds").encode(),
    "datetime": stamp, "smalldatetime": stamp, "datetime2": stamp, "datetimeoffset": utc,
    "char": fixed_text, "varchar": text, "nchar": fixed_text, "nvarchar": text, "xml": text,
    "text": text, "ntext": text, "image": bytes,
    "binary": bytes, "varbinary": bytes, "timestamp": bytes,
    "uniqueidentifier": lambda v: str(v if isinstance(v, uuid.UUID) else uuid.UUID(str(v))).encode(),
}

# --- the target: a text of psql -> the same canonical bytes ----------------------------------------------------------


def target_stamp(value):
    base, _, fraction = value.partition(".")
    return f"{base}.{fraction:0<6}".encode()


def target_utc(value):
    if not value.endswith("+00"):
        raise ValueError("psql does not answer in UTC")
    # A moment before year 1 or after 9999 would need more than datetime: SQL Server cannot hold one in UTC either.
    moment = dt.datetime.fromisoformat(target_stamp(value[:-3]).decode())
    return str((moment - EPOCH) // dt.timedelta(microseconds=1)).encode()


def target_bytes(value):
    return bytes.fromhex(value.removeprefix("\\x"))


TARGET = dict.fromkeys(SOURCE, lambda v: v.encode("utf-8")) | {
    "char": fixed_text, "nchar": fixed_text,
    "real": lambda v: struct.pack("<f", float(v)), "float": lambda v: struct.pack("<d", float(v)),
    "time": target_stamp, "datetime": target_stamp, "smalldatetime": target_stamp, "datetime2": target_stamp,
    "datetimeoffset": target_utc,
    "binary": target_bytes, "varbinary": target_bytes, "timestamp": target_bytes, "image": target_bytes,
}


def unescape(field):
    """COPY text format, PostgreSQL docs: backslash sequences; \\N alone is NULL."""
    if field == "\\N":
        return None
    if "\\" not in field:
        return field
    out, position = [], 0
    while True:
        found = field.find("\\", position)
        if found < 0:
            out.append(field[position:])
            return "".join(out)
        out.append(field[position:found])
        following = field[found + 1]
        out.append(UNESCAPE.get(following, following))
        position = found + 2


def psql(url, query):
    return ["psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", url, "--command",
            f"SET timezone = 'UTC'; SET datestyle = 'ISO'; SET extra_float_digits = 1; COPY ({query}) TO STDOUT"]


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def bracketed(name):
    return "[" + name.replace("]", "]]") + "]"


def source_sum(connection, table, columns):
    cursor = connection.cursor()
    names = ", ".join(bracketed(name) for name, _ in columns)
    cursor.execute(f"SELECT {names} FROM {bracketed(table[0])}.{bracketed(table[1])}")
    canonical = [SOURCE[kind] for _, kind in columns]
    rows = total = 0
    while batch := cursor.fetchmany(5000):
        for row in batch:
            rows += 1
            total += row_hash([None if v is None else f(v) for f, v in zip(canonical, row)])
    cursor.close()
    return rows, total % MODULUS


def target_sum(url, table, columns, written):
    names = ", ".join(quoted(written(name)) for name, _ in columns)
    query = f"SELECT {names} FROM {quoted(written(table[0]))}.{quoted(written(table[1]))}"
    canonical = [TARGET[kind] for _, kind in columns]
    rows = total = 0
    with subprocess.Popen(psql(url, query), stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            rows += 1
            cells = map(unescape, line[:-1].decode("utf-8").split("\t"))
            total += row_hash([None if v is None else f(v) for f, v in zip(canonical, cells)])
    if process.returncode != 0:
        raise RuntimeError(f"psql ended with {process.returncode}")
    return rows, total % MODULUS


def connect(source):
    import mssql_python
    # Pooled connections would be shared with forked workers.
    mssql_python.pooling(enabled=False)
    return mssql_python.connect(source)


def tables_of(source, prefix):
    cursor = connect(source).cursor()
    cursor.execute(
        "SELECT t.TABLE_SCHEMA, t.TABLE_NAME, c.COLUMN_NAME, c.DATA_TYPE"
        " FROM INFORMATION_SCHEMA.TABLES t JOIN INFORMATION_SCHEMA.COLUMNS c"
        " ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME"
        " WHERE t.TABLE_TYPE = 'BASE TABLE'"
        " ORDER BY t.TABLE_SCHEMA, t.TABLE_NAME, c.ORDINAL_POSITION")
    tables = {}
    for schema, name, column, kind in cursor.fetchall():
        if prefix is None or f"{schema}.{name}".startswith(prefix):
            tables.setdefault((schema, name), []).append((column, kind))
    return tables


STATE = {}


def start(source, target, case):
    STATE.update(connection=connect(source), target=target, written=str.lower if case == "lower" else str)


def compare(work):
    table, columns = work
    try:
        return table, source_sum(STATE["connection"], table, columns), target_sum(STATE["target"], table, columns, STATE["written"]), None
    except Exception as error:  # a table that cannot be compared is a failure of the check, named below
        return table, None, None, f"{type(error).__name__}: {error}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, help="ODBC connection string")
    parser.add_argument("--target", required=True, help="postgres:// URL")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--prefix", help="only tables whose schema.name starts so")
    parser.add_argument("--name-case", choices=["lower", "preserve"], default="lower", help="as the tables were planned")
    parser.add_argument("--hashes", help="write the hashes of every table to this file as JSON")
    arguments = parser.parse_args()
    tables = tables_of(arguments.source, arguments.prefix)
    if not tables:
        print("the source has no table to compare", file=sys.stderr)
        return 2
    different = broken = rows = 0
    hashes = {}
    with multiprocessing.Pool(arguments.jobs, start, (arguments.source, arguments.target, arguments.name_case)) as pool:
        for table, source, target, error in pool.imap_unordered(compare, tables.items()):
            name = ".".join(table)
            if error:
                broken += 1
                print(f"BROKEN    {name}: {error}")
            elif source != target:
                different += 1
                print(f"DIFFERENT {name}: source {source[0]} rows {source[1]:032x}, target {target[0]} rows {target[1]:032x}")
            else:
                rows += source[0]
                hashes[name] = f"{source[0]}:{source[1]:032x}"
    if arguments.hashes:
        with open(arguments.hashes, "w", encoding="utf-8") as file:
            json.dump(dict(sorted(hashes.items())), file, indent=1)
    equal = len(tables) - different - broken
    print(f"{len(tables)} tables compared, {equal} equal ({rows:,} rows), {different} different, {broken} not comparable")
    return 2 if broken else 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
