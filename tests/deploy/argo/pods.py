"""What Argo's controller makes of a container template: templateDefaults merged, parameters put in, the pod around it.

As workflow/controller/operator.go and workflowpod.go do it, for what deploy/argo uses; an expression or a tag that is not
known here is an error, never left as it stands.
"""

from __future__ import annotations

import copy
import re
from typing import Any

import yaml

#: The key by which Kubernetes merges a list of objects (strategic merge); other lists are replaced.
MERGED_BY = {"env": "name", "volumeMounts": "mountPath", "volumes": "name", "containers": "name",
             "topologySpreadConstraints": "topologyKey"}
TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
Scope = dict[str, str]


class Unresolved(AssertionError):
    """A tag of which nothing is known."""


def substitute(value: Any, scope: Scope) -> Any:
    """Every tag in every string below, replaced; `{{a.b}}` by the scope, `{{=expression}}` by its value."""
    if isinstance(value, dict):
        return {key: substitute(item, scope) for key, item in value.items()}
    if isinstance(value, list):
        return [substitute(item, scope) for item in value]
    return TAG.sub(lambda tag: _resolve(tag[1], scope), value) if isinstance(value, str) else value


def _resolve(tag: str, scope: Scope) -> str:
    if tag.startswith("="):
        return str(evaluate(tag[1:], scope))
    if tag not in scope:
        raise Unresolved(f"{{{{{tag}}}}} is not known")
    return scope[tag]


def evaluate(expression: str, scope: Scope) -> Any:
    """An expression of expr-lang, for the part of the language that deploy/argo uses: names with dots or ['…'], strings,
    integers, + == in && || ( ), slices, cond ? a : b, asInt and replace."""
    ternary = re.fullmatch(r"(.+?)\s\?\s(.+?)\s:\s(.+)", expression.strip(), re.DOTALL)
    if ternary:
        return evaluate(ternary[2] if evaluate(ternary[1], scope) else ternary[3], scope)
    names: dict[str, Any] = {}

    def name(match: re.Match) -> str:
        path = re.sub(r"\['([^']+)'\]", r".\1", match[0])
        if path not in scope:
            raise Unresolved(f"{path} is not known in {expression}")
        names[f"n{len(names)}"] = scope[path]
        return f"n{len(names) - 1}"

    text = re.sub(r"(?:workflow|lastRetry|inputs)(?:\.\w+|\['[^']+'\])+", name, expression)
    text = text.replace("&&", " and ").replace("||", " or ").replace("\n", " ").strip()
    words = set(re.findall(r"[A-Za-z_]\w*", re.sub(r"'[^']*'", "''", text)))
    unknown = words - set(names) - {"and", "or", "in", "asInt", "replace"}
    assert not unknown and not re.search(r"[^\w\s'\"\[\](),.:+=-]", re.sub(r"'[^']*'", "''", text)), f"not understood: {expression}"
    functions = {"asInt": int, "replace": lambda text, old, new: text.replace(old, new), "__builtins__": {}}
    return eval(text, functions, names)


def merge(default: Any, own: Any, key: str = "") -> Any:
    """A strategic merge: `own` over `default`; both are left as they are."""
    if isinstance(default, dict) and isinstance(own, dict):
        merged = copy.deepcopy(default)
        for name, value in own.items():
            merged[name] = merge(default[name], value, name) if name in default else copy.deepcopy(value)
        return merged
    if isinstance(default, list) and isinstance(own, list) and key in MERGED_BY:
        by = MERGED_BY[key]
        mine = {item[by]: item for item in own}
        merged = [merge(item, mine.pop(item[by])) if item[by] in mine else copy.deepcopy(item) for item in default]
        return merged + [copy.deepcopy(item) for item in own if item[by] in mine]
    return copy.deepcopy(own)


def template(spec: dict, name: str) -> dict:
    """A template with the defaults of the workflow; these give a DAG no container."""
    own = next(template for template in spec["templates"] if template["name"] == name)
    merged = merge(spec.get("templateDefaults", {}), own)
    if "container" not in own:
        merged.pop("container", None)
    return merged


def pod(spec: dict, name: str, scope: Scope, pod_name: str = "pod-0") -> dict:
    """The Pod of a container template, without Argo's own containers: those are configured in the controller."""
    own = template(spec, name)
    main = substitute(own["container"], scope) | {"name": "main"}
    mounted = {mount["name"] for mount in main.get("volumeMounts", [])}
    volumes = [volume for volume in spec.get("volumes", []) if volume["name"] in mounted]
    assert {volume["name"] for volume in volumes} == mounted, f"{name}: a volume is mounted that does not exist"
    metadata = spec.get("podMetadata", {})
    labels = {"workflows.argoproj.io/workflow": scope["workflow.name"]} | metadata.get("labels", {})
    pod_spec = {
        "restartPolicy": "Never",
        "serviceAccountName": spec["serviceAccountName"],
        "securityContext": spec["securityContext"],
        "activeDeadlineSeconds": spec["activeDeadlineSeconds"],
        "volumes": volumes,
        "containers": [main],
    }
    for patch in (spec.get("podSpecPatch"), own.get("podSpecPatch")):
        pod_spec = merge(pod_spec, yaml.safe_load(substitute(patch, scope))) if patch else pod_spec
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod_name, "labels": labels}, "spec": pod_spec}
