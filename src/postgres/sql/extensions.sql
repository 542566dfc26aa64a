-- Extensions that are installed in the database, in lower case.
SELECT lower(extname::text) FROM pg_catalog.pg_extension ORDER BY 1
