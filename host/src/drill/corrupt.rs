//! How identifiers go wrong: every slip of a drill, and what it makes of a text.

use super::random::Random;
use std::fmt;
use twinguard_core::distance::distance;

/// A way to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shape {
    /// One letter or digit is another of its sort.
    Substituted,
    /// Two neighbours have changed places.
    Swapped,
    /// One letter or digit is missing.
    Dropped,
    /// One letter or digit stands twice.
    Doubled,
    /// Two of the four above at once.
    TwoEdits,
    /// The tail is cut off.
    Truncated,
    /// One character passes for the right one: `O` for `0`, a Cyrillic `а`, a full-width `７`.
    LookAlike,
    /// One letter, or every letter, has the other case.
    LetterCase,
    /// The body stands under another type's prefix.
    OtherPrefix,
    /// What a 64-bit float makes of a long number.
    FloatRounding,
    /// Another identifier that was seen, within two edits or of the same family.
    OtherSeenNear,
    /// Any other identifier that was seen.
    OtherSeenFar,
}

impl Shape {
    /// Every shape, in the order of reports.
    pub const ALL: [Self; 12] = [
        Self::Substituted,
        Self::Swapped,
        Self::Dropped,
        Self::Doubled,
        Self::TwoEdits,
        Self::Truncated,
        Self::LookAlike,
        Self::LetterCase,
        Self::OtherPrefix,
        Self::FloatRounding,
        Self::OtherSeenNear,
        Self::OtherSeenFar,
    ];

    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Substituted => "substituted",
            Self::Swapped => "swapped",
            Self::Dropped => "dropped",
            Self::Doubled => "doubled",
            Self::TwoEdits => "two-edits",
            Self::Truncated => "truncated",
            Self::LookAlike => "look-alike",
            Self::LetterCase => "letter-case",
            Self::OtherPrefix => "other-prefix",
            Self::FloatRounding => "float-rounding",
            Self::OtherSeenNear => "other-seen-near",
            Self::OtherSeenFar => "other-seen-far",
        }
    }

    /// Whether it puts in a value that was seen. Those are another question: nothing is wrong
    /// with the value, only with where it stands.
    #[must_use]
    pub const fn is_seen(self) -> bool {
        matches!(self, Self::OtherSeenNear | Self::OtherSeenFar)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Fewer characters than this are no identifier any more.
const SHORTEST: usize = 4;
/// Whole numbers from here on are not all floats: 2^53.
const FLOAT_LIMIT: u128 = 1 << 53;

/// Characters that pass for each other, either way round.
const LOOK_ALIKES: &[(char, char)] = &[
    ('0', 'O'),
    ('1', 'l'),
    ('1', 'I'),
    ('l', 'I'),
    // Cyrillic
    ('a', 'а'),
    ('c', 'с'),
    ('e', 'е'),
    ('o', 'о'),
    ('p', 'р'),
    ('x', 'х'),
    ('A', 'А'),
    ('B', 'В'),
    ('C', 'С'),
    ('E', 'Е'),
    ('H', 'Н'),
    ('K', 'К'),
    ('M', 'М'),
    ('O', 'О'),
    ('P', 'Р'),
    ('T', 'Т'),
    ('X', 'Х'),
];

/// Prefixes of types that every second system has, for runs that show no other.
const PREFIXES: &[&str] = &["acct", "cust", "item", "order", "pay", "ref", "txn", "user"];

/// What a slip makes of a text; nothing where it does not apply, as a float to a name. Never the
/// text itself. The shapes that put in a seen value need one and give nothing here.
///
/// `prefixes` are those that other identifiers of the same run have.
///
/// ```
/// use twinguard::drill::{corrupt::{Shape, corrupt}, random::Random};
///
/// let rounded = corrupt(Shape::FloatRounding, "725653563933458432", &[], &mut Random::new(1));
/// assert_eq!(rounded.as_deref(), Some("725653563933458400"));
/// assert_eq!(corrupt(Shape::FloatRounding, "acct_7H9j3", &[], &mut Random::new(1)), None);
/// ```
#[must_use]
pub fn corrupt(shape: Shape, text: &str, prefixes: &[&str], random: &mut Random) -> Option<String> {
    let changed = match shape {
        Shape::Substituted => substituted(text, random),
        Shape::Swapped => swapped(text, random),
        Shape::Dropped => dropped(text, random),
        Shape::Doubled => doubled(text, random),
        Shape::TwoEdits => two_edits(text, random),
        Shape::Truncated => truncated(text, random),
        Shape::LookAlike => look_alike(text, random),
        Shape::LetterCase => letter_case(text, random),
        Shape::OtherPrefix => other_prefix(text, prefixes, random),
        Shape::FloatRounding => float_rounding(text),
        Shape::OtherSeenNear | Shape::OtherSeenFar => None,
    };
    changed.filter(|changed| changed != text)
}

/// The places of letters and digits: a slip in a separator is another spelling, not another thing.
fn places(characters: &[char]) -> Vec<usize> {
    (0..characters.len()).filter(|&at| characters.get(at).is_some_and(|c| c.is_ascii_alphanumeric())).collect()
}

/// Any letter or digit of a text, and where it stands.
fn any(characters: &[char], random: &mut Random) -> Option<(usize, char)> {
    let at = *random.pick(&places(characters))?;
    Some((at, *characters.get(at)?))
}

fn substituted(text: &str, random: &mut Random) -> Option<String> {
    let mut characters: Vec<char> = text.chars().collect();
    let (at, old) = any(&characters, random)?;
    // A letter past `f` in a hash would give it away at a glance.
    let letters = if is_hex(text) { 'f' } else { 'z' };
    let (first, last) = match old {
        '0'..='9' => ('0', '9'),
        'A'..='Z' => ('A', letters.to_ascii_uppercase()),
        _ => ('a', letters),
    };
    let others: Vec<char> = (first..=last).filter(|new| *new != old).collect();
    *characters.get_mut(at)? = *random.pick(&others)?;
    Some(characters.into_iter().collect())
}

/// Whether digits and hex letters alternate, as in a hash or a UUID.
fn is_hex(text: &str) -> bool {
    let mut symbols = text.chars().filter(char::is_ascii_alphanumeric);
    text.len() >= 7 && text.bytes().any(|byte| byte.is_ascii_alphabetic()) && symbols.all(|c| c.is_ascii_hexdigit())
}

fn swapped(text: &str, random: &mut Random) -> Option<String> {
    let mut characters: Vec<char> = text.chars().collect();
    let apart = |at: &usize| match characters.get(*at..at + 2) {
        Some([a, b]) => a != b && a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric(),
        _ => false,
    };
    let pairs: Vec<usize> = (0..characters.len()).filter(apart).collect();
    let at = *random.pick(&pairs)?;
    characters.swap(at, at + 1);
    Some(characters.into_iter().collect())
}

fn dropped(text: &str, random: &mut Random) -> Option<String> {
    let mut characters: Vec<char> = text.chars().collect();
    let (at, _) = any(&characters, random)?;
    characters.remove(at);
    (characters.len() >= SHORTEST).then(|| characters.into_iter().collect())
}

fn doubled(text: &str, random: &mut Random) -> Option<String> {
    let mut characters: Vec<char> = text.chars().collect();
    let (at, twice) = any(&characters, random)?;
    characters.insert(at, twice);
    Some(characters.into_iter().collect())
}

fn two_edits(text: &str, random: &mut Random) -> Option<String> {
    const ONE: [fn(&str, &mut Random) -> Option<String>; 4] = [substituted, swapped, dropped, doubled];
    // The second may undo the first, or both together be one.
    (0..8).find_map(|_| {
        let once = random.pick(&ONE)?(text, random)?;
        let twice = random.pick(&ONE)?(&once, random)?;
        (distance(text, &twice, 3) == Some(2)).then_some(twice)
    })
}

fn truncated(text: &str, random: &mut Random) -> Option<String> {
    let characters: Vec<char> = text.chars().collect();
    let most = (characters.len() / 2).min(characters.len().checked_sub(SHORTEST)?);
    let cut = 2 + random.below(most.checked_sub(1)?);
    let left = characters.len().checked_sub(cut)?;
    let head = characters.get(..left)?;
    // A hash may be shortened to what still names one commit.
    let is_short_hash = is_hex(text) && matches!(text.len(), 32 | 40 | 64) && (7..=16).contains(&left);
    let is_one_still = head.iter().any(char::is_ascii_digit) && head.last().is_some_and(|last| last.is_ascii_alphanumeric());
    (left >= SHORTEST && is_one_still && !is_short_hash).then(|| head.iter().collect())
}

fn look_alike(text: &str, random: &mut Random) -> Option<String> {
    let mut characters: Vec<char> = text.chars().collect();
    let mut options = Vec::new();
    for (at, old) in characters.iter().copied().enumerate() {
        let alike = LOOK_ALIKES.iter().flat_map(|&(a, b)| [(a, b), (b, a)]).filter(|(seen, _)| *seen == old);
        options.extend(alike.map(|(_, new)| (at, new)));
        let full_width = old.to_digit(10).and_then(|digit| char::from_u32(u32::from('０') + digit));
        options.extend(full_width.map(|new| (at, new)));
    }
    let (at, new) = *random.pick(&options)?;
    *characters.get_mut(at)? = new;
    Some(characters.into_iter().collect())
}

fn letter_case(text: &str, random: &mut Random) -> Option<String> {
    let characters: Vec<char> = text.chars().collect();
    let letters: Vec<usize> = (0..characters.len()).filter(|&at| characters.get(at).is_some_and(char::is_ascii_alphabetic)).collect();
    let one = *random.pick(&letters)?;
    match random.below(4) {
        0 => Some(text.to_ascii_lowercase()),
        1 => Some(text.to_ascii_uppercase()),
        _ => {
            let turn = |c: char| if c.is_ascii_uppercase() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() };
            Some(characters.into_iter().enumerate().map(|(at, c)| if at == one { turn(c) } else { c }).collect())
        }
    }
}

/// Splits `gift_card_5634230` into the prefix and, with its separator, the body.
#[must_use]
pub fn split_prefix(text: &str) -> Option<(&str, &str)> {
    let (prefix, body) = text.split_at_checked(text.rfind(['_', '-'])?)?;
    let is_prefix =
        prefix.starts_with(|c: char| c.is_ascii_alphabetic()) && prefix.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '-'));
    let is_body = body.len() > SHORTEST
        && body.bytes().any(|byte| byte.is_ascii_digit())
        && body.bytes().skip(1).all(|byte| byte.is_ascii_alphanumeric());
    (is_prefix && is_body).then_some((prefix, body))
}

fn other_prefix(text: &str, prefixes: &[&str], random: &mut Random) -> Option<String> {
    let (own, body) = split_prefix(text)?;
    let differs = |prefix: &&&str| !prefix.eq_ignore_ascii_case(own);
    let seen: Vec<&&str> = prefixes.iter().filter(differs).collect();
    let known: Vec<&&str> = PREFIXES.iter().filter(differs).collect();
    let other = random.pick(if seen.is_empty() { &known } else { &seen })?;
    Some(format!("{other}{body}"))
}

fn float_rounding(text: &str) -> Option<String> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) || text.starts_with('0') || text.parse::<u128>().ok()? <= FLOAT_LIMIT {
        return None;
    }
    // The shortest digits that mean the same float, as JSON writers print it; where that is the
    // number itself, all of them.
    let float = text.parse::<f64>().ok()?;
    let shortest = format!("{float}");
    Some(if shortest == text { format!("{float:.0}") } else { shortest })
}
