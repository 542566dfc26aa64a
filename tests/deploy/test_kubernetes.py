"""The plain manifests: rendered by kubectl kustomize, valid, hardened, and their pods run against real servers."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess

import kube
import pods
import pytest
import yaml
from conftest import ROOT, World

FOLDER = ROOT / "deploy" / "kubernetes"
KUBECTL = ROOT / "target" / "test-tools" / "helm-4" / "kubectl"


def build(folder: pathlib.Path) -> list[dict]:
    done = subprocess.run([KUBECTL, "kustomize", folder], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return pods.load_all(done.stdout)


def named(objects: list[dict], kind: str, name: str) -> dict:
    [found] = [obj for obj in objects if obj["kind"] == kind and obj["metadata"]["name"] == name]
    return found


@pytest.mark.parametrize("place", ["base", "overlays/example"])
def test_every_object_is_valid_and_every_pod_hardened(place: str) -> None:
    objects = build(FOLDER / place)
    kinds = sorted(obj["kind"] for obj in objects)
    more = ["NetworkPolicy"] if place != "base" else []
    assert kinds == sorted(["ConfigMap", "CronJob", "Job", "Job", "ServiceAccount", *more]), "and no Secret"
    assert "annotations" not in named(objects, "ServiceAccount", "shardferry")["metadata"], "a role that is not there would be every pod's"
    pods_of = [obj["kind"] for obj in objects if kube.pod_template(obj)]
    assert sorted(pods_of) == ["CronJob", "Job", "Job"]
    for obj in objects:
        kube.validate(obj)
        spec = kube.pod_template(obj)
        if spec:
            assert kube.pod_errors(spec) == [], obj["metadata"]["name"]
            assert spec["serviceAccountName"] == named(objects, "ServiceAccount", "shardferry")["metadata"]["name"]


def test_the_example_of_a_secret_holds_none() -> None:
    secret = yaml.safe_load((FOLDER / "secret.example.yaml").read_text())
    kube.validate(secret)
    assert all("PASSWORD" in url for url in secret["stringData"].values())
    used = {variable["valueFrom"]["secretKeyRef"]["key"] for obj in build(FOLDER / "base") if kube.pod_template(obj)
            for container in kube.pod_template(obj)["containers"] for variable in container["env"]
            if "secretKeyRef" in variable.get("valueFrom", {})}
    assert set(secret["stringData"]) == {key for key in used if key.endswith("-url")}


@pytest.mark.parametrize("place", ["base", "overlays/example"])
def test_the_jobs_say_what_the_exit_code_table_says(place: str) -> None:
    objects = build(FOLDER / place)
    shards, plan = named(objects, "Job", "shardferry")["spec"], named(objects, "Job", "shardferry-plan")["spec"]
    for code, rerun in pods.rerun_codes(ROOT / "docs" / "reference" / "exit-codes.md").items():
        again = rerun in ("yes", "later")
        if code != 0:
            assert pods.failure_action(shards["podFailurePolicy"], code) == ("Count" if again else "FailIndex"), code
            for container in ("plan", "shardferry"):
                assert pods.failure_action(plan["podFailurePolicy"], code, container=container) == ("Count" if again else "FailJob")
    assert pods.failure_action(shards["podFailurePolicy"], 143, disrupted=True) == "Ignore"
    assert pods.failure_action(shards["podFailurePolicy"], 3, disrupted=True) == "FailIndex"
    assert shards["completionMode"] == "Indexed" and shards["backoffLimitPerIndex"] == 6 and "backoffLimit" not in shards


@pytest.mark.parametrize("place", ["base", "overlays/example"])
def test_numbers_that_belong_together(place: str) -> None:
    """More completions than the pods are told would leave the last tables uncopied, and nobody would see it."""
    objects = build(FOLDER / place)
    job = named(objects, "Job", "shardferry")["spec"]
    env = {variable["name"]: variable for variable in job["template"]["spec"]["containers"][0]["env"]}
    assert env["SHARDFERRY_SHARD_COUNT"]["value"] == str(job["completions"]) and job["parallelism"] <= job["completions"]
    assert job["completions"] == (20 if place == "base" else 6)
    grace = int(env["SHARDFERRY_GRACE_PERIOD"]["value"].removesuffix("s"))
    assert grace == job["template"]["spec"]["terminationGracePeriodSeconds"] - 5
    selector = [obj for obj in objects if obj["kind"] == "NetworkPolicy"]
    if selector:
        assert "ingress" not in selector[0]["spec"] and "Ingress" in selector[0]["spec"]["policyTypes"], "a diff that is clean"
        labels = selector[0]["spec"]["podSelector"]["matchLabels"]
        assert labels.items() <= job["template"]["metadata"]["labels"].items()


def overlay(world: World, folder: pathlib.Path, shards: int) -> list[dict]:
    """The example, changed as its comments say, for the servers of this world."""
    tree = shutil.copytree(FOLDER, folder / "kubernetes")
    file = tree / "overlays" / "example" / "kustomization.yaml"
    text = file.read_text()
    for old, new in (("checkpoint=s3://example-bucket/shardferry", f"checkpoint={world.env['SHARDFERRY_CHECKPOINT']}"),
                     ("region=eu-central-1", f"region={world.env['AWS_REGION']}\n      - endpoint={world.env['AWS_ENDPOINT_URL_S3']}"),
                     ("path: /spec/completions, value: 6", f"path: /spec/completions, value: {shards}")):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file.write_text(text)
    objects = build(tree / "overlays" / "example")
    world.secrets["shardferry"] = pods.secrets_of(world)
    pods.take_config_maps(world, objects)
    return objects


def test_plan_shards_out_of_order_status(world: World, tmp_path: pathlib.Path) -> None:
    objects = overlay(world, tmp_path, 4)
    assert pods.run_pod(world, named(objects, "Job", "shardferry-plan")).code == 0
    job = named(objects, "Job", "shardferry")
    for index in (3, 0, 2, 1):
        done = pods.run_pod(world, job, index)
        assert done.code == 0 and done.result["run_id"] == "sales-1", done.stderr
    world.assert_equal()
    cron = named(objects, "CronJob", "shardferry-status")
    assert cron["spec"]["suspend"] is True
    status = pods.run_pod(world, {"metadata": {"name": "status-1"}, "spec": cron["spec"]["jobTemplate"]["spec"]})
    assert status.code == 0 and "12 completed" in status.stdout and "Finish: completed" in status.stdout, status.stdout


def test_all_at_once(world: World, tmp_path: pathlib.Path) -> None:
    objects = overlay(world, tmp_path, 3)
    job, plan = named(objects, "Job", "shardferry"), named(objects, "Job", "shardferry-plan")
    dones = pods.run_together(world, [(job, 0), (job, 1), (plan, None), (job, 2)])
    assert [done.code for done in dones] == [0, 0, 0, 0], [done.stderr[-600:] for done in dones]
    world.assert_equal()


PAGES = [*(ROOT / "docs" / "how-to" / f"{name}.md" for name in ("kubernetes", "airflow", "argo")),
         FOLDER / "README.md",
         ROOT / "deploy" / "compose" / "README.md", ROOT / "helm" / "shardferry" / "README.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: pathlib.Path) -> None:
    def anchors(text: str) -> set[str]:
        return {re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-") for title in re.findall(r"(?m)^#+ (.*)$", text)}

    links = re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", page.read_text())
    assert links
    for path, anchor in links:
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target.read_text()), f"{path}#{anchor}"
