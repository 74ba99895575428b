//! Values a model may compute, round or reformat: dates, amounts, sizes, counters.
//!
//! They are never twins: `2024-05-24` beside `2024-05-23` is a calculation, not a copying error. A value
//! may fit a kind as well (`task_11` is `prefixed`); which of the two counts depends on where it stands.

mod measure;
mod number;
mod time;
mod word;

/// One shape of value: a row of [`VALUES`].
/// ```
/// # use twinguard_core::value::value_of;
/// assert_eq!(value_of("144.12").map(|value| value.name), Some("decimal"));
/// ```
#[derive(Clone, Copy)]
pub struct Value {
    /// Its name, in kebab-case.
    pub name: &'static str,
    /// Whether the whole text is one value of this shape.
    pub fits: fn(&str) -> bool,
}

impl core::fmt::Debug for Value {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.debug_tuple("Value").field(&self.name).finish()
    }
}

/// Every shape of value. The order decides only the name: a text with any of them is a value.
/// ```
/// # use twinguard_core::value::VALUES;
/// assert!(VALUES.iter().all(|value| !(value.fits)("acct_7H9j3")));
/// ```
pub const VALUES: &[Value] = &[
    Value { name: "date", fits: time::is_date }, // before range and decimal: `2024-05`, `24.12.2023`
    Value { name: "quarter", fits: time::is_quarter },
    Value { name: "time", fits: time::is_time }, // before ratio: `16:30`
    Value { name: "datetime", fits: time::is_datetime },
    Value { name: "duration", fits: time::is_duration }, // before measure: `30min`
    Value { name: "integer", fits: number::is_plain_integer },
    Value { name: "thousands", fits: number::is_thousands_separated },
    Value { name: "decimal", fits: number::is_decimal },
    Value { name: "money", fits: number::is_money },
    Value { name: "percentage", fits: number::is_percentage },
    Value { name: "range", fits: number::is_range },
    Value { name: "dimension", fits: number::is_dimension },
    Value { name: "ratio", fits: number::is_ratio },
    Value { name: "coordinates", fits: number::is_coordinates },
    Value { name: "version", fits: word::is_version },
    Value { name: "colour", fits: word::is_colour },
    Value { name: "term", fits: word::is_term }, // before counter: `http2` is no second http
    Value { name: "extension", fits: word::is_extension },
    Value { name: "position", fits: word::is_position }, // before counter: `L10`
    Value { name: "counter", fits: word::is_counter },
    Value { name: "measure", fits: measure::is_measure }, // last: its list of units is long
];

/// The first shape of value that fits, if one does.
/// ```
/// # use twinguard_core::value::value_of;
/// assert_eq!(value_of("May 24").map(|value| value.name), Some("date"));
/// assert_eq!(value_of("20240524").map(|value| value.name), Some("date"));
/// assert!(value_of("20241524").is_none()); // there is no fifteenth month
/// assert!(value_of("acct_7H9j3").is_none());
/// ```
pub fn value_of(text: &str) -> Option<&'static Value> {
    // No value is longer; a limit keeps base64 blobs out.
    if text.len() > 64 {
        return None;
    }
    VALUES.iter().find(|value| (value.fits)(text))
}
