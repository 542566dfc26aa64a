"""The compose file: parsed by Docker Compose itself; its shardferry services, its S3 store and its sample database are run without containers."""

from __future__ import annotations

import json
import os
import pathlib
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from conftest import PATIENCE, ROOT, World, sql_server

FOLDER = ROOT / "deploy" / "compose"
COMPOSE = ROOT / "target" / "test-tools" / "compose" / "bin" / "docker-compose"
WEED = ROOT / "target" / "test-tools" / "seaweed" / "bin" / "weed"
SHARDS = ["shard-1", "shard-2", "shard-3"]
PLANTED = "Planted-Source-1"


def compose(*arguments: str, env_file: str = ".env.example") -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMPOSE, "--file", FOLDER / "compose.yaml", "--env-file", FOLDER / env_file, "--profile", "ask", *arguments],
                          capture_output=True, text=True, timeout=60, check=False, env={"PATH": os.environ["PATH"]})


@pytest.fixture(scope="session")
def services() -> dict[str, dict]:
    """All services as Docker Compose understands them."""
    done = compose("config", "--format", "json")
    assert done.returncode == 0 and not done.stderr, done.stderr
    return json.loads(done.stdout)["services"]


def test_what_runs_when(services: dict[str, dict]) -> None:
    assert set(services) == {"sqlserver", "sample", "postgres", "seaweedfs", "plan", "status", *SHARDS}
    waits = {name: {other: wait["condition"] for other, wait in service.get("depends_on", {}).items()}
             for name, service in services.items()}
    assert waits["sample"] == {"sqlserver": "service_healthy"}
    assert waits["plan"] == {"sample": "service_completed_successfully", "postgres": "service_healthy", "seaweedfs": "service_healthy"}
    for shard in SHARDS:
        assert waits[shard] == {"plan": "service_completed_successfully"}
    for awaited in ("sqlserver", "postgres", "seaweedfs"):
        assert services[awaited]["healthcheck"]["test"][0].startswith("CMD")
    assert services["status"]["profiles"] == ["ask"]


def test_the_pods_are_hardened(services: dict[str, dict]) -> None:
    for name in ("plan", "status", *SHARDS):
        service = services[name]
        assert (service["user"], service["read_only"], service["cap_drop"]) == ("65532:65532", True, ["ALL"]), name
        assert service["security_opt"] == ["no-new-privileges:true"] and int(service["mem_limit"]) > 0 and service["restart"] == "no"
        grace = int(service["environment"]["SHARDFERRY_GRACE_PERIOD"].removesuffix("s"))
        assert service["stop_grace_period"] == f"{(grace + 5) // 60}m{(grace + 5) % 60}s"


def test_no_port_is_open_to_the_network_and_every_password_is_asked_for(services: dict[str, dict], tmp_path: pathlib.Path) -> None:
    for service in services.values():
        assert all(port["host_ip"] == "127.0.0.1" for port in service.get("ports", []))
    example = (FOLDER / ".env.example").read_text()
    for name in ("MSSQL_SA_PASSWORD", "POSTGRES_PASSWORD", "S3_SECRET_KEY"):
        without = tmp_path / name
        without.write_text(re.sub(f"(?m)^{name}=.*$", "", example))
        done = compose("config", env_file=str(without))
        assert done.returncode != 0 and "copy .env.example to .env" in done.stderr
    text = (FOLDER / "compose.yaml").read_text()
    assert set(re.findall(r"\$\{(\w+)", text)) == set(re.findall(r"(?m)^(\w+)=", example)), "all variables are in .env.example"


def test_the_script_of_the_sample_is_bash(services: dict[str, dict]) -> None:
    [script] = services["sample"]["command"]
    done = subprocess.run(["bash", "-n"], input=script.replace("$$", "$"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    mounted = {volume["target"]: pathlib.Path(volume["source"]) for volume in services["sample"]["volumes"]}
    for path in re.findall(r"-i (\S+)", script):
        assert mounted[path].is_file()


# --- run -------------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="session")
def sample_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a test SQL Server with sample.sql in it."""
    with sql_server(tmp_path_factory.mktemp("sample"), "--load", FOLDER / "sample.sql", "--password", PLANTED,
                    "--database", "Sales") as port:
        yield port


def free_ports(count: int) -> list[int]:
    """Ports whose number + 10000 is a port too: SeaweedFS counts so."""
    held, ports = [], []
    for port in range(12_011, 21_000, 7):
        taken = socket.socket()
        held.append(taken)
        try:
            taken.bind(("127.0.0.1", port))
        except OSError:
            continue
        ports.append(port)
        if len(ports) == count:
            break
    for taken in held:
        taken.close()
    return ports


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2).close()
        return True
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture(scope="session")
def store(services: dict[str, dict], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The S3 store with the very command and environment of its service; only names and ports are this machine's."""
    service, folder = services["seaweedfs"], tmp_path_factory.mktemp("store")
    command = [argument.replace("/data", str(folder)).replace("=seaweedfs", "=127.0.0.1").replace("0.0.0.0", "127.0.0.1")
               for argument in service["command"]]
    names = ["s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "filer.port", "filer.port.grpc", "volume.port",
             "volume.port.grpc", "admin.port", "admin.port.grpc", "webdav.port", "metricsPort", "debug.port"]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    # Left out of the test only: what opens ports that cannot be chosen.
    command += [f"-{name}={port}" for name, port in ports.items()] + ["-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false"]
    log = (folder / "log").open("wb")
    server = subprocess.Popen([WEED, *command], env={"PATH": os.environ["PATH"], "HOME": str(folder), **service["environment"]}, stdout=log, stderr=log)
    checks = [url.replace(":8333", f":{ports['s3.port']}").replace(":8888", f":{ports['filer.port']}")
              for url in re.findall(r"http://[^' ]+", service["healthcheck"]["test"][1])]
    assert len(checks) == 2
    try:
        deadline = time.monotonic() + PATIENCE
        while not all(answers(url) for url in checks):
            assert time.monotonic() < deadline, f"not healthy: {checks}"
            try:
                server.wait(0.2)
                raise AssertionError((folder / "log").read_text())
            except subprocess.TimeoutExpired:
                pass
        yield f"http://127.0.0.1:{ports['s3.port']}"
    finally:
        server.kill()
        server.wait()


def test_plan_three_shards_status(services: dict[str, dict], store: str, sample_database: int, world: World) -> None:
    """Each service's own command and environment; only the names of hosts, passwords and the target are the test's."""
    def run(name: str, code: int = 0) -> str:
        env = dict(services[name]["environment"])
        replaced = {"SHARDFERRY_SOURCE_URL": ("sa:Change-me-1@sqlserver:1433", f"sa:{PLANTED}@127.0.0.1:{sample_database}"),
                    "AWS_ENDPOINT_URL_S3": ("http://seaweedfs:8333", store)}
        for variable, (old, new) in replaced.items():
            assert old in env[variable], env[variable]
            env[variable] = env[variable].replace(old, new)
        # The test's server speaks no TLS.
        env["SHARDFERRY_SOURCE_URL"] = env["SHARDFERRY_SOURCE_URL"].replace("trustServerCertificate=true", "encrypt=off")
        assert re.fullmatch(r"postgres://postgres:Change-me-2@postgres:5432/sales\?sslmode=disable", env["SHARDFERRY_TARGET_URL"])
        env["SHARDFERRY_TARGET_URL"] = world.target
        done = world.shardferry(services[name]["command"], env)
        assert done.code == code, done.stderr
        return done.stdout

    run("status", 2)
    assert "1-" in run("plan")
    for shard in ("shard-2", "shard-3", "shard-1"):
        run(shard)
    status = run("status")
    assert "3 tables: 3 completed" in status and "9 rows" in status and "Finish: completed" in status, status
    notes = subprocess.run(["psql", "--no-psqlrc", "--tuples-only", "--no-align", "--dbname", world.target, "--command",
                            'SELECT name, credit FROM sales.customer ORDER BY id'], capture_output=True, text=True, check=True)
    assert notes.stdout.splitlines() == ["Zoë Müller|1234567890123456789012345678.0123456789", "山田|", "O'Brien & Sons|-0.0000000001"]
