-- For the rest of the transaction the types of the extensions that tables may need are found without a schema's name: an
-- extension stands in whatever schema its owner chose. pg_catalog stays first, and every other name in our SQL is qualified.
SELECT set_config('search_path',
                  concat_ws(', ', 'pg_catalog', string_agg(quote_ident(n.nspname), ', ' ORDER BY n.nspname), 'pg_temp'),
                  true)
FROM pg_extension e
JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname IN ('citext', 'postgis', 'vector')
