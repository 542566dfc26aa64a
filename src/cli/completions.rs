//! `completions`: scripts by which shells complete commands and flags, and the manual page. Both are made of the
//! definition of the command line.

use clap::builder::PossibleValue;
use clap::{Arg, ArgMatches, Command, ValueEnum};
use clap_complete::Shell;
use clap_mangen::Man;

/// The command's name.
pub const COMPLETIONS: &str = "completions";
const FORM: &str = "SHELL";

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Script(Shell),
    ManualPage,
}

impl ValueEnum for Form {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Script(Shell::Bash),
            Self::Script(Shell::Elvish),
            Self::Script(Shell::Fish),
            Self::Script(Shell::PowerShell),
            Self::Script(Shell::Zsh),
            Self::ManualPage,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Script(shell) => shell.to_possible_value(),
            Self::ManualPage => Some(PossibleValue::new("man")),
        }
    }
}

/// The subcommand. It needs no settings, so it is none of those that have some.
pub(super) fn subcommand() -> Command {
    let form = Arg::new(FORM)
        .required(true)
        .value_parser(clap::value_parser!(Form))
        .help("The shell whose script is printed, or `man` for the manual page");
    Command::new(COMPLETIONS).about("Print shell completions or the manual page").arg(form)
}

/// What `completions` prints, by its own arguments.
///
/// # Errors
/// None but what writing into memory gives.
pub fn completions(typed: &ArgMatches) -> std::io::Result<Vec<u8>> {
    let mut command = super::command();
    command.build();
    let mut out = Vec::new();
    match typed.get_one::<Form>(FORM) {
        Some(Form::Script(shell)) => clap_complete::generate(*shell, &mut command, "shardferry", &mut out),
        Some(Form::ManualPage) | None => manual_page(&command, &mut out)?,
    }
    Ok(out)
}

/// One page: the program, then each command as a section of its own, whose parts stand one level below.
fn manual_page(command: &Command, out: &mut Vec<u8>) -> std::io::Result<()> {
    let page = Man::new(command.clone());
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    let is_own = |of: &&Command| of.get_name() != "help";
    for of in command.get_subcommands().filter(is_own) {
        let mut part = Vec::new();
        let page = Man::new(of.clone().disable_help_flag(true));
        page.render_synopsis_section(&mut part)?;
        page.render_description_section(&mut part)?;
        page.render_options_section(&mut part)?;
        page.render_extra_section(&mut part)?;
        let part = String::from_utf8_lossy(&part).replace("\n.SH ", "\n.SS ");
        let part = part.strip_prefix(".SH ").map_or_else(|| part.clone(), |rest| format!(".SS {rest}"));
        out.extend_from_slice(format!(".SH {}\n{part}", of.get_name().to_uppercase()).as_bytes());
    }
    page.render_version_section(out)
}

#[cfg(test)]
mod tests {
    use super::super::command;
    use super::*;

    fn printed(form: &str) -> String {
        let matches = command().try_get_matches_from(["shardferry", COMPLETIONS, form]).unwrap();
        let (name, typed) = matches.subcommand().unwrap();
        assert_eq!(name, COMPLETIONS);
        String::from_utf8(completions(typed).unwrap()).unwrap()
    }

    #[test]
    fn every_shell_knows_commands_and_flags() {
        for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
            let script = printed(shell);
            for word in ["status", "name-case", "dry-run", "completions"] {
                assert!(script.contains(word), "{shell} does not know {word}");
            }
        }
    }

    #[test]
    fn the_manual_page_has_every_command_with_its_flags() {
        let page = printed("man");
        assert!(page.contains(".TH"), "{page}");
        for of in command().get_subcommands() {
            assert!(page.contains(&format!(".SH {}\n", of.get_name().to_uppercase())), "{}", of.get_name());
        }
        for flag in ["dry\\-run", "on\\-existing", "watch"] {
            assert!(page.contains(flag), "{flag}");
        }
    }
}
