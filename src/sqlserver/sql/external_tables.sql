-- Tables that are only a view on something outside the database; they are left out.
-- Error 208 before SQL Server 2016, which has none.
SELECT CONVERT(int, e.object_id) AS object_id
FROM sys.external_tables AS e
