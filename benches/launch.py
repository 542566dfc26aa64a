"""Runs a program and writes what it took to a file descriptor: launch.py FD COMMAND…

The kernel's peak of a process counts what its parent held when it was started. So this parent imports next to nothing: it
holds some 8 MiB, less than any program that is measured."""

import os
import sys
import time

out, command = int(sys.argv[1]), sys.argv[2:]
os.set_inheritable(out, False)
started = time.perf_counter()
pid = os.posix_spawnp(command[0], command, os.environ)
_, status, usage = os.wait4(pid, 0)
wall = time.perf_counter() - started
code = os.waitstatus_to_exitcode(status)
os.write(out, f"{code} {started} {wall} {usage.ru_utime} {usage.ru_stime} {usage.ru_maxrss}".encode())
