//! Flag over environment over file, for every flag alike.
//!
//! The command line is parsed twice. The first time tells which config file there is, and which settings of the lower
//! layers count: those that no higher layer decides or excludes. The second time has these as arguments, so that a
//! setting means the same on every layer. An error of the second time is always about a lower layer, and is told with
//! its place.
//!
//! If two flags exclude each other, the one on the higher layer wins (`--range` replaces `SHARDFERRY_SHARD`); on one
//! layer they are an error.

use super::file::{self, TablesSection};
use super::{Environment, Failure, unknown_variables};
use crate::cli;
use crate::error::{Error, ErrorKind};
use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

/// A setting of a lower layer.
struct Setting {
    flag: String,
    /// How an error names it: `SHARDFERRY_RANGE`, `conf.yaml, line 3: range`.
    origin: String,
    values: Vec<String>,
}

/// What all layers say together.
pub(super) struct MergedLayers {
    pub(super) matches: ArgMatches,
    /// Of the config file alone.
    pub(super) tables: Option<TablesSection>,
}

/// The command line with everything that the lower layers add.
///
/// # Errors
/// [`Failure::Clap`] for the command line itself. Kind Config, naming the variable or the line of the file, for a
/// config file that cannot be read, a variable that is unknown, and a value of a lower layer that is wrong or excludes
/// another one of its layer.
pub(super) fn merge(
    mut arguments: Vec<OsString>,
    environment: &Environment,
) -> Result<MergedLayers, Failure> {
    let mut command = cli::command();
    command.build();
    let matches = command.clone().try_get_matches_from(&arguments)?;
    let Some((name, typed)) = matches.subcommand() else {
        return Err(Error::new(ErrorKind::Usage, "no command").into());
    };
    if name == cli::COMPLETIONS {
        return Err(Failure::Answer(cli::completions(typed).map_err(|error| {
            Error::new(ErrorKind::Bug, "the completions cannot be made").because(error)
        })?));
    }
    let all_flags: BTreeSet<String> = command.get_subcommands().flat_map(long_names).collect();
    let Some(subcommand) = command.find_subcommand(name) else {
        return Err(Error::new(ErrorKind::Bug, "a parsed command is unknown").into());
    };
    unknown_variables::refuse(environment, &all_flags)?;
    let mut lower = LowerLayers::below(subcommand, typed);
    lower.add(from_environment(environment, subcommand))?;
    let config = match typed.get_one::<PathBuf>("config") {
        Some(path) => Some(path.clone()),
        None => environment.get(&variable("config")).map(PathBuf::from),
    };
    let mut tables = None;
    if let Some(path) = config {
        let contents = file::read(&path, &all_flags)?;
        lower.add(from_file(contents.entries, &path.display().to_string()))?;
        tables = contents.tables.map(|node| TablesSection { path, node });
    }
    // In front of what was typed, which may end with `--`.
    let place = arguments.iter().position(|argument| argument == name).map_or(arguments.len(), |at| at + 1);
    arguments.splice(place..place, lower.arguments.iter().map(OsString::from));
    let origins = lower.origins;
    let matches = command.try_get_matches_from(arguments).map_err(|error| refused(&error, &origins))?;
    Ok(MergedLayers { matches, tables })
}

/// clap's message behind the places of the settings that it is about.
fn refused(error: &clap::Error, origins: &[(String, String)]) -> Error {
    let mut named = Vec::new();
    for kind in [ContextKind::InvalidArg, ContextKind::PriorArg] {
        match error.get(kind) {
            Some(ContextValue::String(text)) => named.push(text.as_str()),
            Some(ContextValue::Strings(texts)) => named.extend(texts.iter().map(String::as_str)),
            _ => {}
        }
    }
    // clap names an argument as `--jobs <N>`.
    let is_named = |flag: &str| named.iter().any(|text| text.split(' ').next() == Some(&format!("--{flag}")));
    let places: Vec<&str> =
        origins.iter().filter(|(flag, _)| is_named(flag)).map(|(_, origin)| origin.as_str()).collect();
    Error::new(ErrorKind::Config, format!("{}: {}", places.join(", "), message_of(error)))
}

/// What clap says, on one line, without usage and hints where to read on.
#[must_use]
pub fn message_of(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let is_message = |line: &&str| !line.starts_with("Usage:") && !line.starts_with("For more information");
    let lines = text.lines().take_while(is_message).map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ").trim_start_matches("error: ").to_owned()
}

fn long_names(command: &Command) -> impl Iterator<Item = String> {
    flags(command).filter_map(|arg| arg.get_long().map(str::to_owned))
}

fn flags(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| {
        matches!(arg.get_action(), ArgAction::Set | ArgAction::Append | ArgAction::SetTrue)
            && arg.get_long().is_some()
    })
}

/// The variable of a flag: `SHARDFERRY_RUN_ID`.
pub(super) fn variable(flag: &str) -> String {
    format!("SHARDFERRY_{}", flag.replace('-', "_").to_uppercase())
}

fn from_environment(environment: &Environment, command: &Command) -> Vec<Setting> {
    let mut settings = Vec::new();
    for arg in flags(command) {
        let Some(flag) = arg.get_long().filter(|flag| *flag != "config") else { continue };
        let origin = variable(flag);
        if let Some(text) = environment.get(&origin) {
            let list = matches!(arg.get_action(), ArgAction::Append) && flag != "consistency";
            let values = if list { super::flag_values::split_list(text) } else { vec![text.to_owned()] };
            settings.push(Setting { flag: flag.to_owned(), origin, values });
        }
    }
    settings
}

fn from_file(entries: Vec<file::Entry>, path: &str) -> Vec<Setting> {
    let setting = |file::Entry { flag, line, values }| {
        let origin = format!("{path}, line {line}: {flag}");
        Setting { flag, origin, values }
    };
    entries.into_iter().map(setting).collect()
}

/// What the layers below the command line add to it.
struct LowerLayers<'c> {
    command: &'c Command,
    /// Flags whose value a layer has decided, even if it is `false`.
    decided: BTreeSet<String>,
    /// Flags that are in effect and may exclude others.
    active: Vec<&'c Arg>,
    /// As if typed.
    arguments: Vec<String>,
    /// Each flag of `arguments` and where it comes from.
    origins: Vec<(String, String)>,
}

impl<'c> LowerLayers<'c> {
    fn below(command: &'c Command, typed: &ArgMatches) -> Self {
        let is_typed =
            |arg: &&Arg| typed.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
        let active: Vec<&Arg> = flags(command).filter(is_typed).collect();
        let decided = active.iter().filter_map(|arg| arg.get_long().map(str::to_owned)).collect();
        Self { command, decided, active, arguments: Vec::new(), origins: Vec::new() }
    }

    /// Adds what the layers above leave open.
    fn add(&mut self, settings: Vec<Setting>) -> Result<(), Failure> {
        let above = self.active.clone();
        for setting in settings {
            let Some(arg) = flags(self.command).find(|arg| arg.get_long() == Some(&setting.flag)) else {
                continue; // a flag of another command
            };
            if self.decided.contains(&setting.flag) || above.iter().any(|other| self.exclude(arg, other)) {
                continue;
            }
            self.decided.insert(setting.flag.clone());
            let arguments = as_arguments(arg, &setting)?;
            if !arguments.is_empty() {
                self.active.push(arg);
                self.arguments.extend(arguments);
                self.origins.push((setting.flag, setting.origin));
            }
        }
        Ok(())
    }

    /// Whether the flags exclude each other, whichever of the two declares it.
    fn exclude(&self, one: &Arg, other: &Arg) -> bool {
        let declares = |one: &Arg, other: &Arg| {
            self.command.get_arg_conflicts_with(one).iter().any(|arg| arg.get_id() == other.get_id())
        };
        declares(one, other) || declares(other, one)
    }
}

fn as_arguments(arg: &Arg, setting: &Setting) -> Result<Vec<String>, Failure> {
    let wrong =
        |message: &str| Error::new(ErrorKind::Config, format!("{}: {message}", setting.origin)).into();
    match arg.get_action() {
        ArgAction::SetTrue => match setting.values.as_slice() {
            [value] => match super::flag_values::truth(value) {
                Some(true) => Ok(vec![format!("--{}", setting.flag)]),
                Some(false) => Ok(Vec::new()),
                None => Err(wrong("accepted are true and false")),
            },
            _ => Err(wrong("accepted are true and false")),
        },
        ArgAction::Append => {
            Ok(setting.values.iter().map(|value| format!("--{}={value}", setting.flag)).collect())
        }
        _ => match setting.values.as_slice() {
            [value] => Ok(vec![format!("--{}={value}", setting.flag)]),
            _ => Err(wrong("one value is accepted, not a list")),
        },
    }
}
