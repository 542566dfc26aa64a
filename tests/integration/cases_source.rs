//! Kinds of tables that have their own way of being read: memory-optimised tables and graph tables.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::World;

#[test]
fn a_table_in_memory_is_read_where_the_session_cannot_be_at_snapshot() {
    for consistency in ["snapshot", "snapshot-table", "read-committed"] {
        let world = World::with_files();
        world.load(include_str!("../cases/12-memory-optimised-under-snapshot.sql"));
        world.command(&["run", "--consistency", consistency]).run().exits(0);
        for table in ["Locks", "OnDisk"] {
            let rows = world.target(&format!("SELECT \"Id\", \"Name\" FROM dbo.\"{table}\""));
            assert_eq!(rows, [[Some("1".to_owned()), Some("a".to_owned())]], "{table} {consistency}");
        }
    }
}

#[test]
fn graph_tables_arrive_without_what_no_query_can_read() {
    let world = World::with_files();
    world.load(include_str!("../cases/13-graph-tables.sql"));
    world.load("INSERT INTO dbo.Knows ($from_id, $to_id, Since) VALUES ((SELECT $node_id FROM dbo.Person WHERE Id = 1), (SELECT $node_id FROM dbo.Person WHERE Id = 2), '2020-01-02')");
    let told = world.command(&["plan", "--dry-run", "--format", "json"]).run().exits(0);
    let assessment: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    let findings = assessment["findings"].as_array().unwrap();
    let left_out: Vec<&str> = findings
        .iter()
        .filter(|finding| finding["name"] == "graph_table")
        .map(|finding| finding["object"].as_str().unwrap())
        .collect();
    assert!(left_out.iter().any(|object| object.starts_with("dbo.Person.graph_id_")), "{left_out:?}");
    assert!(left_out.iter().any(|object| object.starts_with("dbo.Knows.from_obj_id_")), "{left_out:?}");
    world.command(&["run"]).run().exits(0);
    let people =
        world.target("SELECT \"Id\", \"Name\", \"$node_id\"::json->>'table' FROM dbo.\"Person\" ORDER BY 1");
    let text = |value: &str| Some(value.to_owned());
    assert_eq!(people, [[text("1"), text("Ada"), text("Person")], [text("2"), text("Ben"), text("Person")]]);
    let joined = world.target(
        "SELECT a.\"Name\", b.\"Name\" FROM dbo.\"Knows\" k JOIN dbo.\"Person\" a ON a.\"$node_id\" = k.\"$from_id\" \
         JOIN dbo.\"Person\" b ON b.\"$node_id\" = k.\"$to_id\"",
    );
    assert_eq!(joined, [[text("Ada"), text("Ben")]]);
    // A rerun finds nothing changed.
    world.command(&["run"]).run().exits(0);
}
