//! The flags of whichever command, as the parts that commands share.

use super::Command;
use crate::cli::{
    CliCommand, CopyArgs, PlanChoiceArgs, RunArguments, SelectionArgs, SourceArgs, StatusArgs, TargetArgs,
    WorkArgs,
};

/// The parts of all commands; those that a command has not are empty.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) source: SourceArgs,
    pub(super) target: TargetArgs,
    pub(super) choice: PlanChoiceArgs,
    pub(super) selection: SelectionArgs,
    pub(super) copy: CopyArgs,
    pub(super) run: RunArguments,
    /// `reset` of the whole run was confirmed, or the command is another.
    pub(super) confirmed: bool,
    pub(super) verbose: bool,
}

fn work(args: WorkArgs, parts: Parts) -> Parts {
    let WorkArgs { source, target, selection, copy, run } = args;
    Parts { verbose: copy.verbose, source, target, selection, copy, run, ..parts }
}

/// The command, and its flags as the parts that all commands share.
pub(super) fn of_command(command: CliCommand) -> (Command, Parts) {
    let parts = Parts { confirmed: true, ..Parts::default() };
    match command {
        CliCommand::Plan(args) => (
            Command::Plan {
                dry_run: args.dry_run,
                shards: args.shards,
                shards_file: args.shards_file,
                format: args.format.unwrap_or_default(),
            },
            Parts {
                source: args.source,
                target: args.target,
                choice: args.choice,
                run: args.run,
                verbose: args.verbose,
                ..parts
            },
        ),
        CliCommand::Schema(args) => (Command::Schema, work(args, parts)),
        CliCommand::Sync(args) => (Command::Sync, work(args, parts)),
        CliCommand::Run(args) => (
            Command::Run,
            Parts {
                source: args.source,
                target: args.target,
                choice: args.choice,
                selection: args.selection,
                verbose: args.copy.verbose,
                copy: args.copy,
                run: args.run,
                ..parts
            },
        ),
        CliCommand::Finish(args) => {
            let copy = CopyArgs {
                jobs: args.jobs,
                claim_timeout: args.claim_timeout,
                consistency: args.consistency,
                metrics_address: args.metrics_address,
                ..CopyArgs::default()
            };
            (
                Command::Finish { without_failed: args.without_failed },
                Parts {
                    source: args.source,
                    target: args.target,
                    copy,
                    run: args.run,
                    verbose: args.verbose,
                    ..parts
                },
            )
        }
        CliCommand::Status(args) => status(args, parts),
        CliCommand::Replan(args) => (
            Command::Replan,
            Parts {
                source: args.source,
                target: args.target,
                choice: PlanChoiceArgs { policy: args.policy, ..PlanChoiceArgs::default() },
                selection: SelectionArgs { table: args.table, ..SelectionArgs::default() },
                run: args.run,
                ..parts
            },
        ),
        CliCommand::Reset(args) => (
            Command::Reset,
            Parts {
                target: args.target,
                selection: args.selection,
                confirmed: args.yes,
                run: args.run,
                ..parts
            },
        ),
    }
}

fn status(args: StatusArgs, parts: Parts) -> (Command, Parts) {
    let command = Command::Status {
        watch: args.watch,
        verbose: args.verbose,
        format: args.format.unwrap_or_default(),
        phase: args.phase,
        exit_code: args.exit_code,
    };
    let copy = CopyArgs { claim_timeout: args.claim_timeout, ..CopyArgs::default() };
    (command, Parts { target: args.target, copy, run: args.run, verbose: args.verbose, ..parts })
}
