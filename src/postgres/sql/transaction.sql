-- Every transaction's settings: of the transaction, not of the session, which may be another one behind a pooler and would
-- keep them for its next user. No schema of the user is searched: each name in our SQL is qualified.
SET LOCAL quote_all_identifiers = off;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL datestyle = 'ISO, YMD';
SET LOCAL timezone = 'UTC';
SET LOCAL standard_conforming_strings = on;
SET LOCAL statement_timeout = 0;
-- Rows that a policy would hide are an error, and never taken for absent.
SET LOCAL row_security = off;
SET LOCAL idle_in_transaction_session_timeout = 0;
-- What else a role or a database may set to change texts that are asked for or read: numbers, bytes, intervals, XML, money.
SELECT set_config('extra_float_digits', '1', true), set_config('bytea_output', 'hex', true),
       set_config('intervalstyle', 'postgres', true), set_config('xmlbinary', 'base64', true),
       set_config('xmloption', 'content', true), set_config('lc_monetary', 'C', true),
       set_config('lc_numeric', 'C', true), set_config('array_nulls', 'on', true),
       set_config('transform_null_equals', 'off', true), set_config('backslash_quote', 'safe_encoding', true);
-- A bounded wait for locks; how long is the user's to say (of a role, a database, or in the URL's options).
SELECT set_config('lock_timeout', '120s', true) WHERE current_setting('lock_timeout') = '0'
