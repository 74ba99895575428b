//! Numbers that count or measure, and pairs of them.

use alloc::vec::Vec;

use super::measure::{Dimension, eat_unit, unit};
use crate::kind::scan::{Scan, all, all_digits, grouped, listed, number, strip_prefix_ignore_case, strip_suffix_ignore_case, words};

/// What stands in front of numbers.
const SIGNS: [char; 6] = ['-', '+', '−', '~', '±', '≈'];

/// The sign, if there is one, and what follows.
pub(super) fn split_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix(SIGNS) {
        Some(rest) => (true, rest),
        None => (false, text),
    }
}

/// Fewer than six digits, or a round number: ids are long, and rarely end in 000. What is left of a long one after a
/// float has as many significant digits as that holds, and is not round.
pub(super) fn is_plain_integer(text: &str) -> bool {
    /// A float holds 15 to 17 digits, fewer of them where the last ones were zeros.
    const FEWEST_OF_FLOAT: usize = 13;
    let (_, digits) = split_sign(text);
    let is_round = || digits.ends_with("000") && digits.trim_end_matches('0').len() < FEWEST_OF_FLOAT;
    all_digits(digits) && (digits.len() < 6 || is_round())
}

/// `1,625`, `12,345,678`; `1 625` and `1_000_000` as well.
pub(super) fn is_thousands_separated(text: &str) -> bool {
    let (_, digits) = split_sign(text);
    digits.starts_with(|first: char| first.is_ascii_digit())
        && [',', ' ', '_', '\u{a0}', '\u{202f}', '\''].iter().any(|separator| is_in_threes(digits, *separator))
}

fn is_in_threes(text: &str, separator: char) -> bool {
    let mut groups = text.split(separator);
    let first = groups.next().unwrap_or_default();
    (1..=3).contains(&first.len())
        && all_digits(first)
        && first.len() < text.len()
        && groups.all(|group| group.len() == 3 && all_digits(group))
}

/// A point or an exponent: `144.12`, `.5`, `-1.5e3`, `1e6`, `1,625.50`, `1.625,50`, `40,5`.
/// `1234e56` has the digits of a short commit id, so an exponent needs a point or a short mantissa.
pub(super) fn is_decimal(text: &str) -> bool {
    let (_, text) = split_sign(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(split_sign(exponent))),
        None => (text, None),
    };
    let scaled = exponent.is_some_and(|(signed, digits)| {
        all_digits(digits) && digits.len() <= 3 && (signed || mantissa.contains('.') || mantissa.len() <= 3)
    });
    if exponent.is_some() && !scaled {
        return false;
    }
    is_fraction(mantissa, '.', ',') || is_fraction(mantissa, ',', '.') && exponent.is_none() || scaled && all_digits(mantissa)
}

/// Digits around `point`, the whole part perhaps with `comma` between its thousands.
fn is_fraction(text: &str, point: char, comma: char) -> bool {
    let Some((whole, fraction)) = text.split_once(point) else { return false };
    let whole_fits = whole.is_empty() || all_digits(whole) || is_in_threes(whole, comma);
    // A comma before three digits parts thousands, which another row takes.
    whole_fits && all_digits(fraction) && (point == '.' || !whole.is_empty() && fraction.len() != 3 || whole.contains(comma))
}

/// Whether a text begins as numbers do: with a digit, a sign or a point.
pub(super) fn begins_number(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit() || first == '.' || SIGNS.contains(&first))
}

/// Any of the three above, of any length.
pub(super) fn is_number(text: &str) -> bool {
    if !begins_number(text) {
        return false;
    }
    let (_, digits) = split_sign(text);
    all_digits(digits) && digits.len() <= 15 || is_thousands_separated(text) || is_decimal(text)
}

const CURRENCY_SIGNS: &str = "$€£¥₹₩₽₺₫฿₦₴₪";
const CURRENCIES: &[&str] = words!(
    "USD EUR GBP JPY CNY CHF CAD AUD NZD INR BRL MXN SEK NOK DKK PLN CZK HUF RON RUB TRY ZAR KRW SGD HKD TWD THB IDR MYR PHP \
VND AED SAR ILS EGP NGN KES ARS CLP COP PEN UAH BTC ETH USDT USDC SOL dollar dollars euro euros cent cents pound pounds yen rupees bucks"
);

/// `$40.00`, `-$5`, `US$ 40`, `40 USD`, `EUR 12,50`, `$1.2M`, `40 dollars`, `$10-20`.
pub(super) fn is_money(text: &str) -> bool {
    let (_, text) = split_sign(text);
    let text = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap_or(text);
    let letters: &[char] = &['U', 'S', 'A', 'C', 'H', 'K', 'N', 'Z', 'R'];
    let signed = text.trim_start_matches(letters);
    if let Some(amount) = signed.strip_prefix(|sign| CURRENCY_SIGNS.contains(sign)) {
        let amount = amount.trim_start_matches(' ');
        return text.len() - signed.len() <= 3 && (is_amount(amount) || is_range(amount) || is_money(amount) && amount.starts_with('-'));
    }
    if let Some(amount) = text.strip_suffix(|sign| CURRENCY_SIGNS.contains(sign)) {
        return is_amount(amount.trim_end_matches(' '));
    }
    let spoken = |word: &str, amount: &str| is_amount(amount.trim_matches(' ')) && listed(CURRENCIES, word);
    let mut scan = Scan::new(text);
    let first = scan.letters();
    let last = text.trim_end_matches(|symbol: char| symbol.is_ascii_alphabetic());
    !first.is_empty() && spoken(first, scan.rest()) || text.strip_prefix(last).is_some_and(|word| spoken(word, last))
}

/// A number, perhaps with `k`, `M`, `bn`, `/mo`.
fn is_amount(text: &str) -> bool {
    if !begins_number(text) {
        return false;
    }
    let text = text.split_once('/').filter(|(_, per)| all(per, |symbol| symbol.is_ascii_alphabetic())).map_or(text, |(amount, _)| amount);
    let text = text.strip_suffix(".-").unwrap_or(text);
    let scales = ["thousand", "million", "billion", "bn", "mn", "k", "m", "b", "t"];
    let stem = scales.iter().find_map(|scale| strip_suffix_ignore_case(text, scale)).map_or(text, |stem| stem.trim_end_matches(' '));
    is_number(stem)
}

/// `45%`, `12.5 %`, `45 percent`, `50bps`.
pub(super) fn is_percentage(text: &str) -> bool {
    let signs = ["%", "‰", "percent", "per cent", "pct", "bps", "percentage points", "pp"];
    let stem = signs.iter().find_map(|sign| strip_suffix_ignore_case(text, sign));
    stem.is_some_and(|stem| is_number(stem.trim_end_matches([' ', '-'])) || is_range(stem))
}

/// Two numbers with a dash, dots or `to` between, the second not smaller: `15-17`, `2019–2024`,
/// `10..20`, `4-6 weeks`. `555-1234` is a local telephone number.
pub(super) fn is_range(text: &str) -> bool {
    let mut scan = Scan::new(text);
    let (from, from_tail) = eat_number(&mut scan);
    let spaced = scan.eat(" ");
    let joined = ["...", "..", "-", "–", "—", "to ", "~"].iter().any(|dash| scan.eat(dash));
    scan.eat(if spaced { " " } else { "" });
    let (to, to_tail) = eat_number(&mut scan);
    let ordered = match (number(from), number(to)) {
        (Some(low), Some(high)) => low < high || low == high && from_tail != to_tail || !from_tail.is_empty(),
        _ => false,
    };
    let short = from.len() <= 5 && to.len() <= 5 && to.len() >= from.len() && !grouped(text, "-", &[3, 4]);
    joined && ordered && short && (scan.done() || eat_unit(&mut scan) && scan.done() || scan.rest().trim() == "%")
}

/// Digits and what follows their point.
fn eat_number<'a>(scan: &mut Scan<'a>) -> (&'a str, &'a str) {
    let whole = scan.digits();
    // `10..20`: the first of two dots is no point.
    let point = scan.rest().strip_prefix('.').is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()));
    let fraction = if point && scan.eat(".") { scan.digits() } else { "" };
    (whole, fraction)
}

/// `1920x1080`, `10 x 20 x 30 cm`, `3×4`.
pub(super) fn is_dimension(text: &str) -> bool {
    let mut scan = Scan::new(text);
    let mut sides = 0;
    loop {
        let (whole, _) = eat_number(&mut scan);
        if whole.is_empty() || whole.len() > 5 || sides > 0 && whole.starts_with('0') && whole.len() > 1 {
            return false; // `0x10` has a zero in front, and is hex
        }
        sides += 1;
        let spaced = scan.eat(" ");
        if scan.eat_any("x×X*").is_none() {
            break;
        }
        scan.eat(if spaced { " " } else { "" });
    }
    (2..=4).contains(&sides) && !text.starts_with("0x") && (scan.done() || eat_unit(&mut scan) && scan.done())
}

/// `16:9`, `1/2`, `3 of 10`, `7/10`.
pub(super) fn is_ratio(text: &str) -> bool {
    if !begins_number(text.trim_start_matches(' ')) {
        return false;
    }
    let halves = [":", "/", " out of ", " of "].iter().find_map(|between| text.split_once(between));
    halves.is_some_and(|(left, right)| {
        let fits = |side: &str| is_number(side) && side.len() <= 5;
        fits(left.trim_matches(' ')) && fits(right.trim_matches(' '))
    })
}

/// A pair (or triple) of decimals, perhaps in brackets, or with degrees and a direction.
pub(super) fn is_coordinates(text: &str) -> bool {
    if !text.contains(['.', '°']) {
        return false;
    }
    let body = text.strip_prefix(['(', '[']).map_or(text, |body| body.trim_end_matches([')', ']']));
    let parts: Vec<&str> = body.split([',', ';']).map(str::trim).collect();
    let parts = if parts.len() == 1 { body.split(' ').collect() } else { parts };
    let decimals = parts.iter().filter(|part| part.contains(['.', '°'])).count();
    (2..=3).contains(&parts.len()) && decimals > 0 && parts.iter().all(|part| is_angle(part))
        || body.contains('°') && parts.iter().all(|part| is_angle(part))
}

/// `52.5200`, `-13.4`, `52.52°N`, `N52.52`, `52°31'12"N`.
fn is_angle(text: &str) -> bool {
    let directions = ['N', 'S', 'E', 'W'];
    let text = text.strip_prefix(directions).unwrap_or(text);
    let text = text.strip_suffix(directions).unwrap_or(text);
    let (_, text) = split_sign(text.trim());
    let mut scan = Scan::new(text);
    let (degrees, _) = eat_number(&mut scan);
    let mut fits = (1..=3).contains(&degrees.len());
    if scan.eat("°") && !scan.done() {
        fits &= eat_number(&mut scan).0.len() <= 2 && scan.eat_any("'′").is_some();
        if !scan.done() {
            fits &= eat_number(&mut scan).0.len() <= 2 && scan.eat_any("\"″").is_some();
        }
    }
    fits && scan.done()
}

/// `3rd`, `21st`: a number and its ordinal letters.
pub(super) fn is_ordinal(text: &str) -> bool {
    ["st", "nd", "rd", "th"]
        .iter()
        .any(|suffix| strip_suffix_ignore_case(text, suffix).is_some_and(|stem| all_digits(stem) && stem.len() <= 5))
}

/// `10x`, `x10`, `2X`: how many times.
pub(super) fn is_multiple(text: &str) -> bool {
    let stem = strip_suffix_ignore_case(text, "x").or_else(|| strip_prefix_ignore_case(text, "x")).or_else(|| text.strip_suffix('×'));
    stem.is_some_and(|stem| is_number(stem) && stem.len() <= 5)
}

/// Whether `word` is a unit of anything but nothing; shared with ranges.
pub(super) fn is_any_unit(word: &str) -> bool {
    matches!(unit(word), Some(Dimension::Time | Dimension::Other))
}
