//! What a collation of SQL Server ignores, by its name. Pure.

/// What two equal texts may differ in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IgnoredDifferences {
    pub ignores_case: bool,
    pub ignores_accents: bool,
}

impl IgnoredDifferences {
    #[must_use]
    pub const fn anything(self) -> bool {
        self.ignores_case || self.ignores_accents
    }
}

/// For people: `case and accents`.
impl std::fmt::Display for IgnoredDifferences {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match (self.ignores_case, self.ignores_accents) {
            (true, true) => "case and accents",
            (true, false) => "case",
            (false, true) => "accents",
            (false, false) => "nothing",
        })
    }
}

/// By the parts of the name: `Latin1_General_CI_AS`, `SQL_Latin1_General_CP1_CI_AI`; binary ones ignore nothing.
#[must_use]
pub fn ignored_by(name: &str) -> IgnoredDifferences {
    let has = |part: &str| name.split('_').any(|there| there.eq_ignore_ascii_case(part));
    IgnoredDifferences { ignores_case: has("CI"), ignores_accents: has("AI") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collations_name_says_what_it_ignores() {
        for (name, case, accents) in [
            ("Latin1_General_CI_AS", true, false),
            ("SQL_Latin1_General_CP1_CI_AI", true, true),
            ("Latin1_General_CS_AI", false, true),
            ("Latin1_General_CS_AS_KS_WS", false, false),
            ("Latin1_General_100_CI_AS_SC_UTF8", true, false),
            ("Latin1_General_BIN2", false, false),
        ] {
            assert_eq!(
                ignored_by(name),
                IgnoredDifferences { ignores_case: case, ignores_accents: accents },
                "{name}"
            );
        }
    }
}
