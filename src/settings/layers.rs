//! Flag over environment over file, for every flag alike.
//!
//! What the command line leaves open is filled from `SHARDFERRY_<FLAG>`, then from the config file, by appending
//! arguments and parsing again: a setting means the same wherever it is given. Where two flags exclude each other,
//! the one on the higher layer wins (`--range` replaces `SHARDFERRY_SHARD`); on one layer they are an error.

use super::file::{self, TablesSection};
use super::{Environment, Failure};
use crate::cli::Cli;
use crate::error::{Error, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

/// A setting found on a lower layer.
struct Item {
    flag: String,
    /// How an error names it: `SHARDFERRY_RANGE`, `conf.yaml, line 3: range`.
    origin: String,
    values: Vec<String>,
}

/// What all layers say together.
pub(super) struct Merged {
    pub(super) matches: ArgMatches,
    /// Of the config file alone.
    pub(super) tables: Option<TablesSection>,
}

/// The command line with everything that the lower layers add.
pub(super) fn merge(arguments: Vec<OsString>, environment: &Environment) -> Result<Merged, Failure> {
    let mut command = Cli::command();
    command.build();
    let typed = command.clone().try_get_matches_from(&arguments)?;
    let Some((name, typed)) = typed.subcommand() else {
        return Err(Error::new(ErrorKind::Usage, "no command").into());
    };
    let mut all = BTreeSet::new();
    for subcommand in command.get_subcommands() {
        all.extend(flags(subcommand).filter_map(|arg| arg.get_long().map(str::to_owned)));
    }
    let Some(subcommand) = command.find_subcommand(name) else {
        return Err(Error::new(ErrorKind::Bug, "a parsed command is unknown").into());
    };
    let mut layers = Layers::new(name, subcommand, typed);
    layers.add(from_environment(environment, subcommand))?;
    let config = match typed.get_one::<PathBuf>("config") {
        Some(path) => Some(path.clone()),
        None => environment.get(&variable("config")).map(PathBuf::from),
    };
    let mut tables = None;
    if let Some(path) = config {
        let contents = file::read(&path, &all)?;
        layers.add(from_file(contents.entries, &path.display().to_string()))?;
        tables = contents.tables.map(|node| TablesSection { path, node });
    }
    let merged = arguments.into_iter().chain(layers.added.iter().map(OsString::from));
    Ok(Merged { matches: command.try_get_matches_from(merged)?, tables })
}

fn flags(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| {
        matches!(arg.get_action(), ArgAction::Set | ArgAction::Append | ArgAction::SetTrue)
            && arg.get_long().is_some()
    })
}

fn variable(flag: &str) -> String {
    format!("SHARDFERRY_{}", flag.replace('-', "_").to_uppercase())
}

fn from_environment(environment: &Environment, command: &Command) -> Vec<Item> {
    let mut items = Vec::new();
    for arg in flags(command) {
        let Some(flag) = arg.get_long().filter(|flag| *flag != "config") else { continue };
        let origin = variable(flag);
        if let Some(text) = environment.get(&origin) {
            let list = matches!(arg.get_action(), ArgAction::Append) && flag != "consistency";
            let values = if list { super::values::split_list(text) } else { vec![text.to_owned()] };
            items.push(Item { flag: flag.to_owned(), origin, values });
        }
    }
    items
}

fn from_file(entries: Vec<file::Entry>, path: &str) -> Vec<Item> {
    let item = |file::Entry { flag, line, values }| {
        let origin = format!("{path}, line {line}: {flag}");
        Item { flag, origin, values }
    };
    entries.into_iter().map(item).collect()
}

struct Layers<'c> {
    name: &'c str,
    command: &'c Command,
    /// Flags whose value a layer has decided, were it `false`.
    decided: BTreeSet<String>,
    /// Flags that are in effect and may exclude others.
    active: BTreeSet<String>,
    /// Arguments to append.
    added: Vec<String>,
}

impl<'c> Layers<'c> {
    fn new(name: &'c str, command: &'c Command, typed: &ArgMatches) -> Self {
        let given: BTreeSet<String> = flags(command)
            .filter(|arg| typed.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine))
            .filter_map(|arg| arg.get_long().map(str::to_owned))
            .collect();
        Self { name, command, decided: given.clone(), active: given, added: Vec::new() }
    }

    /// Adds what the layers above leave open.
    fn add(&mut self, items: Vec<Item>) -> Result<(), Failure> {
        let above = self.active.clone();
        let mut added = Vec::new();
        let mut origins = Vec::new();
        for item in items {
            let Some(arg) = flags(self.command).find(|arg| arg.get_long() == Some(&item.flag)) else {
                continue; // a flag of another command
            };
            if self.decided.contains(&item.flag) || self.rivals(arg).any(|rival| above.contains(rival)) {
                continue;
            }
            let arguments = arguments_of(arg, &item)?;
            self.check(&arguments, &item.origin)?;
            self.decided.insert(item.flag.clone());
            if !arguments.is_empty() {
                self.active.insert(item.flag);
                origins.push(item.origin);
                added.extend(arguments);
            }
        }
        self.check(&added, &origins.join(", "))?;
        self.added.extend(added);
        Ok(())
    }

    /// The flags that exclude this one, whichever of the two declares it.
    fn rivals(&self, arg: &Arg) -> impl Iterator<Item = &'c str> {
        let own = self.command.get_arg_conflicts_with(arg);
        let id = arg.get_id().clone();
        let others = flags(self.command).filter(move |other| {
            self.command.get_arg_conflicts_with(other).iter().any(|arg| *arg.get_id() == id)
        });
        own.into_iter().chain(others).filter_map(Arg::get_long).collect::<Vec<_>>().into_iter()
    }

    /// Parses arguments alone, so that an error can name where they come from.
    fn check(&self, arguments: &[String], origin: &str) -> Result<(), Failure> {
        let line = ["shardferry", self.name].into_iter().chain(arguments.iter().map(String::as_str));
        match Cli::command().try_get_matches_from(line) {
            Ok(_) => Ok(()),
            Err(error) => {
                let text = error.render().to_string();
                let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
                Err(Error::new(ErrorKind::Config, format!("{origin}: {first}")).into())
            }
        }
    }
}

fn arguments_of(arg: &Arg, item: &Item) -> Result<Vec<String>, Failure> {
    let wrong = |message: &str| Error::new(ErrorKind::Config, format!("{}: {message}", item.origin)).into();
    match arg.get_action() {
        ArgAction::SetTrue => match item.values.as_slice() {
            [value] => match super::values::truth(value) {
                Some(true) => Ok(vec![format!("--{}", item.flag)]),
                Some(false) => Ok(Vec::new()),
                None => Err(wrong("accepted are true and false")),
            },
            _ => Err(wrong("accepted are true and false")),
        },
        ArgAction::Append => Ok(item.values.iter().map(|value| format!("--{}={value}", item.flag)).collect()),
        _ => match item.values.as_slice() {
            [value] => Ok(vec![format!("--{}={value}", item.flag)]),
            _ => Err(wrong("one value is accepted, not a list")),
        },
    }
}
