"""What people see: lines on the terminal, and the tables of docs/background/performance.md."""

import json
import os
import platform
import re
import sys

BEGIN, END = "<!-- measured: begin; written by `make bench` -->", "<!-- measured: end -->"

# The targets of the whole program; RATIO by table, jobs and TLS.
RATIO = {("reference", 1, False): 1.15, ("reference", 2, False): 1.35}
OTHER_RATIO = 1.3
CPU_NS = 350
YARDSTICK = 5
RSS = 96


def machine(postgres):
    """What it ran on."""
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"processors": len(os.sched_getaffinity(0)), "model": model, "memory_gib": round(memory, 1),
            "kernel": platform.release(), "postgresql": postgres.split()[0]}


def head():
    print(f"{'table':<12}{'program':<15}{'tls':<5}{'jobs':>4}{'rows/s':>12}{'MB/s':>8}{'user ns/row':>12}{'sys ns/row':>11}"
          f"{'CPU s/GB':>9}{'MiB':>7}{'read s':>8}{'write s':>8}{'wall s':>8}{'ratio':>7}", flush=True)


def line(result):
    if "measure" in result:
        verdict = verdict_of(result)
        more = {key: value for key, value in result.items() if key not in ("measure", "value", "unit", "target")}
        print(f"{result['measure']}: {result['value']} {result['unit']} {verdict} {more}", flush=True)
        return
    r = result
    print(f"{r['table']:<12}{r['program']:<15}{'on' if r['tls'] else 'off':<5}{r['jobs']:>4}{r['rows_per_second']:>12,}"
          f"{r['mb_per_second']:>8.1f}{r['cpu_ns_per_row']:>12,}{r['cpu_system_ns_per_row']:>11,}{r['cpu_s_per_gb']:>9.2f}"
          f"{r['peak_rss_mib']:>7.1f}{r['read_limit_s']:>8.2f}{r['write_limit_s']:>8.2f}{r['wall_s']:>8.2f}"
          f"{r['ratio_to_limit']:>7.2f}", flush=True)


def verdict_of(result):
    """Of a measure that has a target."""
    if "target" not in result:
        return ""
    passed = result["value"] <= result["target"]
    return f"(target {result['target']}: {'pass' if passed else 'missed'})"


def targets(results):
    """Targets beside what was measured: (what, target, measured, passed)."""
    rows = [r for r in results if "table" in r and r["program"] == "shardferry"]
    found = []

    def check(what, limit, value, most=True):
        found.append((what, limit, value, value <= limit if most else value >= limit))

    for r in rows:
        key = (r["table"], r["jobs"], r["tls"])
        where = f"`{r['table']}`, `--jobs {r['jobs']}`{', TLS' if r['tls'] else ''}"
        if key in RATIO:
            check(f"{where}: wall against the slower limit", RATIO[key], r["ratio_to_limit"])
        if key == ("reference", 1, False):
            check(f"{where}: client CPU, user, ns/row", CPU_NS, r["cpu_ns_per_row"])
            yard = [y for y in results if y.get("program") == "tiberius-rows" and y["table"] == "reference"]
            if yard:
                times = round((yard[0]["cpu_ns_per_row"] + yard[0]["cpu_system_ns_per_row"])
                              / max(1, r["cpu_ns_per_row"] + r["cpu_system_ns_per_row"]), 1)
                check(f"{where}: times less client CPU than tiberius' rows", YARDSTICK, times, most=False)
    for name, tls in dict.fromkeys((r["table"], r["tls"]) for r in rows):
        if (name, tls) == ("reference", False):
            continue
        worst = max((r for r in rows if (r["table"], r["tls"]) == (name, tls)), key=lambda r: r["ratio_to_limit"])
        check(f"`{name}`{' with TLS' if tls else ''}, worst of all `--jobs` ({worst['jobs']}): wall against the slower limit",
              OTHER_RATIO, worst["ratio_to_limit"])
    four = [r for r in rows if r["jobs"] == 4]
    if four:
        worst = max(four, key=lambda r: r["peak_rss_mib"])
        check(f"peak memory at `--jobs 4`, worst table (`{worst['table']}`), MiB", RSS, worst["peak_rss_mib"])
    for result in results:
        if "measure" in result and "target" in result:
            check(named(result, results[0]), result["target"], result["value"])
    return found


def named(result, first):
    """A measure with its unit, its peak memory, and its profile where that is another one than the first result's."""
    text = result["measure"] + (f", {result['unit']}" if result["unit"] else "")
    if "peak_rss_mib" in result and "memory" not in text:
        text += f" ({result['peak_rss_mib']} MiB)"
    profile = result["machine"]["profile"]
    return text if profile == first["machine"]["profile"] else f"{text} (profile `{profile}`)"


def markdown(results):
    """The tables of the page."""
    m = results[0]["machine"]
    out = [f"Measured on {m['processors']} processors ({m['model']}), {m['memory_gib']} GiB, Linux {m['kernel']}, PostgreSQL "
           f"{m['postgresql']}; medians of {max(r.get('rounds', 1) for r in results if 'table' in r)}.",
           f"The program has the profile `{m['profile']}`, where a line does not say otherwise.", ""]
    tables = [r for r in results if "table" in r]
    jobs = min(8, 2 * m["processors"])
    out += [f"### With the default settings, which are `--jobs {jobs}` on this machine", "",
            "| table | TLS | rows/s | MB/s | CPU s/GB | MiB | ratio |", "|---|---|---|---|---|---|---|"]
    out += [f"| {r['table']} | {'on' if r['tls'] else 'off'} | {r['rows_per_second']:,} | {r['mb_per_second']} | {r['cpu_s_per_gb']} "
            f"| {r['peak_rss_mib']} | {r['ratio_to_limit']:.2f} |"
            for r in tables if r["jobs"] == jobs and r["program"] == "shardferry"]
    out += ["", "### Every number of jobs", "",
            "| table | program | TLS | jobs | rows/s | MB/s | ratio |", "|---|---|---|---|---|---|---|"]
    out += [f"| {r['table']} | {r['program']} | {'on' if r['tls'] else 'off'} | {r['jobs']} | {r['rows_per_second']:,} "
            f"| {r['mb_per_second']} | {r['ratio_to_limit']:.2f} |" for r in tables]
    out += ["", "### CPU, memory and limits", "",
            "| table | program | TLS | jobs | CPU user, system ns/row | CPU s/GB | MiB | read, write limit s | wall s |",
            "|---|---|---|---|---|---|---|---|---|"]
    out += [f"| {r['table']} | {r['program']} | {'on' if r['tls'] else 'off'} | {r['jobs']} "
            f"| {r['cpu_ns_per_row']:,}, {r['cpu_system_ns_per_row']:,} | {r['cpu_s_per_gb']} | {r['peak_rss_mib']} "
            f"| {r['read_limit_s']:.2f}, {r['write_limit_s']:.2f} | {r['wall_s']:.2f} |" for r in tables]
    out += ["", "### Targets"]
    out += ["", "| target | at most | measured | |", "|---|---|---|---|"]
    for what, limit, value, passed in targets(results):
        limit = f"at least {limit}" if "times less" in what else limit
        out.append(f"| {what} | {limit} | {value} | {'pass' if passed else '**missed**'} |")
    rest = [r for r in results if "measure" in r and "target" not in r]
    if rest:
        out += ["", "| without a target | measured |", "|---|---|"]
        out += [f"| {named(r, results[0])} | {r['value']} {r['unit']} |" for r in rest]
    return "\n".join(out)


def merged(earlier, later):
    """The earlier results with those of a run of some parts in the place of their own, in the earlier order."""
    def name(result):
        return tuple(result.get(key) for key in ("table", "jobs", "tls", "program", "measure"))

    new = {name(result): result for result in later}
    kept = [new.pop(name(result), result) for result in earlier]
    return kept + [result for result in later if name(result) in new]


def load(folder):
    """All rows that the page shows: the tables first."""
    results = []
    for name in ("results", "growth", "instructions"):
        file = folder / f"{name}.json"
        if file.exists():
            results += [json.loads(text) for text in file.read_text().splitlines()]
    return results


def write_docs(page, folder):
    results = load(folder)
    if not any("table" in result for result in results):
        print("docs/background/performance.md stays as it is: there is no full run", file=sys.stderr)
        return
    text = page.read_text()
    pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.S)
    if not pattern.search(text):
        raise SystemExit(f"{page} has lost its markers")
    page.write_text(pattern.sub(lambda _: f"{BEGIN}\n{markdown(results)}\n{END}", text))


def self_test():
    m = {"processors": 2, "model": "x", "memory_gib": 1.0, "kernel": "6", "postgresql": "15", "profile": "dist"}
    base = {"rows_per_second": 1, "mb_per_second": 1.0, "cpu_system_ns_per_row": 100, "cpu_s_per_gb": 1, "read_limit_s": 1.0,
            "write_limit_s": 2.0, "wall_s": 2.0, "machine": m, "rounds": 5}
    ferry = {"table": "reference", "jobs": 1, "tls": False, "program": "shardferry", "cpu_ns_per_row": 300, "peak_rss_mib": 20,
             "ratio_to_limit": 1.2, **base}
    yard = {**ferry, "program": "tiberius-rows", "cpu_ns_per_row": 1900}
    text = {**ferry, "table": "text", "jobs": 4, "ratio_to_limit": 1.3, "peak_rss_mib": 97}
    plan = {"measure": "plan", "value": 3, "unit": "s", "target": 2, "machine": m, "peak_rss_mib": 9.5}
    verdicts = {what: passed for what, _, _, passed in targets([ferry, yard, text, plan])}
    assert verdicts["`reference`, `--jobs 1`: wall against the slower limit"] is False, verdicts
    assert verdicts["`reference`, `--jobs 1`: client CPU, user, ns/row"] is True
    assert verdicts["`reference`, `--jobs 1`: times less client CPU than tiberius' rows"] is True
    assert verdicts["`text`, worst of all `--jobs` (4): wall against the slower limit"] is True
    secure = {**ferry, "tls": True, "ratio_to_limit": 1.31}
    assert ("`reference` with TLS, worst of all `--jobs` (1): wall against the slower limit", 1.3, 1.31, False) in targets([secure])
    assert verdicts["peak memory at `--jobs 4`, worst table (`text`), MiB"] is False
    assert verdicts["plan, s (9.5 MiB)"] is False and len(verdicts) == 6, verdicts
    assert named({**plan, "machine": {**m, "profile": "release"}}, ferry) == "plan, s (9.5 MiB) (profile `release`)"
    better = {**plan, "value": 1}
    assert merged([ferry, plan, text], [better, yard]) == [ferry, better, text, yard]
    assert "**missed**" in markdown([ferry, yard, text, plan])
