//! Dates, times and spans of time.

use alloc::vec::Vec;

use super::measure::{Dimension, unit};
use super::number::split_sign;
use crate::kind::scan::{Scan, all_digits, has_digit, number};

const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// A full name, its first three letters, or `sept`, `tues`, `thur`, `thurs`.
fn is_name_of(word: &str, names: &[&str]) -> bool {
    let word = word.to_ascii_lowercase();
    names.iter().any(|name| *name == word || name.get(..3) == Some(&word))
        || matches!(word.as_str(), "sept" | "tues" | "thur" | "thurs") && names.iter().any(|name| name.starts_with(&word))
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && number(text).is_some_and(|year| (1900..2200).contains(&year))
}

fn is_month(text: &str) -> bool {
    text.len() <= 2 && number(text).is_some_and(|month| (1..=12).contains(&month))
}

fn is_day(text: &str) -> bool {
    text.len() <= 2 && number(text).is_some_and(|day| (1..=31).contains(&day))
}

/// In digits, in words, as ISO week, or packed (`20240524`) when the month and day exist.
pub(super) fn is_date(text: &str) -> bool {
    is_numeric_date(text) || is_packed_date(text) || is_week(text) || is_worded_date(text)
}

/// `2024-05-24`, `24.12.2023`, `5/24/24`, `2024-05`; one separator throughout.
fn is_numeric_date(text: &str) -> bool {
    let Some(separator) = text.chars().find(|symbol| !symbol.is_ascii_digit()).filter(|symbol| "-/.".contains(*symbol)) else {
        return false;
    };
    let groups: Vec<&str> = text.trim_end_matches('.').split(separator).collect();
    match groups.as_slice() {
        [year, month] => is_year(year) && month.len() == 2 && is_month(month) && separator != '.',
        [year, month, day] if is_year(year) => is_month(month) && is_day(day),
        [one, other, year] => {
            let dated = is_month(one) && is_day(other) || is_day(one) && is_month(other);
            dated && (is_year(year) || year.len() == 2 && all_digits(year) && separator != '-')
        }
        _ => false,
    }
}

/// `20240524` or `202405`. Ids have these lengths too: one in 1 600 of eight digits passes for a date of
/// these years, one in 1 100 of six.
fn is_packed_date(text: &str) -> bool {
    let (Some(year), Some(month)) = (text.get(..4), text.get(4..6)) else { return false };
    let day = text.get(6..).unwrap_or_default();
    let years = if day.is_empty() { 1980..2050 } else { 1900..2050 };
    number(year).is_some_and(|year| years.contains(&year)) && is_month(month) && (day.is_empty() || day.len() == 2 && is_day(day))
}

/// `2024-W21`, `2024-W21-5`.
fn is_week(text: &str) -> bool {
    let mut scan = Scan::new(text);
    let year = is_year(scan.digits());
    scan.eat("-");
    let week = scan.eat("W") && number(scan.digits()).is_some_and(|week| (1..=53).contains(&week));
    if scan.eat("-") && !number(scan.digits()).is_some_and(|day| (1..=7).contains(&day)) {
        return false;
    }
    year && week && scan.done()
}

/// `May 24`, `24th of May, 2024`, `Fri, 24 May 2024`, `24May2024`, `May 2024`, `Monday`.
fn is_worded_date(text: &str) -> bool {
    let (mut months, mut weekdays, mut days, mut years) = (0, 0, 0, 0);
    let mut scan = Scan::new(text);
    while !scan.done() {
        let digits = scan.digits();
        if !digits.is_empty() {
            match digits {
                day if is_day(day) => {
                    days += 1;
                    let _ordinal = ["st", "nd", "rd", "th"].iter().any(|suffix| scan.eat(suffix));
                }
                year if is_year(year) => years += 1,
                _ => return false,
            }
            continue;
        }
        let word = scan.letters();
        if word.is_empty() {
            if scan.eat_any(" ,.-/'").is_none() {
                return false;
            }
        } else if is_name_of(word, &MONTHS) {
            months += 1;
        } else if is_name_of(word, &WEEKDAYS) {
            weekdays += 1;
        } else if !matches!(word, "of" | "the" | "on") {
            return false;
        }
    }
    // `24 May 24` writes the year in two digits.
    let dated = months == 1 && (1..=2).contains(&(days + years)) || days + years == 0;
    months + weekdays > 0 && months <= 1 && weekdays <= 1 && dated
}

/// `Q3`, `2024-Q3`, `Q3 2024`, `FY2024`, `H1 2024`, `1H24`, `FY24-Q3`.
pub(super) fn is_quarter(text: &str) -> bool {
    let (mut parts, mut years) = (0, 0);
    let mut scan = Scan::new(text);
    while !scan.done() {
        let fiscal = scan.eat("FY") || scan.eat("CY");
        let digits = scan.digits();
        if !digits.is_empty() {
            if digits.len() == 1 && !fiscal && scan.eat_any("QH").is_some() {
                parts += 1;
            } else if is_year(digits) || digits.len() == 2 {
                years += if fiscal { 2 } else { 1 };
            } else {
                return false;
            }
        } else if !fiscal && scan.eat_any("Qq").is_some() {
            if scan.eat_any("1234").is_none() {
                return false;
            }
            parts += 1;
        } else if !fiscal && scan.eat("H") {
            if scan.eat_any("12").is_none() {
                return false;
            }
            parts += 1;
        } else if fiscal || scan.eat_any(" -_'/").is_none() {
            return false;
        }
    }
    parts == 1 && years <= 2 || parts == 0 && years == 2 && text.contains("FY")
}

/// Reads a time of day; false when what comes next is none.
fn eat_time(scan: &mut Scan<'_>) -> bool {
    let hour = scan.digits();
    let Some(hour_number) = number(hour).filter(|hour| *hour <= 24) else { return false };
    let mut clocked = false;
    for _ in 0..2 {
        if scan.eat_any(":h").is_none() {
            break;
        }
        if scan.digits().len() != 2 {
            return false;
        }
        clocked = true;
    }
    if clocked && scan.eat_any(".,").is_some() && !scan.digits_of(1, 9) {
        return false;
    }
    scan.eat(" ");
    let half = ["am", "pm", "AM", "PM", "a.m.", "p.m.", "Am", "Pm"].iter().any(|half| scan.eat(half));
    hour.len() <= 2 && (clocked || half && hour_number <= 12)
}

/// Reads a zone: `Z`, `+02:00`, `UTC`, `UTC+2`, ` EST`; nothing is one too.
fn eat_zone(scan: &mut Scan<'_>) -> bool {
    scan.eat(" ");
    if scan.eat("Z") || scan.done() {
        return true;
    }
    const NAMES: [&str; 20] = [
        "UTC", "GMT", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "CET", "CEST", "BST", "IST", "JST", "AEST", "AEDT", "ET",
        "PT", "CT",
    ];
    // No name begins with another, so their order does not matter.
    let named = NAMES.iter().any(|name| scan.eat(name));
    if scan.eat_any("+-−").is_some() {
        let hours = scan.digits_of(1, 4);
        return hours && (!scan.eat(":") || scan.digits_of(2, 2));
    }
    named
}

/// `15:30`, `3pm`, `15:30:00.123+02:00`, `9:05 AM EST`.
pub(super) fn is_time(text: &str) -> bool {
    let mut scan = Scan::new(text);
    eat_time(&mut scan) && eat_zone(&mut scan) && scan.done()
}

/// A date and a time of day (`T`, space or comma between), or both packed (`20240524T153000Z`).
pub(super) fn is_datetime(text: &str) -> bool {
    is_packed_datetime(text)
        || text.char_indices().filter(|(_, symbol)| "Tt ,_".contains(*symbol)).any(|(at, _)| {
            let Some((date, time)) = text.split_at_checked(at) else { return false };
            let time = time.strip_prefix(['T', 't', ' ', ',', '_']).unwrap_or_default().trim_start_matches(' ');
            let time = time.strip_prefix("at ").unwrap_or(time);
            has_digit(date) && is_date(date) && is_time(time)
        })
}

fn is_packed_datetime(text: &str) -> bool {
    let Some((date, time)) = text.split_at_checked(8) else { return false };
    let mut scan = Scan::new(time);
    let _separator = scan.eat_any("T-_ ");
    let clock = scan.digits();
    let below = |from: usize, limit: u32| clock.get(from..from + 2).and_then(number).is_some_and(|value| value < limit);
    let timed = match clock.len() {
        4 => below(0, 24) && below(2, 60),
        6 => below(0, 24) && below(2, 60) && below(4, 61),
        _ => false,
    };
    is_packed_date(date) && timed && eat_zone(&mut scan) && scan.done()
}

/// `PT15M`, `P1DT2H`, `2h30m`, `1d 4h`, `90 seconds`, `30min`, `1 hour and 5 minutes`.
pub(super) fn is_duration(text: &str) -> bool {
    is_iso_duration(text) || is_spoken_duration(text)
}

fn is_iso_duration(text: &str) -> bool {
    let Some(body) = text.strip_prefix('P') else { return false };
    let mut scan = Scan::new(body);
    let (mut fields, mut clock) = (0, false);
    while !scan.done() {
        if !clock && scan.eat("T") {
            clock = true;
        }
        let whole = scan.digits().len();
        if whole == 0 || whole > 6 || scan.eat(".") && scan.digits().is_empty() {
            return false;
        }
        if scan.eat_any(if clock { "HMS" } else { "YMWD" }).is_none() {
            return false;
        }
        fields += 1;
    }
    fields > 0
}

fn is_spoken_duration(text: &str) -> bool {
    let (_, text) = split_sign(text);
    let mut scan = Scan::new(text);
    let mut fields = 0;
    while !scan.done() {
        let whole = scan.digits().len();
        if whole == 0 || whole > 6 || scan.eat(".") && scan.digits().is_empty() {
            return false;
        }
        scan.eat_any(" -");
        if !matches!(unit(scan.letters()), Some(Dimension::Time)) {
            return false;
        }
        let _joint = scan.eat(" and ") || scan.eat(", ") || scan.eat(" ") || scan.eat(",");
        fields += 1;
    }
    fields > 0
}
