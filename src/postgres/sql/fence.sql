-- Raises the epochs of tables that are reset, so that whoever still works on one is fenced. $1 run, $2 table indexes
UPDATE shardferry.claim SET epoch = epoch + 1, pod = '', updated_at = now()
WHERE run_id = $1 AND table_index = ANY($2)
