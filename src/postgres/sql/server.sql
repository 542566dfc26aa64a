-- What the server is: server_version_num, encoding of the database, standby (t or f).
SELECT current_setting('server_version_num'), current_setting('server_encoding'), pg_is_in_recovery()
