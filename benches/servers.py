"""The servers of the benchmark: PostgreSQL, mssim, SeaweedFS, all on free ports, with data in one temporary folder.

Whatever happens, they end and the folder goes: `Scratch` is a context, and signals become exceptions."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RELEASE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
PROGRAM = RELEASE.parent / os.environ.get("SHARDFERRY_BENCH_PROFILE", "release") / "shardferry"
PASSWORD = "Passw0rd!"
DATABASE = "Bench"

# The cluster of the benchmark. fsync is off and checkpoints come only when the driver asks for them, between two
# measurements: the disk would slow the limits and shardferry alike, and add noise. A faster target makes the ratio harder.
POSTGRES = """
fsync = off
full_page_writes = off
autovacuum = off
shared_buffers = 1GB
wal_buffers = 64MB
max_wal_size = 16GB
checkpoint_timeout = 1d
max_locks_per_transaction = 512
# The raw client speaks no other password; nobody but this machine gets in.
hba_file = '{hba}'
"""


class Failed(Exception):
    """What the person who runs the benchmark must know."""


class Scratch(contextlib.ExitStack):
    """The temporary folder, and everything that must end."""

    def __enter__(self):
        super().__enter__()

        def stop(number, _frame):
            raise SystemExit(128 + number)

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stop)
        self.folder = Path(tempfile.mkdtemp(prefix="shardferry-bench."))
        # The servers' own user must get through it.
        self.folder.chmod(0o711)
        self.callback(shutil.rmtree, self.folder, ignore_errors=True)
        return self

    def __exit__(self, *details):
        # Nothing may stay behind, however impatient somebody is.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        return super().__exit__(*details)


def end(process):
    """Ends a process that we started, and waits for it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Postgres:
    """A cluster of its own, by tests/env/postgres.sh."""

    def __init__(self, scratch):
        folder = scratch.folder / "postgres"
        hba, conf = scratch.folder / "pg_hba.conf", scratch.folder / "bench.conf"
        hba.write_text("local all all trust\nhost all all 127.0.0.1/32 password\n")
        conf.write_text(POSTGRES.format(hba=hba))
        hba.chmod(0o644)
        script = ROOT / "tests/env/postgres.sh"
        environment = dict(os.environ, SHARDFERRY_TEST_PG_CONF=str(conf))
        # However the start ends: it may have got far.
        scratch.callback(subprocess.run, [script, "stop", folder], stdout=subprocess.DEVNULL)
        started = subprocess.run([script, "start", folder], env=environment, stdout=subprocess.PIPE, text=True, check=True)
        self.admin = started.stdout.strip()

    def url(self, database, port=None):
        base = self.admin.rsplit("/", 1)[0]
        if port:
            base = re.sub(r":\d+$", f":{port}", base)
        return f"{base}/{database}"

    @property
    def port(self):
        return int(re.search(r":(\d+)/", self.admin).group(1))

    def sql(self, text, database="postgres"):
        """Runs statements; what they give, a line a row, columns apart by |."""
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), "-c", text]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise Failed(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()

    @contextlib.contextmanager
    def database(self, name):
        """An empty database, dropped behind."""
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.sql(f'CREATE DATABASE "{name}"')
        try:
            yield name
        finally:
            self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


class Mssim:
    """The test SQL Server, in replay mode: a result once read is sent from memory ever after."""

    def __init__(self, scratch, generate, tls=False, replay=True):
        self.folder = Path(tempfile.mkdtemp(dir=scratch.folder, prefix="mssim."))
        self.tls = tls
        self.authority = self.folder / "ca.pem" if tls else None
        ready, self.batches = self.folder / "ready", self.folder / "batches"
        command = [RELEASE / "mssim", "serve", "--port", "0", "--generate", generate, "--database", DATABASE,
                   "--password", PASSWORD, "--batch-log", self.batches, "--ready-file", ready]
        command += ["--replay"] if replay else []
        command += ["--tls", "full", "--certificate-out", self.authority] if tls else []
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env=dict(os.environ, TMPDIR=str(self.folder)))
        scratch.callback(self.stop)
        while not ready.exists():
            if self.process.poll() is not None:
                raise Failed("mssim did not start")
            time.sleep(0.02)
        self.port = int(ready.read_text())

    def stop(self):
        end(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def url(self):
        encrypt = f"on&serverCertificate={self.authority}" if self.tls else "off"
        return f"mssql://sa:{PASSWORD.replace('!', '%21')}@127.0.0.1:{self.port}/{DATABASE}?encrypt={encrypt}"

    def arguments(self):
        """For shardferry-limits."""
        return ["--source-host", "127.0.0.1", "--source-port", str(self.port), "--source-user", "sa",
                "--source-password", PASSWORD, "--source-database", DATABASE]

    def seen(self):
        """How many bytes of batches were logged so far."""
        return self.batches.stat().st_size

    def bulk_since(self, seen):
        """The bulk SELECTs that came since then."""
        with open(self.batches, "rb") as file:
            file.seek(seen)
            texts = file.read().decode().split("\0")
        return [text for text in texts if re.match(r"SET TRANSACTION ISOLATION LEVEL [A-Z ]+; SELECT ", text)]


class Seaweed:
    """An S3 server, by tests/env/seaweed.sh."""

    def __init__(self, scratch):
        script = ROOT / "tests/env/seaweed.sh"
        environment = dict(os.environ, SHARDFERRY_TEST_S3_STATE=str(scratch.folder / "seaweed"), TMPDIR=str(scratch.folder))
        scratch.callback(subprocess.run, [script, "stop"], env=environment, stdout=subprocess.DEVNULL)
        text = subprocess.run([script, "env"], env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
        found = dict(re.findall(r"export (\w+)='?([^'\n]*?)'?$", text, re.M))
        self.endpoint = found["SHARDFERRY_TEST_S3_ENDPOINT"]
        self.bucket = found.get("SHARDFERRY_TEST_BUCKET", "shardferry-test")
        self.environment = {key: value for key, value in found.items() if key.startswith("AWS_")}
        self.environment["AWS_EC2_METADATA_DISABLED"] = "true"


class Proxy:
    """Passes bytes on and looks at what the client sends: counts requests, or notes when a pattern went by first."""

    def __init__(self, scratch, host, port, pattern):
        self.upstream, self.pattern = (host, port), pattern
        self.count, self.first = 0, None
        self.kinds = {}
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        scratch.callback(self.listener.close)
        threading.Thread(target=self.accept, daemon=True).start()

    def reset(self):
        with self.lock:
            self.count, self.first, self.kinds = 0, None, {}

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.upstream)
            except OSError:
                return
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.pass_on, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.pass_on, args=(server, client, False), daemon=True).start()

    def pass_on(self, source, to, look):
        # A request line may be cut: what was behind the last whole pattern is looked at again.
        behind = b""
        try:
            while data := source.recv(256 * 1024):
                if look:
                    now = time.perf_counter()
                    text = behind + data
                    last = 0
                    for match in self.pattern.finditer(text):
                        last = match.end()
                        with self.lock:
                            self.count += 1
                            self.first = self.first or now
                            kind = match.group(1).decode() if match.groups() else ""
                            self.kinds[kind] = self.kinds.get(kind, 0) + 1
                    behind = text[max(last, len(text) - 4096):]
                to.sendall(data)
        except OSError:
            pass
        for one in (source, to):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


# The request line of HTTP/1.1.
HTTP_REQUEST = re.compile(rb"(GET|PUT|POST|HEAD|DELETE) [^ \r\n]{1,3000} HTTP/1\.1\r\n")
# The beginning of the bytes of a COPY in binary form.
COPY_BYTES = re.compile(rb"PGCOPY\n\xff\r\n")
