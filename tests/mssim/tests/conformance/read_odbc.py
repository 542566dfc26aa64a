"""Reads a query with mssql-python (ODBC driver 18) and prints the rows as JSON.
Arguments: port, password, query, connection options, then parameters of the query (integers)."""
import datetime
import decimal
import json
import sys
import uuid

import mssql_python


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
    port, password, query, options = sys.argv[1:5]
    try:
        connection = mssql_python.connect(
            f"Server=localhost,{port};Database=matrix;UID=sa;PWD={password};{options}"
        )
    except Exception as error:  # its class has changed between versions
        print(json.dumps({"error": "Login failed" in str(error), "text": str(error)}))
        return
    cursor = connection.cursor()
    cursor.execute(query, *[int(parameter) for parameter in sys.argv[5:]])
    names = [column[0] for column in cursor.description]
    rows = [{name: shown(value) for name, value in zip(names, row)} for row in cursor.fetchall()]
    connection.commit()
    connection.close()
    print(json.dumps(rows, ensure_ascii=False))


main()
