#!/usr/bin/env python3
"""Captures the screens that the pages show from the real program, and writes them into the pages.

    cargo build -p shardferry -p mssim --bins
    tests/env/run.sh tests/docs/screens.py           # rewrites the blocks
    tests/env/run.sh tests/docs/screens.py --print   # shows them only

A block of a page is fenced and stands directly behind a line `<!-- output: NAME -->`. Its lines are the command, with `$`
before it, and what the program prints. Times, ports and folders of this machine are replaced. PROGRAMS says where the
programs are (target/debug). The migration is that of docs/start/first-migration.md: five tables of a shop, on mssim.
"""

from __future__ import annotations

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import textwrap
import time

import sales

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ.get("PROGRAMS", ROOT / "target" / "debug")).resolve()
WIDTH = 96
#: Long enough that `finish` says that it waits. A test that only wants the steps to work gives less.
SECONDS_OF_THE_LOCK = float(os.environ.get("SECONDS_OF_THE_LOCK", "12"))
BLOCK = re.compile(r"(<!-- output: ([\w-]+) -->\n```\w*\n)(.*?)(^```$)", re.MULTILINE | re.DOTALL)

PAGE = ROOT / "docs" / "start" / "first-migration.md"
#: The file `sales.yaml` as the page makes it in its step "Decide", and as it is at last.
FIRST_CONFIG, LAST_CONFIG = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)


class World:
    """A source, a target, and a folder for the checkpoints."""

    def __init__(self, work: pathlib.Path) -> None:
        self.work = work
        self.screens: dict[str, str] = {}
        admin = os.environ["SHARDFERRY_TEST_PG_URL"]
        self.target = admin.rsplit("/", 1)[0] + "/screens"
        self.sql(admin, "DROP DATABASE IF EXISTS screens")
        self.sql(admin, "CREATE DATABASE screens")
        (work / "sales.sql").write_text(sales.script())
        (work / "sales.yaml").write_text(FIRST_CONFIG)
        ready = work / "ready"
        self.mssim = subprocess.Popen(
            [PROGRAMS / "mssim", "serve", "--port", "0", "--load", work / "sales.sql", "--database", "Sales", "--password",
             "pw", "--ready-file", ready], stdout=subprocess.DEVNULL)
        self.wait(lambda: ready.exists() and ready.read_text().strip(), "mssim")
        port = re.findall(r"\d+$", ready.read_text().strip())[0]
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("SHARDFERRY_")} | {
            "SHARDFERRY_SOURCE_URL": f"mssql://sa:pw@127.0.0.1:{port}/Sales?encrypt=off",
            "SHARDFERRY_TARGET_URL": self.target, "SHARDFERRY_CHECKPOINT": f"file://{work}/checkpoints",
            "SHARDFERRY_RUN_ID": "first", "SHARDFERRY_LOG_FORMAT": "text",
            "SHARDFERRY_CLAIM_TIMEOUT": "2s", "COLUMNS": "80", "POD_NAME": "pod-1"}

    @staticmethod
    def sql(url: str, statement: str) -> str:
        return subprocess.run(["psql", "-XqAt", url, "-c", statement], check=True, text=True, capture_output=True).stdout.strip()

    @staticmethod
    def wait(condition, what: str) -> None:
        ends = time.monotonic() + 60
        while not condition():
            if time.monotonic() > ends:
                sys.exit(f"{what} did not come in a minute")
            time.sleep(0.02)

    def start(self, command: str, **env: str) -> subprocess.Popen:
        words = shlex.split(command)
        assert words[0] == "shardferry", command
        # Tests build the one with failpoints only; it does nothing else otherwise.
        program = next(path for name in ("shardferry", "shardferry-with-failpoints") if (path := PROGRAMS / name).exists())
        return subprocess.Popen([program, *words[1:]], cwd=self.work, env=self.env | env, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def end(self, name: str, command: str, process: subprocess.Popen, code: int) -> None:
        text, _ = process.communicate(timeout=120)
        if process.returncode != code:
            sys.exit(f"{command} ended with {process.returncode}, not with {code}:\n{text}")
        self.screens[name] = f"$ {command}\n{self.shown(text)}"

    def screen(self, name: str, command: str, code: int = 0, **env: str) -> None:
        self.end(name, command, self.start(command, **env), code)

    def psql(self, name: str, url_name: str, statement: str) -> None:
        done = subprocess.run(["psql", "-X", self.target, "-c", statement], check=True, text=True, capture_output=True)
        broken = statement.replace(" FROM ", "\n    FROM ", 1).replace(" WHERE ", "\n    WHERE ", 1)
        self.screens[name] = f'$ psql "${url_name}" -c "{broken}"\n{self.shown(done.stdout)}'

    def shown(self, text: str) -> str:
        """As a reader's terminal shows it, without what belongs to this machine."""
        text = re.sub(r"\x1b\[[0-9;]*m", "", text).replace("MSSIM", "SQL1").replace("/screens", "/sales")
        text = text.replace(str(self.work), "/var/lib/shardferry")
        text = re.sub(r"\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)\.\d+Z", r"2026-12-01T\1Z", text)
        text = re.sub(r"\d{4}-\d\d-\d\d (\d\d:\d\d:\d\d)Z", r"2026-12-01 \1Z", text)
        lines = []
        for line in text.rstrip("\n").replace("\\n", "\n").split("\n"):
            indent = re.match(r" *", line)[0] + "    "
            folded = len(line) > WIDTH
            lines += textwrap.wrap(line, WIDTH, subsequent_indent=indent, drop_whitespace=True, break_on_hyphens=False,
                                   break_long_words=False, replace_whitespace=False) if folded else [line.rstrip()]
        return "\n".join(lines) + "\n"


def migrate(world: World) -> None:
    """The steps of the first migration, in its order."""
    world.screen("assess", "shardferry plan --dry-run")
    # For the front page: without what is lossy and changed.
    head = re.split(r"(?m)^(?=Lossy|Changed|Estimate)", world.screens["assess"])[0]
    world.screens["assess-short"] = f"{head}…\n"
    world.screen("plan-refused", "shardferry plan", 3)
    world.screen("plan", "shardferry plan --config sales.yaml --shards 2")
    # Pod 2 is killed when its largest table has a chunk.
    slow = world.start("shardferry run --shard 2/2", POD_NAME="pod-2",
                       SHARDFERRY_MAX_ROWS_PER_SECOND="3000", SHARDFERRY_CHUNK_SIZE="64KiB", SHARDFERRY_JOBS="1")
    world.wait(lambda: world.sql(world.target, "SELECT count(*) FROM shardferry.chunk WHERE committed_at IS NOT NULL AND"
                                 " table_index = 4") not in ("", "0") if world.sql(
                                     world.target, "SELECT to_regclass('shardferry.chunk')") else False, "a chunk")
    slow.kill()
    slow.communicate()
    time.sleep(3)  # longer than the claim timeout
    world.screen("status-dead-pod", "shardferry status")
    world.screen("run-1", "shardferry run --shard 1/2", 3)
    world.screen("status-failed", "shardferry status")
    world.screen("run-2-again", "shardferry run --shard 2/2", POD_NAME="pod-2")
    world.screen("replan", "shardferry replan --table dbo.Notes --policy nul=strip")
    world.screen("sync", "shardferry sync")
    # finish waits for a lock: an application has an open transaction on a table.
    holder = subprocess.Popen(["psql", "-Xq", world.target], stdin=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL)
    holder.stdin.write("SET application_name = 'shop'; BEGIN; UPDATE dbo.orders SET state = state WHERE id = 1;\n")
    holder.stdin.flush()
    locked = "SELECT count(*) FROM pg_locks WHERE relation = 'dbo.orders'::regclass AND mode = 'RowExclusiveLock'"
    world.wait(lambda: world.sql(world.target, locked) != "0", "the lock")
    finishing = world.start("shardferry finish")
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name LIKE 'shardferry%'"
    world.wait(lambda: world.sql(world.target, waiting) != "0", "the waiting")
    world.psql("waiting-for-a-lock", "SHARDFERRY_TARGET_URL", "SELECT w.pid, b.pid AS blocked_by, b.application_name, b.state"
               " FROM pg_stat_activity w, pg_stat_activity b WHERE b.pid = ANY (pg_blocking_pids(w.pid))")
    time.sleep(SECONDS_OF_THE_LOCK)
    holder.communicate("COMMIT;\n")
    world.end("finish", "shardferry finish", finishing, 0)
    world.screen("status-completed", "shardferry status")
    world.screen("status-exit-code", "shardferry status --exit-code")
    world.screen("finish-again", "shardferry finish")
    world.psql("count", "SHARDFERRY_TARGET_URL", "SELECT count(*), sum(quantity), sum(price) FROM dbo.orderlines")
    (world.work / "sales.yaml").write_text(LAST_CONFIG)
    world.screen("second-run", "shardferry run --run-id final --config sales.yaml", 2)
    # What the page says of grants and of the cut-over, tried and not shown.
    grants = re.search(r"```sql\n(GRANT USAGE ON SCHEMA.*?)```", PAGE.read_text(), re.DOTALL)[1]
    world.sql(world.target, f"DO $$ BEGIN CREATE ROLE shop_app; EXCEPTION WHEN duplicate_object THEN NULL; END $$; {grants}")
    world.screen("final-run", "shardferry run --run-id final --config sales.yaml --on-existing replace")
    left = world.sql(world.target, "SET ROLE shop_app; UPDATE dbo.orders SET state = 'x' WHERE id = 1; SELECT count(*) FROM dbo.orders")
    if left != "20000":
        sys.exit(f"shop_app sees {left} orders")
    world.sql(world.target, "DROP OWNED BY shop_app; DROP ROLE shop_app")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="shardferry-screens.") as folder:
        world = World(pathlib.Path(folder))
        try:
            migrate(world)
        finally:
            world.mssim.kill()
            world.mssim.wait()
    if "--print" in sys.argv:
        for name, text in world.screens.items():
            print(f"--- {name}\n{text}")
        return
    used: set[str] = set()
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        def block(match: re.Match[str]) -> str:
            used.add(match[2])
            return match[1] + world.screens[match[2]] + match[4]

        text = page.read_text()
        new = BLOCK.sub(block, text)
        if new != text:
            page.write_text(new)
            print(f"changed {page.relative_to(ROOT)}")
    print(f"{len(used)} screens in the pages; not used: {', '.join(sorted(set(world.screens) - used)) or 'none'}")


if __name__ == "__main__":
    main()
