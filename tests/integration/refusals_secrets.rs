//! Secrets are nowhere but where the user put them.

use super::{photograph, world};
use crate::harness::{Invocation, World};

/// Needs escapes in a URL, so that both spellings are looked for.
const PASSWORD: &str = "Pl4nted %/@ secret";
const ENCODED: &str = "Pl4nted%20%25%2F%40%20secret";
const HINT: &str = "Pl4nted";

fn role(world: &World) -> String {
    let name = format!("{}_owner", world.database);
    world.admin(&format!("CREATE ROLE {name} LOGIN SUPERUSER PASSWORD '{PASSWORD}'"));
    world.target_url().replace("postgres:postgres@", &format!("{name}:{ENCODED}@"))
}

fn hides_all(world: &World, call: Invocation, code: i32) {
    let result = world.folder.path().join("result.json");
    let log = world.folder.path().join("termination-log");
    std::fs::write(&log, "").unwrap();
    std::fs::write(&result, "").unwrap();
    let finished = call
        .pod("main")
        .env("SHARDFERRY_RETRIES", "0")
        .env("SHARDFERRY_RESULT_FILE", result.to_str().unwrap())
        .env("SHARDFERRY_TERMINATION_LOG", log.to_str().unwrap())
        .run()
        .exits(code);
    finished.hides(HINT).hides("Passw0rd!").hides("shardferry-test-secret");
    for file in [result, log] {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.is_empty(), "{} was not written", file.display());
        assert!(!text.contains(HINT) && !text.contains("Passw0rd!"), "{}: {text}", file.display());
    }
    for (path, bytes) in photograph(world).objects {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(HINT) && !text.contains("Passw0rd!"), "{}: {text}", path.display());
    }
}

#[test]
fn no_output_log_checkpoint_or_result_holds_a_secret() {
    let world = world(super::SHOP);
    let target = role(&world);
    let call = |arguments: &[&str]| {
        world.command(arguments).env("SHARDFERRY_TARGET_URL", &target).env("RUST_LOG", "trace")
    };
    hides_all(&world, call(&["plan"]), 0);
    hides_all(&world, call(&["run"]), 0);
    assert!(photograph(&world).objects.len() > 3, "checkpoints are searched too");
    hides_all(&world, call(&["status", "--format", "json"]), 0);
    let applications = world.target("SELECT application_name || query FROM pg_stat_activity");
    assert!(!format!("{applications:?}").contains(HINT));
    let sources = [
        world.source_url().replace("sa:Passw0rd!", &format!("sa:{ENCODED}")),
        format!("mssql://sa:{ENCODED}@127.0.0.1:1/testdb?encrypt=off"),
        format!("mssql://sa:{PASSWORD}@127.0.0.1:1/testdb?encrypt=off"),
        format!("server=127.0.0.1;user id=sa;password={PASSWORD};nonsense"),
    ];
    for (url, code) in sources.iter().zip([2, 4, 2, 2]) {
        hides_all(&world, call(&["sync"]).env("SHARDFERRY_SOURCE_URL", url), code);
    }
    let targets = [
        format!("{target}_nothing"),
        format!("postgres://postgres:{ENCODED}@{}", target.rsplit_once('@').unwrap().1),
        format!("postgres://postgres:{PASSWORD}@127.0.0.1:x/db"),
        format!("host=127.0.0.1 password='{PASSWORD}' nonsense"),
        format!("host=127.0.0.1 password={PASSWORD}"),
    ];
    for url in &targets {
        hides_all(&world, call(&["sync"]).env("SHARDFERRY_TARGET_URL", url), 2);
    }
    world.target(&format!("DROP OWNED BY {0}_owner CASCADE; DROP ROLE {0}_owner", world.database));
}
