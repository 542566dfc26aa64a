-- Is the ledger there, as this version needs it? Asked first, because CREATE … IF NOT EXISTS needs permissions even where
-- nothing is created.
SELECT to_regclass('shardferry.claim') IS NOT NULL AND to_regclass('shardferry.run') IS NOT NULL
    AND to_regclass('shardferry.loss') IS NOT NULL AND to_regclass('shardferry.holder') IS NOT NULL
    AND EXISTS (
        SELECT FROM pg_catalog.pg_attribute
        WHERE attrelid = to_regclass('shardferry.run') AND attname = 'next_plan_sha256' AND NOT attisdropped
    )
    AND to_regclass('shardferry.unlogged') IS NOT NULL AND to_regclass('shardferry.survived') IS NOT NULL
    AND EXISTS (
        SELECT FROM pg_catalog.pg_attribute
        WHERE attrelid = to_regclass('shardferry.chunk') AND attname = 'upper_bound' AND NOT attisdropped
    )
