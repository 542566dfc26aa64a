"""The equipment of these tests itself: what it calls equal is equal, and what its checks refuse is wrong."""

from __future__ import annotations

import copy
import json
import pathlib

import kube
import pytest
from conftest import World


def test_a_plan_fans_out_over_its_shards_file(world: World, tmp_path: pathlib.Path) -> None:
    shards = tmp_path / "shards.json"
    planned = world.shardferry(["plan", "--shards", "40", "--shards-file", str(shards)])
    assert planned.code == 0, planned.stderr
    ranges = json.loads(shards.read_text())
    assert ranges == [shard for shard in planned.result["shards"] if shard] and len(ranges) < 40
    assert len(planned.result["shards"]) == 40 and planned.result["status"] == "completed"
    for tables in ranges:
        done = world.shardferry(["run", "--range", tables])
        assert done.code == 0, done.stderr
        assert "processed" in done.termination and len(done.termination) <= 4096
    world.assert_equal()


def test_a_missing_row_is_not_equal(world: World) -> None:
    assert world.shardferry(["plan"]).code == 0
    assert world.shardferry(["schema"]).code == 0
    with pytest.raises(AssertionError, match="DIFFERENT"):
        world.assert_equal()


POD = {
    "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
    "spec": {
        "restartPolicy": "Never", "enableServiceLinks": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{
            "name": "c", "image": "i",
            "securityContext": {"readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            "resources": {"limits": {"memory": "128Mi"}, "requests": {"cpu": "1", "memory": "128Mi"}},
            "env": [{"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                    {"name": "SHARDFERRY_TARGET_URL", "valueFrom": {"secretKeyRef": {"name": "s", "key": "target-url"}}}],
        }],
    },
}


def changed(path: list, value: object) -> dict:
    pod = copy.deepcopy(POD)
    place = pod["spec"]
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return pod


def test_a_pod_that_keeps_the_promises() -> None:
    kube.validate(POD)
    assert kube.pod_errors(POD["spec"]) == []


@pytest.mark.parametrize(("path", "value", "said"), [
    (["securityContext", "runAsUser"], 0, "65532"),
    (["securityContext", "seccompProfile"], None, "seccomp"),
    (["restartPolicy"], "OnFailure", "restartPolicy"),
    (["enableServiceLinks"], True, "enableServiceLinks"),
    (["containers", 0, "securityContext", "readOnlyRootFilesystem"], False, "root file system"),
    (["containers", 0, "securityContext", "capabilities"], {}, "capabilities"),
    (["containers", 0, "resources", "limits"], {}, "memory limit"),
    (["containers", 0, "env", 1], {"name": "SHARDFERRY_TARGET_URL", "value": "postgres://u:p@h/d"}, "Secret"),
])
def test_a_pod_that_breaks_one(path: list, value: object, said: str) -> None:
    errors = kube.pod_errors(changed(path, value)["spec"])
    assert len(errors) == 1 and said in errors[0], errors


@pytest.mark.parametrize(("path", "value"), [(["restartPolicies"], "Never"), (["activeDeadlineSeconds"], "soon")])
def test_the_schema_is_strict(path: list, value: object) -> None:
    with pytest.raises(AssertionError, match="Pod/p"):
        kube.validate(changed(path, value))
