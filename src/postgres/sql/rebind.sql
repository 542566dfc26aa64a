-- Binds a run that was reset as a whole to the plan that it has now. $1 run, $2 plan id, $3 SHA-256 of the plan's object
INSERT INTO shardferry.run (run_id, plan_id, plan_sha256, has_holders) VALUES ($1, $2, $3, true)
ON CONFLICT (run_id) DO UPDATE
SET plan_id = excluded.plan_id, plan_sha256 = excluded.plan_sha256, next_plan_sha256 = NULL, updated_at = now()
