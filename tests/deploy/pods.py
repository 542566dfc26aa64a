"""Runs the containers of a rendered pod with the real program, as the kubelet would: init containers in order, then the container."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import yaml
from conftest import Done, World

PROGRAM = "ghcr.io/shardferry/shardferry"


def run_pod(world: World, job: dict, index: int | None = None, attempt: int = 0) -> Done:
    """One pod of a Job (an object with the spec of one): what its last container that ran came to."""
    template = job["spec"]["template"]
    pod = f"{job['metadata']['name']}-{'x' if index is None else index}-{attempt}"
    own = dataclasses.replace(world, folder=world.folder / pod, calls=0)
    own.folder.mkdir()
    labels = template["metadata"].get("labels", {}) | {"batch.kubernetes.io/job-name": job["metadata"]["name"]}
    fields = {f"metadata.labels['{name}']": value for name, value in labels.items()} | {"metadata.name": pod}
    volumes = dict(_volumes(own, template["spec"]))
    done = None
    for container in [*template["spec"].get("initContainers", []), *template["spec"]["containers"]]:
        assert container["image"].startswith(PROGRAM) and "command" not in container
        env = own.pod_env(container["env"], fields)
        if index is not None:
            env["JOB_COMPLETION_INDEX"] = str(index)
        # Of the machine that tests, not of the pod: nothing may ask a cloud for credentials.
        env["AWS_EC2_METADATA_DISABLED"] = "true"
        files = {mount["mountPath"]: str(volumes[mount["name"]]) for mount in container["volumeMounts"]}
        done = own.shardferry(container["args"], env, {path: files[path] for path in files if path != "/tmp"})
        if done.code != 0:
            break
    assert done is not None
    return done


def _volumes(world: World, spec: dict) -> Iterator[tuple[str, pathlib.Path]]:
    """The pod's volumes as folders."""
    for volume in spec.get("volumes", []):
        folder = world.folder / "volumes" / volume["name"]
        folder.mkdir(parents=True)
        if "configMap" in volume:
            for name, text in world.config_maps[volume["configMap"]["name"]].items():
                (folder / name).write_text(text)
        for source in volume.get("projected", {}).get("sources", []):
            for item in source["secret"]["items"]:
                (folder / item["path"]).write_text(world.secrets[source["secret"]["name"]][item["key"]])
        yield volume["name"], folder


def run_together(world: World, jobs: list[tuple[dict, int | None]]) -> list[Done]:
    """Several pods at once."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(lambda pod: run_pod(world, *pod), jobs))


def secrets_of(world: World) -> dict[str, str]:
    """The keys of the Secret `shardferry` with the addresses of this world."""
    # With the line end that `kubectl create secret --from-file` takes along.
    return {"source-url": world.env["SHARDFERRY_SOURCE_URL"] + "\n", "target-url": world.env["SHARDFERRY_TARGET_URL"] + "\n",
            "access-key-id": world.env["AWS_ACCESS_KEY_ID"], "secret-access-key": world.env["AWS_SECRET_ACCESS_KEY"]}


def take_config_maps(world: World, objects: list[dict]) -> None:
    """Makes the ConfigMaps among the objects those of the world."""
    for obj in objects:
        if obj["kind"] == "ConfigMap":
            world.config_maps[obj["metadata"]["name"]] = obj["data"]


def failure_action(policy: dict, code: int, disrupted: bool = False, container: str = "shardferry") -> str:
    """What the Job controller does with a pod that ended with this code: the first rule that fits, else Count."""
    for rule in policy["rules"]:
        codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions", [])
        assert bool(codes) != bool(conditions), "the API wants one of both"
        if codes and codes["containerName"] == container and codes["operator"] == "In" and code in codes["values"]:
            return rule["action"]
        if disrupted and any(c == {"type": "DisruptionTarget", "status": "True"} for c in conditions):
            return rule["action"]
    return "Count"


def rerun_codes(page: pathlib.Path) -> dict[int, str]:
    """Exit code -> `rerun?`, from the first table of docs/reference/exit-codes.md."""
    rows = re.findall(r"^\| ([0-9 /]+) \| [^|]+ \| ([^|]+) \|$", page.read_text(), re.MULTILINE)
    codes = {int(code): rerun for several, rerun in rows for code in several.split("/")}
    assert {0, 1, 2, 3, 4, 5, 6, 130, 143} <= set(codes)
    return codes


def load_all(text: str) -> list[dict]:
    return [obj for obj in yaml.safe_load_all(text) if obj]
