//! What was changed in values or left out, counted by column: the lossiness record.

use crate::model::bound::Bound;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What was changed in a value. The names are stored in checkpoints and the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    Nul,
    Surrogate,
    Undefined,
    Fraction,
    Offset,
    Padding,
    Blanks,
    /// The row is not in the target: it went to the reject file.
    Rejected,
}

impl Loss {
    /// The name that is stored: `nul`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nul => "nul",
            Self::Surrogate => "surrogate",
            Self::Undefined => "undefined",
            Self::Fraction => "fraction",
            Self::Offset => "offset",
            Self::Padding => "padding",
            Self::Blanks => "blanks",
            Self::Rejected => "rejected",
        }
    }

    /// Of a stored name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [
            Self::Nul,
            Self::Surrogate,
            Self::Undefined,
            Self::Fraction,
            Self::Offset,
            Self::Padding,
            Self::Blanks,
            Self::Rejected,
        ]
        .into_iter()
        .find(|loss| loss.name() == name)
    }

    /// What it means, for people, behind a number of rows.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Nul => "with U+0000 replaced or left out",
            Self::Surrogate => "with half a surrogate pair replaced",
            Self::Undefined => "with bytes replaced that the code page does not define",
            Self::Fraction => "with a seventh digit of a second cut off or rounded",
            Self::Offset => "whose offset is not kept (the instant is)",
            Self::Padding => "with more trailing blanks than in the source",
            Self::Blanks => "with trailing blanks cut off",
            Self::Rejected => "left out: see the reject file",
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a row is to be found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Sample {
    /// Its chunk key, or else its primary key, as T-SQL literals.
    Key(Bound),
    /// Its 1-based place in the order in which a chunk was read: the table has no key, or the value no exact literal.
    Row {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chunk: Option<u32>,
        row: u64,
    },
    /// Why it is not said.
    Withheld { withheld: String },
}

impl Sample {
    /// Of a table with a masked key.
    #[must_use]
    pub fn withheld() -> Self {
        Self::Withheld { withheld: "a column of the key is masked".to_owned() }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(bound) => {
                let literals: Vec<_> = bound.0.iter().map(crate::model::bound::Literal::as_str).collect();
                write!(f, "key ({})", literals.join(", "))
            }
            Self::Row { chunk: Some(chunk), row } => write!(f, "row {row} of chunk {chunk}"),
            Self::Row { chunk: None, row } => write!(f, "row {row} of its chunk"),
            Self::Withheld { withheld } => write!(f, "key not shown: {withheld}"),
        }
    }
}

/// Sample keys that are kept for one column and [`Loss`].
pub const SAMPLES: usize = 20;

/// One line of the lossiness record: what happened to a column's values. A row counts once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossRecord {
    /// Name in the source.
    pub column: String,
    pub loss: Loss,
    pub rows: u64,
    /// At most [`SAMPLES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<Sample>,
    /// Of rejected rows: names of reject files below the run's folder; at most [`SAMPLES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

impl LossRecord {
    /// Adds a later part of the same column and loss.
    pub fn add(&mut self, part: Self) {
        self.rows += part.rows;
        self.samples.extend(part.samples);
        self.samples.truncate(SAMPLES);
        if self.samples.iter().all(|sample| matches!(sample, Sample::Withheld { .. })) {
            self.samples.truncate(1);
        }
        self.files.extend(part.files);
        self.files.truncate(SAMPLES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bound::Literal;

    #[test]
    fn a_stored_name_is_that_of_serde_and_read_again() {
        for name in ["nul", "surrogate", "undefined", "fraction", "offset", "padding", "blanks", "rejected"] {
            let loss = Loss::named(name).unwrap();
            assert_eq!(serde_json::to_value(loss).unwrap(), name);
            assert_eq!(serde_json::from_value::<Loss>(name.into()).unwrap(), loss);
        }
        assert_eq!(Loss::named("else"), None);
    }

    #[test]
    fn samples_are_short_and_read_again() {
        let key = Sample::Key(Bound(vec![Literal::parse("7").unwrap(), Literal::unicode("o'k")]));
        for (sample, json, text) in [
            (key, r#"["7","N'o''k'"]"#, "key (7, N'o''k')"),
            (Sample::Row { chunk: Some(3), row: 9 }, r#"{"chunk":3,"row":9}"#, "row 9 of chunk 3"),
            (Sample::Row { chunk: None, row: 9 }, r#"{"row":9}"#, "row 9 of its chunk"),
            (
                Sample::withheld(),
                r#"{"withheld":"a column of the key is masked"}"#,
                "key not shown: a column of the key is masked",
            ),
        ] {
            assert_eq!(serde_json::to_string(&sample).unwrap(), json);
            assert_eq!(serde_json::from_str::<Sample>(json).unwrap(), sample);
            assert_eq!(sample.to_string(), text);
        }
    }

    #[test]
    fn parts_add_up_and_samples_stay_few() {
        let part = |row| LossRecord {
            column: "c".to_owned(),
            loss: Loss::Nul,
            rows: 3,
            samples: vec![Sample::Row { chunk: None, row }],
            files: vec!["f".to_owned()],
        };
        let mut all = part(0);
        for row in 1..50 {
            all.add(part(row));
        }
        assert_eq!((all.rows, all.samples.len(), all.files.len()), (150, SAMPLES, SAMPLES));
        let hidden = || LossRecord { samples: vec![Sample::withheld()], ..part(0) };
        let mut masked = hidden();
        masked.add(hidden());
        assert_eq!(masked.samples, [Sample::withheld()]);
    }
}
