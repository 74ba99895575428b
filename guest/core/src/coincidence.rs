//! How likely nearness is an accident.

/// Past this many edits the sum below would be guesswork, and chance is taken as certain.
const MOST_EDITS: u32 = 8;

/// The chance that a random text of `length` symbols from an `alphabet` lies within `limit` edits
/// of one of `seen` random texts of the same shape.
///
/// `length` is that of the random body: a fixed prefix adds nothing. Holds for uniform
/// identifiers only. Sequential ones are near each other by design, so their density must be
/// measured instead.
///
/// The result is `1 - exp(-seen · V / alphabet^length)`, where V counts the texts of the same
/// length within `limit` edits.
///
/// ```
/// # use twinguard_core::coincidence::chance;
/// assert!(chance(1_000, 62, 8, 1) < 1e-8); // `acct_7H9j3k2m`: no accident
/// assert!(chance(1_000, 10, 5, 2) > 0.99); // five digits: nearness means nothing
/// ```
#[must_use]
pub fn chance(seen: u64, alphabet: u32, length: u32, limit: u32) -> f64 {
    if seen == 0 {
        return 0.0;
    }
    // No room for two different texts, or for a formula.
    if alphabet < 2 || length == 0 || limit > MOST_EDITS {
        return 1.0;
    }
    // In logarithms: alphabet^length overflows any float long before a long digest ends.
    let seen = libm::log(seen as f64);
    let texts = f64::from(length) * libm::log(f64::from(alphabet));
    let expected = libm::exp(seen + libm::log(neighbours(alphabet, length, limit)) - texts);
    -libm::expm1(-expected)
}

/// How many texts of the same length lie one to `limit` edits away, on average; at limit 0, the
/// text itself.
///
/// A choice of `r` replacements, `s` swaps and `m` moves (one deletion with one insertion, two
/// edits) each at places of its own. Choices that meet in the same text are few; where they are
/// counted twice the chance comes out higher, which errs on the side of not blocking.
fn neighbours(alphabet: u32, length: u32, limit: u32) -> f64 {
    let (a, l) = (f64::from(alphabet), f64::from(length));
    // Neighbours that happen to be equal make a swap no change.
    let differ = 1.0 - 1.0 / a;
    // A move shifts a window of three symbols or more by one, left or right, and fills the gap
    // with any symbol. Shorter windows, and equal symbols inside, are replacements or swaps.
    let moves = 2.0 * a * differ * differ * differ * (l - 1.0) * (l - 2.0) / 2.0;
    let mut total = 0.0;
    for m in 0..=limit / 2 {
        let moved = power_over_factorial(moves.max(0.0), m);
        for s in 0..=limit - 2 * m {
            for r in 0..=limit - 2 * m - s {
                // Places of s swaps (two cells each) and r replacements (one each) in the text.
                total += moved * placements(length, s, r) * power(differ, s) * power(a - 1.0, r);
            }
        }
    }
    // The choice of nothing is the text itself.
    if limit == 0 { total } else { total - 1.0 }
}

/// Ways to put `pairs` double and `singles` single cells into a row without overlap.
fn placements(length: u32, pairs: u32, singles: u32) -> f64 {
    let Some(cells) = length.checked_sub(pairs) else { return 0.0 };
    let mut ways = 1.0;
    for step in 0..pairs + singles {
        let Some(free) = cells.checked_sub(step) else { return 0.0 };
        let divisor = if step < pairs { step + 1 } else { step - pairs + 1 };
        ways *= f64::from(free) / f64::from(divisor);
    }
    ways
}

fn power(base: f64, exponent: u32) -> f64 {
    (0..exponent).fold(1.0, |product, _| product * base)
}

fn power_over_factorial(base: f64, exponent: u32) -> f64 {
    (1..=exponent).fold(1.0, |product, step| product * base / f64::from(step))
}
