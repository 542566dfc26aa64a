"""deploy/argo: accepted by three validators and our own reference check, safe pods, and the very commands of every step run."""

from __future__ import annotations

import copy
import json
import pathlib
import re
import shutil
import subprocess
from collections.abc import Callable

import kube
import pytest
import yaml
from argo import execution, pods, references
from conftest import PROGRAM, ROOT, World

DEPLOY = ROOT / "deploy" / "argo"
TOOLS = ROOT / "target" / "test-tools"
HERE = pathlib.Path(__file__).parent / "argo"
CHECKPOINT = {"checkpoint": "s3://bucket/prefix"}
STEPS = ["plan", "schema", "sync", "finish", "status"]


def load(name: str) -> dict:
    return yaml.safe_load((DEPLOY / name).read_text())


def template() -> dict:
    return load("workflow-template.yaml")


def objects() -> list[dict]:
    return [template(), load("workflow.yaml"), load("cron-workflow.yaml")]


def kustomize(folder: pathlib.Path) -> list[dict]:
    kubectl = TOOLS / "helm-4" / "kubectl"
    rendered = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=False)
    assert rendered.returncode == 0, rendered.stderr
    return list(yaml.safe_load_all(rendered.stdout))


def with_artifacts(folder: pathlib.Path) -> dict:
    """The template as an overlay renders it that asks for artifacts."""
    shutil.copytree(DEPLOY, folder / "argo")
    (folder / "kustomization.yaml").write_text("resources: [argo]\ncomponents: [argo/artifacts]\n")
    return next(obj for obj in kustomize(folder) if obj["kind"] == "WorkflowTemplate")


# The validators. Each answers with what it finds wrong, or nothing.

def call(command: list, given: str) -> str:
    ended = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert ended.returncode in (0, 1, 2) and not re.search(r"Traceback|node:internal", ended.stderr), ended.stderr
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr


def strict_models(found: list[dict]) -> str:
    return call([TOOLS / "argo" / "venv" / "bin" / "python", HERE / "strict_models.py"], json.dumps(found))


def enums(found: list[dict]) -> str:
    return call(["node", HERE / "enums.mjs", TOOLS / "argo" / "node_modules"], json.dumps(found))


def tugboat(found: list[dict]) -> str:
    """argo-tugboat 0.6 does not know that a workflow's own parameters may have an enum (Argo's pages list them by it)."""
    found = copy.deepcopy(found)
    for obj in found:
        for parameter in obj["spec"].get("arguments", {}).get("parameters", []):
            parameter.pop("enum", None)
    return call([TOOLS / "argo" / "venv" / "bin" / "tugboat", "--no-color"], yaml.safe_dump_all(found))


VALIDATORS = [strict_models, enums, tugboat]


@pytest.mark.parametrize("validator", VALIDATORS)
def test_the_validators_accept_all(validator: Callable[[list[dict]], str], tmp_path: pathlib.Path) -> None:
    assert validator([*objects(), with_artifacts(tmp_path)]) == ""


def broken(path: str, value: object, name: str = "workflow-template.yaml") -> dict:
    """A copy with the value at this path changed, or added."""
    obj = load(name)
    place: dict | list = obj
    *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    for part in parents:
        place = place[part]
    place[last] = value
    return obj


@pytest.mark.parametrize(("validator", "path", "value", "said"), [
    (strict_models, "spec/podGC/stratgy", "OnPodSuccess", "podGC.stratgy"),
    (strict_models, "spec/templates/3/retryStrategy/expresion", "true", "expresion"),
    (strict_models, "spec/parallelism", "{{workflow.parameters.shards}}", "parallelism"),
    (enums, "spec/podGC/strategy", "Sometimes", "podGC/strategy"),
    (enums, "spec/templates/1/retryStrategy/retryPolicy", "Often", "retryPolicy"),
    (tugboat, "spec/templates/3/container/args", ["sync", "--range", "{{inputs.parameters.rnge}}"], "rnge"),
    (tugboat, "spec/entrypoint", "main", "entrypoint"),
])
def test_each_validator_is_live(validator: Callable[[list[dict]], str], path: str, value: object, said: str) -> None:
    found = validator([broken(path, value)])
    assert said in found, found


def test_the_schedule_is_checked_too() -> None:
    assert "concurrencyPolicy" in enums([broken("spec/concurrencyPolicy", "Never", "cron-workflow.yaml")])
    assert "schedule" in strict_models([broken("spec/schedule", "0 2 * * *", "cron-workflow.yaml")]), "gone in Argo 4"


# References.

def test_all_references_resolve(tmp_path: pathlib.Path) -> None:
    assert references.errors(template()) == []
    assert references.errors(with_artifacts(tmp_path)) == []
    assert references.caller_errors(load("workflow.yaml")["spec"], template()) == []
    assert references.caller_errors(load("cron-workflow.yaml")["spec"]["workflowSpec"], template()) == []


TASKS = "spec/templates/0/dag/tasks"


@pytest.mark.parametrize(("path", "value", "said"), [
    ("spec/entrypoint", "main", "entrypoint main is no template"),
    ("spec/onExit", "report", "onExit report is no template"),
    (f"{TASKS}/1/template", "schemas", "template schemas does not exist"),
    (f"{TASKS}/1/depends", "plam", "depends on plam, which does not exist"),
    (f"{TASKS}/0/depends", "finish", "depends on itself"),
    (f"{TASKS}/2/withParam", "{{tasks.plan.outputs.parameters.shard}}", "tasks.plan.outputs.parameters.shard"),
    (f"{TASKS}/2/withParam", "{{tasks.finish.outputs.parameters.result}}", "tasks.finish"),
    (f"{TASKS}/2/when", "{{tasks.finish.exitCode}} == 0", "tasks.finish.exitCode"),
    (f"{TASKS}/2/arguments", {"parameters": []}, "argument range is not given"),
    (f"{TASKS}/3/arguments", {"parameters": [{"name": "range", "value": "1-2"}]}, "finish takes no range"),
    (f"{TASKS}/3/when", "{{item}} == x", "{{item}}"),
    ("spec/templates/3/container/args", ["{{inputs.parameters.rnge}}"], "inputs.parameters.rnge"),
    ("spec/templates/1/container/args", ["{{inputs.parameters.range}}"], "inputs.parameters.range"),
    ("spec/templateDefaults/container/env/2/value", "{{workflow.parameters.chekpoint}}", "workflow.parameters.chekpoint"),
    ("spec/templateDefaults/container/env/3/value", "{{=workflow.parameters['run_id']}}", "workflow.parameters.run_id"),
    ("spec/templateDefaults/container/volumeMounts/0/name", "temp", "no volume temp"),
    ("spec/podSpecPatch", "{{workflow.parameters.mem}}", "workflow.parameters.mem"),
    ("spec/synchronization/mutexes/0/name", "{{workflow.nam}}", "workflow.nam"),
])
def test_a_reference_to_nothing_is_found(path: str, value: object, said: str) -> None:
    found = references.errors(broken(path, value))
    assert any(said in error for error in found), found


def test_a_caller_that_does_not_fit_is_found() -> None:
    spec = {"workflowTemplateRef": {"name": "shardfery"}, "arguments": {"parameters": [{"name": "shard", "value": "1"}]}}
    assert references.caller_errors(spec, template()) == [
        "template shardfery does not exist", "parameter shard does not exist", "parameter checkpoint is not given"]


def test_the_page_lists_every_parameter() -> None:
    rows = re.findall(r"^\| (`.*?) \| (.*?) \|", (ROOT / "docs" / "how-to" / "argo.md").read_text(), re.MULTILINE)
    listed: dict[str, str] = {}
    for names, defaults in rows:
        found = re.findall(r"`([^`]+)`", names)
        values = re.findall(r"`([^`]+)`", defaults) if defaults.startswith("`") else [defaults.split(":")[0]] * len(found)
        listed |= dict(zip(found, values, strict=False))
    for parameter in template()["spec"]["arguments"]["parameters"]:
        expected = parameter["value"] or "empty" if "value" in parameter else "must be given"
        assert listed.get(parameter["name"]) == expected, parameter["name"]
        assert parameter["description"].endswith("."), "the UI shows it"


# What may go where.

def test_what_is_installed_and_nothing_starts_by_it() -> None:
    rendered = kustomize(DEPLOY)
    assert sorted(obj["kind"] for obj in rendered) == ["Role", "RoleBinding", "ServiceAccount", "WorkflowTemplate"]
    for obj in rendered:
        if obj["kind"] != "WorkflowTemplate":
            kube.validate(obj)
    by_kind = {obj["kind"]: obj for obj in rendered}
    assert by_kind["Role"]["rules"] == [
        {"apiGroups": ["argoproj.io"], "resources": ["workflowtaskresults"], "verbs": ["create", "patch"]}]
    account = by_kind["ServiceAccount"]["metadata"]["name"]
    assert [subject["name"] for subject in by_kind["RoleBinding"]["subjects"]] == [account]
    assert by_kind["RoleBinding"]["roleRef"]["name"] == by_kind["Role"]["metadata"]["name"]
    assert by_kind["WorkflowTemplate"]["spec"]["serviceAccountName"] == account
    assert by_kind["WorkflowTemplate"]["spec"] == template()["spec"], "what is applied is what is tested here"


def test_artifacts_only_where_they_are_asked_for(tmp_path: pathlib.Path) -> None:
    assert "artifacts" not in json.dumps(template()) and "archiveLogs" not in template()["spec"]
    asked = with_artifacts(tmp_path)["spec"]
    by_name = {part["name"]: part.get("outputs", {}).get("artifacts", []) for part in asked["templates"]}
    assert {name: [artifact["path"] for artifact in found] for name, found in by_name.items() if found} == {
        "plan": ["/tmp/shards.json", "/tmp/result.json"], "schema": ["/tmp/result.json"],
        "sync": ["/tmp/result.json"], "finish": ["/tmp/result.json"]}
    assert asked["archiveLogs"] is True and all(artifact["optional"] for found in by_name.values() for artifact in found)


def scope(parameters: dict[str, str] | None = None) -> pods.Scope:
    workflow = execution.Workflow(template()["spec"], None, "shardferry-x7k2p", CHECKPOINT | (parameters or {}))
    return workflow.scope() | {"inputs.parameters.range": "1-9"}


@pytest.mark.parametrize("step", STEPS)
def test_every_pod_is_valid_and_safe(step: str) -> None:
    pod = pods.pod(template()["spec"], step, scope({"memory": "1Gi"}))
    kube.validate(pod)
    assert kube.pod_errors(pod["spec"]) == []
    main = pod["spec"]["containers"][0]
    env = {variable["name"]: variable for variable in main["env"]}
    grace = pod["spec"]["terminationGracePeriodSeconds"]
    assert env["SHARDFERRY_GRACE_PERIOD"]["value"] == f"{grace - 5}s"
    assert main["resources"]["limits"]["memory"] == "1Gi" == main["resources"]["requests"]["memory"]
    assert "{{" not in json.dumps(pod)
    assert [volume["name"] for volume in pod["spec"]["volumes"] if "emptyDir" in volume] == ["tmp"]
    spread = pod["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"]
    assert spread.items() <= pod["metadata"]["labels"].items()


def test_a_pod_that_breaks_a_promise_is_found() -> None:
    unsafe = broken("spec/templateDefaults/container/securityContext/readOnlyRootFilesystem", False)["spec"]
    assert "root file system" in kube.pod_errors(pods.pod(unsafe, "sync", scope())["spec"])[0]
    unpatched = broken("spec/podSpecPatch", "enableServiceLinks: false")["spec"]
    assert any("memory limit" in error for error in kube.pod_errors(pods.pod(unpatched, "sync", scope())["spec"]))


def test_names_and_traces_of_a_workflow() -> None:
    env = {variable["name"]: variable.get("value") for variable in
           pods.pod(template()["spec"], "sync", scope())["spec"]["containers"][0]["env"]}
    assert env["SHARDFERRY_RUN_ID"] == "shardferry-x7k2p"
    assert env["TRACEPARENT"] == "00-0123abcd45674e899abcdef012345678-9abcdef012345678-01"
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", env["TRACEPARENT"])
    env = {variable["name"]: variable.get("value") for variable in
           pods.pod(template()["spec"], "sync", scope({"run-id": "load-7"}))["spec"]["containers"][0]["env"]}
    assert env["SHARDFERRY_RUN_ID"] == "load-7"


def test_two_loads_of_one_target_wait_for_each_other() -> None:
    def mutex(secret: str) -> str:
        [found] = template()["spec"]["synchronization"]["mutexes"]
        return pods.substitute(found["name"], scope({"secret": secret}))

    assert mutex("a") == mutex("a") == "shardferry-a" != mutex("b")
    assert load("cron-workflow.yaml")["spec"]["concurrencyPolicy"] == "Forbid"


def test_only_loads_that_are_repeated_empty_the_rows_of_others() -> None:
    def value(caller: dict) -> str:
        given = {parameter["name"]: parameter["value"] for parameter in caller["arguments"]["parameters"]}
        made = pods.pod(template()["spec"], "sync", scope({name: given[name] for name in given if name == "on-existing"}))
        [found] = [v["value"] for v in made["spec"]["containers"][0]["env"] if v["name"] == "SHARDFERRY_ON_EXISTING"]
        return found

    assert value(load("workflow.yaml")["spec"]) == "error"
    assert value(load("cron-workflow.yaml")["spec"]["workflowSpec"]) == "replace"


def test_a_parameter_that_must_be_given() -> None:
    with pytest.raises(AssertionError, match="checkpoint.value is required"):
        execution.Workflow(template()["spec"], None, "w", {}).scope()


def test_every_flag_that_the_template_sets_exists() -> None:
    """A misspelt SHARDFERRY_ variable would be passed over in silence."""
    spec = template()["spec"]
    help_texts = "".join(subprocess.run([PROGRAM, step, "--help"], check=True,
                                        capture_output=True, text=True).stdout for step in STEPS)
    flags = [variable for variable in spec["templateDefaults"]["container"]["env"] if variable["name"].startswith("SHARDFERRY_")]
    assert len(flags) >= 5
    for variable in flags:
        flag = variable["name"].removeprefix("SHARDFERRY_").lower().replace("_", "-")
        assert f"--{flag} " in help_texts, variable["name"]


# Retries.

def exit_codes() -> dict[int, bool]:
    """Of the table in docs/reference/exit-codes.md: whether to rerun by itself."""
    rows = re.findall(r"^\| ([\d /]+) \| .* \| ([\w ]+) \|$", (ROOT / "docs" / "reference" / "exit-codes.md").read_text().split("## ")[0],
                      re.MULTILINE)
    codes = {int(code): rerun in ("yes", "later") for listed, rerun in rows for code in listed.split("/")}
    assert set(codes) == {0, 1, 2, 3, 4, 5, 6, 130, 143}, codes
    return codes | {137: True}


@pytest.mark.parametrize("step", STEPS)
def test_what_is_retried_is_what_the_exit_codes_say(step: str) -> None:
    strategy = pods.template(template()["spec"], step)["retryStrategy"]
    for code, rerun in exit_codes().items():
        assert execution.retried(strategy, code) is rerun, code
        if code != 0:
            assert execution.retried(strategy, code, "Error") is rerun, f"{code}, and Argo's own containers failed too"
    assert execution.retried(strategy, -1, "Error"), "a deleted pod"
    assert execution.retried(strategy, 0, "Error"), "outputs that could not be saved"
    assert execution.retried(strategy, -1), "an evicted pod: Failed, with the kubelet's message and no exit code"
    assert not execution.retried(strategy, 0)
    assert "maxDuration" not in strategy["backoff"], "Argo ends a retried pod when maxDuration is over"
    assert "retryPolicy" not in strategy, "with a policy the expression does not decide alone"


def test_the_dag_is_not_retried() -> None:
    assert "retryStrategy" not in pods.template(template()["spec"], "migrate")
    assert "retryStrategy" not in template()["spec"]


# Execution, with the real program.

def submit(world: World, name: str = "shardferry-x7k2p", **parameters: str) -> execution.Workflow:
    """A workflow whose Secret holds what the world says."""
    env = world.env
    world.secrets["shardferry"] = {
        "source-url": env["SHARDFERRY_SOURCE_URL"], "target-url": env["SHARDFERRY_TARGET_URL"],
        "access-key-id": env["AWS_ACCESS_KEY_ID"], "secret-access-key": env["AWS_SECRET_ACCESS_KEY"],
        "s3-endpoint": env["AWS_ENDPOINT_URL_S3"], "otlp-headers": "authorization=planted-headers-1"}
    given = {"checkpoint": env["SHARDFERRY_CHECKPOINT"], "shards": "4", "aws-region": env["AWS_REGION"]}
    return execution.Workflow(template()["spec"], world, name, given | parameters)


def psql(world: World, sql: str) -> str:
    return subprocess.run(["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", "--dbname",
                           world.target, "--command", sql], check=True, capture_output=True, text=True).stdout


def shards_of(workflow: execution.Workflow) -> list[str]:
    return [name for name in workflow.nodes if name.startswith("sync(")]


def result(node: execution.Node) -> dict:
    return json.loads(node.outputs["result"])


def test_a_workflow_from_plan_to_status(world: World) -> None:
    workflow = submit(world)
    assert workflow.run() == "Succeeded", {name: node.done and node.done.stderr for name, node in workflow.nodes.items()}
    world.assert_equal()
    shards = json.loads(workflow.nodes["plan"].outputs["shards"])
    assert len(shards) == 4 and len(shards_of(workflow)) == 4
    assert sum(result(workflow.nodes[name])["tables_processed"] for name in shards_of(workflow)) == 12
    assert all(result(node)["run_id"] == "shardferry-x7k2p" for node in workflow.nodes.values() if "result" in node.outputs)
    assert result(workflow.nodes["finish"])["status"] == "completed"
    assert workflow.exit_node.phase == "Succeeded" and "12" in workflow.exit_node.done.stdout
    said = json.dumps([[node.done.stdout, node.done.stderr, node.done.termination, node.outputs]
                       for node in [*workflow.nodes.values(), workflow.exit_node] if node.done])
    for secret in ("Planted-Source-1", "planted-headers-1", world.env["AWS_SECRET_ACCESS_KEY"]):
        assert secret not in said

    again = submit(world)
    assert again.run() == "Succeeded"
    assert sum(result(again.nodes[name])["tables_processed"] for name in shards_of(again)) == 0, "the same name is the same run"
    assert sum(result(again.nodes[name])["tables_skipped"] for name in shards_of(again)) == 12
    world.assert_equal()


def test_a_failed_shard_is_retried_by_argo_retry_alone(world: World) -> None:
    workflow = submit(world)
    rename = "ALTER TABLE {} RENAME COLUMN {} TO {}"
    table, column = "", ""

    def break_a_table(name: str, attempt: int) -> int | None:
        nonlocal table, column
        if name.startswith("sync(1:") and not table:
            first = int(re.search(r"(\d+)-", name)[1])
            plan = world.shardferry(["status", "--format", "json"], world.env | {"SHARDFERRY_RUN_ID": workflow.name})
            source = list(json.loads(plan.stdout)["tables"])[first - 1]
            found = psql(world, f"SELECT format('%I.%I', table_schema, table_name), quote_ident(column_name) FROM "
                                f"information_schema.columns WHERE lower(table_schema || '.' || table_name) = lower('{source}') "
                                f"ORDER BY ordinal_position DESC LIMIT 1")
            table, column = found.strip().split("|")
            psql(world, rename.format(table, column, "in_the_way"))
        return None

    workflow.fault = break_a_table
    assert workflow.run() == "Failed"
    failed = [name for name, node in workflow.nodes.items() if node.phase == "Failed" and name != "sync"]
    assert len(failed) == 1 and failed[0].startswith("sync(1:"), failed
    assert (workflow.nodes[failed[0]].exit_code, workflow.nodes[failed[0]].attempts) == (3, 1), "3 is not retried by itself"
    assert result(workflow.nodes[failed[0]])["tables_failed"] == 1
    assert workflow.nodes["finish"].phase == "Omitted"
    assert workflow.exit_node.phase == "Succeeded" and "failed" in workflow.exit_node.done.stdout

    psql(world, rename.format(table, "in_the_way", column))
    ran: list[str] = []
    workflow.fault = lambda name, attempt: ran.append(name)
    assert workflow.retry() == "Succeeded"
    assert ran == [failed[0], "finish", f"{workflow.name}.onExit"]
    world.assert_equal()


def bad_table(world: World, run: str) -> str:
    """A table of the target that is in the way of the last one of the plan: `schema` ends with 3."""
    listed = world.shardferry(["status", "--format", "json"], world.env | {"SHARDFERRY_RUN_ID": run})
    schema, _, name = list(json.loads(listed.stdout)["tables"])[-1].lower().partition(".")
    psql(world, f'CREATE SCHEMA IF NOT EXISTS "{schema}"; CREATE TABLE "{schema}"."{name}" (in_the_way integer)')
    return f'"{schema}"."{name}"'


def test_a_bad_table_at_schema_stops_no_other_table(world: World) -> None:
    workflow = submit(world)
    made: list[str] = []
    workflow.fault = lambda name, attempt: made.append(bad_table(world, workflow.name)) if name == "schema" else None
    assert workflow.run() == "Failed"
    assert (workflow.nodes["schema"].exit_code, workflow.nodes["schema"].attempts) == (3, 1)
    shards = shards_of(workflow)
    assert len(shards) == 4 and sorted(workflow.nodes[name].exit_code for name in shards) == [0, 0, 0, 3]
    assert sum(result(workflow.nodes[name])["tables_processed"] for name in shards) == 11
    assert workflow.nodes["finish"].phase == "Omitted"
    assert "11 completed" in workflow.exit_node.done.stdout, workflow.exit_node.done.stdout

    psql(world, f"DROP TABLE {made[0]}")
    workflow.fault = lambda name, attempt: None
    assert workflow.retry() == "Succeeded"
    world.assert_equal()


def test_the_workflow_fails_by_schema_alone(world: World) -> None:
    """Whatever the shards say: `finish` is not run, and its branch failed."""
    workflow = submit(world)

    def end_with_3(name: str, attempt: int) -> int | None:
        if name != "schema":
            return None
        assert world.shardferry(["schema"], world.env | {"SHARDFERRY_RUN_ID": workflow.name}).code == 0
        return 3

    workflow.fault = end_with_3
    assert workflow.run() == "Failed"
    assert {workflow.nodes[name].phase for name in shards_of(workflow)} == {"Succeeded"}
    assert workflow.nodes["finish"].phase == "Omitted"


@pytest.mark.parametrize("code", [1, 2, 6])
def test_any_other_end_of_schema_stops_the_shards(world: World, code: int) -> None:
    workflow = submit(world)
    workflow.fault = lambda name, attempt: code if name == "schema" else None
    assert workflow.run() == "Failed"
    assert workflow.nodes["sync"].phase == "Skipped" and shards_of(workflow) == [] and workflow.nodes["finish"].phase == "Omitted"


def test_a_lost_pod_is_retried_and_a_wrong_secret_is_not(world: World) -> None:
    workflow = submit(world, shards="3")
    ends = {("sync(0", 0): 143, ("sync(0", 1): -1, ("sync(2", 0): 137, ("plan", 0): 4, ("finish", 0): 5}
    workflow.fault = lambda name, attempt: ends.get((name.split(":")[0], attempt))
    assert workflow.run() == "Succeeded"
    attempts = {name.split(":")[0]: node.attempts for name, node in workflow.nodes.items() if node.attempts}
    assert attempts == {"plan": 2, "schema": 1, "sync(0": 3, "sync(1": 1, "sync(2": 2, "finish": 2}
    world.assert_equal()

    wrong = submit(world, name="wrong")
    world.secrets["shardferry"]["target-url"] = re.sub("//[^@]*@", "//nobody:Planted-2@", world.env["SHARDFERRY_TARGET_URL"])
    world.secrets["shardferry"]["source-url"] = world.env["SHARDFERRY_SOURCE_URL"].replace("Planted-Source-1", "Planted-3")
    assert wrong.run() == "Failed"
    assert (wrong.nodes["plan"].exit_code, wrong.nodes["plan"].attempts) == (2, 1)
    assert {wrong.nodes[name].phase for name in ("schema", "sync", "finish")} == {"Omitted"}
    assert "Planted-3" not in wrong.exit_node.done.stderr and wrong.exit_node.exit_code == 2, "there is no plan to show"
    assert "Planted-3" not in wrong.nodes["plan"].done.stderr + json.dumps(wrong.nodes["plan"].outputs)


def test_another_workflow_goes_on_with_a_run(world: World) -> None:
    """Other parameters for a run that failed; also what is left where the first workflow was deleted."""
    first = submit(world)
    first.fault = lambda name, attempt: 3 if name.startswith("sync(1:") else None
    assert first.run() == "Failed"
    copied = sum(result(first.nodes[name])["tables_processed"] for name in shards_of(first) if first.nodes[name].outputs)
    second = submit(world, name="shardferry-second", **{"run-id": first.name, "shards": "2", "jobs": "1"})
    assert second.run() == "Succeeded"
    results = [result(second.nodes[name]) for name in shards_of(second)]
    assert len(results) == 2 and 0 < copied < 12
    assert sum(found["tables_skipped"] for found in results) == copied
    assert sum(found["tables_processed"] for found in results) == 12 - copied
    world.assert_equal()


def test_retries_end(world: World) -> None:
    workflow = submit(world)
    workflow.fault = lambda name, attempt: 4 if name == "plan" else 0
    assert workflow.run() == "Failed"
    assert workflow.nodes["plan"].attempts == 9, "limit counts the retries"


def test_parameters_reach_the_program(world: World) -> None:
    planned = submit(world, name="before")
    planned.fault = lambda name, attempt: None if name == "plan" else 2
    assert planned.run() == "Failed"
    listed = world.shardferry(["status", "--format", "json"], world.env | {"SHARDFERRY_RUN_ID": "before"})
    tables = list(json.loads(listed.stdout)["tables"])
    workflow = submit(world, **{"run-id": "load-7", "exclude": f"{tables[0]},{tables[1]}", "shards": "40", "finish": "false"})
    assert workflow.run() == "Succeeded"
    assert result(workflow.nodes["plan"])["run_id"] == "load-7"
    assert sum(result(workflow.nodes[name])["tables_processed"] for name in shards_of(workflow)) == 10 == len(shards_of(workflow))
    assert workflow.nodes["finish"].phase == "Skipped"
    made = psql(world, "SELECT count(*) FROM information_schema.tables "
                       "WHERE table_schema !~ 'shardferry|^pg_|^information_schema$'")
    assert made.strip() == "10"


def test_the_rendered_objects_hold_no_secret() -> None:
    secret = {key: f"planted-{key}" for key in ("source-url", "target-url", "access-key-id", "secret-access-key", "s3-endpoint",
                                                "otlp-headers")}
    world = World(pathlib.Path("/"), {}, 0, "", secrets={"shardferry": secret})
    made = [pods.pod(template()["spec"], step, scope()) for step in STEPS]
    for pod in made:
        env = world.pod_env(pod["spec"]["containers"][0]["env"])
        assert set(secret.values()) <= set(env.values()), "the pod has them all the same"
    assert "planted-" not in json.dumps(made + kustomize(DEPLOY) + objects())
