//! No circle of files in `src/copy/`: each file can be read, and changed, after those that it imports.

use super::{TEST_FILES, own_code, source_files};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The module of each file (`copy::table::end`), and the modules that its own code names.
fn modules(folder: &str) -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    source_files(&root.join(folder), &mut files);
    let mut codes = BTreeMap::new();
    for path in files {
        let file = path.strip_prefix(&root).unwrap().to_str().unwrap();
        if !TEST_FILES.iter().any(|end| file.ends_with(end)) {
            let module = file.trim_end_matches(".rs").replace('/', "::");
            codes.insert(module, own_code(&std::fs::read_to_string(&path).unwrap()));
        }
    }
    let known: BTreeSet<String> = codes.keys().cloned().collect();
    codes.into_iter().map(|(module, code)| (module.clone(), named(&code, folder, &module, &known))).collect()
}

/// The known modules of `folder` that `code`, of `module`, names.
fn named(code: &str, folder: &str, module: &str, known: &BTreeSet<String>) -> BTreeSet<String> {
    let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
    let inside = format!("crate::{folder}::");
    let mut found = BTreeSet::new();
    let roots = [(inside.as_str(), folder), ("super::", parent)];
    for (root, stands_for) in roots {
        for (place, _) in code.match_indices(root) {
            for path in paths(&code[place + root.len()..]) {
                let mut name = format!("{stands_for}::{path}");
                while !known.contains(&name) {
                    let Some((shorter, _)) = name.rsplit_once("::") else { break };
                    name = shorter.to_owned();
                }
                if known.contains(&name) && name != module {
                    found.insert(name);
                }
            }
        }
    }
    found
}

/// `a::b::C` is itself; `a::{b, c::D}` is `a::b` and `a::c::D`.
fn paths(text: &str) -> Vec<String> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let (stem, rest) = text.split_at(end);
    match rest.strip_prefix('{').and_then(|list| list.split_once('}')) {
        Some((list, _)) if stem.ends_with("::") || stem.is_empty() => {
            list.split(',').map(|name| format!("{stem}{}", name.trim())).collect()
        }
        _ => vec![stem.trim_end_matches(':').to_owned()],
    }
}

/// Files that import each other, directly or through others; None if there are none.
fn circle(modules: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<&str>> {
    let mut left: BTreeSet<&str> = modules.keys().map(String::as_str).collect();
    // Takes away who imports nobody that is left, again and again; what stays is in a circle, or imports one.
    loop {
        let free: Vec<&str> = left
            .iter()
            .copied()
            .filter(|name| !modules[*name].iter().any(|other| left.contains(other.as_str())))
            .collect();
        if free.is_empty() {
            return (!left.is_empty()).then(|| left.into_iter().collect());
        }
        for name in free {
            left.remove(name);
        }
    }
}

#[test]
fn no_files_of_copy_import_each_other_in_a_circle() {
    let modules = modules("copy");
    let imports: usize = modules.values().map(BTreeSet::len).sum();
    assert!(
        modules.len() > 30 && imports > 80,
        "{} files, {imports} imports: they are not read",
        modules.len()
    );
    assert_eq!(circle(&modules), None, "these files import each other in a circle, or import one");
}

#[test]
fn a_circle_of_three_files_is_seen() {
    let known: BTreeSet<String> =
        ["copy::a", "copy::b", "copy::b::c"].iter().map(|name| (*name).to_owned()).collect();
    let codes = [
        ("copy::a", "use crate::copy::b::{self, c::Deep};"),
        ("copy::b", "let x = super::nothing();"),
        ("copy::b::c", "use crate::copy::a::Thing;"),
    ];
    let modules: BTreeMap<String, BTreeSet<String>> = codes
        .iter()
        .map(|(module, code)| ((*module).to_owned(), named(code, "copy", module, &known)))
        .collect();
    assert_eq!(modules["copy::a"].len(), 2);
    assert_eq!(circle(&modules), Some(vec!["copy::a", "copy::b::c"]));
}
