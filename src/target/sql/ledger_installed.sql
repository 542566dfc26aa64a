-- Is the ledger there? Asked first, because CREATE … IF NOT EXISTS needs permissions even where nothing is created.
SELECT to_regclass('shardferry.claim') IS NOT NULL AND to_regclass('shardferry.chunk') IS NOT NULL
    AND to_regclass('shardferry.run') IS NOT NULL
