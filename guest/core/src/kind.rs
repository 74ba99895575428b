//! Kinds: what an identifier looks like, and which of its spellings mean the same.
//!
//! A kind is a claim about shape alone. `REFUND` fits `booking` and `src/main.rs` fits `path`; that
//! makes neither suspicious. The matchers are written by hand and run in linear time.

use alloc::string::String;

mod address;
mod code;
mod finance;
mod label;
mod opaque;
mod product;
pub(crate) mod scan;

pub(crate) use address::EXTENSIONS as FILE_ENDINGS;

use crate::check_digit;
use scan::unchanged;

/// One shape of identifier: a row of [`KINDS`].
/// ```
/// # use twinguard_core::kind::kind_of;
/// let iban = kind_of("GB82 WEST 1234 5698 7654 32");
/// assert_eq!(iban.name, "iban");
/// assert_eq!((iban.canonical)("gb82 west 1234 5698 7654 32"), "GB82WEST12345698765432");
/// assert_eq!(iban.check.map(|holds| holds("GB82 WEST 1234 5698 7654 23")), Some(false));
/// ```
#[derive(Clone, Copy)]
pub struct Kind {
    /// Its name in findings and policies, in kebab-case.
    pub name: &'static str,
    /// Whether the whole text is one identifier of this shape. Check digits are not asked: a mistyped
    /// IBAN is still an IBAN.
    pub fits: fn(&str) -> bool,
    /// The one spelling that all spellings of the same identifier share. Total; applied twice it
    /// gives what it gave once. Canonical forms agree across kinds where identifiers do: a UUID, and
    /// the same 32 hex digits without hyphens.
    pub canonical: fn(&str) -> String,
    /// Whether the check digits hold; `None` where the kind has none.
    pub check: Option<fn(&str) -> bool>,
    /// A body nobody composes by hand: a hash or a long random id.
    pub opaque: bool,
    /// Never fits what is letters, digits, `_` and `-` alone, so most texts need not be asked.
    pub punctuated: bool,
}

impl core::fmt::Debug for Kind {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.debug_tuple("Kind").field(&self.name).finish()
    }
}

/// A row without check digits whose body people can make up.
const fn plain(name: &'static str, fits: fn(&str) -> bool, canonical: fn(&str) -> String) -> Kind {
    Kind { name, fits, canonical, check: None, opaque: false, punctuated: false }
}

/// A row whose body nobody composes by hand.
const fn opaque(name: &'static str, fits: fn(&str) -> bool, canonical: fn(&str) -> String) -> Kind {
    Kind { name, fits, canonical, check: None, opaque: true, punctuated: false }
}

impl Kind {
    const fn checked(self, check: fn(&str) -> bool) -> Kind {
        Kind { check: Some(check), ..self }
    }

    const fn punctuated(self) -> Kind {
        Kind { punctuated: true, ..self }
    }
}

/// Every kind, in order of precedence: the first that fits claims the text.
/// From the shapes only one scheme uses, down to `token`, which takes whatever is left.
/// ```
/// # use twinguard_core::kind::KINDS;
/// assert_eq!(KINDS.first().map(|kind| kind.name), Some("uuid"));
/// assert_eq!(KINDS.last().map(|kind| kind.name), Some("token"));
/// ```
pub const KINDS: &[Kind] = &[
    // — Fixed frames: nothing else has this punctuation —
    opaque("uuid", opaque::is_uuid, opaque::canonical_uuid),
    opaque("digest", opaque::is_digest, opaque::canonical_digest),
    plain("arn", address::is_arn, unchanged).punctuated(),
    // Before url: its page is a spelling of it; before card: 4-4-4-4.
    plain("orcid", product::is_orcid, product::canonical_orcid).checked(product::check_orcid),
    // Before url and path, for the same reason.
    plain("doi", product::is_doi, product::canonical_doi).punctuated(),
    // Before e-mail and path: both can stand inside one.
    plain("url", address::is_url, address::canonical_url).punctuated(),
    plain("email", address::is_email, address::canonical_email).punctuated(),
    // Before ip: eight pairs are also an IPv6 address.
    plain("mac", address::is_mac, address::canonical_mac),
    // Before path: `10.0.0.0/8`.
    plain("ip", address::is_ip, address::canonical_ip).punctuated(),
    // — Fixed lengths and alphabets, the most telling first —
    // Before hex: `0x` and 40 digits.
    opaque("crypto-address", finance::is_crypto_address, finance::canonical_crypto_address).checked(finance::check_crypto_address),
    // Before ksuid: also 27 characters.
    opaque("place", opaque::is_place, unchanged),
    // Before prefixed: `i-0abc…` is one.
    opaque("cloud-id", opaque::is_cloud_id, scan::lowercase),
    // Before path.
    plain("resource", address::is_resource, address::canonical_resource).punctuated(),
    // Before hex: `DE89…` is also hex digits; before lei: 20 characters with a country.
    plain("iban", finance::is_iban, scan::compact_upper).checked(finance::check_iban),
    // Before every shape that letters a to f could pass for.
    opaque("hex", opaque::is_hex, opaque::canonical_hex),
    // Before prefixed and random: 18 characters, the last three of them computed.
    opaque("salesforce", opaque::is_salesforce, opaque::canonical_salesforce).checked(opaque::check_salesforce),
    opaque("ulid", opaque::is_ulid, scan::uppercase),
    opaque("ksuid", opaque::is_ksuid, unchanged),
    plain("lei", finance::is_lei, scan::uppercase).checked(check_digit::lei),
    plain("vin", product::is_vin, scan::uppercase).checked(product::check_vin),
    // Before order: letters and digits.
    plain("container", product::is_container, scan::compact_upper).checked(check_digit::container),
    // Before order: letters and digits.
    plain("parcel", product::is_parcel, scan::compact_upper).checked(product::check_parcel),
    // Before order: capitals and digits.
    plain("isin", finance::is_isin, unchanged).checked(check_digit::isin),
    // — Digits and separators —
    // Before ean and phone.
    plain("isbn", product::is_isbn, product::canonical_isbn).checked(product::check_isbn),
    plain("ean", product::is_ean, product::canonical_ean).checked(product::check_ean),
    // Before integer: 13 to 19 digits.
    plain("card", finance::is_card, scan::compact_upper).checked(check_digit::luhn),
    // Before order: `555-123-4567` is also digit groups.
    plain("phone", address::is_phone, address::canonical_phone),
    plain("integer", code::is_integer, code::canonical_integer),
    // — Names of places in a tree or a network —
    plain("path", address::is_path, address::canonical_path).punctuated(),
    // Before domain: `main.rs`, `setup.py` and `notes.md` end like countries.
    plain("file", address::is_file, unchanged).punctuated(),
    plain("domain", address::is_domain, scan::lowercase).punctuated(),
    // — Labels: a human-made prefix and a body —
    // Before booking and order: `HAT136`.
    plain("flight", code::is_flight, code::canonical_flight),
    // Before order: `AB1234`.
    plain("booking", code::is_booking, unchanged),
    plain("order", code::is_order, code::canonical_order),
    // Before prefixed: `mia_li_3668`.
    plain("handle", label::is_handle, label::canonical_handle),
    plain("prefixed", label::is_prefixed, unchanged),
    // After prefixed: `pi_3MtwBw…` belongs to its type.
    opaque("random", opaque::is_random, unchanged),
    plain("name", label::is_name, unchanged),
    plain("token", |_| true, unchanged),
];

/// The first kind that fits; `token` fits everything.
/// ```
/// # use twinguard_core::kind::kind_of;
/// assert_eq!(kind_of("acct_7H9j3").name, "prefixed");
/// assert_eq!(kind_of("#W1234567").name, "order");
/// assert_eq!(kind_of("mia_li_3668").name, "handle");
/// assert_eq!(kind_of("").name, "token");
/// ```
pub fn kind_of(text: &str) -> &'static Kind {
    const TOKEN: Kind = plain("token", |_| true, unchanged);
    let is_punctuated = !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    KINDS.iter().find(|kind| (is_punctuated || !kind.punctuated) && (kind.fits)(text)).unwrap_or(&TOKEN)
}
