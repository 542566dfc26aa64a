//! Views over the checkpoints, for people and for programs. Nothing here talks to a server.

pub mod status;
pub mod watch;

#[cfg(test)]
mod tests {
    use crate::error::ErrorKind;
    use std::collections::BTreeMap;
    use std::fmt::Write;

    const HEAD: &str = "\
# Exit codes

One table in the code (`src/error.rs`) decides what every error means; this page is generated from it, and a test keeps
the two equal (`SHARDFERRY_UPDATE_DOCS=1 cargo test --lib page_of_exit_codes` rewrites it).

| exit code | meaning | rerun? |
|---|---|---|
| 0 | done, or nothing to do | no |
| 1 | unexpected error (a bug) | no |
| 2 | usage or configuration; source or target refuses for good (login, permission, missing database) | no |
| 3 | some tables failed for good (their data or schema) | after a fix |
| 4 | transient: source, target or S3 unreachable after all retries | yes |
| 5 | another pod owns the table (fenced) | later |
| 6 | verification found differences | after a look |
| 143 / 130 | SIGTERM / SIGINT, checkpoint saved | yes |

An orchestrator should rerun on 4, 5, 130 and 143, and on nothing else. A process killed without warning (137) is safe to
rerun as well.

## Codes of errors

The code stands in brackets behind an error on stderr, in the checkpoint of a failed table, in the result file and in the
fields of json logs. It never changes; the texts may.
";

    fn page() -> String {
        let mut by_exit: BTreeMap<u8, Vec<ErrorKind>> = BTreeMap::new();
        for kind in ErrorKind::ALL {
            by_exit.entry(kind.policy().exit).or_default().push(kind);
        }
        let mut page = format!(
            "{HEAD}\n| exit code | code | retried in the process | what to do |\n|---|---|---|---|\n"
        );
        for (exit, kinds) in by_exit {
            for kind in kinds {
                let policy = kind.policy();
                let retried = if policy.retry { "yes" } else { "no" };
                writeln!(page, "| {exit} | `{}` | {retried} | {} |", policy.code, policy.remedy).unwrap();
            }
        }
        page
    }

    #[test]
    fn the_page_of_exit_codes_is_that_of_the_table() {
        crate::generated::assert_page("reference/exit-codes.md", &page());
    }
}
