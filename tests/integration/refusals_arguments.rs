//! Command line and config file.

use super::{SHOP, answers, prepared, refuses, refuses_call, world};
use crate::harness::World;

#[test]
fn ranges_shards_and_names_that_the_plan_has_not() {
    let world = prepared();
    for (arguments, text) in [
        (
            ["--range", "0-5"],
            "--range: 0-5 begins at 0: write the first and the last table, like 101-200; tables are numbered from 1",
        ),
        (["--range", "5-3"], "--range: 5-3 ends before it begins: write the first and the last table"),
        (["--range", "1-9999"], "--range 1-9999 goes beyond the plan, which has 2 tables (1-2)"),
        (["--range", "a-b"], "--range: a is not a table's number: write the first and the last table"),
        (["--range", "7"], "--range: 7 is not a range: write the first and the last table"),
        (
            ["--shard", "3/2"],
            "--shard: 3/2 is not a shard: there is no shard 3 of 2; write which one of how many, like 3/10",
        ),
        (["--shard-index", "1"], "--shard-count"),
        (
            ["--table", "dbo.Nothing"],
            "table dbo.Nothing: the plan has no such table (it has 2 tables; `shardferry status --verbose` lists them)",
        ),
        (["--table", "Orders"], "--table: "),
        (["--start-from-table", "dbo.Nothing"], "table dbo.Nothing: the plan has no such table"),
    ] {
        for command in ["schema", "sync", "run"] {
            refuses(&world, &[&[command], arguments.as_slice()].concat(), 2, &[text]);
        }
    }
}

#[test]
fn a_range_and_a_shard_exclude_each_other() {
    let world = prepared();
    let call = ["sync", "--range", "1-2", "--shard", "1/2"];
    refuses(&world, &call, 2, &["the argument '--range <A-B>' cannot be used with '--shard <I/N>'"]);
    let file = config(&world, "range: 1-2\nshard: 1/2\n");
    refuses(&world, &["sync", "--config", &file], 2, &["--range", "--shard"]);
}

#[test]
fn an_empty_shard_is_a_success_that_says_so() {
    let world = prepared();
    for command in ["schema", "sync"] {
        let said = refuses(&world, &[command, "--shard", "7/7"], 0, &["shard 7/7 is empty: nothing to do"]);
        assert!(!said.stderr.contains("shardferry: "), "{}", said.stderr);
    }
}

fn config(world: &World, text: &str) -> String {
    let path = world.folder.path().join("config.yaml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_misspelled_variable_table_or_pattern_is_refused_with_the_closest_names() {
    let world = prepared();
    let text = "SHARDFERRY_NO_TRUNCAT is not a variable that shardferry reads; did you mean SHARDFERRY_NO_TRUNCATE? [config]";
    for command in ["plan", "schema", "sync", "finish", "run", "status", "reset"] {
        let call = world.command(&[command]).env("SHARDFERRY_NO_TRUNCAT", "true");
        refuses_call(&world, call, 2, &[text]);
    }
    let links = [("SHARDFERRY_PORT", "tcp://10.0.0.1:443"), ("SHARDFERRY_DB_SERVICE_HOST", "10.0.0.1")];
    let call = links.iter().fold(world.command(&["status"]), |call, (name, value)| call.env(name, value));
    answers(call, 0, &[]);
    let text =
        "table dbo.Ordres: the plan has no such table (it has 2 tables); did you mean dbo.Orders? [usage]";
    for flag in ["--table", "--start-from-table"] {
        refuses(&world, &["sync", flag, "dbo.Ordres"], 2, &[text]);
    }
    for flag in ["--include", "--exclude"] {
        let text = format!(
            "{flag} dbo.Ordres: this login sees no such table in the source; did you mean dbo.Orders? [config]"
        );
        refuses(&world, &["plan", "--run-id", "other", flag, "dbo.Ordres"], 2, &[&text]);
    }
    let file = config(&world, "tables:\n  dbo.Ordres: {}\n");
    let text = "tables: dbo.Ordres: the source has no such table; did you mean dbo.Orders?";
    refuses(&world, &["plan", "--run-id", "other", "--config", &file], 2, &[text]);
}

#[test]
fn a_config_file_is_refused_with_its_line() {
    let world = prepared();
    for (text, part) in [
        (
            "jobs: 2\nunknown_key: 3\n",
            "config.yaml, line 2: unknown key `unknown_key`; keys are the long names of the flags",
        ),
        ("jobs: 2\n  bad: [\n", "config.yaml, line 2: not YAML: "),
        ("# comment\njobs: many\n", "config.yaml, line 2: jobs: invalid value 'many' for '--jobs <N>'"),
        ("- jobs\n", "config.yaml"),
    ] {
        let file = config(&world, text);
        refuses(&world, &["sync", "--config", &file], 2, &[part, "[config]"]);
    }
    refuses(
        &world,
        &["sync", "--config", "/nowhere.yaml"],
        2,
        &["--config: cannot read /nowhere.yaml", "[config]"],
    );
}

#[test]
fn what_is_missing_is_named_with_its_three_ways_to_give_it() {
    let world = world(SHOP);
    for (command, variable, text) in [
        ("plan", "SHARDFERRY_SOURCE_URL", "--source-url is missing"),
        ("sync", "SHARDFERRY_SOURCE_URL", "as SHARDFERRY_SOURCE_URL, --source-url-file or --source-url"),
        ("schema", "SHARDFERRY_TARGET_URL", "as SHARDFERRY_TARGET_URL, --target-url-file or --target-url"),
        ("run", "SHARDFERRY_CHECKPOINT", "--checkpoint is missing: give s3://bucket/prefix or file:///dir"),
    ] {
        refuses_call(&world, world.command(&[command]).without_env(variable), 2, &[text, "[config]"]);
    }
}

#[test]
fn steps_out_of_order_say_what_comes_first() {
    let world = world(SHOP);
    for command in ["schema", "sync", "finish", "status", "reset"] {
        let confirmed: &[&str] = if command == "reset" { &["--yes"] } else { &[] };
        let texts = ["plan.json", "[plan_missing]; run `shardferry plan` first"];
        refuses(&world, &[&[command], confirmed].concat(), 2, &texts);
    }
    refuses(&world, &["run", "--resume"], 2, &["--resume, but this run has no checkpoint"]);
    world.succeed(&["plan"]);
    let missing =
        "the target has no table dbo.Customers and 1 other of the chosen tables yet [schema_missing]";
    refuses(&world, &["sync"], 2, &[missing, "run `shardferry schema` for these tables first"]);
    refuses(
        &world,
        &["sync", "--table", "dbo.Orders"],
        2,
        &["the target has no table dbo.Orders yet [schema_missing]"],
    );
    refuses(&world, &["sync", "--resume"], 2, &["[schema_missing]"]);
    world.succeed(&["schema"]);
    let unfinished = "0 of 2 tables are copied (0 failed), so finish cannot begin [unfinished]";
    refuses(
        &world,
        &["finish"],
        5,
        &[unfinished, "`shardferry status --verbose` lists the tables that are missing"],
    );
    refuses(&world, &["reset"], 2, &["clears the whole run; add --yes if that is meant"]);
    world.succeed(&["sync", "--table", "dbo.Orders"]);
    refuses(
        &world,
        &["finish"],
        5,
        &["1 of 2 tables is copied (0 failed), so finish cannot begin [unfinished]"],
    );
}

#[test]
fn a_plan_that_exists_is_shown_again_and_kept() {
    let world = world(SHOP);
    let first = world.succeed(&["plan"]);
    let again = refuses(&world, &["plan"], 0, &["the plan of run run-1 was there already: 2 tables"]);
    assert_eq!(again.stdout, first.stdout);
    assert!(first.stdout.contains("dbo.Customers"), "{}", first.stdout);
    // A table that came later is not of this plan.
    world.load("CREATE TABLE dbo.Later (Id int NOT NULL PRIMARY KEY);");
    assert_eq!(refuses(&world, &["plan"], 0, &[]).stdout, first.stdout);
}

#[test]
fn pods_with_other_filters_than_the_plan_s_are_told_the_difference() {
    let world = prepared();
    let foreign = "the plan of this run is not the one asked for: ";
    for (arguments, text) in [
        (
            ["--exclude", "dbo.Orders"],
            "--exclude dbo.Orders (the plan has none); another plan copies all 2 tables again [plan_foreign]; ",
        ),
        (["--include", "dbo.O*"], "--include dbo.O* (the plan has none)"),
        (["--schema-map", "dbo=sales"], "--schema-map dbo=sales (the plan has none)"),
    ] {
        for command in ["plan", "run"] {
            refuses(&world, &[&[command], arguments.as_slice()].concat(), 2, &[foreign, text]);
        }
    }
    refuses(
        &world,
        &["run", "--skip-unsupported"],
        2,
        &[foreign, "--skip-unsupported true (the plan has false)"],
    );
    // Another database of the same server.
    world.engine.create_database("other").unwrap();
    for command in ["plan", "run", "sync", "schema"] {
        let url = world.source_url().replace("/testdb", "/other");
        let call = world.command(&[command]).env("SHARDFERRY_SOURCE_URL", &url);
        refuses_call(
            &world,
            call,
            2,
            &[foreign, "source database (plan: testdb, now: other)", "[plan_foreign]"],
        );
    }
}

#[test]
fn another_database_of_the_same_name_behind_the_same_url_is_foreign() {
    let world = prepared();
    world.engine.replace_by_another("testdb").unwrap();
    let texts = [
        "family_guid of the source database (plan: ",
        "; another plan copies all 2 tables again [plan_foreign]; go back to the source",
    ];
    for command in ["plan", "run", "sync", "schema"] {
        refuses(&world, &[command], 2, &texts);
    }
    // Without the right to see its family it is another one all the same.
    world.engine.deny_view("sys.database_recovery_status", Some(mssim::engine::Denial::Denied));
    let texts = ["service_broker_guid of the source database (plan: ", "[plan_foreign]"];
    for command in ["plan", "run", "sync", "schema"] {
        refuses(&world, &[command], 2, &texts);
    }
}

#[test]
fn filters_that_leave_nothing() {
    let world = world(SHOP);
    let text = "nothing to plan: the database has 2 tables, the filters leave none [usage]";
    refuses(&world, &["plan", "--include", "sales.*"], 2, &[text]);
    refuses(&world, &["run", "--include", "sales.*"], 2, &[text]);
    answers(world.command(&["plan", "--include", "dbo.*"]), 0, &["2 tables"]);
}

#[test]
fn the_result_file_says_why_also_where_the_settings_are_wrong() {
    let world = prepared();
    let path = world.folder.path().join("result.json");
    for (arguments, code) in [
        (["sync", "--range", "1-9999"], "usage"),
        (["sync", "--range", "5-3"], "usage"),
        (["sync", "--checkpoint", "nonsense"], "config"),
        (["sync", "--run-id", "unknown"], "plan_missing"),
    ] {
        std::fs::write(&path, "").unwrap();
        let call = world.command(&arguments).env("SHARDFERRY_RESULT_FILE", path.to_str().unwrap());
        refuses_call(&world, call, 2, &[&format!("[{code}]")]);
        let result: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!((&result["status"], &result["exit_code"]), (&"failed".into(), &2.into()), "{arguments:?}");
        assert_eq!(result["error"]["code"], code, "{arguments:?}");
    }
}
