-- Binds a run to its plan, once; answers with the plan that it is bound to. $1 run, $2 plan id
WITH bound AS (
    INSERT INTO shardferry.run (run_id, plan_id) VALUES ($1, $2) ON CONFLICT (run_id) DO NOTHING RETURNING plan_id
)
SELECT plan_id FROM bound UNION ALL SELECT plan_id FROM shardferry.run WHERE run_id = $1 LIMIT 1
