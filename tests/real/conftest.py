"""The tests of tests/real/run.sh: what they share, and what is told at the end.

A test that needs something that not every server has says so: `@pytest.mark.needs("what", "where it is")`. If the server
refuses its statement, the test is skipped by name, with the number and the text of the error.
"""

from __future__ import annotations

import json
import os
import pathlib
import secrets
import subprocess
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field

import compare
import pytest
from server import Refused, Server

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: Long enough for a busy machine; nothing waits for it to pass.
PATIENCE = 600
SERVER = pytest.StashKey[Server]()
NEEDS = pytest.StashKey[dict[str, tuple[str, str]]]()
#: What was left out within a test that passed.
NOTES: list[str] = []


def environment(name: str) -> str:
    if name not in os.environ:
        pytest.exit(f"{name} is not set: run `make test-real SHARDFERRY_TEST_MSSQL_URL=mssql://user:password@host:1433/`", 2)
    return os.environ[name]


@dataclass
class World:
    """A database of the server, an empty target, a checkpoint folder."""

    server: Server
    database: str
    target: str
    folder: pathlib.Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.env = {
            "SHARDFERRY_SOURCE_URL": self.server.program_url(self.database),
            "SHARDFERRY_TARGET_URL": self.target,
            "SHARDFERRY_CHECKPOINT": f"file://{self.folder}",
            "SHARDFERRY_RUN_ID": "real",
            "SHARDFERRY_NAME_CASE": "preserve",
            "SHARDFERRY_LOG_FORMAT": "text",
        }

    def start(self, *arguments: str, **env: str) -> subprocess.Popen:
        given = self.env | env | {"SHARDFERRY_RESULT_FILE": str(self.folder / f"result-{secrets.token_hex(4)}.json")}
        return subprocess.Popen(["shardferry", *arguments], executable=environment("SHARDFERRY_TEST_PROGRAM"), env=given,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def ends(self, process: subprocess.Popen, code: int = 0) -> str:
        """Waits for the end, which must be this; what was printed."""
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, f"exit {process.returncode} instead of {code}\n{out[-2000:]}\n{err[-4000:]}"
        return out

    def shardferry(self, *arguments: str, **env: str) -> str:
        return self.ends(self.start(*arguments, **env))

    def copy(self, *arguments: str) -> None:
        """The assessment, then the run."""
        (self.folder / "assessment.json").write_text(self.shardferry("plan", "--dry-run", "--format", "json", *arguments))
        self.shardferry("run", *arguments)

    def assert_equal(self, schema: str | None = None, left_out: str = "") -> int:
        names = compare.Names.of_plan(json.loads((self.folder / "real" / "plan.json").read_text()))
        return compare.assert_equal(self.server, self.database, self.target, names, NOTES, schema, left_out)


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config) -> Iterator[Server]:
    found = Server(environment("SHARDFERRY_TEST_MSSQL_URL"))
    pytestconfig.stash[SERVER] = found
    yield found
    found.drop_all()


class Worlds:
    """Makes worlds, and drops their targets."""

    def __init__(self, server: Server, folder: pathlib.Path) -> None:
        self.server, self.folder, self.names = server, folder, []
        self.admin = environment("SHARDFERRY_TEST_PG_URL")

    def world(self, database: str | None = None, options: str = "") -> World:
        """Over a new database of the server, or over one that is there."""
        database = database or self.server.create(options)
        name = f"shardferry_test_{secrets.token_hex(6)}"
        compare.statements(self.admin, f"CREATE DATABASE {name}")
        self.names.append(name)
        checkpoints = self.folder / name
        checkpoints.mkdir()
        target = urllib.parse.urlsplit(self.admin)._replace(path=f"/{name}").geturl()
        return World(self.server, database, target, checkpoints)

    def drop_all(self) -> None:
        if self.names:
            compare.statements(self.admin, *(f"DROP DATABASE {name} WITH (FORCE)" for name in self.names))


@pytest.fixture(scope="session")
def worlds(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    made = Worlds(server, tmp_path_factory.mktemp("real"))
    yield made
    made.drop_all()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object:
    try:
        return (yield)
    except Refused as refused:
        if pyfuncitem.get_closest_marker("needs"):
            pytest.skip(str(refused))
        raise


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(what, where): what not every server has, and which ones have it")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    config.stash[NEEDS] = {item.nodeid: mark.args for item in items if (mark := item.get_closest_marker("needs"))}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    say = terminalreporter.write_line
    server = config.stash.get(SERVER, None)
    if server is None:
        return
    needs = config.stash.get(NEEDS, {})
    say("")
    say(f"Server: {server_says(server)}")
    dropped = len(server.made) - len(server.kept)
    say(f"Databases: {len(server.made)} made, {dropped} dropped. Nothing else of this server was changed.")
    for kept in server.kept:
        say(f"  NOT DROPPED {kept}")
    skipped = {report.nodeid: report.longrepr[2].removeprefix("Skipped: ") for report in terminalreporter.stats.get("skipped", [])}
    say(f"Skipped on this server: {len(skipped)}")
    for test, why in sorted(skipped.items()):
        say(f"  {test}: {why}")
    for note in sorted(set(NOTES)):
        say(f"  left out: {note}")
    passed = [report.nodeid for report in terminalreporter.stats.get("passed", []) if report.nodeid in needs and report.when == "call"]
    say(f"Tried here, and skipped by name on a server without it: {len(passed)}")
    for test in sorted(passed):
        say(f"  {test}: needs {needs[test][0]} ({needs[test][1]})")


def server_says(server: Server) -> str:
    try:
        return server.version()
    except Refused as refused:
        return str(refused)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What may be skipped is pinned where the server is known: a file with one test a line."""
    pinned = os.environ.get("SHARDFERRY_TEST_MAY_SKIP")
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not pinned or reporter is None:
        return
    allowed = {line for line in pathlib.Path(pinned).read_text().splitlines() if line and not line.startswith("#")}
    surprising = sorted({report.nodeid for report in reporter.stats.get("skipped", [])} - allowed)
    if surprising:
        reporter.write_line(f"\nSkipped, and not in {pinned}: {', '.join(surprising)}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
