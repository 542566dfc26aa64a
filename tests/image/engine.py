"""Containers of shardferry as a careful operator would start them, and what can be seen of them from outside."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

DOCKER = os.environ.get("DOCKER", "docker")
IMAGE = "shardferry:latest"
MEMORY = 128 * 1024 * 1024
HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "65532",
            "--memory", "128m", "--memory-swap", "128m")


def docker(*arguments: str, env: Mapping[str, str] | None = None, stdin: bytes | None = None, cwd: Path | None = None,
           check: bool = True) -> bytes:
    done = subprocess.run([DOCKER, *arguments], env={**os.environ, **(env or {})}, input=stdin, cwd=cwd,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=900)
    if check and done.returncode:
        raise AssertionError(f"docker {arguments[0]} ended with {done.returncode}: {done.stderr.decode()[-3000:]}")
    return done.stdout


def inspect(name: str) -> dict:
    return json.loads(docker("inspect", name))[0]


@dataclass
class Seen:
    """What was seen of a container's process while it ran."""

    arguments: bytes = b""
    environment: bytes = b""
    peak: int = 0


@dataclass
class Container:
    name: str
    pid: int
    seen: Seen = field(default_factory=Seen)
    watcher: threading.Thread | None = None

    def watch(self) -> None:
        """Notes the process's arguments, environment and peak of resident memory until it is gone."""
        proc = Path("/proc") / str(self.pid)
        while True:
            try:
                status = (proc / "status").read_text(encoding="utf-8")
                arguments = (proc / "cmdline").read_bytes()
                environment = (proc / "environ").read_bytes()
            except OSError:
                return
            peak = [line for line in status.splitlines() if line.startswith("VmHWM")]
            if not peak:
                return
            # Before its exec, the process is still runc.
            if arguments.startswith(b"/usr/local/bin/shardferry"):
                self.seen = Seen(arguments, environment, max(self.seen.peak, int(peak[0].split()[1]) * 1024))
            time.sleep(0.02)

    def running(self) -> bool:
        return inspect(self.name)["State"]["Running"]

    def wait(self) -> int:
        return int(docker("wait", self.name))

    def stdout(self) -> str:
        return docker("logs", self.name).decode()

    def logs(self) -> str:
        done = subprocess.run([DOCKER, "logs", self.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
        return done.stdout.decode(errors="replace")

    def oom_killed(self) -> bool:
        return inspect(self.name)["State"]["OOMKilled"]


def start(test: str, name: str, arguments: Sequence[str], env: Mapping[str, str], volumes: Sequence[str]) -> Container:
    """Starts a hardened container on the bridge. Values of the environment do not pass through docker's arguments."""
    variables = [part for key in env for part in ("--env", key)]
    mounts = [part for volume in volumes for part in ("--volume", volume)]
    full = f"{test}-{name}"
    docker("run", "--detach", "--name", full, "--label", f"org.shardferry.test={test}", "--network", test, *HARDENED,
           *variables, *mounts, IMAGE, *arguments, env=env)
    container = Container(full, inspect(full)["State"]["Pid"])
    container.watcher = threading.Thread(target=container.watch, daemon=True)
    container.watcher.start()
    return container
