-- For this transaction: the schemas of the extensions whose types a plan may use, behind the system's.
SELECT set_config('search_path', 'pg_catalog' || coalesce((
    SELECT string_agg(DISTINCT ', ' || quote_ident(n.nspname), '')
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname IN ('citext', 'postgis', 'vector') AND n.nspname <> 'pg_catalog'), '') || ', pg_temp', true)
