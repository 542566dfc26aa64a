//! The plan of the house, held by a test: the rooms in order, and that each imports only from rooms above it.
//!
//! `docs/ARCHITECTURE.md` shows the same list, and `docs/rooms.svg` draws it.

mod circles;
mod picture;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Every room from the ground floor up, with what it owns. A room may import those before it.
const ROOMS: [(&str, &str); 25] = [
    ("error", "kinds and THE table; the verdict over many errors"),
    ("clock", "the wall clock"),
    ("secret", "texts that no message shows"),
    ("anchors", "what the system trusts, for every TLS connection"),
    ("limits", "memory and CPUs that the process may take"),
    ("failpoint", "named places where a test lets the process die"),
    ("stop", "signals, and the one deadline that follows from them"),
    (
        "model",
        "the words that all speak: names, types, keys and bounds, plan, checkpoints, phases, policies, losses",
    ),
    ("cli", "the flags"),
    ("settings", "flags, environment and file become validated settings"),
    ("telemetry", "logs, traces and metrics; is told by others"),
    ("retry", "the one retry loop"),
    ("tsql", "T-SQL expressions become PostgreSQL expressions"),
    ("sqlserver", "the source: connection, catalog, chunk bounds, the decoder of its wire"),
    ("convert", "THE table of types, and rows as COPY BINARY"),
    ("postgres", "the target: connection, catalog, DDL, ledger, COPY"),
    ("checkpoint", "the documents of a run in their store"),
    ("plan", "the plan, built from catalog and choices, and cut into shards"),
    ("assessment", "what becomes of every object"),
    ("copy", "who owns a table, its life, its chunks"),
    ("progress", "lines and bars"),
    ("report", "`status`"),
    ("orchestrator", "result file and termination log"),
    ("command", "one file a subcommand"),
    ("main", "parse, start, run, exit code"),
];

/// Files that only tests compile: their imports are no arrows.
const TEST_FILES: [&str; 4] = ["tests.rs", "_tests.rs", "contract.rs", "page.rs"];

fn floor(room: &str) -> usize {
    let place = ROOMS.iter().position(|(name, _)| *name == room);
    place.unwrap_or_else(|| panic!("src/house.rs does not know the room `{room}`"))
}

fn source_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            source_files(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
}

/// The rooms that a file names behind `crate::`, in its own code and not in that of its tests.
fn imports(text: &str) -> Vec<String> {
    behind(text, "crate::")
}

/// A file without its tests and its comments.
fn own_code(text: &str) -> String {
    let own = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    own.lines().filter(|line| !line.trim_start().starts_with("//")).collect()
}

fn behind(text: &str, root: &str) -> Vec<String> {
    let code = own_code(text);
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    code.match_indices(root).map(|(place, _)| word(&code[place + root.len()..])).collect()
}

/// An import: the file and its room, and the room that is imported.
struct Arrow {
    file: String,
    room: String,
    imported: String,
}

/// Every import of a room's own code, those within one room among them.
fn arrows() -> Vec<Arrow> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    source_files(&root, &mut files);
    let mut arrows = Vec::new();
    for path in files {
        let file = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let room = file.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        let of_tests = TEST_FILES.iter().any(|end| file.ends_with(end));
        if of_tests || ["lib", "house", "generated"].contains(&room.as_str()) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        // The binary sees the library from outside.
        let imported = if room == "main" { behind(&text, "shardferry::") } else { imports(&text) };
        for imported in imported {
            assert!(!imported.is_empty(), "src/{file}: write `use crate::room::…`, one room a line");
            arrows.push(Arrow { file: file.clone(), room: room.clone(), imported });
        }
    }
    arrows
}

#[test]
fn arrows_point_one_way() {
    let arrows = arrows();
    let between = arrows.iter().filter(|arrow| arrow.imported != arrow.room).count();
    assert!(between > 500, "only {between} imports were found: the test does not read the files");
    let upward = arrows.iter().filter(|arrow| floor(&arrow.imported) > floor(&arrow.room));
    let upward = upward.map(|Arrow { file, room, imported }| {
        format!("src/{file} imports {imported}, which stands below {room}")
    });
    let upward: Vec<String> = upward.collect();
    assert!(upward.is_empty(), "{}", upward.join("\n"));
}

#[test]
fn source_and_target_do_not_know_each_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/postgres");
    let mut files = Vec::new();
    source_files(&root, &mut files);
    assert!(files.len() > 10);
    for file in files {
        let knows = imports(&std::fs::read_to_string(&file).unwrap()).iter().any(|room| room == "sqlserver");
        assert!(!knows, "{} imports sqlserver", file.display());
    }
}

/// A file that is longer is two files: CONTRIBUTING.md, "House rules".
const LONGEST_FILE: usize = 400;

/// The lines of a file without those of its tests, which stand at its end.
fn lines_without_tests(text: &str) -> usize {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().trim_end().lines().count()
}

#[test]
fn no_file_is_longer_than_400_lines() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    source_files(&root, &mut files);
    assert!(files.len() > 200, "only {} files were found", files.len());
    let mut long = Vec::new();
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        if name.ends_with("/tests.rs") || name.ends_with("_tests.rs") {
            continue;
        }
        let lines = lines_without_tests(&std::fs::read_to_string(&file).unwrap());
        if lines > LONGEST_FILE {
            long.push(format!("src/{name} has {lines} lines without its tests; {LONGEST_FILE} are the most"));
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn every_room_stands_on_the_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let known: BTreeMap<&str, usize> =
        ROOMS.iter().zip(0..).map(|((name, _), place)| (*name, place)).collect();
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_room = !["lib", "house", "generated", "snapshots"].contains(&name);
        assert_eq!(known.contains_key(name), is_room, "{name}");
    }
}

#[test]
fn the_architecture_page_shows_the_same_list() {
    const BEGIN: &str = "<!-- rooms: begin -->\n";
    const END: &str = "<!-- rooms: end -->";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ARCHITECTURE.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let mut list = String::from("| room | owns |\n|---|---|\n");
    for (name, owns) in ROOMS {
        let _ = writeln!(list, "| `{name}` | {owns} |");
    }
    crate::generated::assert_page("ARCHITECTURE.md", &format!("{before}{BEGIN}{list}{END}{after}"));
}
