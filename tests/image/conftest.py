"""The servers that tests/image/test.sh started, and databases, checkpoints and secrets of their own for each scenario."""

import json
import os
import secrets
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from engine import Container, start  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class World:
    """One load: a fresh database, a fresh checkpoint prefix, a login with a planted password."""

    name: str
    password: str = field(default_factory=lambda: f"planted-target-{secrets.token_hex(8)}")
    containers: list[Container] = field(default_factory=list)

    test = os.environ["IMAGE_TEST_NAME"]
    tables = int(os.environ["IMAGE_TEST_TABLES"])
    source_password = os.environ["IMAGE_TEST_SOURCE_PASSWORD"]
    host = os.environ["IMAGE_TEST_SOURCE_ADDRESS"]
    source_port = os.environ["IMAGE_TEST_SOURCE_PORT"]
    admin = os.environ["IMAGE_TEST_TARGET"]

    def __post_init__(self) -> None:
        self.work = Path(os.environ["IMAGE_TEST_WORK"]) / self.name
        self.work.mkdir()
        # The containers' user writes here, where it is asked to.
        self.work.chmod(0o777)
        psql(self.admin, f"CREATE ROLE {self.name} LOGIN PASSWORD '{self.password}'")
        psql(self.admin, f"CREATE DATABASE {self.name} OWNER {self.name}")

    @property
    def source_url(self) -> str:
        return (f"mssql://sa:{self.source_password}@{self.host}:{self.source_port}/Company"
                "?encrypt=on&serverCertificate=/run/ca.pem&hostNameInCertificate=localhost")

    @property
    def target_url(self) -> str:
        address = self.admin.split("@")[1].split("/")[0]
        return f"postgres://{self.name}:{self.password}@{address}/{self.name}"

    @property
    def planted(self) -> list[str]:
        return [self.source_password, self.password, os.environ["AWS_SECRET_ACCESS_KEY"]]

    def environment(self) -> dict[str, str]:
        """All but the source and the target."""
        return {
            "SHARDFERRY_CHECKPOINT": f"s3://{os.environ['SHARDFERRY_TEST_BUCKET']}/{self.test}/{self.name}",
            "SHARDFERRY_RUN_ID": "nightly",
            "AWS_ENDPOINT_URL_S3": os.environ["SHARDFERRY_TEST_S3_ENDPOINT"],
            "AWS_REGION": os.environ["AWS_REGION"],
            "AWS_ACCESS_KEY_ID": os.environ["AWS_ACCESS_KEY_ID"],
            "AWS_SECRET_ACCESS_KEY": os.environ["AWS_SECRET_ACCESS_KEY"],
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def start(self, name: str, *arguments: str, env: dict[str, str], volumes: tuple[str, ...] = ()) -> Container:
        """A container with a result file and a termination log, as an orchestrator mounts them."""
        outputs = self.work / name
        outputs.mkdir()
        outputs.chmod(0o777)
        log = self.work / f"{name}.termination-log"
        log.touch()
        log.chmod(0o666)
        ca = self.work.parent / "ca.pem"
        mounts = (f"{ca}:/run/ca.pem:ro", f"{outputs}:/out", f"{log}:/dev/termination-log", *volumes)
        env = {**self.environment(), "SHARDFERRY_RESULT_FILE": "/out/result.json", **env}
        container = start(self.test, f"{self.name}-{name}", arguments, env, mounts)
        self.containers.append(container)
        return container

    def committed(self, first: int = 1, last: int = 1 << 30) -> int:
        """How many tables of the range are committed, by the ledger; 0 before there is one."""
        query = ("SELECT count(DISTINCT table_index) FROM shardferry.chunk "
                 f"WHERE table_index BETWEEN {first} AND {last} AND committed_at IS NOT NULL")
        return int(psql(self.target_url, query, check=False) or 0)

    def assert_equal(self) -> None:
        """Every row of the source is in the target and no other, by a program that shares no code with shardferry."""
        source = (f"SERVER={self.host},{self.source_port};DATABASE=Company;UID=sa;PWD={self.source_password};"
                  "Encrypt=yes;TrustServerCertificate=yes")
        done = subprocess.run(
            [ROOT / "target/test-clients/venv/bin/python", ROOT / "tests/demo/check_equal.py", "--jobs", "2",
             "--source", source, "--target", self.target_url],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:]

    def checkpoints(self) -> dict[str, bytes]:
        """All objects of the load, read past S3, from the file store below it."""
        root = f"{os.environ['IMAGE_TEST_FILER']}/buckets/{os.environ['SHARDFERRY_TEST_BUCKET']}/{self.test}/{self.name}"
        return dict(objects(root))


def objects(folder: str) -> list[tuple[str, bytes]]:
    request = urllib.request.Request(f"{folder}/?limit=10000", headers={"Accept": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        entries = json.load(answer)["Entries"] or []
    found = []
    for entry in entries:
        url = f"{folder}/{urllib.request.quote(entry['FullPath'].rsplit('/', 1)[1])}"
        # A folder is marked by the highest bit of Go's file mode.
        if entry["Mode"] & 1 << 31:
            found += objects(url)
        else:
            with urllib.request.urlopen(url, timeout=30) as answer:
                found.append((entry["FullPath"], answer.read()))
    return found


def psql(url: str, query: str, check: bool = True) -> str:
    done = subprocess.run(["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--dbname", url,
                           "--command", query], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done.stdout.strip() if done.returncode == 0 else ""


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def test_name() -> str:
    return World.test
