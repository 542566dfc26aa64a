"""The Helm chart: rendered by Helm 3 and 4, valid, hardened, refusing wrong values, and its pods run against real servers."""

from __future__ import annotations

import pathlib
import subprocess

import kube
import pytest
import yaml
from conftest import ROOT

CHART = ROOT / "helm" / "shardferry"
MATRIX = sorted((ROOT / "tests" / "deploy" / "helm").glob("*.yaml"))
HELMS = {major: ROOT / "target" / "test-tools" / f"helm-{major}" / "helm" for major in (3, 4)}
#: Custom resources: what may be in their spec, for there is no schema of them here.
EXTERNAL_SECRET = {"refreshInterval", "secretStoreRef", "target", "data"}


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
