//! What the help of each command ends with: examples, and where else flags may stand.

const LAYERS: &str = "Every flag also reads SHARDFERRY_<FLAG>, for example SHARDFERRY_CLAIM_TIMEOUT, and the key of its \
name in the file given by --config. A flag wins over the environment, the environment over the file.";

/// The end of a command's help; that of the program under its own name.
pub(super) fn of(command: &str) -> String {
    let examples = match command {
        "shardferry" => {
            "\
  shardferry plan --dry-run                # what would become of everything; writes nothing
  shardferry run                           # everything, by one pod
  shardferry run --shard 3/10              # the third of ten pods; the last one finishes
  shardferry status --watch                # all pods
  shardferry help run                      # one command and its flags"
        }
        "plan" => {
            "\
  shardferry plan --dry-run                # what would become of everything; writes nothing
  shardferry plan --dry-run --verbose      # the same for each object
  shardferry plan --shards 10              # pin the tables; what each of ten pods gets
  shardferry plan --include 'sales.*' --exclude '*.Log*' --name-case snake"
        }
        "schema" => {
            "\
  shardferry schema                        # all tables of the plan
  shardferry schema --shard 3/10 --unlogged"
        }
        "sync" => {
            "\
  shardferry sync                          # goes on where an earlier one stopped
  shardferry sync --range 101-200 --jobs 4
  shardferry sync --table dbo.Orders --reset
  shardferry sync --retry-failed --rejects s3://bucket/rejects"
        }
        "finish" => {
            "\
  shardferry finish                        # after all data
  shardferry finish --without-failed       # without the tables that failed"
        }
        "run" => {
            "\
  shardferry run                           # everything, by one pod; rerun it to go on
  shardferry run --shard 3/10              # the third of ten pods; the last one finishes
  shardferry run --shard-count 10          # in an Indexed Job, which numbers its pods
  shardferry run --on-existing replace     # a load that is repeated"
        }
        "status" => {
            "\
  shardferry status                        # what failed, who is silent, what runs
  shardferry status --watch
  shardferry status --exit-code            # for scripts: 0 completed, 3 failed, 5 not yet
  shardferry status --format json"
        }
        "replan" => {
            "\
  shardferry replan --table dbo.Orders     # its columns changed; then `shardferry run`
  shardferry replan --table dbo.Orders --policy nul=strip"
        }
        "reset" => {
            "\
  shardferry reset --table dbo.Orders
  shardferry reset --yes                   # the whole run"
        }
        "completions" => {
            return "\
Examples:
  shardferry completions bash > /etc/bash_completion.d/shardferry
  shardferry completions zsh > ~/.zfunc/_shardferry
  shardferry completions fish > ~/.config/fish/completions/shardferry.fish
  shardferry completions man > shardferry.1   # then: man ./shardferry.1"
                .to_owned();
        }
        _ => return LAYERS.to_owned(),
    };
    format!("Examples:\n{examples}\n\n{LAYERS}")
}
