-- The ledger. Runs under an advisory lock; each statement may find its object already there.
CREATE SCHEMA IF NOT EXISTS shardferry;
COMMENT ON SCHEMA shardferry IS 'Bookkeeping of shardferry runs; may be dropped when every run has ended.';
-- Which plan a run's claims and chunks belong to: table indexes mean nothing without it.
CREATE TABLE IF NOT EXISTS shardferry.run (
    run_id text COLLATE "C" PRIMARY KEY,
    plan_id text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
-- Runs that older versions began have no rows in shardferry.holder until they are looked at once.
ALTER TABLE shardferry.run ADD COLUMN IF NOT EXISTS has_holders boolean NOT NULL DEFAULT false;
-- Of plan.json as it stands in the store: whoever may write checkpoints may not change what a run does to the target.
ALTER TABLE shardferry.run ADD COLUMN IF NOT EXISTS plan_sha256 text;
-- Of the plan that `replan` is about to put in its place: whoever finds that one completes the change.
ALTER TABLE shardferry.run ADD COLUMN IF NOT EXISTS next_plan_sha256 text;
-- Which run began a target table last. `emptied`: what others had left in it is gone, so its rows are those of the run's chunks.
-- Until then `rows_of` says whose rows they are, if anybody knows. `table_name` is the name as SQL.
CREATE TABLE IF NOT EXISTS shardferry.holder (
    table_oid oid PRIMARY KEY,
    table_name text NOT NULL,
    run_id text COLLATE "C" NOT NULL,
    table_index integer NOT NULL,
    pod text NOT NULL,
    emptied boolean NOT NULL,
    rows_of text COLLATE "C",
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS holder_of_run ON shardferry.holder (run_id, table_index);
-- Who owns a table of a run: the highest epoch that ever claimed it.
CREATE TABLE IF NOT EXISTS shardferry.claim (
    run_id text COLLATE "C" NOT NULL,
    table_index integer NOT NULL,
    table_name text NOT NULL,
    epoch bigint NOT NULL,
    pod text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, table_index)
);
-- What is copied, and what is to be: one row for each chunk. Its bounds are pinned when the table is begun; the chunk's own
-- transaction fills in the rest, its marker. A bound is a JSON list of T-SQL literals; NULL is open.
CREATE TABLE IF NOT EXISTS shardferry.chunk (
    run_id text COLLATE "C" NOT NULL,
    table_index integer NOT NULL,
    chunk integer NOT NULL,
    lower_bound text,
    upper_bound text,
    epoch bigint,
    rows bigint,
    bytes bigint,
    checksum bigint,
    committed_at timestamptz DEFAULT now(),
    PRIMARY KEY (run_id, table_index, chunk)
);
-- A ledger that an older version installed had whole tables only.
ALTER TABLE shardferry.chunk
    ADD COLUMN IF NOT EXISTS lower_bound text,
    ADD COLUMN IF NOT EXISTS upper_bound text,
    ALTER COLUMN epoch DROP NOT NULL,
    ALTER COLUMN rows DROP NOT NULL,
    ALTER COLUMN bytes DROP NOT NULL,
    ALTER COLUMN checksum DROP NOT NULL,
    ALTER COLUMN committed_at DROP NOT NULL;
-- What each committed chunk changed, by column: how many rows, the keys of some, and the file with those that were left out.
-- It goes with its chunk.
CREATE TABLE IF NOT EXISTS shardferry.loss (
    run_id text COLLATE "C" NOT NULL,
    table_index integer NOT NULL,
    chunk integer NOT NULL,
    column_name text NOT NULL,
    loss text NOT NULL,
    rows bigint NOT NULL,
    samples jsonb NOT NULL,
    file text,
    PRIMARY KEY (run_id, table_index, chunk, column_name, loss),
    FOREIGN KEY (run_id, table_index, chunk) REFERENCES shardferry.chunk ON DELETE CASCADE
);
-- Tables that are being filled UNLOGGED. What empties such a table (a crash of the server, the promotion of a standby, a restore)
-- empties shardferry.survived with it, and leaves this one: a table that is here and not there has lost its rows, whatever
-- its chunks say. Both rows are written when the table is begun, and go when it is LOGGED again.
CREATE TABLE IF NOT EXISTS shardferry.unlogged (
    run_id text COLLATE "C" NOT NULL,
    table_index integer NOT NULL,
    PRIMARY KEY (run_id, table_index)
);
CREATE UNLOGGED TABLE IF NOT EXISTS shardferry.survived (
    run_id text COLLATE "C" NOT NULL,
    table_index integer NOT NULL,
    PRIMARY KEY (run_id, table_index)
)
