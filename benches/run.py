#!/usr/bin/env python3
"""The benchmark of the whole program: `make bench`, `make bench-quick`. docs/background/performance.md says how to read what it prints.

  run.py --full | --quick       the tables, and everything around them; results in target/bench/results.json or quick.json
  run.py --growth               reference with 1, 10 and 50 million rows: growth.json
  run.py --instructions         instructions a row, by callgrind: instructions.json
  run.py --self-test            the arithmetic
  --only NAME[,NAME]            these tables and measures alone; they take the place of their own earlier results
  --rounds N                    medians of so many; five, or three of a quick one
  --docs                        also write the tables of docs/background/performance.md

Everything that it starts it also ends. It wants target/release: mssim, shardferry-limits; and shardferry in the profile that
SHARDFERRY_BENCH_PROFILE names: `dist` is what the container image ships, `release` (the default) is built sooner.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import measure
import report
from measure import median, row, run, said
from servers import COPY_BYTES, HTTP_REQUEST, PROGRAM, RELEASE, ROOT, Failed, Mssim, Postgres, Proxy, Scratch, Seaweed

OUT = RELEASE.parent / "bench"
# Statements at the start of each of shardferry's transactions that change what a commit costs: the raw writer sends them too.
SESSION = "SET LOCAL synchronous_commit = off"

# Rows by table; a full run, a quick one. So many that a copy takes seconds (the start of a process is measured apart), and so few
# that no chunk is cut while it is read: the raw reader could not do the same.
TABLES = {
    "reference": (2_000_000, 500_000),
    "narrow": (5_000_000, 1_000_000),
    "wide": (60_000, 0),
    "text": (400_000, 50_000),
    "lob": (1_000, 0),
    "nulls": (1_000_000, 0),
    "datetimes": (1_500_000, 0),
}
JOBS = (1, 2, 4)


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


class Ferry:
    """shardferry as a user runs it: environment and flags only."""

    def __init__(self, scratch, name, source, target, checkpoint=None, extra=None):
        self.log = scratch.folder / f"{name}.log"
        self.run_id = "bench"
        keep = {key: os.environ[key] for key in ("PATH", "TMPDIR") if key in os.environ}
        self.environment = {
            **keep,
            **(extra or {}),
            "SHARDFERRY_SOURCE_URL": source,
            "SHARDFERRY_TARGET_URL": target,
            "SHARDFERRY_CHECKPOINT": checkpoint or f"file://{scratch.folder}/checkpoints-{name}",
            "SHARDFERRY_LOG_FORMAT": "json",
            "SHARDFERRY_POD_NAME": "bench",
        }

    def __call__(self, command, *arguments, wrapper=()):
        full = [*wrapper, PROGRAM, command, "--run-id", self.run_id, *arguments]
        return run(full, environment=self.environment, log=self.log)


class Bench:
    def __init__(self, scratch, options):
        self.scratch, self.options = scratch, options
        self.rounds = options.rounds or (3 if options.quick else 5)
        self.results = []
        self.postgres = Postgres(scratch)

    def wanted(self, name):
        return not self.options.only or name in self.options.only

    def add(self, result):
        self.results.append(result)
        report.line(result)

    # One table, or all tables of a database.

    def table(self, name, rows, tls=False, jobs=JOBS, generate=None, program="shardferry"):
        """Limits and shardferry, in turn, at each number of jobs; `tiberius-rows` at one."""
        say(f"{name}{' with TLS' if tls else ''}: {rows:,} rows are made")
        generate = generate or f"{name}={rows}"
        with Mssim(self.scratch, generate, tls) as source, self.postgres.database(f"bench_{name}") as database:
            target = self.postgres.url(database)
            ferry = Ferry(self.scratch, f"{name}-{'tls' if tls else 'plain'}", source.url(), target)
            ferry("plan")
            ferry("schema")
            self.copies(name, source, database, ferry, tls, jobs)

    def copies(self, name, source, database, ferry, tls, jobs):
        folder = Path(self.scratch.folder / f"copy-{name}")
        folder.mkdir()
        selects, shapes = {}, {}
        rows = copy_bytes = 0
        for j in jobs:
            # Not timed: fills mssim's memory, and tells what shardferry asks for.
            self.prepare(database, ferry)
            seen = source.seen()
            ferry("sync", "--jobs", j)
            selects[j] = folder / f"selects-{j}"
            texts = source.bulk_since(seen)
            selects[j].write_text("".join(text + "\0" for text in texts))
            rows, copy_bytes = self.copied(database, ferry)
            shapes[j] = self.shape(database, ferry, folder)
            if j == jobs[0]:
                for entry in shapes[j]:
                    run([RELEASE / "shardferry-limits", "make", "--target-url", self.postgres.url(database), "--table",
                         entry["table"], "--file", entry["file"]])
                made = sum(os.path.getsize(entry["file"]) for entry in shapes[j])
                if made != copy_bytes:
                    say(f"note: {name}: PostgreSQL's COPY gives {made:,} bytes, shardferry sent {copy_bytes:,}")
            (folder / f"work-{j}.json").write_text(json.dumps(shapes[j]))
        runs = {j: {"read": [], "write": [], "ferry": []} for j in jobs}
        tiberius = []
        for number in range(self.rounds):
            for j in jobs:
                got = runs[j]
                turns = [
                    ("read", lambda: self.read_limit(source, selects[j], j, tls, rows)),
                    ("write", lambda: self.write_limit(database, folder / f"work-{j}.json", j, rows)),
                    ("ferry", lambda: ferry("sync", "--jobs", j)),
                ]
                # Whoever comes first finds another machine than who comes last.
                for what, measured in turns if number % 2 == 0 else reversed(turns):
                    if what != "read":
                        self.prepare(database, ferry)
                    got[what].append(measured())
            if self.yardstick(name, tls):
                self.prepare(database, ferry)
                tiberius.append(self.tiberius(source, database, shapes[1][0]["table"], selects[1], rows))
        if self.copied(database, ferry)[0] != rows and not tiberius:
            raise Failed(f"{name}: another number of rows than at first")
        for j in jobs:
            limits = (runs[j]["read"], runs[j]["write"])
            what = {"table": name, "jobs": j, "tls": tls, "program": "shardferry", "chunks": len(self.selects(selects[j]))}
            self.add(row(what, rows, copy_bytes, runs[j]["ferry"], limits))
            if j == 1 and tiberius:
                what = {**what, "program": "tiberius-rows"}
                self.add(row(what, rows, copy_bytes, tiberius, limits))
        shutil.rmtree(folder)

    def yardstick(self, name, tls):
        return not tls and name != "company" and (name == "reference" or not self.options.quick)

    @staticmethod
    def selects(file):
        return file.read_text().split("\0")[:-1]

    def prepare(self, database, ferry):
        """Forgets what was copied, and lets PostgreSQL write down what it holds: never while something is timed."""
        ferry("reset", "--yes")
        tables = self.postgres.sql(
            "SELECT string_agg(oid::regclass::text, ',') FROM pg_class WHERE relkind = 'r' AND relnamespace NOT IN "
            "(SELECT oid FROM pg_namespace WHERE nspname IN ('pg_catalog', 'information_schema', 'shardferry'))", database)
        self.postgres.sql(f"TRUNCATE {tables}", database)
        self.postgres.sql("CHECKPOINT")

    def copied(self, database, ferry):
        text = self.postgres.sql(
            f"SELECT coalesce(sum(rows), 0), coalesce(sum(bytes), 0) FROM shardferry.chunk WHERE run_id = '{ferry.run_id}' "
            "AND committed_at IS NOT NULL", database)
        rows, copy_bytes = map(int, text.split("|"))
        return rows, copy_bytes

    def shape(self, database, ferry, folder):
        """The transactions that shardferry made: tables, largest first, and the chunks of each."""
        plan = json.loads(next(Path(ferry.environment["SHARDFERRY_CHECKPOINT"].removeprefix("file://"))
                               .glob(f"{ferry.run_id}/plan.json")).read_text())
        names = {table["index"]: table["target"] for table in plan["tables"]}
        text = self.postgres.sql(
            "SELECT table_index, count(*), sum(bytes) FROM shardferry.chunk WHERE committed_at IS NOT NULL "
            "GROUP BY 1 ORDER BY 3 DESC", database)
        shape = []
        for line in text.splitlines():
            index, chunks, _ = line.split("|")
            shape.append({"table": quoted(names[int(index)]), "chunks": int(chunks), "file": str(folder / f"{index}.copy")})
        return shape

    def read_limit(self, source, selects, connections, tls, rows):
        command = [RELEASE / "shardferry-limits", "read", *source.arguments(), "--selects", selects,
                   "--connections", connections]
        command += ["--authority", source.authority] if tls else []
        got = said(run(command))
        if got["rows"] != rows:
            raise Failed(f"the raw reader counted {got['rows']} rows, not {rows}")
        return got["wall_s"]

    def write_limit(self, database, work, connections, rows):
        got = said(run([RELEASE / "shardferry-limits", "write", "--target-url", self.postgres.url(database), "--work", work,
                        "--connections", connections, "--session", SESSION]))
        if got["rows"] != rows:
            raise Failed(f"the raw writer counted {got['rows']} rows, not {rows}")
        return got["wall_s"]

    def tiberius(self, source, database, table, selects, rows):
        taken = run([RELEASE / "shardferry-limits", "tiberius-rows", *source.arguments(), "--selects", selects,
                     "--target-url", self.postgres.url(database), "--table", table, "--jobs", 1, "--session", SESSION])
        if said(taken)["rows"] != rows:
            raise Failed(f"tiberius' rows were {said(taken)['rows']}, not {rows}")
        return taken

    # What is measured around the tables.

    def company(self, tables, rows):
        self.table("company", rows, generate=f"tables={tables},rows={rows},seed=1")

    def first_row(self):
        """From the start of `sync` against a ready plan to the first byte of COPY that leaves it."""
        with Mssim(self.scratch, "narrow=1000") as source, self.postgres.database("bench_first") as database:
            proxy = Proxy(self.scratch, "127.0.0.1", self.postgres.port, COPY_BYTES)
            # Not the proxy's business: TLS.
            target = self.postgres.url(database, proxy.port) + "?sslmode=disable"
            ferry = Ferry(self.scratch, "first", source.url(), target)
            ferry("plan")
            ferry("schema")
            times, walls = [], []
            for _ in range(self.rounds + 1):
                ferry("reset", "--yes")
                proxy.reset()
                taken = ferry("sync", "--jobs", 1)
                if proxy.first is None:
                    raise Failed("no COPY went by")
                times.append(proxy.first - taken.started)
                walls.append(taken.wall)
        self.add({"measure": "start to first COPY byte", "value": round(median(times[1:]) * 1000, 1), "unit": "ms",
                  "target": 300, "whole_sync_ms": round(median(walls[1:]) * 1000, 1)})

    def small_tables(self, tables=300, rows=100):
        """A whole `run` of many small tables on one pod, checkpoints in S3."""
        seaweed = Seaweed(self.scratch)
        host, port = re.match(r"http://(.+):(\d+)$", seaweed.endpoint).groups()
        proxy = Proxy(self.scratch, host, int(port), HTTP_REQUEST)
        extra = {**seaweed.environment, "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{proxy.port}"}
        with Mssim(self.scratch, f"plain={tables}x{rows}") as source:
            taken, counts, kinds, phases = [], [], {}, {}
            # The first one fills mssim's memory.
            for n in range(self.rounds + 1):
                with self.postgres.database("bench_small") as database:
                    checkpoint = f"s3://{seaweed.bucket}/small-{n}"
                    ferry = Ferry(self.scratch, "small", source.url(), self.postgres.url(database), checkpoint, extra)
                    self.postgres.sql("CHECKPOINT")
                    proxy.reset()
                    one = ferry("run")
                    if n:
                        taken.append(one)
                        counts.append(proxy.count)
                        kinds = dict(proxy.kinds)
                    copied, _ = self.copied(database, ferry)
                    if copied != tables * rows:
                        raise Failed(f"{copied} rows were copied, not {tables * rows}")
            plans = []
            with self.postgres.database("bench_small"):
                for n in range(self.rounds):
                    ferry.environment["SHARDFERRY_CHECKPOINT"] = f"s3://{seaweed.bucket}/small-plan-{n}"
                    plans.append(ferry("plan"))
        common = {"tables": tables, "rows": tables * rows}
        self.add({"measure": f"run of {tables} tables x {rows} rows", "value": round(median([t.wall for t in taken]), 2),
                  "unit": "s", "target": 20, "peak_rss_mib": round(max(t.rss_mib for t in taken), 1), **common})
        self.add({"measure": f"S3 requests a table, run of {tables} tables", "value": round(median(counts) / tables, 2),
                  "unit": "", "target": 6, "requests": int(median(counts)), "by_method": kinds, **common})
        self.add({"measure": f"plan of {tables} tables", "value": round(median([t.wall for t in plans]), 2), "unit": "s",
                  "target": 2, "peak_rss_mib": round(max(t.rss_mib for t in plans), 1), **common})

    def many_tables(self, tables=10_000):
        """`plan`, `schema` and `status` of very many tables, checkpoints in S3."""
        seaweed = Seaweed(self.scratch)
        extra = {**seaweed.environment, "AWS_ENDPOINT_URL_S3": seaweed.endpoint}
        say(f"{tables:,} tables are made")
        with Mssim(self.scratch, f"plain={tables}x0") as source, self.postgres.database("bench_many") as database:
            ferry = Ferry(self.scratch, "many", source.url(), self.postgres.url(database),
                          f"s3://{seaweed.bucket}/many-0", extra)
            cold = ferry("plan")
            ferry.environment["SHARDFERRY_CHECKPOINT"] = f"s3://{seaweed.bucket}/many-1"
            warm = ferry("plan")
            self.add({"measure": f"plan of {tables} tables", "value": round(warm.wall, 2), "unit": "s", "target": 20,
                      "peak_rss_mib": round(warm.rss_mib, 1), "with_the_test_servers_own_work_s": round(cold.wall, 2)})
            self.add({"measure": f"peak memory, plan of {tables} tables", "value": round(max(cold.rss_mib, warm.rss_mib), 1),
                      "unit": "MiB", "target": 128})
            schema = ferry("schema")
            self.add({"measure": f"schema of {tables} tables", "value": round(schema.wall, 2), "unit": "s",
                      "peak_rss_mib": round(schema.rss_mib, 1)})
            states = [ferry("status") for _ in range(3)]
            self.add({"measure": f"status of {tables} tables", "value": round(median([t.wall for t in states]), 2),
                      "unit": "s", "target": 5, "peak_rss_mib": round(max(t.rss_mib for t in states), 1)})

    def growth(self, sizes):
        """Does time grow with the rows alone, and memory not at all?"""
        first = flat = None
        for rows in sizes:
            say(f"reference with {rows:,} rows is made")
            rounds = 1 if rows > 20_000_000 else 3
            with Mssim(self.scratch, f"reference={rows}") as source, self.postgres.database("bench_growth") as database:
                ferry = Ferry(self.scratch, f"growth-{rows}", source.url(), self.postgres.url(database))
                ferry("plan")
                ferry("schema")
                ferry("sync", "--jobs", 1)
                taken = []
                for _ in range(rounds):
                    self.prepare(database, ferry)
                    taken.append(ferry("sync", "--jobs", 1))
                copied, _ = self.copied(database, ferry)
                if copied != rows:
                    raise Failed(f"{copied} rows were copied, not {rows}")
            per_million = median([t.wall for t in taken]) / rows * 1e6
            first = first or per_million
            peak = max(t.rss_mib for t in taken)
            flat = flat or peak
            of = f"reference with {rows // 1_000_000} M rows"
            self.add({"measure": f"{of}: time a row, against {sizes[0] // 1_000_000} M", "value": round(per_million / first, 3),
                      "unit": "", "target": 1.1, "rows": rows, "wall_s": round(median([t.wall for t in taken]), 2),
                      "rounds": rounds})
            self.add({"measure": f"{of}: peak memory, {peak:.1f} MiB, against {sizes[0] // 1_000_000} M",
                      "value": round(peak / flat, 3), "unit": "", "target": 1.1, "peak_rss_mib": round(peak, 1)})

    # Instructions.

    def instructions(self):
        """By callgrind: the hot path alone, and the whole program. The same binaries give the same numbers."""
        if not shutil.which("valgrind"):
            raise Failed("valgrind is not installed: apt-get install valgrind")
        rows = 10_000
        for name in ("reference", "narrow", "text", "nulls", "datetimes", "wide"):
            if not self.wanted(name):
                continue
            number = rows if name not in ("text", "wide") else rows // 20
            # The rows are made once; what ten more passes take is the hot path's.
            once, more = (self.callgrind(name, [RELEASE / "shardferry-limits", "transcode", "--shape", name, "--rows", number,
                                                "--times", times]) for times in (1, 11))
            self.add({"measure": f"instructions a row, decoder and encoder: {name}",
                      "value": round((more - once) / (10 * number)), "unit": "", "total": more - once, "rows": 10 * number})
        if self.wanted("whole"):
            counts = []
            sizes = (20_000, 120_000)
            for size in sizes:
                with Mssim(self.scratch, f"reference={size}") as source, self.postgres.database("bench_count") as database:
                    ferry = Ferry(self.scratch, f"count-{size}", source.url(), self.postgres.url(database))
                    ferry("plan")
                    ferry("schema")
                    command = [PROGRAM, "sync", "--run-id", ferry.run_id, "--jobs", 1]
                    counts.append(self.callgrind("whole", command, ferry.environment))
            value = round((counts[1] - counts[0]) / (sizes[1] - sizes[0]))
            self.add({"measure": "instructions a row, the whole program: reference", "value": value, "unit": "",
                      "target": 2500, "total": counts[1] - counts[0], "rows": sizes[1] - sizes[0]})

    def callgrind(self, name, command, environment=None):
        """Instructions of a program; where they went stays in target/bench/callgrind-NAME.out, for callgrind_annotate."""
        OUT.mkdir(parents=True, exist_ok=True)
        log = self.scratch.folder / "callgrind.log"
        log.unlink(missing_ok=True)
        run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={OUT}/callgrind-{name}.out", f"--log-file={log}", *command],
            environment=environment)
        return int(re.search(r"Collected : (\d+)", log.read_text()).group(1))


def quoted(name):
    """A target's name as the plan has it."""
    parts = [name["schema"], name["name"]] if isinstance(name, dict) else str(name).split(".", 1)
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def suite(bench, options):
    """All that is wanted; what fails does not cost the rest. True where all went well."""
    full = not options.quick
    parts = []
    for name, sizes in TABLES.items():
        rows = sizes[0] if full else sizes[1]
        if rows and bench.wanted(name):
            parts.append((bench.table, (name, rows), {"jobs": JOBS if full else (1, 2)}))
    for name in ("reference", "text"):
        rows = TABLES[name][0] if full else TABLES[name][1]
        if bench.wanted(f"{name}-tls") and (full or name == "reference" or options.only):
            parts.append((bench.table, (name, rows), {"tls": True, "jobs": (1, 2) if full else (1,)}))
    if full and bench.wanted("company"):
        parts.append((bench.company, (300, 2_000_000), {}))
    if bench.wanted("first"):
        parts.append((bench.first_row, (), {}))
    if bench.wanted("small") and (full or options.only):
        parts.append((bench.small_tables, (), {}))
    if bench.wanted("many") and (full or options.only):
        parts.append((bench.many_tables, (), {}))
    well = True
    for part, arguments, more in parts:
        try:
            part(*arguments, **more)
        except Failed as failed:
            say(f"failed: {part.__name__} {arguments}: {failed}")
            well = False
    return well


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kind = parser.add_mutually_exclusive_group(required=True)
    for flag in ("full", "quick", "growth", "instructions", "self-test"):
        kind.add_argument(f"--{flag}", action="store_true")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[])
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--rounds", type=int, default=0, metavar="N")
    options = parser.parse_args()
    if options.self_test:
        measure.self_test()
        report.self_test()
        print("the arithmetic is right")
        return 0
    began, well = time.monotonic(), True
    try:
        with Scratch() as scratch:
            bench = Bench(scratch, options)
            if options.full or options.quick:
                report.head()
            if options.growth:
                name = "growth"
                bench.growth((1_000_000, 10_000_000, 50_000_000))
            elif options.instructions:
                name = "instructions"
                bench.instructions()
            else:
                name = "quick" if options.quick else "results"
                well = suite(bench, options)
            machine = {**report.machine(bench.postgres.sql("SHOW server_version")), "profile": PROGRAM.parent.name}
            OUT.mkdir(parents=True, exist_ok=True)
            file = OUT / f"{name}.json"
            results = [{**result, "machine": machine} for result in bench.results]
            if options.only and file.exists():
                results = report.merged([json.loads(text) for text in file.read_text().splitlines()], results)
            file.write_text("".join(json.dumps(result) + "\n" for result in results))
            if options.docs:
                report.write_docs(ROOT / "docs/background/performance.md", OUT)
    except Failed as failed:
        say(f"failed: {failed}")
        return 1
    say(f"{file.relative_to(ROOT) if file.is_relative_to(ROOT) else file}: {len(bench.results)} rows, {time.monotonic() - began:.0f} s")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
