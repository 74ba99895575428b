//! What identifiers are counted under: names, bands of numbers, weeks.

use jiff::civil::Date;
use twinguard_core::model::Finding;
use twinguard_trace::verify::Judged;

/// What a group is called when no record says.
const NOT_SAID: &str = "not said";
/// Characters, up to and with.
const LENGTHS: &[u64] = &[4, 8, 16, 32, 64];
/// Kibibytes, up to and with.
const DEPTHS: &[u64] = &[4, 16, 64, 256, 1024];
/// Messages, up to and with.
const DISTANCES: &[u64] = &[1, 3, 7, 15, 31, 63];

/// What identifiers are counted under. Ordered as reports list them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Bands are in order of their size, which is not that of their names.
    rank: usize,
    name: String,
}

impl Group {
    /// What reports call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether no record says what it is.
    #[must_use]
    pub fn is_unsaid(&self) -> bool {
        self.rank == usize::MAX
    }

    pub(super) fn named(name: Option<&str>) -> Self {
        let rank = if name.is_some() { 0 } else { usize::MAX };
        Self { rank, name: name.unwrap_or(NOT_SAID).to_owned() }
    }
}

/// By the length of the original.
pub(super) fn length(original: &str) -> Group {
    let characters = original.chars().count();
    band(u64::try_from(characters).unwrap_or(u64::MAX), 1, LENGTHS, "characters")
}

/// By what the model had been shown.
pub(super) fn depth(bytes: u64) -> Group {
    band(bytes.div_ceil(1024), 0, DEPTHS, "KiB")
}

/// By when the original was last shown. Of a miscopied value that was shown more often than eight times the
/// guard tells the first eight, so it may have been nearer.
pub(super) fn distance(judged: &Judged, finding: &Finding) -> Group {
    let sightings = finding.nearest.first().map(|near| near.seen_in.as_slice()).unwrap_or_default();
    let last = sightings.iter().map(|sighting| sighting.turn).filter(|turn| *turn < judged.turn).max();
    last.map_or_else(|| Group::named(None), |last| band(u64::from(judged.turn - last), 1, DISTANCES, "messages"))
}

/// By the week of a time, on the calendar of whoever wrote it down: `2026-W09`. Of a text that does not
/// begin with a date nobody knows.
pub(super) fn week(at: Option<&str>) -> Group {
    let date = at.and_then(|at| at.get(..10)).and_then(|date| date.parse::<Date>().ok());
    let week = date.map(Date::iso_week_date).map(|week| format!("{:04}-W{:02}", week.year(), week.week()));
    Group::named(week.as_deref())
}

/// The band that holds a number: `9–16 characters`, `over 64 characters`.
fn band(number: u64, least: u64, ends: &[u64], unit: &str) -> Group {
    let rank = ends.iter().take_while(|end| **end < number).count();
    let start = rank.checked_sub(1).and_then(|before| ends.get(before));
    let name = match (start, ends.get(rank)) {
        (Some(start), None) => format!("over {start} {unit}"),
        (start, end) => {
            let (start, end) = (start.map_or(least, |start| start + 1), end.copied().unwrap_or(number));
            if start == end { format!("{end} {}", unit.trim_end_matches('s')) } else { format!("{start}–{end} {unit}") }
        }
    };
    Group { rank, name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_told_by_their_ends() {
        let name = |group: Group| group.name;
        assert_eq!(name(length("abcd")), "1–4 characters");
        assert_eq!(name(length("abcde")), "5–8 characters");
        assert_eq!(name(length(&"x".repeat(65))), "over 64 characters");
        assert_eq!(name(depth(0)), "0–4 KiB");
        assert_eq!(name(depth(4 << 10)), "0–4 KiB");
        assert_eq!(name(depth((4 << 10) + 1)), "5–16 KiB");
        assert_eq!(name(depth(2 << 20)), "over 1024 KiB");
        assert_eq!(name(band(1, 1, DISTANCES, "messages")), "1 message");
        assert!(length("abcde") < length("abcdefghi"), "by size");
    }

    #[test]
    fn weeks_are_those_of_the_calendar() {
        let name = |at| week(Some(at)).name;
        assert_eq!(name("2026-01-01T00:00:00Z"), "2026-W01");
        assert_eq!(name("2027-01-01 09:30:00"), "2026-W53", "the year of a week is that of its Thursday");
        assert_eq!(name("2024-12-30"), "2025-W01");
        assert_eq!(name("yesterday"), NOT_SAID);
        assert_eq!(week(None).name, NOT_SAID);
        assert!(week(None) > week(Some("2026-01-01")), "what nobody says comes last");
    }
}
