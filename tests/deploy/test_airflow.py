"""deploy/airflow: the DAG in Airflow 2.11 and 3, its pods started in tests/deploy/airflow/cluster.py, which runs what they
hold with the real program."""

from __future__ import annotations

import ast
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import kube
import pytest
import yaml
from conftest import BINARIES, ROOT, World

sys.path.insert(0, str(ROOT / "tests" / "deploy" / "airflow"))
sys.path.insert(0, str(ROOT / "deploy" / "airflow"))
import shardferry_connections as ours  # noqa: E402
from cluster import LOST, Cluster  # noqa: E402

DEPLOY = ROOT / "deploy" / "airflow"
FILES = ("shardferry_dag.py", "shardferry_operator.py", "shardferry_connections.py")
PATIENCE = 900
#: Keys of the Variable whose values are words of pod names; and what they were called before.
ACCOUNTS = {"pod_account": "copier", "pod_urls": "shardferry"}
OLD_ACCOUNTS = {"pod_account": None, "pod_urls": None, "service_account": "copier", "secret": "shardferry"}
#: Versions: `SHARDFERRY_TEST_AIRFLOW=3` for one alone.
MAJORS = os.environ.get("SHARDFERRY_TEST_AIRFLOW", "2 3").split()


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
                    "s3_endpoint": world["AWS_ENDPOINT_URL_S3"], "namespace": "shardferry-tests"} | ACCOUNTS
        settings = {name: value for name, value in (settings | (variable or {})).items() if value is not None}
        return self.drive("run", given, {
            "AIRFLOW_VAR_SHARDFERRY": json.dumps(settings),
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
        "access-key-id": world.env["AWS_ACCESS_KEY_ID"], "secret-access-key": world.env["AWS_SECRET_ACCESS_KEY"]}
    made = Cluster(world)
    yield made
    made.close()


def planted(world: World) -> list[str]:
    """What may stand nowhere but in a Secret."""
    return ["Planted-Source-1", world.env["SHARDFERRY_TARGET_URL"], world.env["AWS_SECRET_ACCESS_KEY"]]


def test_the_dag_is_imported_without_a_warning(airflow: Airflow) -> None:
    found = airflow.drive("import")
    assert found["airflow"].split(".")[0] == airflow.major
    assert found["errors"] == {} and found["warnings"] == [] and found["dags"] == ["shardferry"] and found["serialized"]
    assert found["edges"] == [["plan", "schema"], ["plan", "shards"], ["schema", "finish"], ["schema", "schema_failed"],
                              ["schema_failed", "sync"], ["shards", "sync"], ["sync", "finish"]]
    assert found["deferrable"] == ["finish", "sync"], "the others are over before the triggerer looks"
    assert found["max_active_runs"] == 1
    assert found["params"]["shards"] == 20 and found["params"]["include"] == []


def test_only_a_schedule_empties_the_rows_of_others(airflow: Airflow) -> None:
    assert airflow.drive("import")["on_existing"].endswith(" or 'error' }}")
    file = airflow.home / "dags" / "shardferry_dag.py"
    text = file.read_text()
    assert text.count("\nSCHEDULE = None\n") == 1
    file.write_text(text.replace("\nSCHEDULE = None\n", "\nSCHEDULE = '@daily'\n"))
    found = airflow.drive("import")
    assert found["errors"] == {} and found["on_existing"].endswith(" or 'replace' }}")
    assert found["on_existing"].startswith("{{ params.get('on_existing') or var.json.get('shardferry', {}).get('on_existing') or")


#: Ends of a shard's pod before it is run for real: those that Airflow must try again, and those that it must not.
RETRIED = [[4, 5], [137, LOST], [130, 143]]
FINAL = [[1], [2], [3], [6], [101]]
EVERYTHING = ["plan", "shards", "schema", "schema_failed", "sync", "finish"]


@pytest.mark.parametrize("deferrable", [True, False], ids=["deferrable", "waiting"])
def test_a_run_with_failures(airflow: Airflow, cluster: Cluster, deferrable: bool) -> None:
    """Exit codes decide what is retried; clearing the failed shards ends the run; a cleared shard that was complete is
    skipped. The second of two ways to wait takes its URLs from Airflow Connections."""
    cluster.planned_faults = [*RETRIED, *FINAL]
    variable, env = ({}, {}) if deferrable else connections(cluster)
    report = airflow.run(cluster, {
        "deferrable": deferrable, "conf": {"shards": 13 if deferrable else 8},
        "clear": [{"tasks": ["sync", "finish"], "states": ["failed", "upstream_failed"]}, {"tasks": EVERYTHING, "states": ["success"]}],
    }, variable, env)
    assert cluster.problems == []
    first, second, third = report["runs"]
    ranges = [shard for shard in cluster.runs[0][2]["shards"] if shard]
    assert sorted(cluster.faults) == sorted(ranges) and len(cluster.runs[0][2]["shards"]) == (13 if deferrable else 8)
    assert not any(cluster.left.values()), "every fault was met"
    check_first(first, cluster, ranges)
    assert [run["state"] for run in (first, second, third)] == ["failed", "success", "success"], airflow.log[-6000:]
    cluster.world.assert_equal()
    check_order(cluster, ranges, 13 if deferrable else 8)
    again = [result for args, _, result in cluster.runs[-len(ranges) - 1:] if args[0] == "sync"]
    assert [r["tables_processed"] for r in again] == [0] * len(ranges) and sum(r["tables_skipped"] for r in again) == 12
    check_pods(cluster, report["run_id"])
    assert report["logged"] == "shardferry-schema-x1 of copier"
    assert "shardferry-schema-" in airflow.log
    if deferrable:  # with Connections there are passwords to mask
        assert "***" not in airflow.log, re.findall(r".*\*\*\*.*", airflow.log)[:5]
    check_secrets(airflow, cluster, report)


def states(run: dict) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in run["tasks"]:
        found.setdefault(each["task"], []).append(each["state"])
    return found


def test_a_bad_table_at_schema_stops_no_other_table(airflow: Airflow, cluster: Cluster) -> None:
    """`schema` ends with 3: the shards copy the other tables, and the DAG run fails. `schema` is cleared when the table is mended."""
    bad = "sales.session"
    cluster.before["schema"] = [lambda: cluster.world.sql(f"CREATE SCHEMA sales; CREATE TABLE {bad} (in_the_way integer)"),
                                lambda: cluster.world.sql(f"DROP TABLE {bad}")]
    report = airflow.run(cluster, {"conf": {"shards": 2}, "clear": [
        {"tasks": ["schema", "schema_failed", "sync", "finish"], "states": ["failed", "upstream_failed", "success"]}]})
    assert cluster.problems == []
    first, second = report["runs"]
    assert first["state"] == "failed" and states(first) == {
        "plan": ["success"], "shards": ["success"], "schema": ["failed"], "schema_failed": ["success"],
        "sync": ["success", "failed"], "finish": ["upstream_failed"]}
    copied = [result["tables_processed"] for args, _, result in cluster.runs if args[0] == "sync"]
    assert sum(copied[:2]) == 11 and sum(copied) == 12
    assert second["state"] == "success" and states(second)["schema_failed"] == ["skipped"]
    cluster.world.assert_equal()


def test_old_keys_and_keys_for_the_night(airflow: Airflow, cluster: Cluster) -> None:
    """The old names of two keys are still read, although Airflow masks their values; a config file, limits and a schema map."""
    cluster.world.config_maps["night"] = {"shardferry.yaml": "exclude: ['log.*']\n"}
    report = airflow.run(cluster, {"conf": {"shards": 1}}, OLD_ACCOUNTS | {
        "config_map": "night", "schema_map": ["sales=shop", "dbo=public"], "max_mb_per_second": 900,
        "max_rows_per_second": 5_000_000, "max_replica_lag": "1h"})
    assert cluster.problems == [] and report["runs"][0]["state"] == "success", airflow.log[-4000:]
    assert report["logged"] == "***-schema-x1 of ***", "what the test of the new keys looks for"
    for pod in cluster.created:
        env = {v["name"]: v for v in pod["spec"]["containers"][0]["env"]}
        assert pod["spec"]["serviceAccountName"] == "copier"
        assert env["SHARDFERRY_SOURCE_URL"]["valueFrom"]["secretKeyRef"]["name"] == "shardferry"
        assert [env[f"SHARDFERRY_MAX_{name}"]["value"] for name in ("ROWS_PER_SECOND", "MB_PER_SECOND", "REPLICA_LAG")] == [
            "5000000", "900", "1h"]
    assert sum(result["tables_processed"] for args, _, result in cluster.runs if args[0] == "sync") == 10
    cluster.world.sql('DO $$ BEGIN PERFORM 1 FROM shop.session, public."order"; END $$')


def test_a_pod_that_failed_while_its_worker_was_dead_is_replaced(airflow: Airflow, cluster: Cluster) -> None:
    cluster.planned_faults, cluster.lost_labels = [[4]], 1
    (run,) = airflow.run(cluster, {"conf": {"shards": 1}})["runs"]
    assert cluster.problems == [] and cluster.lost_labels == 0
    assert [(t["state"], t["tries"]) for t in run["tasks"] if t["task"] == "sync"] == [("success", 2)]
    assert "has failed while no worker looked" in airflow.log


@pytest.mark.parametrize("code", [2, LOST])
def test_any_other_end_of_schema_stops_the_shards(airflow: Airflow, cluster: Cluster, code: int | str) -> None:
    cluster.left["schema"] = [code] * 9
    (run,) = airflow.run(cluster, {"conf": {"shards": 2}})["runs"]
    assert cluster.problems == []
    assert run["state"] == "failed" and not [args for args, _, _ in cluster.runs if args[0] == "sync"]
    assert states(run) == {"plan": ["success"], "shards": ["success"], "schema": ["failed"], "schema_failed": ["failed"],
                           "sync": ["upstream_failed"], "finish": ["upstream_failed"]}
    assert [t["tries"] for t in run["tasks"] if t["task"] == "schema"] == [1 if code == 2 else 5]


def test_the_run_fails_by_schema_alone(airflow: Airflow, cluster: Cluster) -> None:
    """Whatever the shards say."""
    cluster.instead["schema"] = 3
    (run,) = airflow.run(cluster, {"conf": {"shards": 2}})["runs"]
    assert cluster.problems == []
    assert states(run)["sync"] == ["success", "success"] and run["state"] == "failed" and states(run)["finish"] == ["upstream_failed"]


def check_first(run: dict, cluster: Cluster, ranges: list[str]) -> None:
    """The first run: final codes fail at their first try, the others succeed at their third."""
    states = {t["name"]: (t["state"], t["tries"]) for t in run["tasks"] if t["task"] == "sync"}
    assert [t["name"] for t in run["tasks"] if t["task"] == "sync"] == ranges, "the grid shows the ranges"
    for tables, faults in cluster.faults.items():
        assert states[tables] == (("failed", 1) if faults in FINAL else ("success", 1 + len(faults))), (tables, faults)
    assert [t["state"] for t in run["tasks"] if t["task"] == "finish"] == ["upstream_failed"]


def check_order(cluster: Cluster, ranges: list[str], shards: int) -> None:
    """What was run for real: plan, schema, the shards, finish; then all of it again."""
    ran = [args for args, _, result in cluster.runs if result]
    assert all(code == 0 for _, code, result in cluster.runs if result)
    half = len(ran) // 2
    for part in (ran[:half], ran[half:]):
        assert part[:2] == [["plan", "--shards", str(shards)], ["schema"]] and part[-1] == ["finish"]
        assert sorted(part[2:-1]) == sorted(["sync", "--range", tables] for tables in ranges)


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
        assert all(v.get("value") or v.get("valueFrom") for v in env.values()), "nothing empty"
    assert len(runs) == len(traces) == 1, (runs, traces)
    assert run_id.split("T")[0] in runs.pop()


def check_secrets(airflow: Airflow, cluster: Cluster, report: dict) -> None:
    """A pod that succeeded is deleted, and its own Secret with it; a value stands in Secrets only."""
    failed = [p for p in cluster.pods.values() if p["status"]["phase"] != "Failed"]
    assert failed == [] and len(cluster.pods) == sum(LOST not in faults and len(faults) or 1 for faults in [*RETRIED, *FINAL])
    assert cluster.own_secrets <= set(cluster.pods) and set(cluster.owner.values()) >= {
        cluster.pods[name]["metadata"]["uid"] for name in cluster.own_secrets}
    shown = json.dumps(cluster.created) + json.dumps(report) + airflow.log
    stored = b"".join(path.read_bytes() for path in airflow.home.rglob("*") if path.is_file())
    for secret in planted(cluster.world):
        assert secret not in shown and secret.encode() not in stored


def connections(cluster: Cluster) -> tuple[dict, dict]:
    """The URLs as Airflow Connections; the Secret loses them."""
    cluster.grant("rbac-connections.yaml")
    source, target = (urllib.parse.urlsplit(cluster.world.secrets["shardferry"].pop(key)) for key in ("source-url", "target-url"))
    extra = {"encrypt": "off", "driver": "ODBC Driver 18 for SQL Server"}
    return {"source_conn_id": "shardferry_source", "target_conn_id": "shardferry_target"}, {
        "AIRFLOW_CONN_SHARDFERRY_SOURCE": json.dumps({**parts_of(source), "conn_type": "mssql", "extra": extra}),
        "AIRFLOW_CONN_SHARDFERRY_TARGET": json.dumps({**parts_of(target), "conn_type": "postgres"})}


def parts_of(url: urllib.parse.SplitResult) -> dict:
    return {"host": url.hostname, "port": url.port, "login": url.username, "password": url.password, "schema": url.path[1:]}


def test_single_parts(airflow: Airflow) -> None:
    names = [("load", "v1.2"), ("load", "manual__2026-05-04T03:02:01+00:00"), ("load", "manual__2026-05-04T03:02:01-00:00"),
             ("other", "manual__2026-05-04T03:02:01+00:00"), ("l" * 200, "a"), ("l" * 200, "b"), (".load", "ü")]
    found = airflow.drive("parts", {"names": names})
    made = found["names"]
    assert made[0] == "load.v1.2" and made[1].startswith("load.manual__2026-05-04T03-02-01-00-00.")
    assert len(set(made)) == len(names) and all(re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}", name) for name in made)
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", found["own"]["TRACEPARENT"])
    assert found["of_task"] == {"TRACEPARENT": f"00-{0xabc:032x}-{0xdef:016x}-01"}
    assert found["unsampled"] == found["own"], "else no pod would be traced while Airflow's tracing is off"
    if airflow.major == "2":
        ours_, airflows = found["traced"]
        assert ours_ == airflows != found["own"] and re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", ours_["TRACEPARENT"])
    assert found["killed"]["grace_period_seconds"] == 60
    assert found["replaced"] == {"labelled": ["failed", "sidecar-runs", "evicted"], "ended": ["sidecar-runs"]}


def test_retries_are_those_of_the_table() -> None:
    """docs/reference/exit-codes.md is generated from the program's own table."""
    source = ast.parse((DEPLOY / "shardferry_operator.py").read_text())
    rerun = next(ast.literal_eval(node.value.args[0]) for node in source.body
                 if isinstance(node, ast.Assign) and node.targets[0].id == "RERUN")
    rows = re.findall(r"^\| ([0-9 /]+) \|[^|]+\| ([a-z ]+) \|$", (ROOT / "docs/reference/exit-codes.md").read_text(), re.M)
    table = {int(code): again for codes, again in rows for code in codes.split("/")}
    assert len(table) == 9
    assert {code for code, again in table.items() if again in ("yes", "later")} | {137} == rerun


def connection(**fields: object) -> SimpleNamespace:
    given = {"conn_id": "c", "conn_type": "mssql", "host": "h", "port": None, "login": "u", "password": "p", "schema": "d", "extra_dejson": {}}
    return SimpleNamespace(**(given | fields))


ODD = "p@ss/w:rd?#%&=+ '\"ü€{}[];,"


def test_connections_become_urls() -> None:
    source = ours.source_url(connection(login=ODD, password=ODD, schema=ODD, port=1433, extra_dejson={
        "Trust Server Certificate": True, "packet_size": 4096, "driver": "x", "encrypt": ""}))
    parts = urllib.parse.urlsplit(source)
    assert parts.scheme == "mssql" and (parts.hostname, parts.port) == ("h", 1433)
    assert [urllib.parse.unquote(x) for x in (parts.username, parts.password, parts.path[1:])] == [ODD] * 3
    assert urllib.parse.parse_qs(parts.query) == {"Trust Server Certificate": ["true"], "packet_size": ["4096"]}
    assert ours.source_url(connection(host=r"h\prod")) == "mssql://u:p@h/d?instance=prod"
    assert ours.source_url(connection(conn_type="generic")) == "mssql://u:p@h/d"
    assert ours.target_url(connection(conn_type="generic")) == "postgres://u:p@h/d"
    pg = {"conn_type": "postgres"}
    assert ours.target_url(connection(**pg, host="fd00::1", port=5433)) == "postgres://u:p@[fd00::1]:5433/d"
    assert ours.target_url(connection(**pg, host="a,b:5433", password=None)) == "postgres://u@a,b:5433/d"
    assert ours.target_url(connection(**pg, extra_dejson={"sslmode": "verify-full", "cursor": "x"})) == "postgres://u:p@h/d?sslmode=verify-full"


@pytest.mark.parametrize(("fields", "said"), [({"conn_type": "mysql"}, "its type is 'mysql'"), ({"schema": ""}, "without schema"),
                                              ({"host": None, "login": None}, "without host, login")])
def test_a_connection_that_cannot_be_used(fields: dict, said: str) -> None:
    with pytest.raises(ours.Unusable, match=said) as error:
        ours.source_url(connection(password="Planted", **fields))
    assert "Planted" not in str(error.value)


def test_odd_passwords_arrive(world: World, tmp_path: pathlib.Path) -> None:
    """The URL of a Connection full of special characters, at a server that compares the password."""
    ready = tmp_path / "ready"
    server = subprocess.Popen([BINARIES / "mssim", "serve", "--port", "0", "--generate", "tables=1,rows=1,seed=1", "--user", ODD,
                               "--password", ODD, "--database", "Company", "--ready-file", ready], stderr=subprocess.DEVNULL)
    try:
        while not (ready.exists() and ready.read_text().strip()):
            with pytest.raises(subprocess.TimeoutExpired):
                server.wait(0.05)
        port = int(re.search(r"(\d+)\s*$", ready.read_text())[1])
        given = connection(host="127.0.0.1", port=port, login=ODD, password=ODD, schema="Company", extra_dejson={"encrypt": "off"})
        done = world.shardferry(["plan"], world.env | {"SHARDFERRY_SOURCE_URL": ours.source_url(given)})
        assert done.code == 0, done.stderr
        given.password += "x"
        done = world.shardferry(["plan"], world.env | {"SHARDFERRY_SOURCE_URL": ours.source_url(given)})
        assert done.code == 2 and "source_login" in done.stderr
    finally:
        server.kill()
        server.wait()


def test_files_for_the_user() -> None:
    things, more = (list(yaml.safe_load_all((DEPLOY / name).read_text())) for name in ("rbac.yaml", "rbac-connections.yaml"))
    assert {thing["kind"] for thing in things} == {"Role", "RoleBinding", "ServiceAccount"} and [t["kind"] for t in more] == ["Role", "RoleBinding"]
    for thing in [*things, *more]:
        kube.validate(thing)
    assert "secrets" not in str(things[0]["rules"]), "a right to all Secrets of the namespace is given to those who ask for it"
    assert [rule["resources"] for rule in more[0]["rules"]] == [["secrets"]] and "get" not in more[0]["rules"][0]["verbs"]
    assert "annotations" not in things[-1]["metadata"], "a role that is not there would be every pod's"
    used = set(re.findall(r"(?:setting|patterns)\(\"(\w+)\"", (DEPLOY / "shardferry_dag.py").read_text()))
    example = json.loads((DEPLOY / "variable.example.json").read_text())["shardferry"]
    assert set(example) <= used and "checkpoint" in example
    page = (ROOT / "docs" / "how-to" / "airflow.md").read_text()
    assert [name for name in sorted(used - {"shards"}) if f"`{name}`" not in page] == []
    masked = ("secret", "service_account", "token", "password", "passwd", "passphrase", "proxy", "private_key", "access_key", "api_key")
    assert [name for name in used if any(word in name for word in masked)] == []
    assert all(word in page for word in ("`secret`", "`service_account`", "`pgrep`")), "the old keys; what the provider types into the sidecar"
    pinned = (ROOT / "tests/deploy/airflow/requirements-3.txt").read_text().splitlines()
    mine = [line for line in (DEPLOY / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert mine and set(mine) <= set(pinned), "what is recommended is what is tested"
