-- As unclaim.sql, of all tables of a run that is reset. $1 run
DELETE FROM shardferry.claim WHERE run_id = $1 AND epoch >= 9223372036854775806
