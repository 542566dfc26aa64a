"""Runs a workflow as Argo would, with the real program: a DAG in its order, parameters fed forward, a fan-out, retries by the
template's own expression, the exit handler; and again what `argo retry` runs again.

Pods run one after the other, and a backoff does not wait.
"""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from argo import pods
from conftest import Done, World

#: Takes the name of a node and its attempt (0 is the first); an exit code ends it there, without a pod. -1: the pod was deleted.
Fault = Callable[[str, int], int | None]
#: A task, or a phase of one, in `depends`.
TERM = re.compile(r"[\w-]+(?:\.\w+)?")


@dataclass
class Node:
    """A step, or one of its fan-out."""

    phase: str
    exit_code: int = 0
    attempts: int = 0
    outputs: dict[str, str] = field(default_factory=dict)
    done: Done | None = None


def retried(strategy: dict, exit_code: int, status: str = "Failed") -> bool:
    """Whether Argo tries again after this end."""
    return bool(pods.evaluate(strategy["expression"], {"lastRetry.exitCode": str(exit_code), "lastRetry.status": status}))


@dataclass
class Workflow:
    """A workflow made of a WorkflowTemplate. `run` is a submit; `retry` is `argo retry`; the name stays."""

    spec: dict
    world: World
    name: str
    parameters: dict[str, str]
    uid: str = "0123abcd-4567-4e89-9abc-def012345678"
    nodes: dict[str, Node] = field(default_factory=dict)
    exit_node: Node | None = None
    phase: str = "Pending"
    fault: Fault = lambda node, attempt: None

    def scope(self) -> pods.Scope:
        given = {parameter["name"]: parameter.get("value") for parameter in self.spec["arguments"]["parameters"]}
        assert set(self.parameters) <= set(given), f"no such parameter: {set(self.parameters) - set(given)}"
        values = given | self.parameters
        missing = [name for name, value in values.items() if value is None]
        assert not missing, f"spec.arguments.{missing[0]}.value is required"
        return {"workflow.name": self.name, "workflow.uid": self.uid, "workflow.namespace": "tests",
                "workflow.status": self.phase} | {f"workflow.parameters.{name}": value for name, value in values.items()}

    def run(self) -> str:
        """Everything that has not succeeded yet, then the exit handler; how it ended."""
        entry = pods.template(self.spec, self.spec["entrypoint"])
        tasks = {task["name"]: task for task in entry["dag"]["tasks"]}
        assert entry["dag"].get("failFast") is False, "with failFast the other shards of a failed one would never start"
        for name in _order(tasks):
            self._task(tasks[name])
        before = {name for task in tasks.values() for name in _dependencies(task)}
        self.phase = "Failed" if any(self._branch_failed(name, tasks) for name in tasks if name not in before) else "Succeeded"
        self.exit_node = self._pod(f"{self.name}.onExit", self.spec["onExit"], {})
        # A failed exit handler makes a succeeded workflow a failed one.
        self.phase = self.phase if self.exit_node.phase == "Succeeded" else "Failed"
        return self.phase

    def retry(self) -> str:
        """As `argo retry`: what succeeded stays, the rest is run again."""
        assert self.phase == "Failed", "only a failed workflow can be retried"
        self.nodes = {name: node for name, node in self.nodes.items() if node.phase == "Succeeded"}
        return self.run()

    def _task(self, task: dict) -> None:
        name = task["name"]
        if name in self.nodes and "withParam" not in task:
            return
        if not self._depends(task):
            self.nodes[name] = Node("Omitted")
            return
        scope = self.scope() | self._outputs()
        if not _when(pods.substitute(task.get("when", ""), scope)):
            self.nodes[name] = Node("Skipped")
            return
        if "withParam" not in task:
            self.nodes[name] = self._pod(name, task["template"], _arguments(task, scope))
            return
        items = json.loads(pods.substitute(task["withParam"], scope))
        for index, item in enumerate(items):
            child = f"{name}({index}:{item})"
            if child not in self.nodes:
                self.nodes[child] = self._pod(child, task["template"], _arguments(task, scope | {"item": item}))
        phases = {self.nodes[f"{name}({index}:{item})"].phase for index, item in enumerate(items)}
        self.nodes[name] = Node("Skipped" if not items else "Failed" if phases - {"Succeeded"} else "Succeeded")

    def _branch_failed(self, name: str, tasks: dict[str, dict]) -> bool:
        """Only tasks that no other depends on count; one that was not run has the phase of those before it, the worst one."""
        if self.nodes[name].phase in ("Omitted", "Skipped"):
            return any(self._branch_failed(earlier, tasks) for earlier in _dependencies(tasks[name]))
        return self.nodes[name].phase != "Succeeded"

    def _depends(self, task: dict) -> bool:
        """Whether `depends` lets the task begin: a bare name asks for Succeeded or Skipped."""
        def holds(term: re.Match) -> str:
            name, _, phase = term[0].partition(".")
            return str(self.nodes[name].phase in ((phase,) if phase else ("Succeeded", "Skipped")))

        return _truth(TERM.sub(holds, task["depends"])) if "depends" in task else True

    def _outputs(self) -> pods.Scope:
        codes = {f"tasks.{name}.exitCode": str(node.exit_code) for name, node in self.nodes.items() if node.attempts}
        return codes | {f"tasks.{name}.outputs.parameters.{output}": value
                        for name, node in self.nodes.items() for output, value in node.outputs.items()}

    def _pod(self, name: str, template_name: str, inputs: pods.Scope) -> Node:
        """A container template, with its retries."""
        template = pods.template(self.spec, template_name)
        strategy, attempt = template["retryStrategy"], 0
        while True:
            node = self._attempt(name, attempt, template, inputs)
            node.attempts = attempt + 1
            if node.phase == "Succeeded" or attempt >= int(strategy["limit"]):
                return node
            if not retried(strategy, node.exit_code, node.phase):
                return node
            attempt += 1

    def _attempt(self, name: str, attempt: int, template: dict, inputs: pods.Scope) -> Node:
        ended = self.fault(name, attempt)
        if ended is not None:
            return Node("Error" if ended == -1 else "Failed", ended)
        scope = self.scope() | inputs
        pod_name = f"{self.name}-{name}-{attempt}"
        container = pods.pod(self.spec, template["name"], scope, pod_name)["spec"]["containers"][0]
        assert container["command"] == ["/usr/local/bin/shardferry"], container["command"]
        place = self.world.folder / f"pod-{self.world.calls}"
        place.mkdir()
        env = self.world.pod_env(container["env"], {"metadata.name": pod_name})
        declared = template.get("outputs", {}).get("parameters", [])
        paths = {output["valueFrom"]["path"] for output in declared} | {env["SHARDFERRY_RESULT_FILE"]}
        files = {path: str(place / pathlib.Path(path).name) for path in paths}
        done = self.world.shardferry(container["args"], env, files)
        node = Node("Succeeded" if done.code == 0 else "Failed", done.code % 256, done=done)
        for output in declared:
            self._output(node, output, pathlib.Path(files[output["valueFrom"]["path"]]))
        return node

    def _output(self, node: Node, output: dict, file: pathlib.Path) -> None:
        if file.exists():
            # The executor cuts one line end.
            node.outputs[output["name"]] = file.read_text().removesuffix("\n")
        elif "default" in output["valueFrom"]:
            node.outputs[output["name"]] = output["valueFrom"]["default"]
        elif node.phase == "Succeeded":
            node.phase = "Error"


def _arguments(task: dict, scope: pods.Scope) -> pods.Scope:
    parameters = task.get("arguments", {}).get("parameters", [])
    return {f"inputs.parameters.{parameter['name']}": pods.substitute(parameter["value"], scope) for parameter in parameters}


def _when(condition: str) -> bool:
    if not condition:
        return True
    words = r"[\w.-]+"
    compared = re.sub(rf"({words}) == ({words})", lambda pair: str(pair[1] == pair[2]), condition)
    return _truth(compared)


def _truth(text: str) -> bool:
    """Of True and False with && || ( )."""
    assert re.fullmatch(r"(True|False|&&|\|\||[()\s])+", text), f"not understood: {text}"
    return bool(eval(text.replace("&&", " and ").replace("||", " or "), {"__builtins__": {}}))


def _dependencies(task: dict) -> list[str]:
    return [term.partition(".")[0] for term in TERM.findall(task.get("depends", ""))]


def _order(tasks: dict[str, dict]) -> list[str]:
    """The tasks, each after those that it depends on, else the last one first: what `depends` does not say goes wrong."""
    ordered: list[str] = []
    while len(ordered) < len(tasks):
        ready = [name for name, task in tasks.items() if name not in ordered and set(_dependencies(task)) <= set(ordered)]
        assert ready, f"a circle, or a task that does not exist: {set(tasks) - set(ordered)}"
        ordered.append(ready[-1])
    return ordered
