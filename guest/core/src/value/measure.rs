//! A number and what it counts.

use super::number::{is_any_unit, is_multiple, is_number, is_ordinal};
use crate::kind::scan::{Scan, count_digits, listed, words};

/// What a unit measures. Durations need to tell time from the rest.
pub(super) enum Dimension {
    Time,
    Other,
}

const TIME_UNITS: &[&str] = words!(
    "y yr yrs year years mo mon month months mth mths w wk wks week weeks d day days night nights h hr hrs hour hours m min mins \
minute minutes s sec secs second seconds ms msec millisecond milliseconds us µs microsecond microseconds ns nanosecond nanoseconds fortnight decade \
decades century centuries quarter quarters"
);

const OTHER_UNITS: &[&str] = words!(
    "b bit bits byte bytes kb mb gb tb pb kib mib gib tib kbps mbps gbps k bn px pt em rem vh vw dpi ppi nm um µm mm cm dm km in \
inch inches ft feet foot yd yard yards mi mile miles mg g kg kgs gram grams lb lbs oz ounce ounces ton tons tonne tonnes l ml cl dl liter liters litre \
litres gal gallon gallons hz khz mhz ghz v kv mv a ma mah w kw kwh mw mwh gw wh j kj cal kcal pa kpa mpa bar psi n nm rpm fps mph kph kmh kmph kt knots \
c f deg degrees °c °f ° db lm lux mol ha acre acres sqft sqm m2 m3 cm2 cm3 km2 cc cpu cpus core cores vcpu vcpus gpu gpus node nodes bag bags piece \
pieces pc pcs unit units item items seat seats row rows line lines word words char chars character characters token tokens page pages step steps \
person people guest guests adult adults child children passenger passengers room rooms bed beds star stars point points pts user users file files \
time times fold way pack packs bottle bottles box boxes set sets count ply door doors inch-wide speed tier level levels layer layers bedroom bedrooms \
stop stops mile-long digit digits bps qps rps tps ppm ppb iu mcg ug"
);

/// What `word` measures, if it is a unit. Letter case is not asked: `MB` and `mb` are both written.
pub(super) fn unit(word: &str) -> Option<Dimension> {
    if word.is_empty() {
        None
    } else if listed(TIME_UNITS, word) {
        Some(Dimension::Time)
    } else if listed(OTHER_UNITS, word) {
        Some(Dimension::Other)
    } else {
        None
    }
}

/// Reads a unit, perhaps after a space or hyphen.
pub(super) fn eat_unit(scan: &mut Scan<'_>) -> bool {
    scan.eat_any(" -");
    is_any_unit(scan.run(|symbol| symbol.is_alphanumeric() || "°µ/".contains(symbol)))
}

/// `10px`, `5 GB`, `4-month`, `3.5kg`, `80km/h`, `3rd`, `10x`, `30°C`, `4-star`.
pub(super) fn is_measure(text: &str) -> bool {
    let text = text.strip_prefix(['<', '>', '≤', '≥', '~']).unwrap_or(text);
    let stem = text.trim_end_matches(|symbol: char| symbol.is_alphabetic() || "°µ/²³".contains(symbol));
    let word = text.strip_prefix(stem).unwrap_or_default().trim_end_matches(['²', '³']);
    let amount = stem.trim_end_matches([' ', '-']);
    let measured = || match word.split_once('/') {
        Some((unit, per)) => is_any_unit(unit) && is_any_unit(per),
        None => is_any_unit(word),
    };
    // `0040152a` and `1040152c` are addresses and hashes, not amperes and degrees.
    let padded = amount.len() > 1 && amount.starts_with('0') && !amount.starts_with("0.");
    let digits = if word.len() == 1 { 5 } else { 12 };
    let modest = !padded && count_digits(amount) <= digits;
    modest && is_number(amount) && stem.len() - amount.len() <= 1 && measured() || is_ordinal(text) || is_multiple(text)
}
