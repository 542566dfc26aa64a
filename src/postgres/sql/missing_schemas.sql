-- Those of the schemas that do not exist. CREATE SCHEMA IF NOT EXISTS needs a permission even where nothing is created.
-- $1 names
SELECT wanted.name
FROM unnest($1::text[]) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = wanted.name)
ORDER BY wanted.name
