//! Values shaped like secrets: never kept in clear, never printed, never suggested.
//!
//! A guard that remembers every key it saw would be the best place to steal them from. The ledger
//! keeps only a hash, enough to tell that the same secret is passed on; a slip in one is not found
//! (the README says so).

/// Beginnings that issuers give their secrets, from the issuers' own documentation.
const PREFIXES: &[&str] = &[
    "sk-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "rk_test_",
    "whsec_", // OpenAI and others; Stripe
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-", // GitHub, GitLab
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxr-",
    "xapp-", // Slack
    "AKIA",
    "ASIA", // AWS access key ids travel with their secret
    "AIza",
    "ya29.", // Google
    "npm_",
    "pypi-",
    "hf_",
    "dop_v1_",
    "shpat_",
    "SG.",
    "eyJhbGciOi", // registries, DigitalOcean, Shopify, SendGrid, JWT
];
/// Shorter values are names that happen to begin like a key.
const SHORTEST: usize = 16;

/// Field names whose values are secrets, whatever they look like; letters and digits alone.
const FIELDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "clientsecret",
    "apikey",
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "authtoken",
    "authorization",
    "privatekey",
    "credentials",
    "cookie",
    "sessiontoken",
    "pin",
    "otp",
    "cvv",
    "cvc",
];

/// What stands for a credential wherever one would be shown.
pub const SHOWN: &str = "[credential]";

/// Whether a token is shaped like a secret.
///
/// ```
/// # use twinguard_core::credential::is_credential;
/// assert!(is_credential("sk-proj-0123456789abcdefABCDEF"));
/// assert!(!is_credential("acct_7H9j3"));
/// ```
#[must_use]
pub fn is_credential(token: &str) -> bool {
    token.len() >= SHORTEST && PREFIXES.iter().any(|prefix| token.starts_with(prefix)) && token.bytes().any(|b| b.is_ascii_digit())
}

/// Whether a credential may stand in a text, told quickly: nearly none holds the beginning of one.
#[must_use]
pub fn may_hold_credential(text: &str) -> bool {
    let begins = |at: usize| text.get(at..).is_some_and(|rest| PREFIXES.iter().any(|prefix| rest.starts_with(prefix)));
    text.len() >= SHORTEST && text.as_bytes().windows(2).enumerate().any(|(at, pair)| is_beginning(pair) && begins(at))
}

/// Whether some prefix begins with these two bytes.
const fn is_beginning(pair: &[u8]) -> bool {
    matches!(
        pair,
        b"sk"
            | b"rk"
            | b"wh"
            | b"gh"
            | b"gi"
            | b"gl"
            | b"xo"
            | b"xa"
            | b"AK"
            | b"AS"
            | b"AI"
            | b"ya"
            | b"np"
            | b"py"
            | b"hf"
            | b"do"
            | b"sh"
            | b"SG"
            | b"ey"
    )
}

/// Whether a field of this name holds secrets.
#[must_use]
pub fn is_secret_field(field: &str) -> bool {
    let plain = || field.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    FIELDS.iter().any(|name| name.len() <= field.len() && name.bytes().eq(plain()))
}

#[cfg(test)]
mod tests {
    use super::{PREFIXES, is_beginning};

    #[test]
    fn every_prefix_is_looked_for() {
        for prefix in PREFIXES {
            assert!(is_beginning(prefix.as_bytes().get(..2).unwrap_or_default()), "{prefix}");
        }
    }
}
