//! What the help of each command ends with: examples, and where else flags may stand.

const LAYERS: &str = "Every flag also reads SHARDFERRY_<FLAG>, for example SHARDFERRY_CLAIM_TIMEOUT, and the key of its \
name in the file given by --config. A flag wins over the environment, the environment over the file.";

/// The end of a command's help; that of the program under its own name.
pub(super) fn of(command: &str) -> String {
    let examples = examples(command);
    // A shell reads neither the environment nor a config file for this.
    let layers = if command == super::COMPLETIONS { "" } else { LAYERS };
    let examples: Vec<String> = examples.iter().map(|line| format!("  shardferry {line}\n")).collect();
    match examples.is_empty() {
        true => layers.to_owned(),
        false => format!("Examples:\n{}\n{layers}", examples.concat()).trim_end().to_owned(),
    }
}

/// Command lines behind the program's name.
fn examples(command: &str) -> &'static [&'static str] {
    match command {
        "shardferry" => &[
            "plan --dry-run              # what would become of everything; writes nothing",
            "run                         # everything, by one pod",
            "run --shard 3/10            # the third of ten pods; the last one finishes",
            "status --watch              # all pods",
            "help run                    # one command and its flags",
        ],
        "plan" => &[
            "plan --dry-run              # what would become of everything; writes nothing",
            "plan --dry-run --verbose    # the same for each object",
            "plan --shards 10            # pin the tables; what each of ten pods gets",
            "plan --include 'sales.*' --exclude '*.Log*' --name-case snake",
        ],
        "schema" => {
            &["schema                      # all tables of the plan", "schema --shard 3/10 --unlogged"]
        }
        "sync" => &[
            "sync                        # goes on where an earlier one stopped",
            "sync --range 101-200 --jobs 4",
            "sync --table dbo.Orders --reset",
            "sync --retry-failed --rejects s3://bucket/rejects",
        ],
        "finish" => &[
            "finish                      # after all data",
            "finish --without-failed     # without the tables that failed",
        ],
        "run" => &[
            "run                         # everything, by one pod; rerun it to go on",
            "run --shard 3/10            # the third of ten pods; the last one finishes",
            "run --shard-count 10        # in an Indexed Job, which numbers its pods",
            "run --on-existing replace   # a load that is repeated",
        ],
        "status" => &[
            "status                      # what failed, who is silent, what runs",
            "status --watch",
            "status --exit-code          # for scripts: 0 completed, 3 failed, 5 not yet",
            "status --format json",
        ],
        "replan" => &[
            "replan --table dbo.Orders   # its columns changed; then `shardferry run`",
            "replan --table dbo.Orders --policy nul=strip",
        ],
        "reset" => &["reset --table dbo.Orders", "reset --yes                 # the whole run"],
        "completions" => &[
            "completions bash > /etc/bash_completion.d/shardferry",
            "completions zsh > ~/.zfunc/_shardferry",
            "completions fish > ~/.config/fish/completions/shardferry.fish",
            "completions man > shardferry.1   # then: man ./shardferry.1",
        ],
        _ => &[],
    }
}
