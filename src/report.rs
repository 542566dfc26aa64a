//! Views over the checkpoints, for people and for programs. Nothing here talks to a server.

pub mod planned;
pub mod status;
pub mod watch;

#[cfg(test)]
mod tests {
    use crate::error::ErrorKind;
    use std::collections::BTreeMap;
    use std::fmt::Write;

    const HEAD: &str = "\
# Exit codes

One table in the code (`src/error.rs`) decides what every error means. This page is generated from it
(`SHARDFERRY_UPDATE_DOCS=1 cargo test --lib page_of_exit_codes`).

| exit code | meaning | rerun? |
|---|---|---|
| 0 | done, or nothing to do | no |
| 1 | unexpected error (a bug) | no |
| 2 | usage or configuration; source or target refuses for good | no |
| 3 | some tables failed for good (their data or schema), or the plan is refused | after a fix |
| 4 | transient: source, target or S3 unreachable after all retries | yes |
| 5 | another pod owns the table (fenced), or tables are missing for `finish` | later |
| 6 | verification found differences (no command of this version ends so) | after a look |
| 143 / 130 | SIGTERM / SIGINT, checkpoint saved | yes |

A rerun is always safe, whatever the code: it copies what is missing. Orchestrators should rerun by themselves on
4, 5, 130 and 143, and if a process was killed (137). Every other code needs a person first.

`status --exit-code` ends with 0 if everything is completed, with 3 if something failed, else with 5.

## Codes of errors

The code stands in brackets after an error on stderr, in the checkpoint of a failed table, in the result file, and in
fields of json logs. It never changes; the texts may. Behind each code: what to do.
";

    fn page() -> String {
        let mut by_exit: BTreeMap<u8, Vec<ErrorKind>> = BTreeMap::new();
        for kind in ErrorKind::ALL {
            by_exit.entry(kind.policy().exit).or_default().push(kind);
        }
        let mut page = HEAD.to_owned();
        for (exit, kinds) in by_exit {
            write!(page, "\n### Exit code {exit}\n\n").unwrap();
            for kind in kinds {
                let policy = kind.policy();
                let retried = if policy.retry { " (after all retries)" } else { "" };
                let item = format!("- `{}`{retried}: {}", policy.code, policy.remedy);
                page.push_str(&crate::generated::wrapped(&item));
            }
        }
        page
    }

    #[test]
    fn the_page_of_exit_codes_is_that_of_the_table() {
        crate::generated::assert_page("reference/exit-codes.md", &page());
    }
}
