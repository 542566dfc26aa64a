-- The current database's identifier of Service Broker and when it was made on this server; of a database snapshot, those of
-- the database that it is one of. One row, or none: a login always sees the row of its own database.
SELECT CONVERT(nvarchar(36), b.service_broker_guid) AS broker,
       CONVERT(nvarchar(33), b.create_date, 126) AS created_at
FROM sys.databases AS d
JOIN sys.databases AS b ON b.database_id = COALESCE(d.source_database_id, d.database_id)
WHERE d.name = DB_NAME()
