-- Every transaction's settings: of the transaction, not of the session, which may be another one behind a pooler and would
-- keep them for its next user. No schema of the user is searched: each name in our SQL is qualified.
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL datestyle = 'ISO, YMD';
SET LOCAL timezone = 'UTC';
SET LOCAL standard_conforming_strings = on;
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
-- A bounded wait for locks; how long is the user's to say (of a role, a database, or in the URL's options).
SELECT set_config('lock_timeout', '120s', true) WHERE current_setting('lock_timeout') = '0'
