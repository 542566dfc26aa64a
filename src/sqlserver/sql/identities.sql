-- Identity columns of user tables. The values are sql_variant, of the column's type: as decimal text.
-- last_value is NULL where no row was ever inserted.
SELECT CONVERT(int, i.object_id) AS object_id,
       CONVERT(int, i.column_id) AS column_id,
       CONVERT(nvarchar(50), i.seed_value) AS seed_value,
       CONVERT(nvarchar(50), i.increment_value) AS increment_value,
       CONVERT(nvarchar(50), i.last_value) AS last_value,
       CONVERT(nvarchar(128), i.name) AS column_name
FROM sys.identity_columns AS i
