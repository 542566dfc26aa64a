#!/usr/bin/env python3
"""Proves that every object of a SQL Server database is in a PostgreSQL database, or that somebody was told why not.

Reads sys.* of the source with Microsoft's ODBC driver (mssql-python) and pg_catalog of the target with psql, without a
line of shardferry, and goes through the source object by object: tables; columns with type, NOT NULL, identity and its
next value; primary keys, unique constraints and indexes with order, INCLUDE and filter; foreign keys with actions and
whether they are validated; checks; defaults; computed columns; sequences; comments; and what PostgreSQL cannot have.
An object is matched by what it is, not by its name alone: names may be shortened.

    check_objects.py --source "SERVER=...;DATABASE=...;..." --target postgres://... --plan plan.json --told FILE... [-v]

--told: what the run said (finish.json, an assessment, its log). An object that is missing or different counts as told
where one finding (an element of a list in JSON, a line of any other text) names it, with its table if it has one.

Exit 0: every object is there or told. Exit 1: some are neither. Exit 2: could not be compared.
"""

import argparse
import decimal
import json
import re
import subprocess
import sys

ACTIONS = {0: "a", 1: "c", 2: "n", 3: "d"}
MODULES = {"V": "view", "P": "procedure", "FN": "function", "IF": "function", "TF": "function", "TR": "trigger"}
# What a finding says of its kind; other kinds are known by their names alone.
KINDS = {
    "computed column": ["comput", "generated"], "default": ["default"], "identity": ["identity"], "sequence": ["sequence"],
    "property": ["comment", "propert", "ms_description"], "dynamic mask": ["mask"], "partitions": ["partition"],
    "temporal": ["temporal", "history", "version"], "full-text": ["full-text", "fulltext"], "NULL of": ["null"],
    "view": ["view"], "procedure": ["procedure"], "function": ["function"], "trigger": ["trigger"], "synonym": ["synonym"],
    "type": ["type"],
}


def target_types(kind, length, precision, scale):
    """The types of PostgreSQL that keep all values of a type of SQL Server: what the manual of both sides says."""
    chars = length // 2 if kind in ("nchar", "nvarchar", "sysname") else length
    micros = min(scale, 6)
    sized = {"char": "character", "nchar": "character"}.get(kind, "character varying")
    return {
        "bit": ["boolean"], "tinyint": ["smallint"], "smallint": ["smallint"], "int": ["integer"], "bigint": ["bigint"],
        "decimal": [f"numeric({precision},{scale})"], "numeric": [f"numeric({precision},{scale})"],
        "money": ["numeric(19,4)"], "smallmoney": ["numeric(10,4)"], "real": ["real"], "float": ["double precision"],
        "date": ["date"], "time": [f"time({micros}) without time zone"],
        "smalldatetime": ["timestamp(0) without time zone"], "datetime": ["timestamp(3) without time zone"],
        "datetime2": [f"timestamp({micros}) without time zone"], "datetimeoffset": [f"timestamp({micros}) with time zone"],
        "uniqueidentifier": ["uuid"], "xml": ["xml", "text"], "text": ["text"], "ntext": ["text"], "image": ["bytea"],
        "binary": ["bytea"], "varbinary": ["bytea"], "timestamp": ["bytea"], "hierarchyid": ["text", "bytea"],
        "geometry": ["bytea", "geometry"], "geography": ["bytea", "geometry", "geography"], "sql_variant": ["text", "jsonb"],
    }.get(kind, ["text"] if length == -1 else [f"{sized}({chars})"])


class Told:
    """What the run said: one text a finding."""

    def __init__(self, paths):
        self.findings = []
        for path in paths:
            with open(path, encoding="utf-8") as file:
                content = file.read()
            try:
                self.walk(json.loads(content))
            except ValueError:
                self.findings += content.splitlines()

    def walk(self, value):
        if isinstance(value, dict):
            for inner in value.values():
                self.walk(inner)
        elif isinstance(value, list):
            for inner in value:
                # One finding is one element; lists within it belong to it. That all is well is no finding.
                if isinstance(inner, dict) and inner.get("verdict") == "converted":
                    continue
                self.findings.append(inner if isinstance(inner, str) else json.dumps(inner, ensure_ascii=False))

    def names(self, kind, parts):
        """Whether one finding is about this kind of object and has each part, under one of its names."""
        words = next((words for start, words in KINDS.items() if kind.startswith(start)), None)
        about = [text for text in self.findings if words is None or any(word in text.lower() for word in words)]
        patterns = [re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in ([part] if isinstance(part, str) else part)))
                    for part in parts]
        return any(all(pattern.search(text) for pattern in patterns) for text in about)


class Databases:
    def __init__(self, source, target):
        import mssql_python
        self.cursor = mssql_python.connect(source).cursor()
        self.url = target

    def source(self, sql):
        self.cursor.execute(sql)
        names = [column[0] for column in self.cursor.description]
        return [dict(zip(names, row)) for row in self.cursor.fetchall()]

    def target(self, sql):
        query = f"SELECT coalesce(json_agg(q), '[]') FROM ({sql}) AS q"
        ran = subprocess.run(["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1",
                              "--dbname", self.url, "--command", query], check=True, capture_output=True, text=True)
        return json.loads(ran.stdout)


def bare(text):
    """An expression without the parentheses around it."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")"):
        depth = 0
        for place, letter in enumerate(text):
            depth += {"(": 1, ")": -1}.get(letter, 0)
            if depth == 0 and place < len(text) - 1:
                return text
        text = text[1:-1].strip()
    return text


def literal(definition):
    """The value of a default that is one literal, as text; None where it is more than that."""
    text = bare(definition).replace("(", "").replace(")", "") if re.fullmatch(r"[-+().\d$eE]+", bare(definition)) else bare(definition)
    if re.fullmatch(r"N?'(?:[^']|'')*'", text):
        return text[text.index("'") + 1:-1].replace("''", "'")
    if re.fullmatch(r"-?\$?\d+(\.\d*)?([eE][-+]?\d+)?", text):
        return text.replace("$", "")
    if re.fullmatch(r"0x[0-9A-Fa-f]*", text):
        return "\\x" + text[2:].lower()
    return None


def same_value(kind, wanted, found):
    if found is None:
        return False
    if kind == "bit":
        return found == ("t" if decimal.Decimal(wanted) else "f")
    try:
        return decimal.Decimal(wanted) == decimal.Decimal(found)
    except decimal.InvalidOperation:
        return wanted.rstrip(" ") == found.rstrip(" ")


class Check:
    def __init__(self, databases, plan, told, verbose):
        self.db, self.told, self.verbose = databases, told, verbose
        self.counts = {"there": 0, "told": 0, "MISSING": 0}
        self.plan = {(t["source"]["schema"], t["source"]["name"]): t for t in plan["tables"]}
        self.read_target()

    # --- the target ---------------------------------------------------------------------------------------------------

    def read_target(self):
        user = "n.nspname NOT IN ('pg_catalog', 'information_schema', 'shardferry')"
        ask = self.db.target
        self.relations = {(r["schema"], r["name"]): r for r in ask(
            "SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,"
            " obj_description(c.oid, 'pg_class') AS comment FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            f" WHERE c.relkind IN ('r', 'p') AND {user}")}
        self.schemas = {r["name"]: r["comment"] for r in ask(
            f"SELECT n.nspname AS name, obj_description(n.oid, 'pg_namespace') AS comment FROM pg_namespace n WHERE {user}")}
        self.columns = {(r["relation"], r["name"]): r for r in ask(
            "SELECT a.attrelid AS relation, a.attname AS name, a.attnum AS number, format_type(a.atttypid, a.atttypmod) AS type,"
            " a.attnotnull AS required, a.attidentity::text AS identity, a.attgenerated::text AS generated,"
            " pg_get_expr(d.adbin, d.adrelid) AS initial, col_description(a.attrelid, a.attnum) AS comment"
            " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
            " LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
            f" WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND {user}")}
        self.indexes = ask(
            "SELECT i.indrelid AS relation, c.relname AS name, i.indisunique AS is_unique, i.indisprimary AS is_primary,"
            " i.indnullsnotdistinct AS one_null, i.indisvalid AS valid, pg_get_expr(i.indpred, i.indrelid) AS predicate,"
            " (SELECT json_agg(json_build_array(a.attname, (i.indoption[k - 1] & 1) = 1) ORDER BY k)"
            "  FROM generate_series(1, i.indnkeyatts) k LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k - 1]) AS keys,"
            " (SELECT coalesce(json_agg(a.attname), '[]') FROM generate_series(i.indnkeyatts + 1, i.indnatts) k"
            "  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k - 1]) AS included,"
            " coalesce(obj_description(c.oid, 'pg_class'),"
            "  (SELECT obj_description(k.oid, 'pg_constraint') FROM pg_constraint k WHERE k.conindid = c.oid LIMIT 1)) AS comment"
            " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid")
        self.constraints = ask(
            "SELECT k.conrelid AS relation, k.conname AS name, k.contype::text AS type, k.convalidated AS valid, k.confrelid AS referenced,"
            " k.confdeltype::text AS on_delete, k.confupdtype::text AS on_update, obj_description(k.oid, 'pg_constraint') AS comment,"
            " (SELECT coalesce(json_agg(a.attname ORDER BY o), '[]') FROM unnest(k.conkey) WITH ORDINALITY u(n, o)"
            "  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n) AS columns,"
            " (SELECT coalesce(json_agg(a.attname ORDER BY o), '[]') FROM unnest(k.confkey) WITH ORDINALITY u(n, o)"
            "  JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = n) AS there FROM pg_constraint k")
        self.sequences = {(r["schema"], r["name"]): r for r in ask(
            "SELECT n.nspname AS schema, c.relname AS name, format_type(s.seqtypid, NULL) AS type, s.seqstart::text AS start,"
            " s.seqincrement::text AS increment, s.seqmin::text AS minimum, s.seqmax::text AS maximum, s.seqcycle AS cycle,"
            " (xpath('/row/n/text()', query_to_xml(format('SELECT last_value || '','' || is_called AS n FROM %s', c.oid::regclass), true, true, '')))[1]::text AS state,"
            " d.refobjid AS relation, d.refobjsubid AS number, obj_description(c.oid, 'pg_class') AS comment"
            " FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
            " LEFT JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'")}

    def table(self, schema, name):
        """The table's row of pg_class and its entry in the plan; two Nones where it is not there."""
        planned = self.plan.get((schema, name))
        if planned is None:
            return None, None
        return self.relations.get((planned["target"]["schema"], planned["target"]["name"])), planned

    def column(self, relation, planned, source):
        name = next((c["target"] for c in planned["columns"] if c["source"] == source), source)
        return self.columns.get((relation["oid"], name)) if relation else None

    def target_names(self, planned, names):
        by_source = {c["source"]: c["target"] for c in planned["columns"]}
        return [by_source.get(name, name) for name in names]

    @staticmethod
    def next_of(sequence):
        last, called = sequence["state"].split(",")
        return int(last) + (int(sequence["increment"]) if called.startswith("t") else 0)

    # --- the account --------------------------------------------------------------------------------------------------

    def say(self, fine, kind, parts, why):
        """Counts an object that is fine, told, or neither. `parts`: its names, each found in what tells of it."""
        name = ".".join(part if isinstance(part, str) else part[0] for part in parts)
        verdict = "there" if fine else "told" if self.told.names(kind, parts) else "MISSING"
        self.counts[verdict] += 1
        if verdict == "MISSING" or self.verbose and verdict == "told":
            print(f"{verdict:8} {kind} {name}: {why}")

    def check(self):
        for part in (self.tables, self.table_columns, self.keys, self.foreign_keys, self.checks, self.defaults,
                     self.source_sequences, self.properties, self.others):
            part()
        counts = self.counts
        total = sum(counts.values())
        print(f"{total} objects: {counts['there']} there, {counts['told']} told, {counts['MISSING']} missing or different without a word")
        return 1 if counts["MISSING"] or not total else 0

    def tables(self):
        for t in self.db.source("SELECT s.name AS s, t.name AS t FROM sys.tables t JOIN sys.schemas s ON s.schema_id = t.schema_id"):
            relation, _ = self.table(t["s"], t["t"])
            self.say(relation is not None, "table", [t["t"]], "not there")

    def table_columns(self):
        for c in self.db.source(
                "SELECT s.name AS s, t.name AS t, c.name AS c, b.name AS kind, c.max_length AS length, c.precision AS p, c.scale AS scale,"
                " c.is_nullable AS nullable, c.is_computed AS computed, CONVERT(nvarchar(50), i.seed_value) AS seed,"
                " CONVERT(nvarchar(50), i.increment_value) AS step, CONVERT(nvarchar(50), i.last_value) AS last_value"
                " FROM sys.columns c JOIN sys.tables t ON t.object_id = c.object_id JOIN sys.schemas s ON s.schema_id = t.schema_id"
                " JOIN sys.types b ON b.user_type_id = CASE WHEN c.system_type_id = 240 THEN c.user_type_id ELSE c.system_type_id END"
                " LEFT JOIN sys.identity_columns i ON i.object_id = c.object_id AND i.column_id = c.column_id"):
            relation, planned = self.table(c["s"], c["t"])
            found = relation and self.column(relation, planned, c["c"])
            parts = [c["t"], c["c"]]
            if not found:
                self.say(False, "column", parts, "not there")
                continue
            wanted = target_types(c["kind"], c["length"], c["p"], c["scale"])
            self.say(found["type"] in wanted, "type of column", parts, f"{found['type']} is none of {wanted}")
            if not c["computed"]:
                self.say(found["required"] != c["nullable"], "NULL of column", parts, f"NOT NULL is {found['required']}")
            else:
                self.say(found["generated"] == "s", "computed column", parts, "an ordinary column")
            if c["seed"] is not None:
                self.identity(c, relation, found, parts)

    def identity(self, c, relation, found, parts):
        own = [s for s in self.sequences.values() if s["relation"] == relation["oid"] and s["number"] == found["number"]]
        if not own:
            self.say(False, "identity", parts, "the column is none")
            return
        wanted = int(c["seed"]) if c["last_value"] is None else int(c["last_value"]) + int(c["step"])
        step, follows = int(own[0]["increment"]), self.next_of(own[0])
        fine = (step, follows) == (int(c["step"]), wanted) and own[0]["start"] == c["seed"]
        self.say(fine, "identity", parts, f"starts at {own[0]['start']}, then {follows} by {step}; should be {c['seed']}, {wanted} by {c['step']}")

    def keys(self):
        rows = self.db.source(
            "SELECT s.name AS s, t.name AS t, i.name AS i, i.type AS type, i.is_unique AS is_unique, i.is_primary_key AS is_primary,"
            " i.is_unique_constraint AS is_constraint, i.is_disabled AS disabled, i.filter_definition AS filter, c.name AS c, c.is_nullable AS nullable,"
            " ic.key_ordinal AS place, ic.is_descending_key AS descending, ic.is_included_column AS included"
            " FROM sys.indexes i JOIN sys.tables t ON t.object_id = i.object_id JOIN sys.schemas s ON s.schema_id = t.schema_id"
            " JOIN sys.index_columns ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id"
            " JOIN sys.columns c ON c.object_id = ic.object_id AND c.column_id = ic.column_id WHERE i.index_id > 0"
            " ORDER BY s.name, t.name, i.index_id, ic.key_ordinal, ic.index_column_id")
        groups = {}
        for r in rows:
            groups.setdefault((r["s"], r["t"], r["i"]), []).append(r)
        for (schema, table, name), columns in groups.items():
            relation, planned = self.table(schema, table)
            parts = [table, self.short(name)]
            kind = "primary key" if columns[0]["is_primary"] else "unique constraint" if columns[0]["is_constraint"] else "index"
            if relation is None:
                self.say(False, kind, parts, "its table is not there")
            else:
                found = self.index_like(columns, relation, planned)
                self.say(found is not None, kind, parts, "none has its columns, order, INCLUDE, filter and uniqueness")

    @staticmethod
    def short(name):
        """A name, and what may stand for it where it is longer than PostgreSQL takes."""
        return [name, name.encode()[:40].decode(errors="ignore")] if len(name.encode()) > 63 else name

    def index_like(self, columns, relation, planned):
        first = columns[0]
        if first["type"] not in (1, 2) or first["disabled"]:
            return None
        keys = [c for c in columns if c["place"] > 0]
        names = self.target_names(planned, [c["c"] for c in keys])
        # A constraint of PostgreSQL has no directions.
        plain = first["is_primary"] or first["is_constraint"]
        wanted = [[name, not plain and c["descending"]] for name, c in zip(names, keys)]
        included = sorted(self.target_names(planned, [c["c"] for c in columns if c["included"]]))
        one_null = first["is_unique"] and any(c["nullable"] for c in keys)
        for index in self.indexes:
            alike = (index["relation"] == relation["oid"] and index["valid"] and index["keys"] == wanted
                     and sorted(index["included"]) == included and index["is_unique"] == first["is_unique"]
                     and index["is_primary"] == first["is_primary"] and (index["predicate"] is None) == (first["filter"] is None))
            if alike and (not one_null or index["one_null"] or self.excludes_null(index, keys, planned)):
                return index
        return None

    def excludes_null(self, index, keys, planned):
        """A filter that lets no NULL in: then it does not matter how NULLs compare."""
        names = self.target_names(planned, [c["c"] for c in keys if c["nullable"]])
        text = index["predicate"] or ""
        return all(re.search(rf'"?{re.escape(name)}"? IS NOT NULL', text) for name in names)

    def foreign_keys(self):
        groups = {}
        for r in self.db.source(
                "SELECT s.name AS s, t.name AS t, k.name AS k, rs.name AS rs, rt.name AS rt, c.name AS c, rc.name AS rc,"
                " k.delete_referential_action AS on_delete, k.update_referential_action AS on_update, k.is_disabled AS disabled,"
                " k.is_not_trusted AS untrusted FROM sys.foreign_keys k JOIN sys.tables t ON t.object_id = k.parent_object_id"
                " JOIN sys.schemas s ON s.schema_id = t.schema_id JOIN sys.tables rt ON rt.object_id = k.referenced_object_id"
                " JOIN sys.schemas rs ON rs.schema_id = rt.schema_id JOIN sys.foreign_key_columns kc ON kc.constraint_object_id = k.object_id"
                " JOIN sys.columns c ON c.object_id = kc.parent_object_id AND c.column_id = kc.parent_column_id"
                " JOIN sys.columns rc ON rc.object_id = kc.referenced_object_id AND rc.column_id = kc.referenced_column_id"
                " ORDER BY s.name, t.name, k.name, kc.constraint_column_id"):
            groups.setdefault((r["s"], r["t"], r["k"]), []).append(r)
        for (schema, table, name), columns in groups.items():
            first, parts = columns[0], [table, self.short(name)]
            relation, planned = self.table(schema, table)
            referenced, other = self.table(first["rs"], first["rt"])
            if relation is None or referenced is None:
                self.say(False, "foreign key", parts, "one of its tables is not there")
                continue
            here = self.target_names(planned, [c["c"] for c in columns])
            there = self.target_names(other, [c["rc"] for c in columns])
            found = [k for k in self.constraints if k["type"] == "f" and k["relation"] == relation["oid"]
                     and k["referenced"] == referenced["oid"] and k["columns"] == here and k["there"] == there]
            wanted = (ACTIONS[first["on_delete"]], ACTIONS[first["on_update"]], not first["untrusted"])
            shown = [(k["on_delete"], k["on_update"], k["valid"]) for k in found]
            # A key that is switched off has no counterpart: it must be told, whatever was made of it.
            fine = wanted in shown and not first["disabled"]
            self.say(fine, "foreign key", parts, f"should be {wanted}{', disabled' if first['disabled'] else ''}; found {shown}")

    def checks(self):
        for c in self.db.source(
                "SELECT s.name AS s, t.name AS t, k.name AS k, k.definition AS d, k.is_disabled AS disabled, k.is_not_trusted AS untrusted"
                " FROM sys.check_constraints k JOIN sys.tables t ON t.object_id = k.parent_object_id JOIN sys.schemas s ON s.schema_id = t.schema_id"):
            relation, planned = self.table(c["s"], c["t"])
            parts = [c["t"], self.short(c["k"])]
            if relation is None:
                self.say(False, "check", parts, "its table is not there")
                continue
            sources = {name.replace("]]", "]") for name in re.findall(r"\[((?:[^\]]|\]\])+)\]", re.sub(r"'(?:[^']|'')*'", "''", c["d"]))}
            wanted = set(self.target_names(planned, sorted(sources)))
            found = [k for k in self.constraints if k["type"] == "c" and k["relation"] == relation["oid"] and set(k["columns"]) == wanted
                     and k["valid"] != c["untrusted"] and (k["name"] == c["k"] or k["name"][:30] == c["k"][:30])]
            self.say(bool(found) and not c["disabled"], "check", parts, f"{c['d']} over {sorted(wanted)}{', disabled' if c['disabled'] else ''} is not there")

    def defaults(self):
        for d in self.db.source(
                "SELECT s.name AS s, t.name AS t, c.name AS c, b.name AS kind, d.name AS d, d.definition AS e FROM sys.default_constraints d"
                " JOIN sys.tables t ON t.object_id = d.parent_object_id JOIN sys.schemas s ON s.schema_id = t.schema_id"
                " JOIN sys.columns c ON c.object_id = d.parent_object_id AND c.column_id = d.parent_column_id"
                " JOIN sys.types b ON b.user_type_id = CASE WHEN c.system_type_id = 240 THEN c.user_type_id ELSE c.system_type_id END"):
            relation, planned = self.table(d["s"], d["t"])
            found = relation and self.column(relation, planned, d["c"])
            parts = [d["t"], d["c"]]
            initial = found and found["initial"]
            value = literal(d["e"])
            if bare(d["e"]).upper() == "NULL":
                self.say(bool(found) and initial in (None, f"NULL::{found['type']}"), "default", parts, f"{initial}, not NULL")
            elif not initial or found["generated"]:
                self.say(False, "default", parts, f"{d['e']}: the column has none")
            elif value is None:
                self.say(True, "default", parts, "")
            else:
                got = self.db.target(f"SELECT CAST(({initial}) AS text) AS v")[0]["v"]
                got = {"true": "t", "false": "f"}.get(got, got)
                self.say(same_value(d["kind"], value, got), "default", parts, f"{d['e']} became {initial}, which is {got}")

    def source_sequences(self):
        for q in self.db.source(
                "SELECT s.name AS s, q.name AS q, b.name AS kind, CONVERT(nvarchar(50), q.start_value) AS start, CONVERT(nvarchar(50), q.increment) AS step,"
                " CONVERT(nvarchar(50), q.minimum_value) AS low, CONVERT(nvarchar(50), q.maximum_value) AS high, q.is_cycling AS cycle,"
                " CONVERT(nvarchar(50), q.last_used_value) AS last_value FROM sys.sequences q JOIN sys.schemas s ON s.schema_id = q.schema_id"
                " JOIN sys.types b ON b.user_type_id = q.user_type_id"):
            # Sequences are not in the plan: a schema is called as those of its tables are.
            schema = next((t["target"]["schema"] for (s, _), t in self.plan.items() if s == q["s"]), q["s"])
            found = self.sequences.get((schema, q["q"]))
            if found is None:
                self.say(False, "sequence", [q["q"]], "not there")
                continue
            follows = int(q["start"]) if q["last_value"] is None else int(q["last_value"]) + int(q["step"])
            low, high = int(q["low"]), int(q["high"])
            if not low <= follows <= high:
                follows = (low if int(q["step"]) > 0 else high) if q["cycle"] else None
            shown = (int(found["increment"]), int(found["minimum"]), int(found["maximum"]), found["cycle"])
            wanted = (int(q["step"]), low, high, q["cycle"])
            same_next = follows is None or self.next_of(found) == follows
            self.say(shown == wanted and same_next, "sequence", [q["q"]], f"{shown}, then {self.next_of(found)}; should be {wanted}, then {follows}")

    def properties(self):
        for p in self.db.source(
                "SELECT p.class AS class, p.name AS p, CONVERT(nvarchar(4000), p.value) AS v, sc.name AS sc, os.name AS s, o.name AS o, o.type AS type,"
                " c.name AS c, i.name AS i, pa.name AS pa, ps.name AS ps FROM sys.extended_properties p"
                " LEFT JOIN sys.schemas sc ON p.class = 3 AND sc.schema_id = p.major_id"
                " LEFT JOIN sys.objects o ON p.class IN (1, 7) AND o.object_id = p.major_id LEFT JOIN sys.schemas os ON os.schema_id = o.schema_id"
                " LEFT JOIN sys.columns c ON p.class = 1 AND p.minor_id > 0 AND c.object_id = p.major_id AND c.column_id = p.minor_id"
                " LEFT JOIN sys.indexes i ON p.class = 7 AND i.object_id = p.major_id AND i.index_id = p.minor_id"
                " LEFT JOIN sys.objects pa ON pa.object_id = o.parent_object_id LEFT JOIN sys.schemas ps ON ps.schema_id = pa.schema_id"):
            parts = [part for part in (p["sc"], p["pa"], p["o"], p["c"], p["i"]) if part] or ["database"]
            fine = p["p"] == "MS_Description" and p["v"] in self.comments(p)
            self.say(fine, f"property {p['p']} of", parts, "no such comment")

    def comments(self, p):
        """The comments of the target at the place of a property."""
        if p["class"] == 0:
            return [r["v"] for r in self.db.target(
                "SELECT shobj_description(oid, 'pg_database') AS v FROM pg_database WHERE datname = current_database()")]
        if p["class"] == 3:
            return [self.schemas.get(next((t["target"]["schema"] for (s, _), t in self.plan.items() if s == p["sc"]), p["sc"]))]
        child = p["pa"] is not None
        relation, planned = self.table(p["ps"] if child else p["s"], p["pa"] if child else p["o"])
        if relation is None:
            return [s["comment"] for (_, name), s in self.sequences.items() if name == p["o"]]
        if p["c"]:
            column = self.column(relation, planned, p["c"])
            return [column and column["comment"]]
        if child:
            mine = [k["comment"] for k in self.constraints if k["relation"] == relation["oid"]]
            return mine + [i["comment"] for i in self.indexes if i["relation"] == relation["oid"]]
        if p["i"]:
            return [i["comment"] for i in self.indexes if i["relation"] == relation["oid"]]
        return [relation["comment"]]

    def others(self):
        """What PostgreSQL has no counterpart of, or what is made by another statement: it must be told."""
        for o in self.db.source("SELECT o.name AS o, o.type AS type FROM sys.objects o WHERE o.type IN ('V', 'P', 'FN', 'IF', 'TF', 'TR')"):
            self.say(False, MODULES[o["type"].strip()], [o["o"]], "not there")
        for kind, sql in (
                ("synonym", "SELECT name AS o FROM sys.synonyms"),
                ("type", "SELECT name AS o FROM sys.types WHERE is_user_defined = 1"),
                ("temporal table", "SELECT name AS o FROM sys.tables WHERE temporal_type = 2"),
                ("full-text index on", "SELECT t.name AS o FROM sys.fulltext_indexes f JOIN sys.tables t ON t.object_id = f.object_id")):
            for o in self.db.source(sql):
                self.say(False, kind, [o["o"]], "not there")
        for m in self.db.source("SELECT t.name AS t, c.name AS c FROM sys.masked_columns c JOIN sys.tables t ON t.object_id = c.object_id"):
            self.say(False, "dynamic mask of", [m["t"], m["c"]], "not there")
        for t in self.db.source(
                "SELECT DISTINCT s.name AS s, t.name AS t FROM sys.indexes i JOIN sys.partition_schemes p ON p.data_space_id = i.data_space_id"
                " JOIN sys.tables t ON t.object_id = i.object_id JOIN sys.schemas s ON s.schema_id = t.schema_id WHERE i.index_id IN (0, 1)"):
            relation, _ = self.table(t["s"], t["t"])
            self.say(relation is not None and relation["kind"] == "p", "partitions of", [t["t"]], "a plain table")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, help="ODBC connection string")
    parser.add_argument("--target", required=True, help="postgres:// URL")
    parser.add_argument("--plan", required=True, help="plan.json of the run: what each table and column is called")
    parser.add_argument("--told", nargs="+", default=[], help="files that say what was left out or changed")
    parser.add_argument("-v", "--verbose", action="store_true", help="show what was told, too")
    arguments = parser.parse_args()
    with open(arguments.plan, encoding="utf-8") as file:
        plan = json.load(file)
    try:
        databases = Databases(arguments.source, arguments.target)
        return Check(databases, plan, Told(arguments.told), arguments.verbose).check()
    except subprocess.CalledProcessError as error:
        print(f"psql: {error.stderr}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
