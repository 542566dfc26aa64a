"""The Helm chart: rendered by Helm 3 and 4, valid, hardened, refusing wrong values, and its pods run against real servers."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess

import kube
import pods
import pytest
import yaml
from conftest import ROOT, Done, World

CHART = ROOT / "helm" / "shardferry"
MATRIX = sorted((ROOT / "tests" / "deploy" / "helm").glob("*.yaml"))
HELMS = {major: ROOT / "target" / "test-tools" / f"helm-{major}" / "helm" for major in (3, 4)}
#: Custom resources: what may be in their spec, for there is no schema of them here.
EXTERNAL_SECRET = {"refreshInterval", "secretStoreRef", "target", "data"}
MONITORING = {"PodMonitor": {"selector", "podMetricsEndpoints"}, "PrometheusRule": {"groups"}}


def helm(major: int, *arguments: str | pathlib.Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HELMS[major], *arguments], capture_output=True, text=True, timeout=60, check=False)


def render(*arguments: str | pathlib.Path, major: int = 4, release: str = "load") -> list[dict]:
    """All objects that the chart makes of these values; the NOTES are left out."""
    done = helm(major, "template", release, CHART, "--namespace", "data", *arguments)
    assert done.returncode == 0, done.stderr
    return [obj for obj in yaml.safe_load_all(done.stdout) if obj]


def of(objects: list[dict], kind: str, component: str | None = None) -> dict:
    """The one object of this kind (and component)."""
    found = [obj for obj in objects if obj["kind"] == kind
             and component in (None, obj["metadata"]["labels"].get("app.kubernetes.io/component"))]
    assert len(found) == 1, [obj["metadata"]["name"] for obj in found]
    return found[0]


@pytest.mark.parametrize("major", HELMS)
@pytest.mark.parametrize("values", [None, *MATRIX], ids=lambda path: path.stem if path else "defaults")
def test_lint(major: int, values: pathlib.Path | None) -> None:
    done = helm(major, "lint", "--strict", CHART, *(["--values", values] if values else []))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout, done.stdout


@pytest.mark.parametrize("values", MATRIX, ids=lambda path: path.stem)
def test_both_majors_render_the_same(values: pathlib.Path) -> None:
    assert render("--values", values, major=3) == render("--values", values, major=4)


@pytest.mark.parametrize("values", MATRIX, ids=lambda path: path.stem)
def test_every_object_is_valid_and_every_pod_hardened(values: pathlib.Path) -> None:
    objects = render("--values", values)
    pods = 0
    for obj in objects:
        if obj["apiVersion"] == "external-secrets.io/v1":
            check_external_secret(obj)
            continue
        if obj["apiVersion"] == "monitoring.coreos.com/v1":
            assert set(obj["spec"]) == MONITORING[obj["kind"]]
            continue
        kube.validate(obj)
        spec = kube.pod_template(obj)
        if spec:
            pods += 1
            assert kube.pod_errors(spec) == [], obj["metadata"]["name"]
            check_mounts(spec)
    assert pods >= 2, "the load and the test"
    identities = [(obj["kind"], obj["metadata"]["name"]) for obj in objects]
    assert len(identities) == len(set(identities)), identities
    assert all(obj["metadata"]["namespace"] == "data" for obj in objects)


def check_external_secret(obj: dict) -> None:
    assert obj["kind"] == "ExternalSecret" and set(obj["spec"]) == EXTERNAL_SECRET
    assert set(obj["spec"]["secretStoreRef"]) == {"name", "kind"}
    assert obj["spec"]["data"]
    for item in obj["spec"]["data"]:
        assert set(item) == {"secretKey", "remoteRef"} and "key" in item["remoteRef"]


def check_mounts(spec: dict) -> None:
    """Each mount names a volume; the API server refuses others."""
    volumes = [volume["name"] for volume in spec["volumes"]]
    assert len(volumes) == len(set(volumes))
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        assert {mount["name"] for mount in container.get("volumeMounts", [])} <= set(volumes)
        names = [variable["name"] for variable in container["env"]]
        assert len(names) == len(set(names)), names


# --- the Job ---------------------------------------------------------------------------------------------------------

LEAST = ("--set", "checkpoint.url=s3://bucket/prefix")
#: docs/reference/exit-codes.md "rerun?" -> what an Indexed Job does.
ACTIONS = {"no": "FailIndex", "after a fix": "FailIndex", "after a look": "FailIndex", "later": "Count", "yes": "Count"}


@pytest.mark.parametrize("major", HELMS)
def test_a_number_means_the_same_job_however_it_is_given(major: int, tmp_path: pathlib.Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text("rerun: 20261123\notlp: {endpoint: 'http://c:4318', resourceAttributes: {build: 12345678}}\n")
    given = ("--set", "rerun=20261123,otlp.endpoint=http://c:4318,otlp.resourceAttributes.build=12345678")
    names = {of(render(*LEAST, *more, major=major), "Job", "shard")["metadata"]["name"] for more in (given, ("--values", values))}
    assert len(names) == 1, names
    other = of(render(*LEAST, "--set", "rerun=2", major=major), "Job", "shard")["metadata"]["name"]
    assert other not in names


@pytest.mark.parametrize(("now", "then"), [("", "2"), ("2", "3"), ("7", "8"), ("fix-a", "2")])
def test_the_notes_name_a_value_of_rerun_that_is_another_one(now: str, then: str) -> None:
    notes = helm(4, "install", "load", CHART, "--dry-run=client", *LEAST, "--set-string", f"rerun={now}").stdout
    assert f"--set-string rerun={then}\n" in notes


def test_a_release_with_a_dot_makes_names_that_pods_can_have() -> None:
    objects = render(*LEAST, release="a.b")
    assert len(objects) >= 3
    for obj in objects:
        assert "." not in obj["metadata"]["name"], obj["metadata"]["name"]


def policy(*arguments: str, component: str = "shard") -> dict:
    return of(render(*LEAST, *arguments), "Job", component)["spec"]["podFailurePolicy"]


@pytest.mark.parametrize("finish", ["lastPod", "none"])
def test_the_exit_code_table_is_the_policy(finish: str) -> None:
    rules = policy("--set", f"finish={finish}")
    containers = ["shardferry"] if finish == "lastPod" else ["plan", "schema", "shardferry"]
    for code, rerun in pods.rerun_codes(ROOT / "docs" / "reference" / "exit-codes.md").items():
        if code == 0:
            continue
        for container in containers:
            assert pods.failure_action(rules, code, container=container) == ACTIONS[rerun], (code, container)
    assert all(rule["action"] != "FailJob" for rule in rules["rules"]), "one pod's end would kill those that copy"
    for container in containers:
        assert pods.failure_action(rules, 137, container=container) == "Count"
        # A disruption costs no retry, but does not hide that another try would end the same.
        assert {code: pods.failure_action(rules, code, True, container) for code in (2, 3, 4, 137, 143)} == {
            2: "FailIndex", 3: "FailIndex", 4: "Ignore", 137: "Ignore", 143: "Ignore"}
    # A sidecar that ends with 2 after the signal must not fail the load.
    assert pods.failure_action(rules, 2, container="istio-proxy") == "Count"
    check_rules(rules)


def test_the_plan_job_fails_at_once_where_another_try_would_end_the_same() -> None:
    rules = policy(component="plan")
    assert {code: pods.failure_action(rules, code) for code in (1, 2, 3, 4, 5, 6, 143)} == {
        1: "FailJob", 2: "FailJob", 3: "FailJob", 4: "Count", 5: "Count", 6: "FailJob", 143: "Count"}
    assert all(rule["action"] != "FailIndex" for rule in rules["rules"]), "only Indexed Jobs have it"
    check_rules(rules)


def check_rules(rules: dict) -> None:
    """What the API server checks beyond the schema."""
    assert len(rules["rules"]) <= 20
    for rule in rules["rules"]:
        values = rule.get("onExitCodes", {}).get("values", [1])
        assert values == sorted(set(values)) and 0 not in values and max(values) <= 255


def test_the_job_is_indexed() -> None:
    spec = of(render(*LEAST, "--set", "shards=7,parallelism=3"), "Job", "shard")["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"], spec["backoffLimitPerIndex"]) == ("Indexed", 7, 3, 6)
    assert spec["podReplacementPolicy"] == "Failed" and spec["suspend"] is False
    assert not {"ttlSecondsAfterFinished", "activeDeadlineSeconds", "maxFailedIndexes", "backoffLimit"} & set(spec)
    [container] = spec["template"]["spec"]["containers"]
    assert container["args"] == ["run"]
    env = {variable["name"]: variable.get("value") for variable in container["env"]}
    assert env["SHARDFERRY_SHARD_COUNT"] == "7"
    assert "JOB_COMPLETION_INDEX" not in env, "Kubernetes sets it"
    assert of(render(*LEAST, "--set", "shards=7"), "Job", "shard")["spec"]["parallelism"] == 7


@pytest.mark.parametrize(("seconds", "grace"), [(None, "55s"), (10, "5s"), (3600, "3595s")])
def test_the_grace_period_ends_before_the_kubelets(seconds: int | None, grace: str) -> None:
    given = ["--set", f"terminationGracePeriodSeconds={seconds}"] if seconds else []
    for component in ("shard", "plan"):
        spec = of(render(*LEAST, *given), "Job", component)["spec"]["template"]["spec"]
        assert spec["terminationGracePeriodSeconds"] == (seconds or 60)
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            assert {"name": "SHARDFERRY_GRACE_PERIOD", "value": grace} in container["env"]


def test_zero_takes_a_limit_back() -> None:
    """`--reuse-values --set parallelism=null` leaves the old value: a number is needed that means none."""
    objects = render("--values", ROOT / "tests" / "deploy" / "helm" / "no-limits.yaml")
    shards, plan = of(objects, "Job", "shard")["spec"], of(objects, "Job", "plan")["spec"]
    assert shards["parallelism"] == 8
    assert not {"activeDeadlineSeconds", "ttlSecondsAfterFinished", "maxFailedIndexes"} & {*shards, *plan}
    cron = of(render(*LEAST, "--set", "mode=schedule,schedule.cron=@daily,schedule.startingDeadlineSeconds=0,schedule.timeZone="), "CronJob")
    assert not {"startingDeadlineSeconds", "timeZone"} & set(cron["spec"])
    pages = {page: (ROOT / page).read_text() for page in ("helm/shardferry/README.md", "docs/how-to/kubernetes.md")}
    assert all("parallelism=0" in text and "parallelism=null" not in text for text in pages.values())


def test_what_a_company_adds_to_every_object() -> None:
    objects = render("--values", ROOT / "tests" / "deploy" / "helm" / "full.yaml")
    own = {"load-own", "load-other"}
    assert own <= {obj["metadata"]["name"] for obj in objects}, "extraObjects, with templates in them"
    for obj in objects:
        if obj["metadata"]["name"] not in own:
            assert obj["metadata"]["annotations"]["contact"] == "data@example.com", obj["kind"]
        if obj["kind"] == "Job":
            assert obj["metadata"]["annotations"]["kueue.x-k8s.io/priority"] == "high"
            assert "annotations" not in obj["spec"] and "contact" not in obj["spec"]["template"]["metadata"]["annotations"]
    spec = of(objects, "Job", "shard")["spec"]["template"]["spec"]
    assert spec["imagePullSecrets"] == [{"name": "registry"}, {"name": "parent"}, {"name": "other"}]
    assert (spec["schedulerName"], spec["dnsPolicy"], spec["hostAliases"]) == (
        "volcano", "None", [{"ip": "10.0.0.5", "hostnames": ["sql.corp"]}])
    assert spec["dnsConfig"] == {"nameservers": ["10.0.0.10"], "searches": ["corp"]}
    assert [container["name"] for container in spec["containers"]] == ["shardferry", "proxy"]
    cron = of(render(*LEAST, "--set", "mode=schedule,schedule.cron=@daily,jobAnnotations.a=b"), "CronJob")
    assert cron["metadata"]["annotations"] == {"a": "b"} == cron["spec"]["jobTemplate"]["metadata"]["annotations"]
    for obj in render(*LEAST):
        assert "annotations" not in obj["metadata"] or obj["kind"] == "Pod", "nothing where nothing is asked for"


@pytest.mark.parametrize(("repository", "image"), [
    ("ghcr.io/shardferry/shardferry", "mirror.example.com:5000/shardferry/shardferry"),
    ("registry.example.com:5000/a/b", "mirror.example.com:5000/a/b"),
    ("localhost/a", "mirror.example.com:5000/a"),
    ("team/shardferry", "mirror.example.com:5000/team/shardferry"),
])
def test_the_registry_of_a_parent_chart(repository: str, image: str) -> None:
    objects = render(*LEAST, "--set", f"global.imageRegistry=mirror.example.com:5000,image.repository={repository},image.tag=v1")
    images = {container["image"] for obj in objects if (spec := kube.pod_template(obj))
              for container in [*spec.get("initContainers", []), *spec["containers"]]}
    assert images == {f"{image}:v1"}


def test_secrets_are_references_in_both_forms() -> None:
    full = ROOT / "tests" / "deploy" / "helm" / "full.yaml"
    job = of(render("--values", full), "Job", "shard")["spec"]["template"]["spec"]
    env = {variable["name"]: variable for variable in job["containers"][0]["env"]}
    assert env["SHARDFERRY_SOURCE_URL_FILE"]["value"] == "/etc/shardferry/urls/source-url"
    assert "SHARDFERRY_SOURCE_URL" not in env
    [urls] = [volume["projected"] for volume in job["volumes"] if volume["name"] == "urls"]
    assert urls["sources"][1]["secret"] == {"name": "pg-app", "items": [{"key": "uri", "path": "target-url"}]}
    for name, key in (("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "key"), ("AWS_SESSION_TOKEN", "token")):
        assert env[name]["valueFrom"]["secretKeyRef"] == {"name": "s3-keys", "key": key}
    assert env["OTEL_EXPORTER_OTLP_HEADERS"]["valueFrom"]["secretKeyRef"] == {"name": "otlp", "key": "headers"}
    assert env["OTEL_RESOURCE_ATTRIBUTES"]["value"] == "deployment.environment.name=test,team=data"
    job = of(render("--values", full, "--set", "secretsAs=env"), "Job", "shard")["spec"]["template"]["spec"]
    env = {variable["name"]: variable for variable in job["containers"][0]["env"]}
    assert env["SHARDFERRY_TARGET_URL"]["valueFrom"]["secretKeyRef"] == {"name": "pg-app", "key": "uri"}
    assert all(volume["name"] != "urls" for volume in job["volumes"])


def test_a_job_that_must_change_gets_another_name_and_one_that_may_does_not() -> None:
    def name(*sets: str, component: str = "shard") -> str:
        given = [argument for one in sets for argument in ("--set", one)]
        return of(render(*LEAST, *given), "Job", component)["metadata"]["name"]

    first = name()
    assert re.fullmatch(r"load-shardferry-[0-9a-f]{8}", first) and first == name()
    may_change = ["parallelism=3", "suspend=true", "job.activeDeadlineSeconds=60", "job.ttlSecondsAfterFinished=60"]
    assert {name(change) for change in may_change} == {first}
    must = ["shards=3", "runId=b", "image.tag=x", "config.jobs=3", "rerun=2", "finish=none", "job.backoffLimitPerIndex=1",
            "resources.limits.memory=256Mi", "podLabels.a=b"]
    assert len({first, *map(name, must)}) == len(must) + 1
    # shards too, for the plan prints their ranges.
    assert name("parallelism=3", component="plan") == name(component="plan") != name("shards=3", component="plan")


def test_names_leave_room_for_index_and_time() -> None:
    kinds = set()
    for values in MATRIX:
        for obj in render("--values", values, release="a-release-name-that-is-as-long-as-helm-allows-53-char"):
            kinds.add(obj["kind"])
            if obj["kind"] == "Job":
                last = obj["spec"].get("completions", 100_000) - 1
                assert len(f"{obj['metadata']['name']}-{last}") <= 63
            if obj["kind"] == "CronJob":
                assert len(obj["metadata"]["name"]) <= 52
    assert kinds >= {"Job", "CronJob"}


def test_labels_of_the_user_do_not_take_pods_out_of_their_selectors() -> None:
    objects = render("--values", ROOT / "tests" / "deploy" / "helm" / "full.yaml")
    labels = of(objects, "Job", "shard")["spec"]["template"]["metadata"]["labels"]
    assert labels["team"] == "data" and labels["app.kubernetes.io/component"] == "shard"
    for selector in (of(objects, "PodDisruptionBudget")["spec"]["selector"], of(objects, "NetworkPolicy")["spec"]["podSelector"]):
        assert selector["matchLabels"].items() <= labels.items()
    test = of(objects, "Pod")["metadata"]
    assert test["labels"]["team"] == "data" and test["labels"]["app.kubernetes.io/component"] == "test", "a mesh must be off there too"
    assert test["annotations"]["sidecar.istio.io/inject"] == "false" and test["annotations"]["helm.sh/hook"] == "test"
    spread = of(objects, "Job", "shard")["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert spread[0]["labelSelector"]["matchLabels"].items() <= labels.items()
    assert spread[1]["labelSelector"] == {"matchLabels": {"own": "selector"}}
    budget = of(objects, "PodDisruptionBudget")["spec"]
    assert budget["minAvailable"] == 4 and "maxUnavailable" not in budget


def test_the_network_policy_lets_out_what_is_needed_and_nothing_in() -> None:
    def spec(name: str) -> dict:
        return of(render("--values", ROOT / "tests" / "deploy" / "helm" / f"{name}.yaml"), "NetworkPolicy")["spec"]

    full = spec("full")
    assert full["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in full, "the API server drops an empty list, and a diff would never be clean"
    ports = [[(port["protocol"], port["port"]) for port in rule["ports"]] for rule in full["egress"]]
    assert ports == [[("UDP", 53), ("TCP", 53)], [("TCP", 1433), ("TCP", 1434)], [("TCP", 5432)], [("TCP", 9000)],
                     [("TCP", 4318)], [("UDP", 1434)]]
    assert full["egress"][3]["to"] == [{"ipBlock": {"cidr": "10.1.0.0/16"}}, {"ipBlock": {"cidr": "fd00::/8"}}]
    identity = spec("pod-identity")["egress"]
    assert identity[-1] == {"ports": [{"protocol": "TCP", "port": 80}], "to": [{"ipBlock": {"cidr": "169.254.170.23/32"}}]}
    assert len(spec("schedule")["egress"]) == 4, "no OTLP without an endpoint"


def test_metrics_are_scraped_from_the_port_that_the_pods_serve() -> None:
    objects = render("--values", ROOT / "tests" / "deploy" / "helm" / "metrics.yaml", "--set", "metrics.port=9100")
    pod = of(objects, "Job", "shard")["spec"]["template"]
    container = pod["spec"]["containers"][0]
    assert container["ports"] == [{"name": "metrics", "containerPort": 9100, "protocol": "TCP"}]
    variables = {variable["name"]: variable.get("value") for variable in container["env"]}
    assert variables["SHARDFERRY_METRICS_ADDRESS"] == "[::]:9100"
    monitor = of(objects, "PodMonitor")
    assert monitor["metadata"]["labels"]["release"] == "kube-prometheus-stack"
    assert monitor["spec"]["podMetricsEndpoints"] == [{"port": "metrics", "path": "/metrics", "interval": "15s"}]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    assert of(objects, "NetworkPolicy")["spec"]["ingress"] == [{
        "ports": [{"protocol": "TCP", "port": 9100}],
        "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]}]
    plain = render(*LEAST)
    assert not [obj for obj in plain if obj["kind"] in MONITORING]
    assert "ports" not in of(plain, "Job", "shard")["spec"]["template"]["spec"]["containers"][0]


def test_every_alert_says_what_happened_and_asks_only_for_this_namespace() -> None:
    rule = of(render("--values", ROOT / "tests" / "deploy" / "helm" / "metrics.yaml"), "PrometheusRule")
    alerts = {alert["alert"]: alert for alert in rule["spec"]["groups"][0]["rules"]}
    assert set(alerts) == {"ShardferryTableFailed", "ShardferryNothingCommitted", "ShardferryManyRetries", "ShardferryJobFailed"}
    for alert in alerts.values():
        series = re.findall(r"\b((?:shardferry|kube)_[a-z_]+)\{([^}]*)\}", alert["expr"])
        assert series and all('namespace="data"' in labels for _, labels in series), alert["expr"]
        assert alert["labels"] == {"severity": "page"}
        assert "{{ $labels." in alert["annotations"]["summary"] and alert["annotations"]["description"].endswith(".")
    assert alerts["ShardferryNothingCommitted"]["for"] == "1h"


def test_a_hook_brings_what_its_pod_needs() -> None:
    objects = render("--values", ROOT / "tests" / "deploy" / "helm" / "hook.yaml")
    plan = of(objects, "Job", "plan")
    assert plan["metadata"]["name"] == "load-shardferry-plan" and plan["spec"]["suspend"] is False
    assert plan["spec"]["ttlSecondsAfterFinished"] == 86400, "no uninstall removes a hook"
    assert plan["metadata"]["annotations"]["helm.sh/hook-output-log-policy"] == "hook-failed"
    assert "ttlSecondsAfterFinished" not in of(render(*LEAST), "Job", "plan")["spec"]
    hooks = {(obj["kind"], obj["metadata"]["name"]): obj["metadata"]["annotations"] for obj in objects
             if "pre-install,pre-upgrade" == obj["metadata"].get("annotations", {}).get("helm.sh/hook")}
    assert {kind for kind, _ in hooks} == {"ConfigMap", "ServiceAccount", "NetworkPolicy", "Job"}
    for (kind, _), annotations in hooks.items():
        assert int(annotations["helm.sh/hook-weight"]) == (0 if kind == "Job" else -10)
    spec = plan["spec"]["template"]["spec"]
    assert ("ServiceAccount", spec["serviceAccountName"]) in hooks
    [config] = [volume["configMap"]["name"] for volume in spec["volumes"] if volume["name"] == "config"]
    assert ("ConfigMap", config) in hooks
    assert hooks["ServiceAccount", "load-shardferry-plan"]["eks.amazonaws.com/role-arn"]


def test_one_command_removes_what_an_uninstall_leaves() -> None:
    """Hooks are not part of a release: the pod of `helm test`, the plan Job of plan.mode hook."""
    objects = render("--values", ROOT / "tests" / "deploy" / "helm" / "hook.yaml")
    left = [obj for obj in objects if "before-hook-creation" == obj["metadata"].get("annotations", {}).get("helm.sh/hook-delete-policy")]
    assert sorted(obj["kind"] for obj in left) == ["Job", "Pod"]
    assert all(obj["metadata"]["labels"]["app.kubernetes.io/instance"] == "load" for obj in left)
    assert "kubectl delete pod,job -l app.kubernetes.io/instance=load" in (ROOT / "docs" / "how-to" / "kubernetes.md").read_text()


def test_each_firing_of_a_schedule_is_a_load_of_its_own() -> None:
    cron = of(render("--values", ROOT / "tests" / "deploy" / "helm" / "schedule.yaml"), "CronJob")["spec"]
    assert (cron["schedule"], cron["timeZone"], cron["concurrencyPolicy"]) == ("30 2 * * 1-5", "Europe/Zurich", "Forbid")
    assert (cron["startingDeadlineSeconds"], cron["successfulJobsHistoryLimit"], cron["failedJobsHistoryLimit"]) == (600, 1, 3)
    job = cron["jobTemplate"]["spec"]
    assert (job["completionMode"], job["completions"], job["parallelism"], job["activeDeadlineSeconds"]) == ("Indexed", 6, 3, 18000)
    for container in [*job["template"]["spec"]["initContainers"], *job["template"]["spec"]["containers"]]:
        [run_id] = [variable for variable in container["env"] if variable["name"] == "SHARDFERRY_RUN_ID"]
        assert run_id["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.labels['batch.kubernetes.io/job-name']"


def on_existing(*arguments: str) -> set[str | None]:
    """SHARDFERRY_ON_EXISTING of all pods that copy."""
    found = set()
    for obj in render(*LEAST, *arguments):
        if obj["kind"] in ("Job", "CronJob"):
            for container in [*kube.pod_template(obj).get("initContainers", []), *kube.pod_template(obj)["containers"]]:
                found.add(next((v["value"] for v in container["env"] if v["name"] == "SHARDFERRY_ON_EXISTING"), None))
    return found


def test_only_loads_that_are_repeated_empty_the_rows_of_others() -> None:
    schedule = ("--set", "mode=schedule,schedule.cron=@daily")
    assert on_existing() == {None} and on_existing("--set", "finish=none") == {None}
    assert on_existing(*schedule) == {"replace"} == on_existing(*schedule, "--set", "finish=none")
    assert on_existing(*schedule, "--set", "onExisting=error") == {"error"}
    assert on_existing("--set", "onExisting=replace") == {"replace"}
    assert on_existing(*schedule, "--set", "config.no-truncate=true") == {None}, "the two refuse each other"


# --- values that are wrong -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("major", HELMS)
@pytest.mark.parametrize(("wrong", "said"), [
    (["--set", "checkpoint.url="], "checkpoint.url is required"),
    (["--set", "shards=0"], r"shards.*(Must be greater than or equal to 1|minimum: got 0, want 1)"),
    (["--set-string", "shards=20"], r"shards.*(Expected: integer, given: string|got string, want integer)"),
    (["--set", "shardCount=20"], "shardCount.*not allowed"),
    (["--set", "image.tga=1"], "tga.*not allowed"),
    (["--set", "image.tag=1"], r"image.tag.*(given: integer|got number, want string)"),
    (["--set", "parallelism=21"], "parallelism 21 is more than shards 20"),
    (["--set", "checkpoint.url=bucket/prefix"], "checkpoint.url.*s3://"),
    (["--set", "checkpoint.url=s3://key:word@bucket/prefix"], "checkpoint.url.*s3://"),
    (["--set", "runId=.hidden"], r"runId.*pattern"),
    (["--set", "runId=a b"], r"runId.*pattern"),
    (["--set-string", "runId=" + "r" * 101], r"runId.*pattern"),
    (["--set", "mode=cron"], r"mode.*(must be one of|one of 'job', 'schedule')"),
    (["--set", "mode=schedule"], "mode schedule needs schedule.cron"),
    (["--set", "schedule.cron=0 2 * * *"], "mode is job"),
    (["--set", "mode=schedule,schedule.cron=0 2 * *"], r"schedule.cron.*pattern"),
    (["--set", "mode=schedule,schedule.cron=TZ=UTC 0 2 * * *"], r"schedule.cron.*pattern"),
    (["--set-string", "resources.limits.memory=512"], r"resources.limits.memory.*pattern"),
    (["--set", "resources.limits.memory=null"], r"resources.limits.*memory"),
    (["--set", "terminationGracePeriodSeconds=5"], r"terminationGracePeriodSeconds.*10"),
    (["--set", "s3.secret.name=keys", "--set", r"serviceAccount.annotations.eks\.amazonaws\.com/role-arn=arn"], "choose one"),
    (["--set", "s3.endpoint=http://key:word@minio"], r"s3.endpoint.*pattern"),
    (["--set", "config.source-url=mssql://u:p@h/d"], "config.source-url would put a password into a ConfigMap"),
    (["--set", "config.run-id=b"], "config.run-id"),
    (["--set", "config.jobs.a=1"], r"config.jobs"),
    (["--set", "config.on-existing=replace"], "say it in onExisting"),
    (["--set", "onExisting=truncate"], r"onExisting"),
    (["--set", "config.metrics-address=:9464"], "say it in metrics.enabled and metrics.port"),
    (["--set", "metrics.podMonitor.enabled=true"], "need metrics.enabled: true"),
    (["--set", "metrics.port=80"], r"metrics.port.*1,?024"),
    (["--set", "metrics.prometheusRule.nothingCommittedFor=30"], r"nothingCommittedFor.*string"),
    (["--set", "extraEnv[0].name=SHARDFERRY_TARGET_URL,extraEnv[0].value=postgres://u:p@h/d"], "SHARDFERRY_TARGET_URL holds a secret by value"),
    (["--set", "externalSecret.enabled=true"], "externalSecret.enabled needs externalSecret.secretStoreRef.name"),
    (["--set", "extraEnv[0].name=POD_NAME,extraEnv[0].value=x"], "extraEnv POD_NAME: the chart sets it already"),
    (["--set", "config.pod-name=x"], "config.pod-name"),
    (["--set", "externalSecret.enabled=true,externalSecret.secretStoreRef.name=v"], "externalSecret.data has no source-url"),
    (["--set", "source.secret.name=Not_A_Name"], r"source.secret.name.*pattern"),
    (["--set", "serviceAccount.create=false"], "name the ServiceAccount in serviceAccount.name"),
    (["--set", "podDisruptionBudget.minAvailable=50%"], r"minAvailable.*integer"),
    (["--set", "networkPolicy.source.cidrs={10.0.0.1}"], r"cidrs.*pattern"),
    (["--set", "networkPolicy.target.ports={70000}"], r"ports.*65,?535"),
    (["--set", "image.digest=latest"], r"image.digest.*pattern"),
    (["--set", "otlp.protocol=grpc"], r"otlp.*protocol"),
    (["--set", "caBundle.configMap=a,caBundle.secret=b"], "choose one"),
    (["--set", "job.maxFailedIndexes=30"], "more than shards"),
])
def test_a_wrong_value_is_refused_with_its_name(major: int, wrong: list[str], said: str) -> None:
    done = helm(major, "template", "load", CHART, *LEAST, *wrong)
    assert done.returncode != 0, "accepted"
    # Helm 4 writes a place as /a/b, Helm 3 as a.b.
    shown = re.sub(r"at '/([^']*)'", lambda place: place[1].replace("/", "."), done.stderr)
    assert re.search(said, shown), done.stderr


def test_a_parent_chart_may_have_conditions_and_globals() -> None:
    render(*LEAST, "--set", "global.region=x,enabled=true")


@pytest.mark.parametrize("major", HELMS)
def test_the_chart_can_be_packaged(major: int, tmp_path: pathlib.Path) -> None:
    done = helm(major, "package", CHART, "--destination", tmp_path)
    assert done.returncode == 0, done.stderr
    [archive] = tmp_path.iterdir()
    packed = helm(major, "template", "load", archive, *LEAST, "--namespace", "data")
    assert pods.load_all(packed.stdout) == render(*LEAST)


# --- the pods, run ---------------------------------------------------------------------------------------------------

def values_of(world: World, folder: pathlib.Path, **more: object) -> pathlib.Path:
    """A values file for the servers of this world."""
    world.secrets["shardferry"] = pods.secrets_of(world)
    values = {"checkpoint": {"url": world.env["SHARDFERRY_CHECKPOINT"]}, "shards": 3, "runId": "chart-1",
              "s3": {"region": world.env["AWS_REGION"], "endpoint": world.env["AWS_ENDPOINT_URL_S3"], "secret": {"name": "shardferry"}}} | more
    path = folder / "values.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def rendered(world: World, folder: pathlib.Path, **more: object) -> list[dict]:
    objects = render("--values", values_of(world, folder, **more))
    pods.take_config_maps(world, objects)
    text = yaml.safe_dump_all(objects)
    for key in ("source-url", "target-url", "secret-access-key"):
        assert world.secrets["shardferry"][key] not in text, f"{key} by value"
    return objects


def codes(dones: list[Done]) -> list[int]:
    return [done.code for done in dones]


def test_plan_job_then_each_shard_then_the_test_pod(world: World, tmp_path: pathlib.Path) -> None:
    objects = rendered(world, tmp_path)
    test = {"metadata": of(objects, "Pod")["metadata"], "spec": {"template": of(objects, "Pod")}}
    before = pods.run_pod(world, test)
    assert before.code == 2 and "plan_missing" in before.stderr
    planned = pods.run_pod(world, of(objects, "Job", "plan"))
    assert planned.code == 0 and planned.result["command"] == "schema", planned.stderr
    assert pods.run_pod(world, test, attempt=2).code == 5, "not completed yet"
    for index in range(3):
        done = pods.run_pod(world, of(objects, "Job", "shard"), index)
        assert done.code == 0 and done.result["tables_processed"] > 0, done.stderr
        assert done.result["run_id"] == "chart-1" and done.result["pod"].endswith(f"-{index}-0")
    world.assert_equal()
    after = pods.run_pod(world, test, attempt=1)
    assert after.code == 0 and "12 completed" in after.stdout and "Finish: completed" in after.stdout, after.stdout


def test_the_test_pod_fails_while_a_table_has_failed(world: World, tmp_path: pathlib.Path) -> None:
    objects = rendered(world, tmp_path, shards=1)
    test = {"metadata": of(objects, "Pod")["metadata"], "spec": {"template": of(objects, "Pod")}}
    world.sql('CREATE SCHEMA sales; CREATE TABLE sales.session (in_the_way integer)')
    assert pods.run_pod(world, of(objects, "Job", "shard"), 0).code == 3
    failed = pods.run_pod(world, test)
    assert failed.code == 3 and "11 completed" in failed.stdout, failed.stdout


@pytest.mark.parametrize("plan", ["hook", "none"])
def test_out_of_order_and_again_with_mounted_secrets(world: World, tmp_path: pathlib.Path, plan: str) -> None:
    objects = rendered(world, tmp_path, plan={"mode": plan}, secretsAs="files", config={"jobs": 1, "chunk-size": "16KiB", "schema-map": ["dbo=dbo"]})
    job = of(objects, "Job", "shard")
    if plan == "hook":
        assert pods.run_pod(world, of(objects, "Job", "plan")).code == 0
    assert codes([pods.run_pod(world, job, index) for index in (2, 0, 1)]) == [0, 0, 0]
    world.assert_equal()
    again = pods.run_pod(world, job, 2, attempt=1)
    assert again.code == 0 and again.result["tables_processed"] == 0 and again.result["tables_skipped"] > 0


def test_all_pods_at_once_with_the_plan_job(world: World, tmp_path: pathlib.Path) -> None:
    """The shards do not wait for the plan Job: neither may fail because of the other."""
    objects = rendered(world, tmp_path)
    shard, plan = of(objects, "Job", "shard"), of(objects, "Job", "plan")
    dones = pods.run_together(world, [(shard, 0), (plan, None), (shard, 1), (shard, 2)])
    assert codes(dones) == [0, 0, 0, 0], [done.stderr[-600:] for done in dones]
    world.assert_equal()
    assert "Finish: completed" in world.shardferry(["status"], world.env | {"SHARDFERRY_RUN_ID": "chart-1"}).stdout


def test_an_upgrade_in_mid_run_goes_on_with_other_shards(world: World, tmp_path: pathlib.Path) -> None:
    old = of(rendered(world, tmp_path), "Job", "shard")
    first = pods.run_pod(world, old, 0)
    new = of(rendered(world, tmp_path, shards=5, config={"jobs": 1}), "Job", "shard")
    assert new["metadata"]["name"] != old["metadata"]["name"]
    dones = pods.run_together(world, [(new, index) for index in range(5)])
    assert codes([first, *dones]) == [0] * 6, [done.stderr[-600:] for done in dones]
    assert first.result["tables_processed"] + sum(done.result["tables_processed"] for done in dones) == 12, "none twice"
    world.assert_equal()


def test_two_firings_of_a_schedule_load_twice(world: World, tmp_path: pathlib.Path) -> None:
    objects = rendered(world, tmp_path, mode="schedule", schedule={"cron": "@daily"})
    cron = of(objects, "CronJob")
    for minute in (29_000_000, 29_001_440):
        firing = {"metadata": {"name": f"{cron['metadata']['name']}-{minute}"}, "spec": cron["spec"]["jobTemplate"]["spec"]}
        dones = pods.run_together(world, [(firing, index) for index in range(3)])
        assert codes(dones) == [0, 0, 0], [done.stderr[-600:] for done in dones]
        assert {done.result["run_id"] for done in dones} == {firing["metadata"]["name"]}
        assert sum(done.result["tables_processed"] for done in dones) == 12, "a load of its own"
        world.assert_equal()
        env = world.env | {"SHARDFERRY_RUN_ID": firing["metadata"]["name"]}
        assert "Finish: completed" in world.shardferry(["status"], env).stdout, "the keys of the load before are no hindrance"
        retried = pods.run_pod(world, firing, 1, attempt=1)
        assert retried.code == 0 and retried.result["tables_processed"] == 0, "a retry goes on with the same run"


def test_another_run_id_refuses_the_rows_of_the_first_unless_they_may_go(world: World, tmp_path: pathlib.Path) -> None:
    def load(**more: object) -> Done:
        return pods.run_pod(world, of(rendered(world, tmp_path, shards=1, **more), "Job", "shard"), 0)

    assert load().code == 0
    refused = load(runId="chart-2")
    assert refused.code == 2 and "target_has_rows" in refused.stderr, refused.stderr
    world.assert_equal()
    replaced = load(runId="chart-2", onExisting="replace")
    assert replaced.code == 0 and replaced.result["tables_processed"] == 12, replaced.stderr
    world.assert_equal()


def test_a_wrong_password_fails_its_index_at_once(world: World, tmp_path: pathlib.Path) -> None:
    objects = rendered(world, tmp_path)
    world.secrets["shardferry"]["source-url"] = world.env["SHARDFERRY_SOURCE_URL"].replace("Planted-Source-1", "Planted-Wrong-1")
    job = of(objects, "Job", "shard")
    done = pods.run_pod(world, job, 0)
    assert done.code == 2 and pods.failure_action(job["spec"]["podFailurePolicy"], done.code) == "FailIndex"
    assert "Planted" not in done.stderr + done.termination + str(done.result)


# --- its pages -------------------------------------------------------------------------------------------------------

def leaves(values: dict, path: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in values.items():
        below = f"{path}.{name}" if path else name
        found |= leaves(value, below) if isinstance(value, dict) and value else {below: value}
    return found


def test_the_readme_has_every_value_and_its_default() -> None:
    values = leaves(yaml.safe_load((CHART / "values.yaml").read_text()))
    page = dict(re.findall(r"^\| `([^`]+)` \| `([^`]*)` \|", (CHART / "README.md").read_text(), re.MULTILINE))
    assert page == {name: json.dumps(value) for name, value in values.items()}


@pytest.mark.parametrize("values", MATRIX, ids=lambda path: path.stem)
def test_the_notes_name_the_job(values: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Helm shows notes to those who have a cluster only, so here they are an object."""
    chart = shutil.copytree(CHART, tmp_path / "shardferry")
    notes = (chart / "templates" / "NOTES.txt").read_text()
    (chart / "templates" / "shown.yaml").write_text(
        '{{- define "shown" }}' + notes + '{{ end }}\nnotes: |\n  {{- include "shown" . | nindent 2 }}\n')
    done = helm(3, "template", "load", chart, "--namespace", "data", "--values", values, "--show-only", "templates/shown.yaml")
    assert done.returncode == 0, done.stderr
    notes = yaml.safe_load(done.stdout)["notes"]
    objects = render("--values", values)
    [name] = [obj["metadata"]["name"] for obj in objects if obj["kind"] in ("Job", "CronJob")
              and obj["metadata"]["labels"]["app.kubernetes.io/component"] == "shard"]
    assert f" {name}" in notes and "-n data" in notes and "failedIndexes" in notes


def test_the_schema_knows_every_value() -> None:
    """A value without a rule would be one that nothing refuses."""
    schema = json.loads((CHART / "values.schema.json").read_text())

    def check(values: dict, rules: dict, path: str) -> None:
        for name, value in values.items():
            assert name in rules.get("properties", {}), f"{path}{name}"
            if isinstance(value, dict) and rules["properties"][name].get("additionalProperties") is False:
                check(value, rules["properties"][name], f"{path}{name}.")

    check(yaml.safe_load((CHART / "values.yaml").read_text()), schema, "")
