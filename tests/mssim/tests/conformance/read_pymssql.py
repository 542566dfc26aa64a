"""Reads a query with pymssql (FreeTDS) and prints the rows as JSON. Arguments: port, password, query."""
import datetime
import decimal
import json
import sys
import uuid

import pymssql


def shown(value):
    if value is None:
        return None
    if isinstance(value, (bytes, bytearray)):
        return "0x" + value.hex() if len(value) < 100 else f"{len(value)} bytes of 0x{value[:1].hex()}"
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (bool, int, float, decimal.Decimal, uuid.UUID)):
        return str(value)
    return value if len(value) < 100 else f"{len(value)} characters of {value[:2]}"


def main():
    port, password, query = sys.argv[1:4]
    try:
        connection = pymssql.connect("127.0.0.1", "sa", password, "matrix", port=port, login_timeout=10)
    except pymssql.Error as error:
        print(json.dumps({"error": "18456" in str(error)}))
        return
    cursor = connection.cursor(as_dict=True)
    cursor.execute(query)
    rows = [{name: shown(value) for name, value in row.items()} for row in cursor]
    print(json.dumps(rows, ensure_ascii=False))


main()
