-- What the server says that it is: one row, each value NULL where it does not know.
SELECT CONVERT(nvarchar(128), SERVERPROPERTY('ProductVersion')) AS product_version,
       CONVERT(int, SERVERPROPERTY('EngineEdition')) AS engine_edition
