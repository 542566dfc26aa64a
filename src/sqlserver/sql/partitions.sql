-- User tables whose rows are spread by a partition function: one row a bound, ascending (one row without a bound where there
-- is none). Bounds are sql_variant of the function's type: as text, times by style 121, bytes as 0x….
SELECT CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(t.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), t.name) AS table_name,
       CONVERT(nvarchar(128), ps.name) AS scheme_name,
       CONVERT(nvarchar(128), pf.name) AS function_name,
       CONVERT(nvarchar(128), c.name) AS column_name,
       CONVERT(int, pf.boundary_value_on_right) AS is_right,
       CONVERT(int, v.boundary_id) AS boundary_id,
       CONVERT(nvarchar(4000), CASE WHEN ty.name IN ('binary', 'varbinary') THEN CONVERT(nvarchar(4000), CONVERT(varbinary(8000), v.value), 1) ELSE CONVERT(nvarchar(4000), v.value, 121) END) AS bound
FROM sys.indexes AS i
JOIN sys.tables AS t ON t.object_id = i.object_id
LEFT JOIN sys.schemas AS s ON s.schema_id = t.schema_id
JOIN sys.partition_schemes AS ps ON ps.data_space_id = i.data_space_id
JOIN sys.partition_functions AS pf ON pf.function_id = ps.function_id
JOIN sys.partition_parameters AS pp ON pp.function_id = pf.function_id AND pp.parameter_id = 1
LEFT JOIN sys.types AS ty ON ty.user_type_id = pp.user_type_id
JOIN sys.index_columns AS ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id AND ic.partition_ordinal = 1
LEFT JOIN sys.columns AS c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
LEFT JOIN sys.partition_range_values AS v ON v.function_id = pf.function_id AND v.parameter_id = 1
WHERE t.is_ms_shipped = 0 AND i.index_id IN (0, 1)
ORDER BY s.name, t.name, v.boundary_id
