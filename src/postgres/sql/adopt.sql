-- Binds a run to its plan, once; answers with the plan that it is bound to, and whether its beginnings are noted in
-- shardferry.holder. $1 run, $2 plan id
WITH bound AS (
    INSERT INTO shardferry.run (run_id, plan_id, has_holders)
    SELECT $1, $2, NOT EXISTS (SELECT FROM shardferry.chunk WHERE run_id = $1)
    ON CONFLICT (run_id) DO NOTHING RETURNING plan_id, has_holders
)
SELECT plan_id, has_holders FROM bound
UNION ALL SELECT plan_id, has_holders FROM shardferry.run WHERE run_id = $1
LIMIT 1
