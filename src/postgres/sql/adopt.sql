-- Binds a run to its plan, once; answers with the plan that it is bound to, whether its beginnings are noted in
-- shardferry.holder, and the SHA-256 of the plan's object. A run of an older version takes that of the plan as it finds it; the
-- plan that `replan` announced takes the place of the one before.
-- $1 run, $2 plan id, $3 SHA-256
WITH bound AS (
    INSERT INTO shardferry.run AS r (run_id, plan_id, plan_sha256, has_holders)
    SELECT $1, $2, $3, NOT EXISTS (SELECT FROM shardferry.chunk WHERE run_id = $1)
    ON CONFLICT (run_id) DO UPDATE
    SET plan_id = excluded.plan_id, plan_sha256 = excluded.plan_sha256, next_plan_sha256 = NULL, updated_at = now()
    WHERE r.plan_sha256 IS NULL AND r.plan_id = excluded.plan_id OR r.next_plan_sha256 = excluded.plan_sha256
    RETURNING plan_id, has_holders, plan_sha256
)
SELECT plan_id, has_holders, plan_sha256 FROM bound
UNION ALL SELECT plan_id, has_holders, plan_sha256 FROM shardferry.run WHERE run_id = $1
LIMIT 1
