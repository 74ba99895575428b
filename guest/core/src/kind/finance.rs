//! Kinds that move money: accounts, cards, securities, wallets.

use alloc::string::{String, ToString};

use super::scan::{all, all_digits, compact_upper, grouped, has, has_digit, has_letter, is_upper_or_digit, one_case};
use crate::check_digit;

/// Country and length of every IBAN, from the SWIFT IBAN registry, release 99.
const IBAN_LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 \
EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 \
LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 \
SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30";

/// How long an IBAN of the text's country is.
fn iban_length(compact: &str) -> Option<usize> {
    let country = compact.get(..2)?;
    IBAN_LENGTHS.split(' ').find_map(|row| row.strip_prefix(country))?.parse().ok()
}

/// Country, two digits, and a length within two of that country's: one lost digit must not hide it.
/// Small letters that are all hex digits are a hash: people type an IBAN in small letters, if ever,
/// but hashes are printed so.
pub(super) fn is_iban(text: &str) -> bool {
    // Nearly every text ends here, before anything is copied.
    let begins = |text: &[u8]| matches!(text, [a, b, c, ..] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit());
    if text.len() > 64 || !begins(text.as_bytes()) || !is_spelled_in_groups(text) {
        return false;
    }
    let compact = compact_upper(text);
    let hash = has(text, |symbol| symbol.is_ascii_lowercase()) && all(text, |symbol| symbol.is_ascii_hexdigit());
    !hash
        && iban_length(&compact).is_some_and(|length| compact.len().abs_diff(length) <= 2)
        && compact.get(2..4).is_some_and(all_digits)
        && compact.len() >= 13
        && all(&compact, is_upper_or_digit)
        && has_digit(compact.get(4..).unwrap_or_default())
        && one_case(text)
}

/// Either no separator, or groups of four with a shorter last one.
fn is_spelled_in_groups(text: &str) -> bool {
    let separator = if text.contains(' ') { ' ' } else { '-' };
    let mut groups = text.split(separator).rev();
    let last = groups.next().unwrap_or_default();
    last.len() == text.len() || !last.is_empty() && last.len() <= 6 && groups.all(|group| group.len() == 4)
}

pub(super) fn check_iban(text: &str) -> bool {
    let compact = compact_upper(text);
    iban_length(&compact) == Some(compact.len()) && check_digit::iban(&compact)
}

/// Who issues a card: first digits from, to (compared at their own length), and the card's length.
/// Source: ISO/IEC 7812 ranges as the networks publish them. Visa's 13 digits are left out: none
/// has been issued for decades, and EAN has that length.
const ISSUERS: &[(&str, &str, usize)] = &[
    ("4", "4", 16),       // Visa
    ("51", "55", 16),     // Mastercard
    ("2221", "2720", 16), // Mastercard
    ("34", "34", 15),     // American Express
    ("37", "37", 15),     // American Express
    ("6011", "6011", 16), // Discover
    ("644", "659", 16),   // Discover
    ("300", "305", 14),   // Diners Club
    ("36", "36", 14),     // Diners Club
    ("38", "39", 14),     // Diners Club
    ("3528", "3589", 16), // JCB
    ("62", "62", 16),     // UnionPay
    ("62", "62", 19),     // UnionPay
    ("5018", "5038", 16), // Maestro
    ("6759", "6763", 16), // Maestro
    ("2200", "2204", 16), // Mir
];

/// An issuer's first digits and length, written together or in the groups printed on cards.
pub(super) fn is_card(text: &str) -> bool {
    const GROUPS: &[&[usize]] = &[&[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 4, 3], &[6, 13]];
    if text.len() > 24 || !text.starts_with(|first: char| first.is_ascii_digit()) {
        return false;
    }
    let spelled = all_digits(text) || GROUPS.iter().any(|lengths| grouped(text, " -", lengths));
    if !spelled {
        return false;
    }
    let digits = compact_upper(text);
    ISSUERS
        .iter()
        .any(|&(from, to, length)| digits.len() == length && digits.get(..from.len()).is_some_and(|first| (from..=to).contains(&first)))
}

/// 18 letters or digits and two check digits.
pub(super) fn is_lei(text: &str) -> bool {
    text.len() == 20
        && all(text, |symbol| symbol.is_ascii_alphanumeric())
        && one_case(text)
        && has_letter(text)
        && text.get(18..).is_some_and(all_digits)
        && text.get(..18).is_some_and(has_digit)
        && !text.starts_with("AKIA") // an AWS access key has the same shape
        && !text.starts_with("ASIA")
}

/// Countries whose national securities numbers are digits alone. Elsewhere a letter is asked for:
/// `PL1234567890` is a tax number.
const NUMERIC_ISIN: &str = "AT BE CA CH CZ DE DK FI FR GB GR HU IT JP LU NL NO PT SE US XS";
const OTHER_ISIN: &str = "AE AN AR AU BG BM BR BS CL CN CO CW CY EE EG ES EU GG GI HK HR ID IE IL IM IN IS JE KR KW KY KZ LI LR LT LV MA \
MH MT MU MX MY NG NZ PA PE PH PK PL QA RO RS RU SA SG SI SK TH TR TW UA VG VN ZA";

/// Country, nine capitals or digits, a check digit.
pub(super) fn is_isin(text: &str) -> bool {
    let (Some(country), Some(body)) = (text.get(..2), text.get(2..)) else { return false };
    let known = |list: &str| list.split(' ').any(|row| row == country);
    text.len() == 12
        && all(body, is_upper_or_digit)
        && has_digit(body.get(..9).unwrap_or_default())
        && body.ends_with(|last: char| last.is_ascii_digit())
        && (known(NUMERIC_ISIN) || known(OTHER_ISIN) && has_letter(body))
}

/// Ethereum (`0x` and 40 hex digits), bech32 (`bc1…`), or base58 as Bitcoin uses it.
pub(super) fn is_crypto_address(text: &str) -> bool {
    is_ethereum(text) || is_bech32(text) || is_base58(text)
}

fn is_ethereum(text: &str) -> bool {
    text.strip_prefix("0x").is_some_and(|body| body.len() == 40 && all(body, |symbol| symbol.is_ascii_hexdigit()))
}

fn is_bech32(text: &str) -> bool {
    const PREFIXES: [&str; 8] = ["bc", "tb", "bcrt", "ltc", "addr", "cosmos", "osmo", "inj"];
    if text.len() < 35 {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    let Some((prefix, data)) = lower.split_once('1') else { return false };
    PREFIXES.contains(&prefix)
        && one_case(text)
        && (32..=110).contains(&data.len())
        && all(data, |symbol| (symbol.is_ascii_lowercase() && !"bio".contains(symbol)) || (symbol.is_ascii_digit() && symbol != '1'))
}

fn is_base58(text: &str) -> bool {
    text.starts_with(['1', '3', 'm', 'n', 'L', 'M', 'T', 'D'])
        && (32..=34).contains(&text.len()) // shorter ones need leading zero bytes, and KSUIDs have 27
        && all(text, |symbol| symbol.is_ascii_alphanumeric() && !"0OIl".contains(symbol))
        && has_digit(text)
        && !one_case(text)
}

pub(super) fn canonical_crypto_address(text: &str) -> String {
    if is_ethereum(text) {
        // The canonical form of the same digits as hex, which some tools print without `0x`.
        text.strip_prefix("0x").unwrap_or(text).to_ascii_lowercase()
    } else if is_bech32(text) {
        text.to_ascii_lowercase()
    } else {
        text.to_string()
    }
}

pub(super) fn check_crypto_address(text: &str) -> bool {
    if is_ethereum(text) {
        check_digit::eip55(text)
    } else if is_bech32(text) {
        check_digit::bech32(text)
    } else {
        check_digit::base58check(text)
    }
}
