//! All mistakes of a start are told together: who mends one must not find the next one only then.

use crate::error::{Error, ErrorKind, Result};

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Mistakes(Vec<Error>);

impl Mistakes {
    /// The value; if it is a mistake, what stands in for it until [`Self::told`] is asked.
    pub(super) fn keep<T>(&mut self, read: Result<T>, instead: T) -> T {
        read.unwrap_or_else(|error| {
            self.0.push(error);
            instead
        })
    }

    /// As [`Self::keep`], of what may be missing: a mistake is no value, and not missing either.
    pub(super) fn keep_given<T>(&mut self, read: Result<Option<T>>) -> Given<T> {
        match read {
            Ok(Some(value)) => Given::Read(value),
            Ok(None) => Given::Missing,
            Err(error) => {
                self.0.push(error);
                Given::Mistaken
            }
        }
    }

    pub(super) fn add(&mut self, mistake: Error) {
        self.0.push(mistake);
    }

    pub(super) fn note<T>(&mut self, checked: Result<T>) {
        self.0.extend(checked.err());
    }

    /// # Errors
    /// The mistake, or a list of all: kind Usage if all are, else Config.
    pub(super) fn told(mut self) -> Result<()> {
        if self.0.len() < 2 {
            return self.0.pop().map_or(Ok(()), Err);
        }
        let all_usage = self.0.iter().all(|error| error.kind() == ErrorKind::Usage);
        let kind = if all_usage { ErrorKind::Usage } else { ErrorKind::Config };
        // A list in a list would look like more mistakes.
        let lines: Vec<String> =
            self.0.iter().map(|error| error.detail().replace("\n  ", "\n    ")).collect();
        Err(Error::new(kind, format!("{} settings are wrong:\n  {}", lines.len(), lines.join("\n  "))))
    }
}

/// A setting without a default.
#[derive(Debug)]
pub(super) enum Given<T> {
    Read(T),
    Missing,
    /// Told already.
    Mistaken,
}

impl<T> Given<T> {
    pub(super) const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    pub(super) fn read(self) -> Option<T> {
        match self {
            Self::Read(value) => Some(value),
            Self::Missing | Self::Mistaken => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(text: &str) -> Error {
        Error::new(ErrorKind::Usage, text)
    }

    #[test]
    fn one_mistake_is_told_as_it_is_and_several_in_a_list() {
        assert!(Mistakes::default().told().is_ok());
        let mut one = Mistakes::default();
        assert_eq!((one.keep(Err(usage("--a: no")), 7), one.keep(Ok(1), 2)), (7, 1));
        assert_eq!(one.told().unwrap_err().detail(), "--a: no");
        let mut several = Mistakes::default();
        several.note::<()>(Err(usage("--a: no")));
        assert!(!several.keep_given::<u8>(Err(Error::new(ErrorKind::Config, "b:\n  c"))).is_missing());
        assert!(several.keep_given::<u8>(Ok(None)).is_missing());
        let told = several.told().unwrap_err();
        assert_eq!(told.kind(), ErrorKind::Config);
        assert_eq!(told.detail(), "2 settings are wrong:\n  --a: no\n  b:\n    c");
    }
}
