"""A Kubernetes API of one process, for Airflow to start pods in: what it is sent is checked strictly, what a pod's container
would run is run with the real shardferry. Speaks as much of the API as KubernetesPodOperator uses, exec by websocket too,
and allows only what the rules in deploy/airflow grant."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
import sys
import threading
import time
import urllib.parse
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import kube
import yaml
from conftest import ROOT, World

SIDECAR = "airflow-xcom-sidecar"
EMPTY = "__airflow_xcom_result_empty__"
#: An end of a pod that has no exit code: its node is gone, and the pod with it.
LOST = "lost"
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PATH = re.compile(r"/api/v1/namespaces/(?P<namespace>[^/]+)/(?P<kind>pods|secrets|events)(?:/(?P<name>[^/]+))?(?:/(?P<sub>log|exec))?$")


class Cluster:
    """Pods and Secrets, and what happened to them."""

    def __init__(self, world: World) -> None:
        self.world = world
        #: Every pod that was created, as it was sent.
        self.created: list[dict] = []
        self.problems: list[str] = []
        #: Secrets that were made, as sent, and the names of those that are there.
        self.secrets_made: list[dict] = []
        self.own_secrets: set[str] = set()
        self.owner: dict[str, str] = {}
        #: What shardferry said in each run: (arguments, exit code, result).
        self.runs: list[tuple[list[str], int | str, dict | None]] = []
        #: Exit codes that the first shards end with, one after the other, before they are run for real …
        self.planned_faults: list[list[int | str]] = []
        #: … and which shard, by its range, got which of them.
        self.faults: dict[str, list[int | str]] = {}
        self.left: dict[str, list[int | str]] = {}
        #: What is done just before a command is run for real: its name -> functions, one for each time.
        self.before: dict[str, list[Callable[[], None]]] = {}
        #: How many labels are lost on their way: those that a worker would have set, had it not been killed.
        self.lost_labels = 0
        #: Exit codes of commands that are run for real, in place of their own.
        self.instead: dict[str, int] = {}
        self.pods: dict[str, dict] = {}
        self.deleted: list[str] = []
        self.logs: dict[str, str] = {}
        self.results: dict[str, dict | None] = {}
        self.lock = threading.RLock()
        self.allowed: set[tuple[str, str]] = set()
        self.grant("rbac.yaml")
        self.server = _Server(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def grant(self, file: str) -> None:
        """Allows what this file of deploy/airflow does."""
        rules = next(o for o in yaml.safe_load_all((ROOT / "deploy/airflow" / file).read_text()) if o["kind"] == "Role")["rules"]
        self.allowed |= {(kind, verb) for rule in rules for kind in rule["resources"] for verb in rule["verbs"]}

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def kubeconfig(self) -> dict:
        return {"apiVersion": "v1", "kind": "Config", "current-context": "c",
                "clusters": [{"name": "c", "cluster": {"server": self.url}}],
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "tests"}}],
                "users": [{"name": "u", "user": {"token": "none"}}]}

    # ---- pods

    def create_pod(self, pod: dict, namespace: str) -> dict:
        kube.validate(pod)
        self.problems += pod_problems(pod)
        with self.lock:
            name = pod["metadata"]["name"]
            assert name not in self.pods, f"pod {name} is there already"
            self.created.append(copy.deepcopy(pod))
            pod["metadata"] |= {"namespace": namespace, "uid": str(uuid.uuid4()), "creationTimestamp": "2026-01-01T00:00:00Z"}
            pod["status"] = {"phase": "Pending"}
            self.pods[name] = pod
        threading.Thread(target=self._run, args=(pod,), daemon=True).start()
        return pod

    def _run(self, pod: dict) -> None:
        name = pod["metadata"]["name"]
        try:
            base = next(c for c in pod["spec"]["containers"] if c["name"] == "base")
            code = self._end(pod, base)
        except Exception as error:  # noqa: BLE001: shown by the test
            self.problems.append(f"{name}: {error!r}")
            code = 1
        with self.lock:
            if code == LOST:
                self.delete_pod(name)
                return
            state = {"exitCode": code, "reason": "Completed" if code == 0 else "Error", "message": self.logs.get(name, "")[-200:]}
            others = [c["name"] for c in pod["spec"]["containers"] if c["name"] != "base"]
            pod["status"] = {
                "phase": "Running" if others else _phase(code),
                "containerStatuses": [_status("base", {"terminated": state}), *(_status(n, {"running": {}}) for n in others)],
            }

    def _end(self, pod: dict, base: dict) -> int | str:
        name, args = pod["metadata"]["name"], base["args"]
        with self.lock:
            if args[0] == "sync" and args[-1] not in self.faults:
                self.faults[args[-1]] = self.planned_faults.pop(0) if self.planned_faults else []
                self.left[args[-1]] = list(self.faults[args[-1]])
        key = args[-1] if args[0] == "sync" else args[0]
        if self.left.get(key):
            code = self.left[key].pop(0)
            self.runs.append((args, code, None))
            self.results[name] = {"exit_code": code}
            return code
        if self.before.get(args[0]):
            self.before[args[0]].pop(0)()
        fields = {"metadata.name": name, "metadata.namespace": pod["metadata"]["namespace"], "metadata.uid": pod["metadata"]["uid"]}
        done = self.world.shardferry(args, self.world.pod_env(base["env"], fields), self._files(pod, base))
        self.logs[name], self.results[name] = done.stderr, done.result
        code = self.instead.pop(args[0], done.code)
        self.runs.append((args, code, done.result))
        return code

    def _files(self, pod: dict, base: dict) -> dict[str, str]:
        """The mounted ConfigMaps, as folders: path in the container -> path of this machine."""
        maps = {v["name"]: self.world.config_maps[v["configMap"]["name"]] for v in pod["spec"].get("volumes", []) if "configMap" in v}
        files = {}
        for mount in base.get("volumeMounts", []):
            if mount["name"] in maps:
                folder = self.world.folder / "mounted" / pod["metadata"]["name"]
                folder.mkdir(parents=True)
                for name, text in maps[mount["name"]].items():
                    (folder / name).write_text(text)
                files[mount["mountPath"]] = str(folder)
        return files

    def kill_sidecar(self, name: str) -> None:
        with self.lock:
            pod = self.pods[name]
            statuses = {s["name"]: s for s in pod["status"]["containerStatuses"]}
            statuses[SIDECAR]["state"] = {"terminated": {"exitCode": 0}}
            pod["status"]["phase"] = _phase(statuses["base"]["state"]["terminated"]["exitCode"])

    def label_pod(self, name: str, body: dict) -> dict:
        if self.lost_labels:
            self.lost_labels -= 1
        else:
            self.pods[name]["metadata"]["labels"] |= body["metadata"]["labels"]
        return self.pods[name]

    def delete_pod(self, name: str) -> dict:
        with self.lock:
            pod = self.pods.pop(name)
            self.deleted.append(name)
            for secret in [s for s in self.own_secrets if self.owner.get(s) == pod["metadata"]["uid"]]:
                self.delete_secret(secret)
            return pod

    # ---- Secrets

    def create_secret(self, secret: dict) -> dict:
        kube.validate(secret)
        name = secret["metadata"]["name"]
        with self.lock:
            self.secrets_made.append(copy.deepcopy(secret))
            self.own_secrets.add(name)
            self.world.secrets[name] = secret["stringData"]
        return {"apiVersion": "v1", "kind": "Secret", "metadata": secret["metadata"]}

    def own(self, name: str, body: dict) -> dict:
        (reference,) = body["metadata"]["ownerReferences"]
        with self.lock:
            assert self.pods[reference["name"]]["metadata"]["uid"] == reference["uid"], reference
            self.owner[name] = reference["uid"]
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}

    def delete_secret(self, name: str) -> dict:
        with self.lock:
            self.own_secrets.discard(name)
            del self.world.secrets[name]
        return {"apiVersion": "v1", "kind": "Status", "status": "Success"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that goes away while it is answered is no error: Airflow ends a watch like that."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*_)


def pod_problems(pod: dict) -> list[str]:
    """What breaks the rules of every pod; the sidecar runs no shardferry, so it needs no name."""
    spec = copy.deepcopy(pod["spec"])
    sidecars = [c for c in spec["containers"] if c["name"] == SIDECAR]
    spec["containers"] = [c for c in spec["containers"] if c["name"] != SIDECAR]
    errors = kube.pod_errors(spec)
    for sidecar in sidecars:
        errors += [f"sidecar: {e}" for e in kube.container_errors(sidecar) if "POD_NAME" not in e]
    return [f"{pod['metadata']['name']}: {error}" for error in errors]


def _phase(code: int | str) -> str:
    return "Succeeded" if code == 0 else "Failed"


def _status(name: str, state: dict) -> dict:
    return {"name": name, "image": "i", "imageID": "i", "ready": False, "restartCount": 0, "state": state}


def _handler(cluster: Cluster) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def handle_one(self) -> None:
            url = urllib.parse.urlsplit(self.path)
            query = dict(urllib.parse.parse_qsl(url.query))
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found = PATH.match(url.path)
            try:
                if not found:
                    raise _Refused(404, f"no such path: {url.path}")
                self.dispatch(found, query, json.loads(body) if body else {})
            except _Refused as refused:
                self.answer({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": refused.text,
                             "code": refused.code}, refused.code)
            except ConnectionError:
                raise
            except Exception as error:  # noqa: BLE001: what was sent is wrong, or this file; the test shows it
                cluster.problems.append(repr(error))
                self.answer({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": repr(error), "code": 422}, 422)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_one

        def dispatch(self, found: re.Match[str], query: dict[str, str], body: dict) -> None:
            kind, name, sub = found["kind"], found["name"], found["sub"]
            verb = _verb(self.command, name, query)
            if (f"{kind}/{sub}" if sub else kind, verb) not in cluster.allowed:
                cluster.problems.append(f"rbac.yaml does not allow to {verb} {kind}/{sub or ''}")
                raise _Refused(403, f"not allowed: {verb} {kind}/{sub or ''}")
            if name and kind == "pods" and name not in cluster.pods:
                raise _Refused(404, f"pods {name} not found")
            if sub == "exec":
                self.exec(name, urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)["command"])
            elif sub == "log":
                self.answer(cluster.logs.get(name, ""))
            else:
                self.answer(self.object(kind, verb, name, found["namespace"], query, body))

        def object(self, kind: str, verb: str, name: str | None, namespace: str, query: dict[str, str], body: dict) -> dict:
            actions: dict[tuple[str, str], Callable[[], dict]] = {
                ("pods", "create"): lambda: cluster.create_pod(body, namespace),
                ("pods", "get"): lambda: cluster.pods[name],
                ("pods", "delete"): lambda: cluster.delete_pod(name),
                ("pods", "patch"): lambda: cluster.label_pod(name, body),
                ("pods", "list"): lambda: _list("PodList", [p for p in cluster.pods.values() if _selected(p, query)]),
                ("events", "list"): lambda: _list("EventList", []),
                ("events", "watch"): lambda: time.sleep(0.1) or _list("EventList", []),
                ("secrets", "create"): lambda: cluster.create_secret(body),
                ("secrets", "patch"): lambda: cluster.own(name, body),
                ("secrets", "delete"): lambda: cluster.delete_secret(name),
            }
            with cluster.lock:
                return actions[kind, verb]()

        def answer(self, what: dict | str, code: int = 200) -> None:
            text = what if isinstance(what, str) else json.dumps(what)
            self.send_response(code)
            self.send_header("Content-Type", "text/plain" if isinstance(what, str) else "application/json")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def exec(self, name: str, command: list[str]) -> None:
            accept = base64.b64encode(hashlib.sha1((self.headers["Sec-WebSocket-Key"] + GUID).encode()).digest()).decode()
            self.send_response(101)
            for header, value in (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept),
                                  ("Sec-WebSocket-Protocol", "v4.channel.k8s.io")):
                self.send_header(header, value)
            self.end_headers()
            if command == ["/bin/sh"]:
                typed = self.frame()
                if b"kill -2" not in typed:
                    cluster.problems.append(f"typed into the sidecar: {typed!r}")
                cluster.kill_sidecar(name)
            else:
                result = cluster.results.get(name)
                self.send(1, json.dumps(result) if result else EMPTY)
            self.send(3, json.dumps({"metadata": {}, "status": "Success"}))
            self.wfile.write(b"\x88\x02\x03\xe8")
            self.close_connection = True

        def frame(self) -> bytes:
            length = self.rfile.read(2)[1] & 0x7F
            if length == 126:
                length = int.from_bytes(self.rfile.read(2), "big")
            mask = self.rfile.read(4)
            return bytes(byte ^ mask[at % 4] for at, byte in enumerate(self.rfile.read(length)))

        def send(self, channel: int, text: str) -> None:
            data = bytes([channel]) + text.encode()
            head = bytes([0x82, len(data)]) if len(data) < 126 else b"\x82\x7e" + len(data).to_bytes(2, "big")
            self.wfile.write(head + data)

    return Handler


class _Refused(Exception):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


def _verb(method: str, name: str | None, query: dict[str, str]) -> str:
    if method == "GET" and not name:
        return "watch" if query.get("watch", "").lower() in ("true", "1") else "list"
    return {"GET": "get", "POST": "create", "PATCH": "patch", "DELETE": "delete"}[method]


def _list(kind: str, items: list[dict]) -> dict:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"resourceVersion": "1"}, "items": items}


def _selected(pod: dict, query: dict[str, str]) -> bool:
    labels = pod["metadata"].get("labels", {})
    for term in filter(None, query.get("labelSelector", "").split(",")):
        name, unequal, value = term.partition("!=")
        if unequal:
            fits = labels.get(name) != value
        elif term.startswith("!"):
            fits = term[1:] not in labels
        else:
            name, _, value = term.partition("=")
            fits = labels.get(name) == value
        if not fits:
            return False
    return True
