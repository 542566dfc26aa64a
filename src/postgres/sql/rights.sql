-- The schemas in which this role may create no table, and whether each exists. $1 names
SELECT wanted.name, n.oid IS NOT NULL, current_user::text, current_database()::text
FROM unnest($1::text[]) AS wanted (name)
LEFT JOIN pg_namespace n ON n.nspname = wanted.name
WHERE NOT CASE WHEN n.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE')
               ELSE has_schema_privilege(n.oid, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE') END
ORDER BY wanted.name
