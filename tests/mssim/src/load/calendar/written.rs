//! Dates as people of the United States write them: `7/4/1996`, `Jul 4 1996 3:05PM`, `4-Jul-96`, `960704`.

use super::{DAY_1900, MINUTE, Moment, SECOND, TICKS_PER_DAY, clock, days, digits};

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// `Jan` to `Dec`.
pub(super) fn name(month: i64) -> String {
    let short = usize::try_from(month - 1).ok().and_then(|i| MONTHS.get(i)).copied().unwrap_or("jan");
    format!("{}{}", short[..1].to_uppercase(), &short[1..])
}

/// Two digits are of 1950 to 2049.
fn year(text: &str) -> Option<i64> {
    let y = digits(text)?;
    match text.len() {
        4 => Some(y),
        1 | 2 => Some(if y < 50 { 2000 + y } else { 1900 + y }),
        _ => None,
    }
}

fn month(word: &str) -> Option<i64> {
    let word = word.to_ascii_lowercase();
    let short = word.get(..3)?;
    let full = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let at = MONTHS.iter().position(|m| *m == short)?;
    (word.len() == 3 || word == full[at]).then(|| i64::try_from(at).unwrap_or(0) + 1)
}

pub(super) fn parse(text: &[u8]) -> Option<Moment> {
    let text = std::str::from_utf8(text).ok()?.trim().replace(',', " ");
    let mut date = Vec::new();
    let (mut time, mut half) = (None, None);
    for word in text.split_whitespace() {
        let lower = word.to_ascii_lowercase();
        let (bare, mark) = match lower.strip_suffix("am").map(|b| (b, false)) {
            Some((b, _)) => (b, Some(false)),
            None => lower.strip_suffix("pm").map_or((lower.as_str(), None), |b| (b, Some(true))),
        };
        if mark.is_some() && bare.is_empty() {
            half = mark;
        } else if word.contains(':') || (mark.is_some() && digits(bare).is_some()) {
            time = Some(if bare.contains(':') { bare.to_owned() } else { format!("{bare}:00") });
            half = mark.or(half);
        } else {
            date.extend(word.split(['/', '-', '.']).map(str::to_owned));
        }
    }
    let day = if date.is_empty() { i64::from(DAY_1900) } else { day_of(&date)? };
    Some(Moment { ticks: day * TICKS_PER_DAY + ticks(time.as_deref(), half)?, offset: 0 })
}

fn ticks(time: Option<&str>, half: Option<bool>) -> Option<i64> {
    // A third colon begins the thousandths: 3:05:07:120PM.
    let time = time.unwrap_or("");
    let parts: Vec<&str> = time.splitn(4, ':').collect();
    let ticks = match parts.as_slice() {
        [h, m, s, thousandths] => clock(&format!("{h}:{m}:{s}"))? + digits(thousandths)? * (SECOND / 1000),
        _ => clock(time)?,
    };
    let noon = 12 * 60 * MINUTE;
    Some(match half {
        None => ticks,
        Some(afternoon) => {
            let within = if ticks >= noon { ticks - noon } else { ticks };
            if ticks >= noon + 60 * MINUTE {
                return None;
            }
            within + if afternoon { noon } else { 0 }
        }
    })
}

fn day_of(parts: &[String]) -> Option<i64> {
    let named = parts.iter().position(|p| month(p).is_some());
    if let Some(at) = named {
        let m = month(&parts[at])?;
        let rest: Vec<&String> = parts.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, p)| p).collect();
        return match rest.as_slice() {
            [y] if y.len() == 4 => days(digits(y)?, m, 1),
            [a, b] if a.len() == 4 => days(digits(a)?, m, digits(b)?),
            [a, b] => days(year(b)?, m, digits(a)?),
            _ => None,
        };
    }
    match parts {
        [whole] if whole.len() == 6 => days(year(&whole[..2])?, digits(&whole[2..4])?, digits(&whole[4..])?),
        [whole] if whole.len() == 4 => days(digits(whole)?, 1, 1),
        [y, m, d] if y.len() == 4 => days(digits(y)?, digits(m)?, digits(d)?),
        [m, d, y] => days(year(y)?, digits(m)?, digits(d)?),
        _ => None,
    }
}
