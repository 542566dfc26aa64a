"""Servers for the tests of what orchestrators run: mssim as the source, PostgreSQL and SeaweedFS of tests/env/run.sh."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import secrets
import subprocess
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("SHARDFERRY_TEST_BINARIES", ROOT / "target" / "debug"))
#: The one that the integration tests run too, so that it is built once.
PROGRAM = BINARIES / "shardferry-with-failpoints"
TABLES, ROWS = 12, 3000
#: Long enough for a busy machine; nothing waits for it to pass.
PATIENCE = 120


@dataclass
class Done:
    """How a call of shardferry ended."""

    code: int
    stdout: str
    stderr: str
    result: dict | None
    termination: str


@dataclass
class World:
    """A source with a made-up company, an empty target, a checkpoint prefix of its own."""

    folder: pathlib.Path
    env: dict[str, str]
    source_port: int
    target: str
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    config_maps: dict[str, dict[str, str]] = field(default_factory=dict)
    calls: int = 0

    def shardferry(self, args: list[str], env: dict[str, str] | None = None, files: dict[str, str] | None = None) -> Done:
        """Runs the real program with exactly this environment (None: the world's), as a container would: no other
        variable is there. `files` maps paths in the container to paths of this machine, for arguments and variables."""
        self.calls += 1
        place = self.folder / f"call-{self.calls}"
        place.mkdir()
        result, termination = place / "return.json", place / "termination-log"
        termination.touch()
        given = dict(self.env if env is None else env)
        given.setdefault("SHARDFERRY_RESULT_FILE", str(result))
        given.setdefault("SHARDFERRY_TERMINATION_LOG", str(termination))
        for inside, outside in (files or {}).items():
            args = [arg.replace(inside, outside) for arg in args]
            given = {name: value.replace(inside, outside) for name, value in given.items()}
        ended = subprocess.run(["shardferry", *args], executable=PROGRAM, env=given, capture_output=True, text=True,
                               timeout=PATIENCE, check=False)
        written = pathlib.Path(given["SHARDFERRY_RESULT_FILE"])
        return Done(ended.returncode, ended.stdout, ended.stderr,
                    json.loads(written.read_text()) if written.exists() else None,
                    pathlib.Path(given["SHARDFERRY_TERMINATION_LOG"]).read_text())

    def pod_env(self, variables: list[dict], fields: dict[str, str] | None = None) -> dict[str, str]:
        """The environment that the kubelet makes of a container's `env`: literal values with $(NAME) expanded, fields of
        the pod (`fields`), Secrets and ConfigMaps (`self.secrets`, `self.config_maps`). A missing one is an error."""
        known = {"metadata.name": "pod-0", "metadata.namespace": "tests", "metadata.uid": "uid-0", "spec.nodeName": "node-0"}
        known |= fields or {}
        env: dict[str, str] = {}
        for variable in variables:
            origin = variable.get("valueFrom", {})
            if "fieldRef" in origin:
                env[variable["name"]] = known[origin["fieldRef"]["fieldPath"]]
            elif "secretKeyRef" in origin:
                _take(env, variable["name"], origin["secretKeyRef"], self.secrets)
            elif "configMapKeyRef" in origin:
                _take(env, variable["name"], origin["configMapKeyRef"], self.config_maps)
            else:
                assert not origin, f"unknown source of {variable['name']}: {origin}"
                value = variable.get("value", "")
                env[variable["name"]] = re.sub(r"\$\((\w+)\)", lambda m: env.get(m[1], m[0]), value)
        return env

    def sql(self, text: str) -> None:
        """Runs statements in the target."""
        _psql(self.target, text)

    def assert_equal(self) -> None:
        """Source and target hold the same rows, by clients that share no code with shardferry."""
        source = (f"SERVER=127.0.0.1,{self.source_port};DATABASE=Company;UID=sa;PWD=Planted-Source-1;"
                  "Encrypt=no;TrustServerCertificate=yes")
        python = ROOT / "target" / "test-clients" / "venv" / "bin" / "python"
        compared = subprocess.run([python, ROOT / "tests" / "demo" / "check_equal.py", "--source", source,
                                   "--target", self.target], capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert compared.returncode == 0, compared.stdout + compared.stderr
        assert f"{TABLES} tables compared, {TABLES} equal" in compared.stdout, compared.stdout


def _take(env: dict[str, str], name: str, reference: dict, origin: dict[str, dict[str, str]]) -> None:
    values = origin.get(reference["name"], {})
    if reference["key"] in values:
        env[name] = values[reference["key"]]
    else:
        assert reference.get("optional"), f"{name}: no {reference['name']}/{reference['key']}"


def _environment(name: str) -> str:
    assert name in os.environ, f"{name} is not set: run by `make test-deploy` (tests/env/run.sh)"
    return os.environ[name]


@contextlib.contextmanager
def sql_server(folder: pathlib.Path, *arguments: str | pathlib.Path) -> Iterator[int]:
    """A test SQL Server of these arguments, whose user is sa: its port."""
    ready = folder / "ready"
    log = ready.with_name("log").open("wb")
    server = subprocess.Popen([BINARIES / "mssim", "serve", "--port", "0", "--user", "sa", *arguments, "--ready-file", ready],
                              stdout=log, stderr=log)
    try:
        while not (ready.exists() and ready.read_text().strip()):
            try:
                server.wait(0.05)
                raise AssertionError(f"mssim ended: {ready.with_name('log').read_text()}")
            except subprocess.TimeoutExpired:
                pass
        yield int(re.search(r"(\d+)\s*$", ready.read_text())[1])
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a test SQL Server with a made-up company."""
    with sql_server(tmp_path_factory.mktemp("mssim"), "--generate", f"tables={TABLES},rows={ROWS},seed=1",
                    "--password", "Planted-Source-1", "--database", "Company") as port:
        yield port


@pytest.fixture
def world(source: int, tmp_path: pathlib.Path) -> Iterator[World]:
    """A fresh target and checkpoint prefix; see World."""
    admin = _environment("SHARDFERRY_TEST_PG_URL")
    name = f"deploy_{secrets.token_hex(6)}"
    _psql(admin, f"CREATE DATABASE {name}")
    target = urllib.parse.urlsplit(admin)._replace(path=f"/{name}").geturl()
    env = {
        "SHARDFERRY_SOURCE_URL": f"mssql://sa:Planted-Source-1@127.0.0.1:{source}/Company?encrypt=off",
        "SHARDFERRY_TARGET_URL": target,
        "SHARDFERRY_CHECKPOINT": f"s3://{_environment('SHARDFERRY_TEST_BUCKET')}/{name}",
        "SHARDFERRY_RUN_ID": "deploy-1",
        "SHARDFERRY_LOG_FORMAT": "json",
        "AWS_REGION": _environment("AWS_REGION"),
        "AWS_ENDPOINT_URL_S3": _environment("SHARDFERRY_TEST_S3_ENDPOINT"),
        "AWS_ACCESS_KEY_ID": _environment("AWS_ACCESS_KEY_ID"),
        "AWS_SECRET_ACCESS_KEY": _environment("AWS_SECRET_ACCESS_KEY"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    try:
        yield World(tmp_path, env, source, target)
    finally:
        _psql(admin, f"DROP DATABASE {name} WITH (FORCE)")


def _psql(url: str, sql: str) -> None:
    subprocess.run(["psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", url, "--command", sql], check=True)
