//! Pages of `docs/` that are made from tables in the code.

/// Keeps `docs/<name>` equal to `page`. With `SHARDFERRY_UPDATE_DOCS` in the environment of the build it is rewritten.
#[track_caller]
pub(crate) fn assert_page(name: &str, page: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if option_env!("SHARDFERRY_UPDATE_DOCS").is_some() {
        std::fs::write(&path, page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), page, "docs/{name}");
}

/// Keeps the parts of `docs/<name>` equal to `parts`: each stands between `<!-- generated: begin PART -->` and
/// `<!-- generated: end PART -->`. Everything else on the page is written by hand.
#[track_caller]
pub(crate) fn assert_parts(name: &str, parts: &[(&str, String)]) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    let page = std::fs::read_to_string(&path).unwrap();
    let generated = parts.iter().fold(page.clone(), |page, (part, content)| with_part(&page, part, content));
    assert_eq!(
        page.matches("<!-- generated: begin").count(),
        parts.len(),
        "docs/{name} has a part of nobody"
    );
    assert_page(name, &generated);
}

/// An item of a list in lines of at most 118 columns; the later ones are indented below its text.
pub(crate) fn wrapped(item: &str) -> String {
    const COLUMNS: usize = 118;
    let (mut text, mut line) = (String::new(), String::new());
    for word in item.split(' ') {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > COLUMNS {
            text.push_str(&line);
            text.push('\n');
            line = format!("  {word}");
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    text + &line + "\n"
}

#[test]
fn a_long_item_goes_on_below_its_text() {
    assert_eq!(wrapped("- a b"), "- a b\n");
    let (long, more) = ("x".repeat(110), "y".repeat(10));
    assert_eq!(wrapped(&format!("- {long} {more} z")), format!("- {long}\n  {more} z\n"));
}

/// The page with this content between the marks of the part.
#[track_caller]
fn with_part(page: &str, part: &str, content: &str) -> String {
    let (begin, end) =
        (format!("<!-- generated: begin {part} -->\n"), format!("<!-- generated: end {part} -->"));
    let split = page.split_once(&begin).and_then(|(head, rest)| Some((head, rest.split_once(&end)?.1)));
    let (head, tail) = split.unwrap_or_else(|| panic!("the page has no part `{part}`"));
    format!("{head}{begin}{content}{end}{tail}")
}

#[test]
fn what_stands_outside_of_the_marks_stays() {
    let page = "by hand\n<!-- generated: begin a -->\nold\n<!-- generated: end a -->\nby hand too\n";
    let wanted = "by hand\n<!-- generated: begin a -->\nnew\n<!-- generated: end a -->\nby hand too\n";
    assert_eq!(with_part(page, "a", "new\n"), wanted);
}
