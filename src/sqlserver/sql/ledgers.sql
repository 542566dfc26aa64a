-- Ledger tables. Error 207 before SQL Server 2022, which has none.
SELECT CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(t.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), t.name) AS table_name,
       CONVERT(nvarchar(60), t.ledger_type_desc) AS ledger_kind
FROM sys.tables AS t
LEFT JOIN sys.schemas AS s ON s.schema_id = t.schema_id
WHERE t.is_ms_shipped = 0 AND t.ledger_type > 0
ORDER BY s.name, t.name
