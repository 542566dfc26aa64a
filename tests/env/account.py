#!/usr/bin/env python3
"""Adds up what the tests wrote into target/test-account.jsonl: faults, runs, rows lost, doubled, changed.

    tests/env/account.py [--markdown]

Prints a table. With --markdown it also writes it into docs/background/exactly-once.md, between the lines
`<!-- account: begin -->` and `<!-- account: end -->`. Ends with 1 where a row was lost, doubled or changed, or where nothing
was accounted for.
"""
import json
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE = Path(os.environ.get("SHARDFERRY_TEST_ACCOUNT") or ROOT / "target/test-account.jsonl")
PAGE = ROOT / "docs/background/exactly-once.md"
BEGIN, END = "<!-- account: begin -->", "<!-- account: end -->"
COLUMNS = [("faults", "faults injected"), ("runs", "runs"), ("rows", "rows compared"), ("lost", "rows lost"),
           ("doubled", "rows doubled"), ("changed", "rows changed")]


def added_up():
    sums = {}
    for line in FILE.read_text().splitlines() if FILE.exists() else []:
        entry = json.loads(line)
        sums.setdefault(entry["category"], dict.fromkeys((name for name, _ in COLUMNS), 0))
        for name, _ in COLUMNS:
            sums[entry["category"]][name] += entry[name]
    rows = [[category, *(f"{sums[category][name]:,}" for name, _ in COLUMNS)] for category in sorted(sums)]
    total = {name: sum(entry[name] for entry in sums.values()) for name, _ in COLUMNS}
    rows.append(["all", *(f"{total[name]:,}" for name, _ in COLUMNS)])
    return rows, total


def main():
    rows, total = added_up()
    table = [["kind of fault", *(title for _, title in COLUMNS)], *rows]
    widths = [max(len(row[at]) for row in table) for at in range(len(table[0]))]
    print()
    for row in table:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]
        print("  ".join(cells))
    if "--markdown" in sys.argv[1:]:
        lines = ["| " + " | ".join(row) + " |" for row in table]
        lines.insert(1, "|---|" + "---:|" * len(COLUMNS))
        text = PAGE.read_text()
        if BEGIN not in text or END not in text:
            sys.exit(f"{PAGE} has no lines {BEGIN} and {END}")
        new = re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", "\n".join([BEGIN, *lines, END]), text, flags=re.S)
        PAGE.write_text(new)
    sys.exit(1 if total["lost"] or total["doubled"] or total["changed"] or not total["runs"] else 0)


main()
