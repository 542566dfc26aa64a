-- The ledger as version 0.1 installed it, with a table that it copied.
CREATE SCHEMA IF NOT EXISTS shardferry;
COMMENT ON SCHEMA shardferry IS 'Bookkeeping of shardferry runs; may be dropped when every run has ended.';
-- Which plan a run's claims and chunks belong to: table indexes mean nothing without it.
CREATE TABLE IF NOT EXISTS shardferry.run (
    run_id text COLLATE "C" PRIMARY KEY,
    plan_id text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
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
-- What is copied: one row for each chunk, written by the chunk's own transaction.
CREATE TABLE IF NOT EXISTS shardferry.chunk (
    run_id text COLLATE "C" NOT NULL,
    table_index integer NOT NULL,
    chunk integer NOT NULL,
    epoch bigint NOT NULL,
    rows bigint NOT NULL,
    bytes bigint NOT NULL,
    checksum bigint NOT NULL,
    committed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, table_index, chunk)
)
;
INSERT INTO shardferry.chunk (run_id, table_index, chunk, epoch, rows, bytes, checksum) VALUES ('nightly', 3, 0, 1, 7, 99, 5)
