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
