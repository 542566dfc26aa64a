-- Binds a run that was reset as a whole to the plan that it has now. $1 run, $2 plan id
INSERT INTO shardferry.run (run_id, plan_id, has_holders) VALUES ($1, $2, true)
ON CONFLICT (run_id) DO UPDATE SET plan_id = excluded.plan_id, updated_at = now()
