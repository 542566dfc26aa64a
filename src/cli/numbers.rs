//! Whole numbers as flags take them. What is refused is said as people write it.

use crate::model::counts::thousands;
use std::num::NonZeroUsize;

/// More chunks at once than any server takes connections.
const MOST_JOBS: u64 = 1_000;
const MOST_RETRIES: u64 = 1_000_000;
/// Of tables, of shards: see `model::selection`.
const MOST_SHARDS: u64 = 1_000_000;
const MOST_REJECTS: u64 = 1_000_000_000_000;
/// More than this a second is no limit, but a mistake.
const MOST_ROWS: u64 = 1_000_000_000;
const MOST_MB: u64 = 1_000_000;

fn within<T: TryFrom<u64>>(text: &str, least: u64, most: u64) -> Result<T, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse::<u64>().ok().filter(|number| digits && (least..=most).contains(number));
    number
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| format!("write a whole number from {least} to {}", thousands(most)))
}

pub(super) fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    Ok(NonZeroUsize::new(within(text, 1, MOST_JOBS)?).unwrap_or(NonZeroUsize::MIN))
}

pub(super) fn retries(text: &str) -> Result<usize, String> {
    within(text, 0, MOST_RETRIES)
}

pub(super) fn shards(text: &str) -> Result<u32, String> {
    within(text, 1, MOST_SHARDS)
}

pub(super) fn shard_index(text: &str) -> Result<u32, String> {
    within(text, 0, MOST_SHARDS)
}

pub(super) fn rejects(text: &str) -> Result<u64, String> {
    within(text, 1, MOST_REJECTS)
}

pub(super) fn rows(text: &str) -> Result<u64, String> {
    within(text, 1, MOST_ROWS)
}

pub(super) fn megabytes(text: &str) -> Result<u64, String> {
    within(text, 1, MOST_MB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_said_without_a_word_of_the_language() {
        assert_eq!(jobs("8").unwrap().get(), 8);
        assert_eq!((retries("0"), shards("7"), shard_index("0")), (Ok(0), Ok(7), Ok(0)));
        for text in ["0", "-1", "x", "", "1.5", "+3", "1e3", "1001", "99999999999999999999999"] {
            assert_eq!(jobs(text).unwrap_err(), "write a whole number from 1 to 1,000", "{text}");
        }
        assert_eq!(rows("0").unwrap_err(), "write a whole number from 1 to 1,000,000,000");
    }
}
