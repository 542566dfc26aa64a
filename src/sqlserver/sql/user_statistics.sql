-- Statistics by CREATE STATISTICS on user tables: one row a column.
SELECT CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(t.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), t.name) AS table_name,
       CONVERT(nvarchar(128), st.name) AS statistics_name,
       CONVERT(int, st.has_filter) AS has_filter,
       CONVERT(nvarchar(128), c.name) AS column_name
FROM sys.stats AS st
JOIN sys.tables AS t ON t.object_id = st.object_id
LEFT JOIN sys.schemas AS s ON s.schema_id = t.schema_id
LEFT JOIN sys.stats_columns AS sc ON sc.object_id = st.object_id AND sc.stats_id = st.stats_id
LEFT JOIN sys.columns AS c ON c.object_id = sc.object_id AND c.column_id = sc.column_id
WHERE t.is_ms_shipped = 0 AND st.user_created = 1
ORDER BY s.name, t.name, st.stats_id, sc.stats_column_id
