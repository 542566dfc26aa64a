"""Runs programs and says what they took."""

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from servers import Failed


@dataclass
class Taken:
    """What one process took."""

    wall: float
    user: float
    system: float
    rss_mib: float
    started: float
    # What it wrote to stdout.
    text: str
    # Processors that were busy meanwhile, by whatever.
    busy: float = 0.0


def busy_seconds():
    """Seconds that all processors together were not idle, since the machine started."""
    with open("/proc/stat") as file:
        user, nice, system, _idle, _wait, irq, soft, *_ = map(int, file.readline().split()[1:])
    return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")


def run(command, environment=None, log=None, expected=(0,)):
    """Runs a program to its end. CPU and peak memory are the kernel's account of that process alone (launch.py)."""
    command = list(map(str, command))
    environment = dict(os.environ if environment is None else environment)
    environment.setdefault("PATH", os.defpath)
    took, give = os.pipe()
    launcher = [sys.executable, "-I", "-S", "-B", str(Path(__file__).with_name("launch.py")), str(give), *command]
    began_busy, began = busy_seconds(), time.perf_counter()
    with open(log or os.devnull, "ab") as error, os.fdopen(took) as report:
        # A group of its own: what is given up ends with all that it started.
        process = subprocess.Popen(launcher, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=error, env=environment,
                                   pass_fds=[give], start_new_session=True)
        os.close(give)
        try:
            text = process.communicate()[0].decode()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        busy = (busy_seconds() - began_busy) / (time.perf_counter() - began)
        numbers = report.read().split()
    if len(numbers) != 6 or int(numbers[0]) not in expected:
        lines = ""
        if log and os.path.exists(log):
            with open(log, errors="replace") as file:
                lines = "".join(file.readlines()[-5:])
        raise Failed(f"{' '.join(command[:3])} … ended with {numbers[0] if numbers else 'nothing said'}\n{lines}")
    _, started, wall, user, system, peak = map(float, numbers)
    return Taken(wall=wall, user=user, system=system, rss_mib=peak / 1024, started=started, text=text, busy=busy)


def said(taken):
    """The line of JSON that shardferry-limits prints."""
    return json.loads(taken.text)


def median(values):
    return statistics.median(values)


def row(what, rows, copy_bytes, runs, limits):
    """One row of the results: medians of the runs, and the ratio to the slower of both limits.

    `what`: table, jobs, tls, program. `runs`: Taken. `limits`: (seconds of reading, seconds of writing), a list each, or None."""
    wall = median([one.wall for one in runs])
    user, system = median([one.user for one in runs]), median([one.system for one in runs])
    result = dict(what)
    result.update(
        rows=rows,
        copy_bytes=copy_bytes,
        rounds=len(runs),
        wall_s=round(wall, 4),
        rows_per_second=round(rows / wall),
        mb_per_second=round(copy_bytes / 1e6 / wall, 1),
        cpu_ns_per_row=round(user / rows * 1e9),
        cpu_system_ns_per_row=round(system / rows * 1e9),
        cpu_s_per_gb=round((user + system) / (copy_bytes / 1e9), 3),
        peak_rss_mib=round(max(one.rss_mib for one in runs), 1),
        busy_processors=round(median([one.busy for one in runs]), 2),
        wall_spread=[round(min(one.wall for one in runs), 4), round(max(one.wall for one in runs), 4)],
    )
    if limits:
        read, write = map(median, limits)
        slower = max(read, write)
        spread = limits[0] if read > write else limits[1]
        result.update(
            read_limit_s=round(read, 4),
            write_limit_s=round(write, 4),
            limited_by="read" if read > write else "write",
            limit_spread=[round(min(spread), 4), round(max(spread), 4)],
            ratio_to_limit=round(wall / slower, 3),
        )
    return result


def self_test():
    """The arithmetic."""
    def taken(wall, user, rss):
        return Taken(wall=wall, user=user, system=0.5, rss_mib=rss, started=0.0, text="", busy=1.0)

    runs = [taken(2.0, 1.0, 30.0), taken(9.0, 3.0, 40.0), taken(1.0, 2.0, 35.0)]
    got = row({"table": "t"}, 1_000_000, 2_000_000_000, runs, ([1.5], [1.9, 1.6, 1.2]))
    assert got["wall_s"] == 2.0 and got["rows_per_second"] == 500_000 and got["mb_per_second"] == 1000.0, got
    assert got["cpu_ns_per_row"] == 2000 and got["cpu_system_ns_per_row"] == 500 and got["cpu_s_per_gb"] == 1.25, got
    assert got["peak_rss_mib"] == 40.0 and got["ratio_to_limit"] == 1.25 and got["limited_by"] == "write", got
    assert got["limit_spread"] == [1.2, 1.9], got
    assert "ratio_to_limit" not in row({}, 1, 1, runs, None)
    sleeper = run(["sh", "-c", "sleep 0.1; echo '{\"rows\": 3}'"])
    assert 0.1 <= sleeper.wall < 5 and sleeper.user < 0.1 and said(sleeper) == {"rows": 3}
    # A shell is smaller than the launcher: what is counted beside a program is no more than that.
    assert sleeper.rss_mib < 15, sleeper
    large = run([sys.executable, "-I", "-S", "-c", "x = bytearray(200 << 20)"])
    assert 200 < large.rss_mib < 230, large
    try:
        run(["sh", "-c", "exit 3"])
    except Failed as failed:
        assert "3" in str(failed)
    else:
        raise AssertionError("an exit code was taken for success")
