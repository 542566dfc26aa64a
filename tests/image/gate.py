"""Holds a load in mid-copy: nothing can be committed while the gate is closed."""

import select
import subprocess
from types import TracebackType

from engine import Container

CLOSE = """
DO $$
DECLARE
    done bigint := 0;
    began timestamptz := clock_timestamp();
BEGIN
    LOOP
        IF to_regclass('shardferry.chunk') IS NOT NULL THEN
            EXECUTE 'SELECT count(DISTINCT table_index) FROM shardferry.chunk
                     WHERE table_index BETWEEN {first} AND {last} AND committed_at IS NOT NULL' INTO done;
        END IF;
        -- No lock is held from one look to the next.
        COMMIT;
        EXIT WHEN done >= {wanted};
        IF clock_timestamp() > began + interval '90 seconds' THEN RAISE 'only % tables were committed', done; END IF;
        PERFORM pg_sleep(0.002);
    END LOOP;
END $$;
BEGIN;
LOCK TABLE shardferry.chunk IN EXCLUSIVE MODE;
SELECT count(DISTINCT table_index) FROM shardferry.chunk
WHERE table_index BETWEEN {first} AND {last} AND committed_at IS NOT NULL;
"""


class Gate:
    """Closes as soon as `wanted` tables of the range are committed, by a lock on the ledger's markers; `with` opens it
    again. The waiting is done inside PostgreSQL: from the look to the lock it takes no more than milliseconds."""

    def __init__(self, url: str, first: int, last: int, wanted: int) -> None:
        self.session = subprocess.Popen(
            ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", "--dbname", url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.session.stdin.write(CLOSE.format(first=first, last=last, wanted=wanted))
        self.session.stdin.flush()

    def closed(self, pod: Container) -> int:
        """Waits until it is closed; how many tables are committed. An error when the pod has ended before."""
        while not select.select([self.session.stdout], [], [], 1)[0]:
            assert pod.running(), f"{pod.name} ended too early:\n{pod.logs()[-3000:]}"
        answer = self.session.stdout.readline().strip()
        assert answer, self.session.stderr.read()
        return int(answer)

    def open(self) -> None:
        if self.session.poll() is None:
            self.session.communicate("COMMIT;\n\\q\n")

    def give_up(self) -> None:
        self.session.kill()
        self.session.communicate()

    def __enter__(self) -> "Gate":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if kind:
            self.give_up()
        else:
            self.open()
