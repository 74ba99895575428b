//! Times as people write them.

/// Counts since 1970, in seconds or in the thousandths, millionths or milliardths of one that their
/// length tells, as RFC 3339. Anything else as it is.
pub(super) fn readable(at: &str) -> String {
    // Python counts seconds with a fraction.
    let (whole, fraction) = at.split_once('.').unwrap_or((at, ""));
    let unit = match whole.len() {
        10 => 1,
        13 => 1_000,
        16 => 1_000_000,
        19 => 1_000_000_000,
        _ => return at.to_owned(),
    };
    let Some(count) = [whole, fraction].concat().bytes().all(|byte| byte.is_ascii_digit()).then(|| whole.parse::<u64>().ok()).flatten()
    else {
        return at.to_owned();
    };
    let seconds = count / unit;
    let (year, month, day) = date(seconds / 86_400);
    let of_day = seconds % 86_400;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", of_day / 3_600, of_day / 60 % 60, of_day % 60)
}

/// Year, month and day of a count of days since 1970, in the proleptic Gregorian calendar
/// (H. Hinnant, chrono-Compatible Low-Level Date Algorithms, `civil_from_days`).
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468; // from 1 March of year 0 on, so that a leap day is the last of its year
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + u64::from(month < 3), month, day)
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn counts_become_dates() {
        assert_eq!(readable("1709164800"), "2024-02-29T00:00:00Z");
        assert_eq!(readable("1772582399999"), "2026-03-03T23:59:59Z");
        assert_eq!(readable("0946684800000000001"), "2000-01-01T00:00:00Z");
        assert_eq!(readable("1709164800.25"), "2024-02-29T00:00:00Z");
        assert_eq!(readable("2026-03-04T10:00:00Z"), "2026-03-04T10:00:00Z");
    }
}
