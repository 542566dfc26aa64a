"""That everything in a WorkflowTemplate refers to something that is there: what no published validator checks as a whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from argo.pods import TAG

#: Variables of Argo that deploy/argo may use anywhere.
GLOBALS = {"workflow.name", "workflow.namespace", "workflow.uid", "workflow.status", "workflow.failures"}


def errors(template: dict) -> list[str]:
    """What of a WorkflowTemplate refers to nothing; empty where all is well."""
    return list(_errors(template["spec"]))


def _errors(spec: dict) -> Iterator[str]:
    templates = {template["name"]: template for template in spec["templates"]}
    if len(templates) != len(spec["templates"]):
        yield "two templates have one name"
    for role in ("entrypoint", "onExit"):
        if role in spec and spec[role] not in templates:
            yield f"{role} {spec[role]} is no template"
    parameters = {parameter["name"] for parameter in spec["arguments"]["parameters"]}
    known = GLOBALS | {f"workflow.parameters.{name}" for name in parameters}
    outside = {key: value for key, value in spec.items() if key not in ("templates", "templateDefaults")}
    yield from _unknown("spec", outside, known)
    defaults = spec.get("templateDefaults", {})
    yield from _unknown("templateDefaults", defaults, known)
    volumes = {volume["name"] for volume in spec.get("volumes", [])}
    for mount in defaults.get("container", {}).get("volumeMounts", []):
        if mount["name"] not in volumes:
            yield f"templateDefaults: no volume {mount['name']}"
    used = {spec["entrypoint"], spec.get("onExit")}
    for name, template in templates.items():
        inputs = {f"inputs.parameters.{parameter}" for parameter in _names(template.get("inputs"))}
        if "dag" in template:
            yield from _dag(name, template["dag"]["tasks"], templates, known | inputs)
            used |= {task.get("template") for task in template["dag"]["tasks"]}
        else:
            yield from _unknown(name, template, known | inputs)
    yield from (f"template {name} is never used" for name in templates if name not in used)


def _dag(dag: str, tasks: list[dict], templates: dict[str, dict], known: set[str]) -> Iterator[str]:
    by_name = {task["name"]: task for task in tasks}
    for task in tasks:
        place = f"{dag}.{task['name']}"
        called = templates.get(task["template"])
        if called is None:
            yield f"{place}: template {task['template']} does not exist"
            continue
        ancestors = set(_ancestors(task, by_name))
        for missing in ancestors - set(by_name):
            yield f"{place}: depends on {missing}, which does not exist"
        if task["name"] in ancestors:
            yield f"{place}: depends on itself"
        given = _names(task.get("arguments"))
        needed = {parameter["name"] for parameter in called.get("inputs", {}).get("parameters", [])
                  if not {"value", "default"} & set(parameter)}
        yield from (f"{place}: argument {name} is not given" for name in needed - given)
        yield from (f"{place}: {task['template']} takes no {name}" for name in given - _names(called.get("inputs")))
        outputs = {f"tasks.{name}.outputs.parameters.{output}" for name in ancestors & set(by_name)
                   for output in _names(templates.get(by_name[name]["template"], {}).get("outputs"))}
        outputs |= {f"tasks.{name}.exitCode" for name in ancestors & set(by_name)
                    if "container" in templates.get(by_name[name]["template"], {})}
        item = {"item"} if {"withParam", "withItems"} & set(task) else set()
        yield from _unknown(place, task, known | outputs | item)


def _names(part: dict | None) -> set[str]:
    return {parameter["name"] for parameter in (part or {}).get("parameters", [])}


def _ancestors(task: dict, by_name: dict[str, dict], seen: frozenset[str] = frozenset()) -> Iterator[str]:
    for name in re.findall(r"[\w-]+", re.sub(r"\.\w+", "", task.get("depends", ""))):
        if name not in seen:
            yield name
            yield from _ancestors(by_name.get(name, {}), by_name, seen | {name})


def _unknown(place: str, part: Any, known: set[str]) -> Iterator[str]:
    for tag in TAG.findall(json.dumps(part)):
        paths = [tag]
        if tag.startswith("="):
            found = re.findall(r"\b(?:workflow|inputs|tasks|item)(?:\.[\w-]+|\['[^']+'\])*", tag)
            paths = [re.sub(r"\['([^']+)'\]", r".\1", path) for path in found]
        yield from (f"{place}: {{{{{path}}}}} refers to nothing" for path in paths if path not in known)


def caller_errors(spec: dict, template: dict) -> list[str]:
    """What of a Workflow's spec does not fit the template that it refers to."""
    found = []
    if spec["workflowTemplateRef"]["name"] != template["metadata"]["name"]:
        found.append(f"template {spec['workflowTemplateRef']['name']} does not exist")
    parameters = template["spec"]["arguments"]["parameters"]
    given = _names(spec.get("arguments"))
    found += [f"parameter {name} does not exist" for name in sorted(given - {parameter["name"] for parameter in parameters})]
    found += [f"parameter {parameter['name']} is not given" for parameter in parameters
              if "value" not in parameter and parameter["name"] not in given]
    return found
