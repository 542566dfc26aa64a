-- How many security policies the login sees, and whether it sees all that there are: without one of these rights they are hidden.
SELECT CONVERT(int, COUNT(*)) AS policies,
       CONVERT(int, ISNULL(HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'VIEW DEFINITION'), 0)) AS sees_definitions,
       CONVERT(int, ISNULL(HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'ALTER ANY SECURITY POLICY'), 0)) AS alters_policies
FROM sys.security_policies
