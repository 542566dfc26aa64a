-- Rights on the database (class 0), on objects and columns (1), schemas (3) and others. CONNECT is what every user has.
-- Objects that come with SQL Server are not in sys.objects.
SELECT CONVERT(int, p.class) AS class,
       CONVERT(nvarchar(60), p.class_desc) AS class_name,
       CONVERT(nvarchar(60), p.state_desc) AS state_name,
       CONVERT(nvarchar(128), p.permission_name) AS permission_name,
       CONVERT(nvarchar(128), g.name) AS grantee_name,
       CONVERT(nvarchar(128), sc.name) AS schema_of_class,
       CONVERT(nvarchar(128), COALESCE(os.name, SCHEMA_NAME(o.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), o.name) AS object_name,
       CONVERT(nvarchar(128), c.name) AS column_name
FROM sys.database_permissions AS p
LEFT JOIN sys.database_principals AS g ON g.principal_id = p.grantee_principal_id
LEFT JOIN sys.schemas AS sc ON p.class = 3 AND sc.schema_id = p.major_id
LEFT JOIN sys.objects AS o ON p.class = 1 AND o.object_id = p.major_id AND o.is_ms_shipped = 0
LEFT JOIN sys.schemas AS os ON os.schema_id = o.schema_id
LEFT JOIN sys.columns AS c ON p.class = 1 AND p.minor_id > 0 AND c.object_id = p.major_id AND c.column_id = p.minor_id
WHERE (p.class <> 1 OR o.object_id IS NOT NULL) AND NOT (p.class = 0 AND p.permission_name = 'CONNECT')
ORDER BY p.class, p.major_id, p.minor_id, g.name, p.permission_name
