//! Every command line that a page shows is one that the parser accepts: no flag that is gone, none that never was.

use clap::error::ErrorKind;
use std::path::{Path, PathBuf};

/// A command line of ours, and where it stands.
#[derive(Debug, PartialEq)]
struct Shown {
    line: usize,
    words: Vec<String>,
    /// In the text, where a command may be named without what it needs.
    within_text: bool,
}

/// The words of a shell's line, up to what ends its first command; quotes are taken off.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut begun) = (Vec::new(), String::new(), None, false);
    for c in line.chars() {
        match quote {
            Some(end) if c == end => quote = None,
            None if c == '\'' || c == '"' => (quote, begun) = (Some(c), true),
            None if matches!(c, '|' | ';' | '&' | '>') => break,
            None if c == '#' && !begun => break,
            None if c.is_whitespace() => {
                if std::mem::take(&mut begun) {
                    words.push(std::mem::take(&mut word));
                }
            }
            _ => {
                begun = true;
                word.push(c);
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

/// Ours behind assignments of variables, and behind `docker run … IMAGE` and `docker compose run --rm SERVICE`.
fn ours(line: &str) -> Option<Vec<String>> {
    let all = words(line);
    let is_assignment = |word: &&String| {
        word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    };
    let begin = all.iter().take_while(is_assignment).count();
    let rest = &all[begin..];
    let name = "shardferry".to_owned();
    match rest.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["shardferry", ..] => Some(rest.to_vec()),
        ["docker", "run", ..] => {
            let image = rest.iter().position(|word| word.contains("shardferry:"))?;
            let given = &rest[image + 1..];
            let command = if given.is_empty() { vec!["run".to_owned()] } else { given.to_vec() };
            Some([vec![name], command].concat())
        }
        ["docker", "compose", "run", "--rm", "status", ..] if rest.len() > 5 => {
            Some([vec![name], rest[5..].to_vec()].concat())
        }
        _ => None,
    }
}

/// Those of a page: in fences of a shell, behind a `$ ` in any other, and in code within a line.
fn shown(page: &str) -> Vec<Shown> {
    let (mut found, mut fence, mut shell, mut joined) = (Vec::new(), None::<String>, false, String::new());
    for (line, text) in (1..).zip(page.lines()) {
        let bare = text.trim_start();
        if bare.starts_with("```") {
            fence = if fence.is_none() { Some(bare.to_owned()) } else { None };
            shell = matches!(bare, "```sh" | "```bash" | "```console");
            continue;
        }
        if fence.is_some() {
            let command = bare.strip_prefix("$ ").or(shell.then_some(bare));
            let Some(command) = command.or((!joined.is_empty()).then_some(bare)) else { continue };
            joined.push_str(command.strip_suffix('\\').unwrap_or(command));
            if !command.ends_with('\\') {
                found.extend(ours(&std::mem::take(&mut joined)).map(|words| Shown {
                    line,
                    words,
                    within_text: false,
                }));
            }
        } else {
            let spans = text.split('`').skip(1).step_by(2);
            found.extend(spans.filter_map(ours).filter(|words| words.len() > 1).map(|words| Shown {
                line,
                words,
                within_text: true,
            }));
        }
    }
    found
}

fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

#[test]
fn every_command_line_of_the_pages_is_accepted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("README.md")];
    for folder in ["docs", "deploy", "helm"] {
        pages(&root.join(folder), &mut files);
    }
    let (mut seen, mut wrong) = (0, Vec::new());
    for file in files {
        for Shown { line, words, within_text } in shown(&std::fs::read_to_string(&file).unwrap()) {
            // What a reader fills in: `…`, and the word COMMAND.
            if words.iter().any(|word| word.contains('…') || word == "COMMAND") {
                continue;
            }
            seen += 1;
            if let Err(error) = super::command().try_get_matches_from(&words)
                && error.use_stderr()
                && !(within_text && error.kind() == ErrorKind::MissingRequiredArgument)
            {
                let why = error.to_string().lines().next().unwrap_or_default().to_owned();
                wrong.push(format!("{}:{line}: {}: {why}", file.display(), words.join(" ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 60, "only {seen} command lines were found");
}

#[test]
fn command_lines_are_found_as_a_shell_reads_them() {
    let page = "\
Run `shardferry status --watch`, not `shardferry` or `cargo`.
```sh
export A=b
A='x y' shardferry run --table 'dbo.My Table'   # a remark
shardferry status --format json | grep '\"failed\"'
docker run --rm \\
    example.com/shardferry:0.1.0 plan
docker run example.com/shardferry:0.1.0
docker compose run --rm status status --format json
```
```
$ shardferry plan --dry-run
shardferry: an error, not a command
```
";
    let found: Vec<_> = shown(page).into_iter().map(|shown| (shown.line, shown.words.join("·"))).collect();
    let wanted = [
        (1, "shardferry·status·--watch"),
        (4, "shardferry·run·--table·dbo.My Table"),
        (5, "shardferry·status·--format·json"),
        (7, "shardferry·plan"),
        (8, "shardferry·run"),
        (9, "shardferry·status·--format·json"),
        (12, "shardferry·plan·--dry-run"),
    ];
    assert_eq!(found, wanted.map(|(line, words)| (line, words.to_owned())));
    let gone = super::command().try_get_matches_from(["shardferry", "run", "--no-such-flag"]).unwrap_err();
    assert!(gone.use_stderr() && gone.to_string().contains("--no-such-flag"));
}
