"""The SQL Server that is tried: its clients, its databases, what it refuses. No code of shardferry.

Statements go by pymssql (FreeTDS), which says the numbers of errors; rows that are compared come by Microsoft's ODBC
driver (mssql-python). Every database is made here, has a name of its own, and is dropped at the end.
"""

from __future__ import annotations

import re
import secrets
import urllib.parse
from dataclasses import dataclass, field

import mssql_python
import pymssql

#: Other names of the keys of a URL: docs/reference/connections.md.
TRUST = {"trustservercertificate", "trustcert"}
ENCRYPT = {"encrypt", "encryption"}
OFF = {"off", "false", "no", "0", "disable", "disabled", "optional"}
PREFIX = "shardferry_test_"


class Refused(Exception):
    """The server refused a statement."""

    def __init__(self, number: int, text: str, statement: str) -> None:
        first = " ".join(re.sub(r"^--.*$", "", statement, flags=re.MULTILINE).split())[:70]
        super().__init__(f"error {number}: {text} (at: {first})")
        self.number, self.text, self.statement = number, text, statement


def batches(script: str) -> list[str]:
    """A script's batches, between lines of GO."""
    return [batch for batch in re.split(r"^[ \t]*GO[ \t]*;?[ \t]*$", script, flags=re.MULTILINE | re.IGNORECASE) if batch.strip()]


@dataclass
class Server:
    """A server by the URL that shardferry is given: mssql://user:password@host:port/?encrypt=…"""

    url: str
    made: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        parts = urllib.parse.urlsplit(self.url)
        if parts.scheme not in ("mssql", "sqlserver") or not parts.hostname or not parts.username:
            raise ValueError("SHARDFERRY_TEST_MSSQL_URL must look like mssql://user:password@host:1433/?encrypt=on")
        self.host, self.port = parts.hostname, parts.port or 1433
        self.user, self.password = urllib.parse.unquote(parts.username), urllib.parse.unquote(parts.password or "")
        self.keys = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
        plain = {re.sub(r"[ _-]", "", key).lower(): value.lower() for key, value in self.keys}
        self.encrypt = next((plain[key] for key in ENCRYPT if key in plain), "on")

    def program_url(self, database: str, host: str | None = None, port: int | None = None, encrypt: str | None = None) -> str:
        """For shardferry; with another host, port and encryption on request."""
        def known(key: str) -> bool:
            return re.sub(r"[ _-]", "", key).lower() in ENCRYPT
        keys = [(key, value) for key, value in self.keys if not (encrypt and known(key))]
        keys += [("encrypt", encrypt)] if encrypt else []
        user, password = urllib.parse.quote(self.user, safe=""), urllib.parse.quote(self.password, safe="")
        name = host or self.host
        name = f"[{name}]" if ":" in name else name
        query = urllib.parse.urlencode(keys)
        return f"mssql://{user}:{password}@{name}:{port or self.port}/{database}?{query}"

    def odbc_string(self, database: str) -> str:
        encrypt = "no" if self.encrypt in OFF or self.encrypt.startswith("login") else "strict" if self.encrypt == "strict" else "yes"
        # Braces keep every other character; a closing one is doubled.
        password = self.password.replace("}", "}}")
        # The certificate is checked by shardferry, where the URL says so; here rows are compared.
        return (f"SERVER={self.host},{self.port};DATABASE={database};UID={self.user};PWD={{{password}}};Encrypt={encrypt};"
                "TrustServerCertificate=yes")

    def odbc(self, database: str) -> mssql_python.Connection:
        mssql_python.pooling(enabled=False)
        return mssql_python.connect(self.odbc_string(database), autocommit=True)

    def statements(self, database: str) -> pymssql.Connection:
        # TDS 7.4: older ones would give date, time and datetime2 as texts.
        return pymssql.connect(server=self.host, port=str(self.port), user=self.user, password=self.password, database=database,
                               autocommit=True, tds_version="7.4", login_timeout=30, charset="UTF-8",
                               encryption="off" if self.encrypt in OFF else "request")

    def run(self, database: str, script: str) -> list[Refused]:
        """Runs a script batch by batch, goes on behind an error, and tells the errors."""
        refused = []
        with self.statements(database) as connection:
            for batch in batches(script):
                try:
                    with connection.cursor() as cursor:
                        cursor.execute(batch)
                        while cursor.nextset():
                            pass
                except pymssql.Error as error:
                    refused.append(Refused(*said(error), batch))
        return refused

    def must(self, database: str, script: str) -> None:
        """Runs a script of which every batch must work: Refused."""
        for refused in self.run(database, script):
            raise refused

    def rows(self, database: str, query: str) -> list[tuple]:
        with self.statements(database) as connection, connection.cursor() as cursor:
            try:
                cursor.execute(query)
                return cursor.fetchall()
            except pymssql.Error as error:
                raise Refused(*said(error), query) from error

    def create(self, options: str = "") -> str:
        """A new database; its name."""
        name = PREFIX + secrets.token_hex(6)
        self.must("master", f"CREATE DATABASE [{name}] {options}")
        self.made.append(name)
        return name

    def snapshot_of(self, database: str) -> str:
        """A database snapshot, its file beside the file of the database. CREATE DATABASE … AS SNAPSHOT OF,
        https://learn.microsoft.com/sql/relational-databases/databases/create-a-database-snapshot-transact-sql"""
        files = self.rows(database, "SELECT name, physical_name FROM sys.database_files WHERE type = 0")
        name = PREFIX + secrets.token_hex(6)
        placed = ", ".join(f"(NAME = [{logical}], FILENAME = '{path}.{name}.ss')" for logical, path in files)
        self.must("master", f"CREATE DATABASE [{name}] ON {placed} AS SNAPSHOT OF [{database}]")
        self.made.append(name)
        return name

    def drop_all(self) -> None:
        """Drops what was made, snapshots before their databases. What cannot be dropped is kept, and told."""
        for name in reversed(self.made):
            # The first ends the sessions that are left; Azure SQL Database and a snapshot do not know it.
            script = f"ALTER DATABASE [{name}] SET SINGLE_USER WITH ROLLBACK IMMEDIATE\nGO\nDROP DATABASE [{name}]"
            self.kept += [f"{name}: {error}" for error in self.run("master", script) if "DROP" in error.statement]

    def version(self) -> str:
        return " ".join(self.rows("master", "SELECT @@VERSION")[0][0].split())


def said(error: pymssql.Error) -> tuple[int, str]:
    """Number and text of an error: pymssql gives (number, bytes), or a text of its own."""
    arguments = error.args[0] if len(error.args) == 1 and isinstance(error.args[0], tuple) else error.args
    if len(arguments) >= 2 and isinstance(arguments[0], int):
        text = arguments[1].decode("utf-8", "replace") if isinstance(arguments[1], bytes) else str(arguments[1])
        # FreeTDS adds a line of its own.
        return arguments[0], text.split("DB-Lib error")[0].strip()
    return 0, str(error)
