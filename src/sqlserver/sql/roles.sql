-- Roles of the database with their members, one row a member; roles that come with every database only if somebody is in
-- them. dbo is in db_owner everywhere.
SELECT CONVERT(nvarchar(128), r.name) AS role_name,
       CONVERT(nvarchar(128), m.name) AS member_name
FROM sys.database_principals AS r
LEFT JOIN sys.database_role_members AS rm ON rm.role_principal_id = r.principal_id
LEFT JOIN sys.database_principals AS m ON m.principal_id = rm.member_principal_id AND m.name <> 'dbo'
WHERE r.type = 'R' AND r.name <> 'public' AND (r.is_fixed_role = 0 OR m.name IS NOT NULL)
ORDER BY r.name, m.name
