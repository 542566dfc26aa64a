"""Hardened containers over a bridge: three pods of which one is killed; one that is stopped; and no secret anywhere."""

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from conftest import World, psql
from engine import MEMORY, Container, docker, inspect
from gate import Gate
from test_image import layers

GRACE = 30


@dataclass
class Load:
    world: World
    # Exit codes of its containers, by name.
    codes: dict[str, int]
    # Tables committed when a container was killed or stopped.
    committed: int
    # Seconds that `docker stop` took.
    stopping: float = 0


def ended(container: Container) -> int:
    code = container.wait()
    container.watcher.join()
    return code


def until(condition: Callable[[], bool], container: Container) -> None:
    """Waits for something that happens while a container runs."""
    while not condition():
        assert container.running(), f"{container.name} ended too early:\n{container.logs()[-3000:]}"


@pytest.fixture(scope="session")
def three() -> Load:
    """plan; three shards at once, the second killed half-way; the second again. Secrets by environment."""
    world = World("three")
    env = {"SHARDFERRY_SOURCE_URL": world.source_url, "SHARDFERRY_TARGET_URL": world.target_url}
    plan = world.start("plan", "plan", "--shards", "3", "--format", "json",
                       env={"SHARDFERRY_SOURCE_URL": world.source_url})
    codes = {"plan": ended(plan)}
    assert codes["plan"] == 0, plan.logs()
    first, last = map(int, json.loads(plan.stdout())["shards"][1].split("-"))
    pods = [world.start(f"pod-{shard}", "run", "--shard", f"{shard}/3", env={**env, "POD_NAME": f"pod-{shard}"})
            for shard in (1, 2, 3)]
    with Gate(world.target_url, first, last, wanted=(last - first + 1) // 2) as gate:
        committed = gate.closed(pods[1])
        docker("kill", "--signal", "KILL", pods[1].name)
        assert ended(pods[1]) == 137
    codes |= {f"pod-{shard}": ended(pod) for shard, pod in enumerate(pods, 1)}
    assert 0 < committed < last - first + 1, "it was killed when all was done, or before anything was"
    again = world.start("pod-2-again", "run", "--shard", "2/3", env={**env, "POD_NAME": "pod-2"})
    codes["again"] = ended(again)
    return Load(world, codes, committed)


@pytest.fixture(scope="session")
def stopped() -> Load:
    """One container for all, stopped in mid-copy and run again. Secrets by mounted file; everything logged."""
    world = World("stopped")
    secret = world.work / "secret"
    secret.mkdir()
    for key, value in (("source-url", world.source_url), ("target-url", world.target_url)):
        (secret / key).write_text(value, encoding="utf-8")
        os.chown(secret / key, 65532, 65532)
        (secret / key).chmod(0o400)
    env = {"SHARDFERRY_SOURCE_URL_FILE": "/secret/source-url", "SHARDFERRY_TARGET_URL_FILE": "/secret/target-url",
           "RUST_LOG": "trace"}

    def pod(name: str) -> Container:
        return world.start(name, env={**env, "POD_NAME": "pod-1"}, volumes=(f"{secret}:/secret:ro",))

    first = pod("pod")
    with Gate(world.target_url, 1, world.tables, wanted=world.tables // 4) as gate, ThreadPoolExecutor() as threads:
        gate.closed(first)
        began = time.monotonic()
        stop = threads.submit(docker, "stop", "--time", str(GRACE), first.name)
        until(lambda: "stopping: finishing what is under way" in first.logs(), first)
        gate.open()
        stop.result()
    stopping = time.monotonic() - began
    codes = {"pod": ended(first)}
    committed = world.committed()
    codes["again"] = ended(pod("pod-again"))
    return Load(world, codes, committed, stopping)


@pytest.fixture(params=["three", "stopped"])
def load(request: pytest.FixtureRequest) -> Load:
    return request.getfixturevalue(request.param)


def last_logs(load: Load) -> str:
    return "\n".join(f"--- {pod.name}\n{pod.logs()[-2000:]}" for pod in load.world.containers)


def test_a_killed_container_is_simply_run_again(three: Load) -> None:
    assert three.codes == {"plan": 0, "pod-1": 0, "pod-2": 137, "pod-3": 0, "again": 0}, last_logs(three)


def test_a_stopped_container_ends_in_time_and_is_simply_run_again(stopped: Load) -> None:
    assert stopped.codes == {"pod": 143, "again": 0}, last_logs(stopped)
    assert stopped.stopping < GRACE
    assert 0 < stopped.committed < stopped.world.tables
    again = (stopped.world.work / "pod-again/result.json").read_text(encoding="utf-8")
    assert json.loads(again)["tables_skipped"] > 0


def test_the_target_is_complete_and_equal(load: Load) -> None:
    load.world.assert_equal()
    keys = psql(load.world.target_url, "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND NOT convalidated")
    assert keys == "0", "finish is not done"


def test_every_table_is_completed_by_the_checkpoints(load: Load) -> None:
    status = load.world.start(f"status-{len(load.world.containers)}", "status", "--format", "json", env={})
    assert ended(status) == 0
    tables = json.loads(status.stdout())["tables"]
    assert len(tables) == load.world.tables
    assert {table["data"]["status"] for table in tables.values()} == {"completed"}


def test_outputs_say_how_it_ended(load: Load) -> None:
    last = next(pod for pod in load.world.containers if pod.name.endswith("again"))
    short = last.name.removeprefix(f"{load.world.test}-{load.world.name}-")
    result = json.loads((load.world.work / short / "result.json").read_text(encoding="utf-8"))
    assert (result["status"], result["exit_code"], result["run_id"]) == ("completed", 0, "nightly"), result
    log = (load.world.work / f"{short}.termination-log").read_bytes()
    assert 0 < len(log) <= 4096


def test_memory_stays_within_the_limit(load: Load) -> None:
    for pod in load.world.containers:
        assert not pod.oom_killed(), pod.name
        print(f"{pod.name}: peak of resident memory {pod.seen.peak / 1048576:.1f} MiB")
    assert 0 < max(pod.seen.peak for pod in load.world.containers) < MEMORY


def places(load: Load) -> dict[str, bytes]:
    """Everywhere a secret has no business, by a name for the message."""
    world = load.world
    found = {f"log of {pod.name}": pod.logs().encode() for pod in world.containers}
    found |= {f"arguments of {pod.name}": pod.seen.arguments for pod in world.containers}
    found |= {f"object {name}": content for name, content in world.checkpoints().items()}
    for file in world.work.rglob("*"):
        if file.is_file() and "secret" not in file.parts:
            found[f"file {file.relative_to(world.work)}"] = file.read_bytes()
    found["the ledger"] = psql(world.target_url, "SELECT query_to_xml('TABLE shardferry.' || tablename, true, true, '') "
                               "FROM pg_tables WHERE schemaname = 'shardferry'").encode()
    return found


def test_no_secret_is_left_anywhere(load: Load) -> None:
    found = places(load)
    # What is looked through is what it should be.
    for kind in ("log of", "arguments of", "object ", "file ", "the ledger"):
        assert any(content for place, content in found.items() if place.startswith(kind)), kind
    assert any("plan.json" in place for place in found) and any("result.json" in place for place in found)
    leaks = [place for place, content in found.items() for secret in load.world.planted if secret.encode() in content]
    assert leaks == []


def test_no_secret_is_in_the_image(load: Load) -> None:
    """Running it wrote into no layer either."""
    text = json.dumps(inspect("shardferry:latest"))
    for secret in load.world.planted:
        assert secret not in text
        assert not [name for layer in layers("shardferry:latest") for name in layer if secret.encode() in layer[name]]
    assert [pod.name for pod in load.world.containers if writes(pod)] == []


def writes(pod: Container) -> set[str]:
    """What a container changed in its file system but the points of its mounts."""
    mounts = ("/out", "/run", "/secret", "/dev")
    changed = {line[2:] for line in docker("diff", pod.name).decode().splitlines()}
    return {path for path in changed if not path.startswith(mounts)}


def test_a_secret_in_a_file_shows_nowhere_in_the_container(stopped: Load) -> None:
    pods = [pod for pod in stopped.world.containers if "pod" in pod.name.removeprefix(stopped.world.test)]
    for pod in pods:
        assert b"SHARDFERRY_SOURCE_URL_FILE" in pod.seen.environment
        shown = json.dumps(inspect(pod.name)).encode() + pod.seen.environment + pod.seen.arguments
        assert stopped.world.source_password.encode() not in shown
        assert stopped.world.password.encode() not in shown
    assert len(pods) >= 2


def test_the_log_at_trace_is_one(stopped: Load) -> None:
    """Otherwise the search for secrets in it would prove little."""
    log = stopped.world.containers[0].logs()
    assert '"TRACE"' in log and '"DEBUG"' in log
