-- The least that shardferry needs of PostgreSQL: a role that may create schemas in one database and owns what it creates.
--
--   psql "$ADMIN_URL" -v database=sales -v role=shardferry -v password='…' -v schemas='public,dbo' -f postgresql.sql
--
-- Connect to that database as its owner with CREATEROLE (the master user of Amazon RDS, the administrator of Flexible Server),
-- or as a superuser. May be run again; it then sets the password. `schemas`: those that exist already and are to hold tables
-- of the run, separated by commas; empty if there is none.
--
-- Before PostgreSQL 15 the schema public belongs to the superuser: an owner of the database cannot grant rights on it. Let
-- tables go to another schema there (--schema-map dbo=sales).
\set ON_ERROR_STOP on
SELECT format('CREATE ROLE %I LOGIN', :'role')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
-- A role that exists loses what shardferry does not need. Only a superuser may change these, so only what is there is named.
SELECT format('ALTER ROLE %I %s', :'role', concat_ws(' ',
    CASE WHEN rolsuper THEN 'NOSUPERUSER' END, CASE WHEN rolcreatedb THEN 'NOCREATEDB' END,
    CASE WHEN rolcreaterole THEN 'NOCREATEROLE' END, CASE WHEN rolreplication THEN 'NOREPLICATION' END,
    CASE WHEN rolbypassrls THEN 'NOBYPASSRLS' END))
FROM pg_roles
WHERE rolname = :'role' AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls) \gexec
ALTER ROLE :"role" LOGIN PASSWORD :'password';
-- CREATE: the schema "shardferry" (the ledger), and schemas of the run that do not exist.
GRANT CONNECT, CREATE ON DATABASE :"database" TO :"role";
-- Tables that exist in them must belong to the role (TRUNCATE, ANALYZE): ALTER TABLE … OWNER TO, each.
SELECT format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', name, :'role')
FROM regexp_split_to_table(:'schemas', ',') AS name WHERE name <> '' \gexec
-- Only for --max-replica-lag: how far replicas are behind.
--   GRANT pg_monitor TO :"role";
-- Not granted, and not needed: superuser, pg_read_server_files, pg_signal_backend. A take-over ends the old owner's
-- sessions, which one role may do to its own: all pods of a run use this role.
