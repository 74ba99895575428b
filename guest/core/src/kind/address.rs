//! Kinds that say where something is: in the web, a network, a file tree, the telephone system.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use super::opaque::is_base64;
use super::scan::{
    Scan, all, all_digits, count_digits, grouped, has, has_digit, has_letter, listed, number, only_digits, parts, strip_prefix_ignore_case,
    strip_suffix_ignore_case, words,
};

/// `arn:partition:service:region:account:resource`; the resource may hold more colons.
pub(super) fn is_arn(text: &str) -> bool {
    let mut fields = text.split(':');
    fields.next() == Some("arn")
        && fields.next().is_some_and(|partition| partition.starts_with("aws"))
        && fields.next().is_some_and(|service| !service.is_empty())
        && fields.nth(2).is_some_and(|resource| !resource.is_empty())
        && !has(text, char::is_whitespace)
}

// URLs.

/// Splits `scheme://rest`; `www.` counts as https.
fn url_parts(text: &str) -> Option<(&str, &str)> {
    let is_scheme_symbol = |symbol: char| symbol.is_ascii_alphanumeric() || "+.-".contains(symbol);
    match text.split_once("://") {
        Some((scheme, rest)) => (scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.chars().all(is_scheme_symbol)
            && has(rest, char::is_alphanumeric))
        .then_some((scheme, rest)),
        None => strip_prefix_ignore_case(text, "www.").filter(|rest| rest.contains('.')).map(|_| ("https", text)),
    }
}

pub(super) fn is_url(text: &str) -> bool {
    url_parts(text).is_some() && !has(text, |symbol| symbol.is_whitespace() || symbol.is_control() || "<>\"".contains(symbol))
}

/// Scheme and host in lower case, `http` as `https`, no default port, no `./`, no trailing slash,
/// escapes decoded where that changes nothing.
pub(super) fn canonical_url(text: &str) -> String {
    let Some((scheme, rest)) = url_parts(text) else { return text.to_string() };
    let scheme = match scheme.to_ascii_lowercase() {
        http if http == "http" => "https".to_string(),
        other => other,
    };
    let (authority, rest) = rest.split_at_checked(rest.find(['/', '?', '#']).unwrap_or(rest.len())).unwrap_or((rest, ""));
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (user.to_string() + "@", host),
        None => (String::new(), authority),
    };
    let host = host.to_ascii_lowercase();
    let host = match host.rsplit_once(':') {
        Some((name, "80" | "443")) if scheme == "https" && (!name.contains(':') || name.ends_with(']')) => name,
        _ => &host,
    };
    let rest = decode_escapes(rest);
    let (path, tail) = rest.split_at_checked(rest.find(['?', '#']).unwrap_or(rest.len())).unwrap_or((&rest, ""));
    let segments: Vec<&str> = path.split('/').filter(|segment| *segment != ".").collect();
    scheme + "://" + &user + host + segments.join("/").trim_end_matches('/') + tail
}

/// Decodes the escapes of characters that never need one (RFC 3986, section 2.3, and letters beyond
/// ASCII), and writes the others in upper case. A stray `%` leaves the text as it is: decoding half of it
/// could make new escapes.
fn decode_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut pieces = text.split('%');
    out.push_str(pieces.next().unwrap_or_default());
    let mut pending = Vec::new(); // bytes above 127, until they make whole letters
    for piece in pieces {
        let Some((Ok(byte), literal)) = piece.split_at_checked(2).map(|(hex, literal)| (u8::from_str_radix(hex, 16), literal)) else {
            return text.to_string();
        };
        if piece.starts_with('+') {
            return text.to_string(); // from_str_radix reads a sign
        }
        if byte >= 128 {
            pending.push(byte);
        } else {
            flush(&mut pending, &mut out);
            let symbol = char::from(byte);
            if symbol.is_ascii_alphanumeric() || "-._~".contains(symbol) { out.push(symbol) } else { escape(byte, &mut out) }
        }
        if !literal.is_empty() {
            flush(&mut pending, &mut out);
            out.push_str(literal);
        }
    }
    flush(&mut pending, &mut out);
    out
}

fn flush(pending: &mut Vec<u8>, out: &mut String) {
    match core::str::from_utf8(pending) {
        Ok(letters) if letters.chars().all(char::is_alphanumeric) => out.push_str(letters),
        _ => pending.iter().for_each(|byte| escape(*byte, out)),
    }
    pending.clear();
}

fn escape(byte: u8, out: &mut String) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    out.push('%');
    out.extend([byte >> 4, byte & 15].iter().filter_map(|nibble| HEX.get(usize::from(*nibble))));
}

// E-mail and domains.

pub(super) fn is_email(text: &str) -> bool {
    let text = strip_prefix_ignore_case(text, "mailto:").unwrap_or(text);
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    text.len() <= 254
        && local.split('.').all(|part| all(part, |symbol| symbol.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(symbol)))
        && is_host_name(domain)
}

/// Lower case throughout: RFC 5321 lets the local part tell cases apart, and no provider does.
pub(super) fn canonical_email(text: &str) -> String {
    strip_prefix_ignore_case(text, "mailto:").filter(|_| is_email(text)).unwrap_or(text).to_lowercase()
}

/// Two or more labels, the last one letters.
fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        label.len() <= 63
            && all(label, |symbol| symbol.is_alphanumeric() || "-_".contains(symbol))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.rsplit_once('.').is_some_and(|(_, last)| {
        last.chars().count() >= 2 && (all(last, char::is_alphabetic) || strip_prefix_ignore_case(last, "xn--").is_some())
    }) && text.split('.').all(is_label)
}

/// Last labels that make a dotted word a domain rather than `object.method`. Some are left out: text has
/// `end.To` where a space is missing, and projects have `MANIFEST.in`.
const TOP_LEVEL: &[&str] = words!(
    "com org net edu gov mil int info biz io dev app ai co me xyz tech cloud site online store shop internal local localhost \
lan corp test example invalid eu de uk us fr es it nl be ch at se no dk fi pl cz ru ua jp cn kr au nz ca br mx ar za ie pt gr hu ro tr il sg \
hk tw tv cc gg"
);

/// A host name under a common top-level domain, perhaps with a port.
pub(super) fn is_domain(text: &str) -> bool {
    let name = match text.rsplit_once(':') {
        Some((name, port)) if number(port).is_some_and(|port| port < 65_536) => name,
        _ => text,
    };
    name.len() <= 253 && is_host_name(name) && name.rsplit_once('.').is_some_and(|(_, last)| listed(TOP_LEVEL, last))
}

// Networks.

/// Six or eight pairs of hex digits, or three groups of four as Cisco prints them.
pub(super) fn is_mac(text: &str) -> bool {
    if !matches!(text.len(), 14 | 17 | 23) {
        return false;
    }
    let hex_groups = |separator: char, length: usize, counts: &[usize]| {
        text.split(separator).all(|group| group.len() == length && all(group, |symbol| symbol.is_ascii_hexdigit()))
            && counts.contains(&text.split(separator).count())
    };
    hex_groups(':', 2, &[6, 8]) || hex_groups('-', 2, &[6, 8]) && has_letter(text) || hex_groups('.', 4, &[3]) && has_letter(text)
}

/// Lower case without separators, as hex digits.
pub(super) fn canonical_mac(text: &str) -> String {
    text.chars().filter(|symbol| !":-.".contains(*symbol)).map(|symbol| symbol.to_ascii_lowercase()).collect()
}

/// IPv4 or IPv6, perhaps with a port or a prefix length. `abc::def` is C++, so a digit is asked for.
pub(super) fn is_ip(text: &str) -> bool {
    text.contains([':', '.']) && has_digit(text) && parse_ip(text).is_some()
}

fn parse_ip(text: &str) -> Option<String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_string());
    }
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return Some(socket.to_string());
    }
    let (address, length) = text.split_once('/')?;
    let (address, bits) = (address.parse::<IpAddr>().ok()?, number(length)?);
    let fits = length.len() <= 3 && bits <= if address.is_ipv4() { 32 } else { 128 };
    fits.then(|| address.to_string() + "/" + &bits.to_string())
}

/// As RFC 5952 writes it.
pub(super) fn canonical_ip(text: &str) -> String {
    parse_ip(text).unwrap_or_else(|| text.to_string())
}

// Paths and files.

/// A drive (`C:\`), a share (`\\host`), or backslashes alone.
fn is_windows(text: &str) -> bool {
    let mut scan = Scan::new(text);
    let drive = scan.letters().len() == 1 && scan.eat(":") && scan.eat_any("/\\").is_some();
    drive || text.contains('\\') && !text.contains('/')
}

/// Slashes or backslashes between names. Spaces are allowed where the text is rooted, since prose
/// has `and/or`. Backslashes may be escapes (`name\r\n`): a relative Windows path ends in a file name.
pub(super) fn is_path(text: &str) -> bool {
    if text.len() > 4096
        || !text.contains(['/', '\\'])
        || has(text, |symbol| symbol.is_control() || "<>|\"".contains(symbol))
        || is_base64(text)
    {
        return false;
    }
    let windows = is_windows(text);
    let separator: &[char] = if windows { &['/', '\\'] } else { &['/'] };
    let rooted =
        text.starts_with(separator) || ["~/", "./", "../"].iter().any(|start| text.starts_with(start)) || windows && text.contains(':');
    let spaced = has(text, char::is_whitespace);
    let breaks = text.matches(separator).count();
    let named = breaks > 0 && has(text, char::is_alphanumeric);
    let tight = text.split(separator).all(|name| name.trim() == name);
    let escape =
        windows && !rooted && !(text.rsplit(separator).next().is_some_and(is_file) && text.split(separator).all(|name| name.len() > 1));
    named && !escape && (!spaced || rooted && tight && breaks > 1)
}

/// Without `./`, doubled and trailing slashes. A leading slash is dropped too: tools that list a tree
/// print its paths with it or without. Windows paths get slashes and lower case.
pub(super) fn canonical_path(text: &str) -> String {
    let mut text = text.to_string();
    // A second round: `/C:/Users` shows its drive only without the slash.
    for _ in 0..2 {
        if is_windows(&text) {
            text = text.replace('\\', "/").to_ascii_lowercase();
        }
        let names: Vec<&str> = text.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
        // An escaped space must not end up as the only backslash of what then looks like Windows.
        if !names.is_empty() && !text.contains('\\') {
            text = names.join("/");
        }
    }
    text
}

/// Endings of file names, so that `main.rs` is a file and `user.name` is not.
pub(crate) const EXTENSIONS: &[&str] = words!(
    "pdf txt md rst csv tsv json jsonl ndjson yaml yml toml xml html htm css scss js ts tsx jsx mjs cjs py pyi rs \
go java kt c h cpp hpp cc cs rb php sh bash ps1 bat sql db sqlite log ini cfg conf env lock png jpg jpeg gif svg webp bmp tiff heic ico mp3 mp4 \
wav flac ogg mov avi mkv webm zip gz tar tgz bz2 xz zst 7z rar doc docx xls xlsx xlsm ppt pptx odt ods rtf epub ipynb parquet feather arrow pkl \
npy npz pt pth onnx safetensors gguf bin exe dll so dylib wasm whl jar war class deb rpm apk dmg iso img bak tmp swp out diff patch tex bib eml \
ics vcf tf proto graphql vue svelte swift scala lua r jl dart ex exs erl hs ml clj"
);

/// A name with a known ending and no separator.
pub(super) fn is_file(text: &str) -> bool {
    let is_name_symbol = |symbol: char| symbol.is_alphanumeric() || "._-+@()[]#~=,&%!$".contains(symbol);
    text.len() <= 255
        && text.chars().all(is_name_symbol)
        && text.rsplit_once('.').is_some_and(|(stem, ending)| has(stem, char::is_alphanumeric) && listed(EXTENSIONS, ending))
}

/// First names of the paths that Google Cloud and similar interfaces use as resource names.
const COLLECTIONS: [&str; 6] = ["projects", "organizations", "folders", "billingAccounts", "subscriptions", "tenants"];

/// A cloud resource name: `projects/…/…/…`, `//host/projects/…`, or Azure's `/subscriptions/…`.
pub(super) fn is_resource(text: &str) -> bool {
    if !text.contains('/') {
        return false;
    }
    let body =
        text.strip_prefix("//").and_then(|full| full.split_once('/')).filter(|(host, _)| is_host_name(host)).map_or(text, |(_, body)| body);
    let azure = strip_prefix_ignore_case(body, "/subscriptions/").is_some();
    let names = parts(body.trim_matches('/'), "/").unwrap_or_default();
    let first = names.first().copied().unwrap_or_default();
    (azure || COLLECTIONS.contains(&first) && !text.starts_with("/projects"))
        && names.len() >= 2
        && !has(text, char::is_whitespace)
        && text.len() <= 2048
        && names.last().is_some_and(|last| !is_file(last))
}

/// Azure tells no cases apart; Google does.
pub(super) fn canonical_resource(text: &str) -> String {
    let text = text.trim_matches('/');
    if strip_prefix_ignore_case(text, "subscriptions/").is_some() { text.to_ascii_lowercase() } else { text.to_string() }
}

// Telephone numbers.

/// International with `+` or `00`, or national in the ways the digits are grouped; never bare digits,
/// which are `integer`.
pub(super) fn is_phone(text: &str) -> bool {
    // Other letters than those of `tel:` begin no number.
    if text.starts_with(|first: char| first.is_alphabetic() && !matches!(first, 't' | 'T')) {
        return false;
    }
    let text = phone_body(text);
    let allowed = |symbol: char| symbol.is_ascii_digit() || " -./()+".contains(symbol);
    let digits = count_digits(text);
    if text.len() > 32 || !(7..=15).contains(&digits) || !all(text, allowed) || !text.ends_with(|last: char| last.is_ascii_digit()) {
        return false;
    }
    if let Some(body) = text.strip_prefix('+') {
        return body.starts_with(|first: char| first.is_ascii_digit() && first != '0') && !body.contains('+') && single_separators(body);
    }
    !text.contains('+') && single_separators(text) && (is_american(text) || is_national(text))
}

/// What is dialled: without `tel:` and an extension.
fn phone_body(text: &str) -> &str {
    let text = strip_prefix_ignore_case(text, "tel:").unwrap_or(text);
    let stem = text.trim_end_matches(|symbol: char| symbol.is_ascii_digit());
    let extension = text.len() - stem.len();
    let marked = ["ext.", "ext", "x"].iter().find_map(|mark| strip_suffix_ignore_case(stem.trim_end(), mark));
    match marked {
        Some(number) if (1..=6).contains(&extension) => number.trim_end_matches([' ', ',', ';']),
        _ => text,
    }
}

/// At most one separator between digits, except around parentheses.
fn single_separators(text: &str) -> bool {
    let bare = text.replace(['(', ')'], "");
    let balanced = text.matches('(').count() == text.matches(')').count() && text.matches('(').count() <= 1;
    let doubled = bare.as_bytes().windows(2).any(|pair| pair.iter().all(|symbol| !symbol.is_ascii_digit()));
    balanced && (!doubled || text.contains('('))
}

/// `(555) 123-4567`, `555-123-4567`, `1 555 123 4567`, `555-1234`.
fn is_american(text: &str) -> bool {
    if let Some((area, rest)) = text.strip_prefix('(').and_then(|text| text.split_once(')')) {
        return (2..=5).contains(&area.len()) && all_digits(area) && !rest.contains('(') && rest.len() >= 6;
    }
    let text = text.strip_prefix("1-").or_else(|| text.strip_prefix("1 ")).or_else(|| text.strip_prefix("1.")).unwrap_or(text);
    grouped(text, "-. ", &[3, 3, 4]) || grouped(text, "-", &[3, 4])
}

/// A leading zero and two to five groups: `030 1234567`, `020 7946 0018`, `0049 30 1234567`.
fn is_national(text: &str) -> bool {
    let groups = parts(text, " -/").unwrap_or_default();
    let long = groups.iter().all(|group| group.len() >= 2 && all_digits(group));
    text.starts_with('0')
        && long
        && (2..=5).contains(&groups.len())
        && (9..=15).contains(&count_digits(text))
        && !grouped(text, "-", &[4, 4, 4])
}

/// Digits alone, so that it equals the same number written without separators. The international
/// prefix `00`, a `+`, and the trunk zero in `+49 (0)30` are spelling. An extension stays.
pub(super) fn canonical_phone(text: &str) -> String {
    if !is_phone(text) {
        return text.to_string();
    }
    let body = phone_body(text);
    let tail = strip_prefix_ignore_case(text, "tel:").unwrap_or(text).strip_prefix(body).unwrap_or_default();
    let digits = only_digits(&if body.starts_with('+') { body.replace("(0)", "") } else { body.to_string() });
    let number = match digits.strip_prefix("00") {
        Some(rest) if !rest.starts_with('0') => rest,
        _ => &digits,
    };
    let extension = only_digits(tail);
    if extension.is_empty() { number.to_string() } else { number.to_string() + "x" + &extension }
}
