//! Check digits: arithmetic that an identifier carries about itself.
//!
//! Every function is total: text of the wrong shape is `false`, never an error. None of them reads a
//! registry, so `true` says only that the digits agree with one another.

use alloc::vec::Vec;

use sha3::{Digest, Keccak256};

/// The Luhn sum of a payment card, IMEI or similar number.
/// Spaces and hyphens are skipped; at least two digits are needed.
///
/// Source: ISO/IEC 7812-1:2017, annex B. It misses one swap of neighbours, `09` for `90`.
/// ```
/// # use twinguard_core::check_digit::luhn;
/// assert!(luhn("4242 4242 4242 4242"));
/// assert!(!luhn("4242 4242 4242 4243"));
/// ```
pub fn luhn(text: &str) -> bool {
    let Some(digits) = decimal(text) else { return false };
    digits.len() > 1 && luhn_sum(digits.iter().rev().copied()) == 0
}

/// ISO 7064 mod 97-10: read letters as 10 to 35; the whole number leaves 1 when divided by 97.
///
/// Source: ISO/IEC 7064:2003. The digits are read in the order written: an IBAN must be turned
/// round first, as [`iban`] does.
/// ```
/// # use twinguard_core::check_digit::mod97;
/// assert!(mod97("3214282912345698765432161182")); // the rotated IBAN of the standard's example
/// assert!(!mod97("3214282912345698765432161128"));
/// ```
pub fn mod97(text: &str) -> bool {
    let mut remainder = 0u32;
    let mut symbols = 0usize;
    for symbol in text.bytes().filter(|symbol| !matches!(symbol, b' ' | b'-')) {
        let Some(value) = char::from(symbol).to_digit(36) else { return false };
        remainder = (remainder * if value < 10 { 10 } else { 100 } + value) % 97;
        symbols += 1;
    }
    symbols > 2 && remainder == 1
}

/// An IBAN's check digits: its first four characters moved to the end, then [`mod97`].
///
/// Source: ISO 13616-1:2020, clause 6. Spaces, hyphens and letter case do not matter.
/// ```
/// # use twinguard_core::check_digit::iban;
/// assert!(iban("GB82 WEST 1234 5698 7654 32"));
/// assert!(!iban("GB82 WEST 1234 5698 7654 23"));
/// ```
pub fn iban(text: &str) -> bool {
    let bytes: Vec<char> = text.chars().filter(|symbol| !matches!(symbol, ' ' | '-')).collect();
    let Some((head, tail)) = bytes.split_at_checked(4) else { return false };
    mod97(&tail.iter().chain(head).collect::<alloc::string::String>())
}

/// The check digits of a legal entity identifier: 20 characters under [`mod97`].
///
/// Source: ISO 17442-1:2020.
/// ```
/// # use twinguard_core::check_digit::lei;
/// assert!(lei("HWUPKR0MPOU8FGXBT394"));
/// assert!(!lei("HWUPKR0MPOU8FGXBT349"));
/// ```
pub fn lei(text: &str) -> bool {
    text.len() == 20 && text.bytes().all(|symbol| symbol.is_ascii_alphanumeric()) && mod97(text)
}

/// ISO 7064 mod 11-2, the check character of ORCID and ISNI; `X` stands for ten.
///
/// Source: ISO/IEC 7064:2003 and the ORCID page "Structure of the ORCID Identifier".
/// Spaces and hyphens are skipped.
/// ```
/// # use twinguard_core::check_digit::mod11_2;
/// assert!(mod11_2("0000-0002-1825-0097"));
/// assert!(mod11_2("0000-0002-1694-233X"));
/// assert!(!mod11_2("0000-0002-1825-0079"));
/// ```
pub fn mod11_2(text: &str) -> bool {
    let Some((body, last)) = split_last(text) else { return false };
    let Some(digits) = decimal(body) else { return false };
    let total = digits.iter().fold(0u32, |total, digit| (total + digit) * 2 % 11);
    !digits.is_empty() && (12 - total) % 11 == last
}

/// The check character of a ten-character ISBN; `X` stands for ten.
///
/// Source: ISO 2108:1992. Spaces and hyphens are skipped.
/// ```
/// # use twinguard_core::check_digit::isbn10;
/// assert!(isbn10("0-306-40615-2"));
/// assert!(!isbn10("0-306-40651-2"));
/// ```
pub fn isbn10(text: &str) -> bool {
    let Some((body, last)) = split_last(text) else { return false };
    let Some(digits) = decimal(body) else { return false };
    let weighted: u32 = digits.iter().zip((2..=10).rev()).map(|(digit, weight)| digit * weight).sum();
    digits.len() == 9 && (weighted + last).is_multiple_of(11)
}

/// The check digit of a GTIN-8, -12 (UPC-A), -13 (EAN, ISBN-13) or -14.
///
/// Source: GS1 General Specifications, section 7.9. Spaces and hyphens are skipped. Swapped
/// neighbours that differ by five are missed.
/// ```
/// # use twinguard_core::check_digit::gtin;
/// assert!(gtin("036000291452"));
/// assert!(!gtin("036000291453"));
/// ```
pub fn gtin(text: &str) -> bool {
    let Some(digits) = decimal(text) else { return false };
    let weighted = digits.iter().rev().zip([1, 3].iter().cycle()).map(|(digit, weight)| digit * weight);
    matches!(digits.len(), 8 | 12 | 13 | 14) && weighted.sum::<u32>().is_multiple_of(10)
}

/// The check digit of an EAN-13, and so of a thirteen-digit ISBN: [`gtin`] with 13 digits.
/// ```
/// # use twinguard_core::check_digit::ean13;
/// assert!(ean13("4006381333931"));
/// assert!(ean13("978-0-306-40615-7"));
/// assert!(!ean13("4006381333913"));
/// ```
pub fn ean13(text: &str) -> bool {
    decimal(text).is_some_and(|digits| digits.len() == 13) && gtin(text)
}

/// The check character at place nine of a vehicle identification number.
///
/// Source: 49 CFR 565.15(c). Only North American makers must have one, so it answers for them alone:
/// use it where the first character is 1 to 5.
/// ```
/// # use twinguard_core::check_digit::vin;
/// assert!(vin("1HGCM82633A004352"));
/// assert!(!vin("1HGCM82633A004325"));
/// ```
pub fn vin(text: &str) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let mut sum = 0;
    for (symbol, weight) in text.bytes().zip(WEIGHTS) {
        let value = match symbol.to_ascii_uppercase() {
            digit @ b'0'..=b'9' => digit - b'0',
            letter @ b'A'..=b'H' => letter - b'A' + 1,
            letter @ b'J'..=b'N' => letter - b'J' + 1,
            b'P' => 7,
            b'R' => 9,
            letter @ b'S'..=b'Z' => letter - b'S' + 2,
            _ => return false, // I, O and Q are never used: they look like 1 and 0
        };
        sum += u32::from(value) * weight;
    }
    let expected = char::from_digit(sum % 11, 10).unwrap_or('X');
    text.len() == 17 && text.chars().nth(8).is_some_and(|symbol| symbol.eq_ignore_ascii_case(&expected))
}

/// The check digit of an ISIN: letters become two digits, then the Luhn sum.
///
/// Source: ISO 6166:2021, annex A.
/// ```
/// # use twinguard_core::check_digit::isin;
/// assert!(isin("US0378331005"));
/// assert!(!isin("US0378331050"));
/// ```
pub fn isin(text: &str) -> bool {
    let mut digits = Vec::with_capacity(24);
    for symbol in text.chars() {
        match symbol.to_digit(36) {
            Some(value) if value < 10 => digits.push(value),
            Some(value) => digits.extend([value / 10, value % 10]),
            None => return false,
        }
    }
    text.len() == 12 && luhn_sum(digits.into_iter().rev()) == 0
}

/// The check digit of a freight container (`CSQU3054383`).
///
/// Letters count from 10 on, multiples of 11 left out; the places weigh 1, 2, 4 and so on.
///
/// Source: ISO 6346:2022, annex A.
/// ```
/// # use twinguard_core::check_digit::container;
/// assert!(container("CSQU3054383"));
/// assert!(!container("CSQU3054338"));
/// ```
pub fn container(text: &str) -> bool {
    let value = |symbol: char| {
        let value = symbol.to_digit(36)?;
        // 11, 22 and 33 are left out, so what follows moves up.
        Some(if value < 10 { value } else { value + (value - 1) / 10 })
    };
    let Some((body, check)) = split_last(text) else { return false };
    let mut sum = 0;
    for (place, symbol) in body.chars().enumerate() {
        let Some(value) = value(symbol) else { return false };
        sum += value << place.min(16);
    }
    text.len() == 11 && sum % 11 % 10 == check
}

/// The check digit of an international postal item (`RR123456785GB`).
///
/// Source: UPU standard S10-12, section 5.2.3.
/// ```
/// # use twinguard_core::check_digit::s10;
/// assert!(s10("RR123456785GB"));
/// assert!(!s10("RR123456758GB"));
/// ```
pub fn s10(text: &str) -> bool {
    let Some(digits) = text.get(2..11).and_then(decimal).filter(|digits| digits.len() == 9) else { return false };
    let weighted: u32 = digits.iter().zip([8, 6, 4, 2, 3, 5, 9, 7]).map(|(digit, weight)| digit * weight).sum();
    let expected = match 11 - weighted % 11 {
        10 => 0,
        11 => 5,
        other => other,
    };
    text.len() == 13 && digits.last() == Some(&expected)
}

/// The check digit of a UPS tracking number: `1Z` and sixteen letters or digits.
///
/// Source: UPS, "Tracking number check digit" (letters count as 2 to 9 and 0, 1, from A on). A swap of the
/// last two characters is always missed.
/// ```
/// # use twinguard_core::check_digit::ups;
/// assert!(ups("1Z999AA10123456784"));
/// assert!(!ups("1Z999AA10123456785"));
/// ```
pub fn ups(text: &str) -> bool {
    let Some((body, last)) = text.strip_prefix("1Z").filter(|_| text.len() == 18).and_then(split_last) else { return false };
    let mut sum = 0;
    for (symbol, weight) in body.chars().zip([1, 2].iter().cycle()) {
        let value = match symbol.to_digit(36) {
            Some(digit) if digit < 10 => digit,
            Some(letter) => (letter + 2) % 10,
            None => return false,
        };
        sum += value * weight;
    }
    (10 - sum % 10) % 10 == last
}

/// The letter case of an Ethereum address, which carries its checksum.
/// An address in one case carries none, and is accepted.
///
/// Source: EIP-55, "Mixed-case checksum address encoding". Nothing but case is protected: a changed
/// digit alters the hash, and with it the expected case of about half the letters.
/// ```
/// # use twinguard_core::check_digit::eip55;
/// assert!(eip55("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"));
/// assert!(!eip55("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee"));
/// assert!(eip55("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"));
/// ```
pub fn eip55(text: &str) -> bool {
    let Some(body) = text.strip_prefix("0x") else { return false };
    if body.len() != 40 || !body.bytes().all(|symbol| symbol.is_ascii_hexdigit()) {
        return false;
    }
    let has = |test: fn(&u8) -> bool| body.as_bytes().iter().any(test);
    if !(has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase)) {
        return true;
    }
    let hash = Keccak256::digest(body.to_ascii_lowercase());
    let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    body.bytes().zip(nibbles).all(|(symbol, nibble)| symbol.is_ascii_digit() || symbol.is_ascii_uppercase() == (nibble > 7))
}

/// The four checksum bytes of a base58 address (Bitcoin, Litecoin, Tron …).
///
/// Source: the Bitcoin wiki, "Base58Check encoding". Longer than 128 characters is `false`, because
/// decoding takes quadratic time.
/// ```
/// # use twinguard_core::check_digit::base58check;
/// assert!(base58check("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"));
/// assert!(!base58check("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3"));
/// ```
pub fn base58check(text: &str) -> bool {
    text.len() <= 128 && bs58::decode(text).with_check(None).into_vec().is_ok()
}

/// The checksum of a bech32 or bech32m string (`bc1…`).
///
/// Source: BIP-173 and BIP-350. Which of the two a string should use is not asked: the first letters
/// of the data decide that, and a copying error never turns one into the other.
/// ```
/// # use twinguard_core::check_digit::bech32;
/// assert!(bech32("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"));
/// assert!(!bech32("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"));
/// ```
pub fn bech32(text: &str) -> bool {
    const ALPHABET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    if text.bytes().any(|symbol| symbol.is_ascii_lowercase()) && text.bytes().any(|symbol| symbol.is_ascii_uppercase()) {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    let Some((prefix, data)) = lower.rsplit_once('1') else { return false };
    if prefix.is_empty() || data.len() < 6 || !prefix.bytes().all(|symbol| symbol.is_ascii_graphic()) {
        return false;
    }
    let high = prefix.bytes().map(|symbol| Some(u32::from(symbol >> 5)));
    let low = prefix.bytes().map(|symbol| Some(u32::from(symbol & 31)));
    let body = data.bytes().map(|symbol| (0u32..).zip(ALPHABET).find(|(_, known)| **known == symbol).map(|(value, _)| value));
    let mut sum = 1u32;
    for value in high.chain([Some(0)]).chain(low).chain(body) {
        let Some(value) = value else { return false };
        sum = bech32_step(sum) ^ value;
    }
    sum == 1 || sum == 0x2bc8_30a3
}

fn bech32_step(sum: u32) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let top = sum >> 25;
    let shifted = (sum & 0x1ff_ffff) << 5;
    (0..).zip(GENERATOR).filter(|(bit, _)| top >> bit & 1 == 1).fold(shifted, |sum, (_, term)| sum ^ term)
}

/// The digits of `text` without spaces and hyphens; `None` when anything else is there.
fn decimal(text: &str) -> Option<Vec<u32>> {
    text.chars().filter(|symbol| !matches!(symbol, ' ' | '-')).map(|symbol| symbol.to_digit(10)).collect()
}

/// The last character as a check value (`X` is ten), and what stands before it.
fn split_last(text: &str) -> Option<(&str, u32)> {
    let last = text.chars().next_back()?;
    let value = if matches!(last, 'x' | 'X') { 10 } else { last.to_digit(10)? };
    Some((text.strip_suffix(last)?, value))
}

/// The Luhn sum modulo ten of digits given from the right.
fn luhn_sum(from_right: impl Iterator<Item = u32>) -> u32 {
    from_right.zip([1, 2].iter().cycle()).fold(0, |sum, (digit, weight)| {
        let product = digit * weight;
        (sum + product / 10 + product % 10) % 10
    })
}
