-- Extended properties of the database (class 0), of objects and columns (1), parameters (2), schemas (3), types (6), indexes
-- (7) and others. The value is a sql_variant. parent_*: the table of a constraint or a trigger.
SELECT CONVERT(int, p.class) AS class,
       CONVERT(nvarchar(60), p.class_desc) AS class_name,
       CONVERT(nvarchar(128), p.name) AS property_name,
       CONVERT(nvarchar(4000), p.value) AS property_value,
       CONVERT(nvarchar(128), sc.name) AS schema_of_class,
       CONVERT(nvarchar(128), COALESCE(os.name, SCHEMA_NAME(o.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), o.name) AS object_name,
       CONVERT(nvarchar(60), o.type_desc) AS object_kind,
       CONVERT(nvarchar(128), c.name) AS column_name,
       CONVERT(nvarchar(128), i.name) AS index_name,
       CONVERT(nvarchar(128), COALESCE(ps.name, SCHEMA_NAME(pa.schema_id))) AS parent_schema,
       CONVERT(nvarchar(128), pa.name) AS parent_name
FROM sys.extended_properties AS p
LEFT JOIN sys.schemas AS sc ON p.class = 3 AND sc.schema_id = p.major_id
LEFT JOIN sys.objects AS o ON p.class IN (1, 2, 7) AND o.object_id = p.major_id
LEFT JOIN sys.schemas AS os ON os.schema_id = o.schema_id
LEFT JOIN sys.columns AS c ON p.class = 1 AND p.minor_id > 0 AND c.object_id = p.major_id AND c.column_id = p.minor_id
LEFT JOIN sys.indexes AS i ON p.class = 7 AND i.object_id = p.major_id AND i.index_id = p.minor_id
LEFT JOIN sys.objects AS pa ON pa.object_id = o.parent_object_id
LEFT JOIN sys.schemas AS ps ON ps.schema_id = pa.schema_id
ORDER BY p.class, p.major_id, p.minor_id, p.name
