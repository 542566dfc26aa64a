-- Raises the epochs of all tables of a run that is reset, so that whoever still works on one is fenced. $1 run
UPDATE shardferry.claim SET epoch = epoch + 1, pod = '', updated_at = now() WHERE run_id = $1
