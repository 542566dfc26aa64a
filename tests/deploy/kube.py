"""Strict checks of Kubernetes objects: the API's own schema, and what this project promises of each of its pods."""

from __future__ import annotations

import re
from collections.abc import Iterator

import kubernetes_validate

VERSION = "1.36"
#: Where a value of such a variable may only come from a Secret.
SECRET = re.compile(r"(_URL|PASSWORD|SECRET|SECRET_ACCESS_KEY|ACCESS_KEY_ID|TOKEN|OTLP_HEADERS)$")
#: Addresses that hold no secret although their name looks like it.
OPEN = {"AWS_ENDPOINT_URL_S3", "AWS_WEB_IDENTITY_TOKEN_FILE"}


def validate(obj: dict) -> None:
    """Refuses unknown fields, wrong types and missing fields of a core object; says where."""
    try:
        kubernetes_validate.validate(obj, VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        place = ".".join(str(part) for part in error.path)
        name = f"{obj.get('kind')}/{obj.get('metadata', {}).get('name')}"
        raise AssertionError(f"{name}: {place}: {error.message}") from None


def pod_template(obj: dict) -> dict | None:
    """The pod spec inside a Pod, Job or CronJob; None of another kind."""
    if obj["kind"] == "Pod":
        return obj["spec"]
    if obj["kind"] == "Job":
        return obj["spec"]["template"]["spec"]
    if obj["kind"] == "CronJob":
        return obj["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return None


def pod_errors(spec: dict) -> list[str]:
    """What of a pod spec breaks the promises of docs/how-to/kubernetes.md; empty where all are kept."""
    return list(_pod_errors(spec))


def _pod_errors(spec: dict) -> Iterator[str]:
    pod = spec.get("securityContext") or {}
    if pod.get("runAsNonRoot") is not True or pod.get("runAsUser") != 65532:
        yield "the pod does not run as user 65532"
    if (pod.get("seccompProfile") or {}).get("type") != "RuntimeDefault":
        yield "the pod has no seccomp profile RuntimeDefault"
    if spec.get("restartPolicy") != "Never":
        yield "restartPolicy is not Never: exit codes would be lost"
    if spec.get("enableServiceLinks") is not False:
        yield "enableServiceLinks is not false: services of the namespace become variables"
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        for error in container_errors(container):
            yield f"container {container['name']}: {error}"


def container_errors(container: dict) -> Iterator[str]:
    """As pod_errors, of one container."""
    context = container.get("securityContext") or {}
    if context.get("readOnlyRootFilesystem") is not True:
        yield "its root file system can be written"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "it allows privilege escalation"
    if context.get("capabilities", {}).get("drop") != ["ALL"]:
        yield "it keeps capabilities"
    resources = container.get("resources") or {}
    if "memory" not in (resources.get("limits") or {}):
        yield "it has no memory limit, from which the budget is taken"
    if not {"cpu", "memory"} <= set(resources.get("requests") or {}):
        yield "it requests no cpu or no memory"
    env = {variable["name"]: variable for variable in container.get("env", [])}
    field = env.get("POD_NAME", {}).get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
    if field != "metadata.name":
        yield "POD_NAME is not the pod's name"
    for name, variable in env.items():
        if SECRET.search(name) and name not in OPEN and "secretKeyRef" not in variable.get("valueFrom", {}):
            yield f"{name} is not taken from a Secret"
