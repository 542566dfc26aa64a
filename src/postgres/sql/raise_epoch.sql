-- Raises a table's epoch, or confirms it for the pod that has it. No row: a higher epoch, or another pod's, is there.
-- $1 run, $2 table index, $3 table name, $4 epoch, $5 pod
INSERT INTO shardferry.claim AS held (run_id, table_index, table_name, epoch, pod)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (run_id, table_index) DO UPDATE
SET epoch = excluded.epoch, pod = excluded.pod, table_name = excluded.table_name, updated_at = now()
WHERE held.epoch < excluded.epoch OR (held.epoch = excluded.epoch AND held.pod = excluded.pod)
RETURNING epoch
