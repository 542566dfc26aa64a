-- Forgets what was committed for all tables of a run. $1 run
DELETE FROM shardferry.chunk WHERE run_id = $1
