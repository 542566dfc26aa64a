-- Binds a run to the plan that `replan` announced, if it is that one. $1 run, $2 plan id, $3 SHA-256 of the plan's object
UPDATE shardferry.run SET plan_id = $2, plan_sha256 = $3, next_plan_sha256 = NULL, updated_at = now()
WHERE run_id = $1 AND next_plan_sha256 = $3
