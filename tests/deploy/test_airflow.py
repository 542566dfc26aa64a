"""deploy/airflow: the DAG in Airflow 2.11 and 3, its pods started in tests/deploy/airflow/cluster.py, which runs what they
hold with the real program."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from conftest import ROOT, World

sys.path.insert(0, str(ROOT / "tests" / "deploy" / "airflow"))
from cluster import LOST, Cluster  # noqa: E402

DEPLOY = ROOT / "deploy" / "airflow"
FILES = ("shardferry_dag.py", "shardferry_operator.py", "shardferry_connections.py")
PATIENCE = 300
MAJORS = ("2", "3")


@dataclass
class Airflow:
    """One Airflow with a home of its own and the DAG in its dags folder."""

    major: str
    home: pathlib.Path
    log: str = ""

    def __call__(self, *args: str, given: dict | None = None, env: dict[str, str] | None = None) -> str:
        home = str(self.home)
        ended = subprocess.run(
            [ROOT / f"target/test-tools/airflow-{self.major}/bin/python", *args],
            input=json.dumps(given or {}), capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=home,
            env={"PATH": os.environ["PATH"], "HOME": home, "AIRFLOW_HOME": home, "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
                 "AIRFLOW__CORE__UNIT_TEST_MODE": "False", "PYTHONPATH": home, "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
                 "LANG": "C.UTF-8", **(env or {})})
        self.log = ended.stdout + ended.stderr
        assert ended.returncode == 0, self.log[-8000:]
        return ended.stdout

    def drive(self, action: str, given: dict | None = None, env: dict[str, str] | None = None) -> dict:
        report = self.home / "report.json"
        report.unlink(missing_ok=True)
        self(str(ROOT / "tests/deploy/airflow/drive.py"), action, str(report), given=given, env=env)
        return json.loads(report.read_text())

    def run(self, cluster: Cluster, given: dict | None = None, variable: dict | None = None, env: dict[str, str] | None = None) -> dict:
        """Runs the DAG with its pods in this cluster."""
        kubeconfig = self.home / "kubeconfig"
        kubeconfig.write_text(json.dumps(cluster.kubeconfig()))
        world = cluster.world.env
        settings = {"checkpoint": world["SHARDFERRY_CHECKPOINT"], "aws_region": world["AWS_REGION"],
                    "s3_endpoint": world["AWS_ENDPOINT_URL_S3"], "namespace": "shardferry-tests", "service_account": "copier"}
        return self.drive("run", given, {
            "AIRFLOW_VAR_SHARDFERRY": json.dumps(settings | (variable or {})),
            "AIRFLOW_CONN_KUBERNETES_DEFAULT": json.dumps({"conn_type": "kubernetes", "extra": {"kube_config_path": str(kubeconfig)}}),
            **(env or {})})


@pytest.fixture(scope="session", params=MAJORS)
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Airflow:
    """An Airflow with an empty database, made once."""
    airflow = Airflow(request.param, tmp_path_factory.mktemp(f"airflow-{request.param}"))
    (airflow.home / "dags").mkdir()
    for name in FILES:
        shutil.copy(DEPLOY / name, airflow.home / "dags" / name)
    airflow("-m", "airflow", "db", "migrate")
    return airflow


@pytest.fixture
def airflow(installed: Airflow, tmp_path: pathlib.Path) -> Airflow:
    home = tmp_path / "airflow"
    shutil.copytree(installed.home, home)
    config = home / "airflow.cfg"
    config.write_text(config.read_text().replace(str(installed.home), str(home)))
    return Airflow(installed.major, home)


@pytest.fixture
def cluster(world: World) -> Iterator[Cluster]:
    world.secrets["shardferry"] = {
        "source-url": world.env["SHARDFERRY_SOURCE_URL"], "target-url": world.env["SHARDFERRY_TARGET_URL"],
        "aws-access-key-id": world.env["AWS_ACCESS_KEY_ID"], "aws-secret-access-key": world.env["AWS_SECRET_ACCESS_KEY"]}
    made = Cluster(world)
    yield made
    made.close()


def planted(world: World) -> list[str]:
    """What may stand nowhere but in a Secret."""
    return ["Planted-Source-1", world.env["SHARDFERRY_TARGET_URL"], world.env["AWS_SECRET_ACCESS_KEY"]]


def tasks(run: dict) -> dict[str, str]:
    return {t["task"] if t["index"] < 0 else f"{t['task']}[{t['index']}]": t["state"] for t in run["tasks"]}


def test_the_dag_is_imported_without_a_warning(airflow: Airflow) -> None:
    found = airflow.drive("import")
    assert found["airflow"].split(".")[0] == airflow.major
    assert found["errors"] == {} and found["warnings"] == [] and found["dags"] == ["shardferry"] and found["serialized"]
    assert found["edges"] == [["plan", "schema"], ["plan", "shards"], ["schema", "sync"], ["shards", "sync"], ["sync", "finish"]]
    assert found["params"]["shards"] == 20 and found["params"]["include"] == []


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_run_copies_everything(airflow: Airflow, cluster: Cluster, deferrable: bool) -> None:
    report = airflow.run(cluster, {"deferrable": deferrable, "conf": {"shards": 40},
                                   "clear": [{"tasks": ["plan", "shards", "schema", "sync", "finish"], "states": ["success"]}]})
    assert cluster.problems == []
    first, second = report["runs"]
    assert first["state"] == second["state"] == "success", airflow.log[-6000:]
    cluster.world.assert_equal()
    half = len(cluster.created) // 2
    ranges = [shard for shard in cluster.runs[0][2]["shards"] if shard]
    assert 1 < len(ranges) < 40, "an empty shard is dropped"
    wanted = [["plan", "--shards", "40"], ["schema"], *(["sync", "--range", tables] for tables in ranges), ["finish"]]
    assert [args for args, *_ in cluster.runs] == wanted * 2
    assert [t["name"] for t in first["tasks"] if t["task"] == "sync"] == ranges
    # Again under the same run id: nothing is copied twice.
    again = [result for args, _, result in cluster.runs[half:] if args[0] == "sync"]
    assert [r["tables_processed"] for r in again] == [0] * len(ranges) and sum(r["tables_skipped"] for r in again) == 12
    check_pods(cluster, report["run_id"])
    assert cluster.pods == {}, "pods that succeeded are deleted"
    for secret in planted(cluster.world):
        assert secret not in json.dumps(cluster.created) + json.dumps(report) + airflow.log
        assert secret.encode() not in (airflow.home / "airflow.db").read_bytes()


def check_pods(cluster: Cluster, run_id: str) -> None:
    """What all pods of a DAG run have in common."""
    runs, traces = set(), set()
    for pod in cluster.created:
        env = {v["name"]: v for v in pod["spec"]["containers"][0]["env"]}
        runs.add(env["SHARDFERRY_RUN_ID"]["value"])
        traces.add(env["TRACEPARENT"]["value"].split("-")[1])
        assert env["SHARDFERRY_GRACE_PERIOD"]["value"] == "55s" and pod["spec"]["terminationGracePeriodSeconds"] == 60
        assert pod["metadata"]["namespace"] == "shardferry-tests" and pod["spec"]["serviceAccountName"] == "copier"
        assert pod["spec"]["containers"][0]["image"] == "ghcr.io/shardferry/shardferry:0.1.0"
        assert "{{" not in json.dumps(pod)
        assert all("value" not in env or env.get("value") for env in env.values())
    assert len(runs) == len(traces) == 1, (runs, traces)
    assert run_id.split("T")[0] in runs.pop()
