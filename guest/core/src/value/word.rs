//! Words with a number that names no record: versions, counters, technical terms.

use super::number::is_range;
use crate::kind::scan::{Scan, all, all_digits, grouped, has_digit, listed, number, strip_prefix_ignore_case, words};

/// `v1.2.3`, `1.0.0-rc1`, `^1.2`, `>=2.0`, `1.x`, `v3`, `2.0.0+build.5`. Three numbers unless `v` or a
/// comparison stands in front: two are a decimal, four an IP address.
pub(super) fn is_version(text: &str) -> bool {
    let compared = ["^", "~>", "~", ">=", "<=", "==", "=", ">", "<"].iter().find_map(|sign| text.strip_prefix(sign));
    let body = compared.map_or(text, |body| body.trim_start_matches(' '));
    let marked = body.strip_prefix(['v', 'V']).or_else(|| strip_prefix_ignore_case(body, "version "));
    let body = marked.map_or(body, |body| body.trim_start_matches('.'));
    if !body.starts_with(|first: char| first.is_ascii_digit()) {
        return false;
    }
    let (numbers, suffix) = body.split_at_checked(body.find(['-', '+']).unwrap_or(body.len())).unwrap_or((body, ""));
    // `1.0rc1`, `3.12.0b2`: Python glues the suffix on.
    let stem = ["rc", "a", "b", "alpha", "beta", "dev", "post"]
        .iter()
        .find_map(|mark| numbers.rsplit_once(mark).filter(|(_, count)| all_digits(count)))
        .map_or(numbers, |(stem, _)| stem.trim_end_matches('.'));
    let parts = stem.split('.').count();
    let numbered = stem.split('.').all(|part| all_digits(part) && part.len() <= 5 || matches!(part, "x" | "X" | "*"));
    let says_so = marked.is_some() || compared.is_some() || stem.len() < numbers.len() || stem.ends_with(['x', 'X', '*']);
    let counted = match parts {
        // `V83921` is the number of something.
        1 => (marked.is_some() || compared.is_some()) && stem.len() <= 3,
        2 => says_so,
        3 => true,
        4 => says_so || !suffix.is_empty(),
        _ => false,
    };
    let tail = suffix.is_empty() || suffix.len() <= 24 && all(suffix, |symbol| symbol.is_ascii_alphanumeric() || "-+.".contains(symbol));
    let telephone = grouped(text, ".", &[3, 3, 4]);
    // `2.13.8-4a9eef60` says which commit it was built from, and that is copied.
    let hash = suffix
        .get(1..)
        .is_some_and(|hash| hash.len() >= 7 && all(hash, |symbol| symbol.is_ascii_hexdigit()) && has_digit(hash) && !all_digits(hash));
    numbered && tail && counted && !telephone && !hash
}

/// `#fff`, `#ff00aa`, `#ff00aacc`, `rgb(255, 0, 0)`. Digits alone are an order number (`#123456`) unless
/// they repeat as greys do (`#333`, `#121212`).
pub(super) fn is_colour(text: &str) -> bool {
    if let Some(body) = text.strip_prefix('#') {
        let first = body.get(..2).unwrap_or_default();
        let grey = body.len() == 3 && body.chars().all(|symbol| body.starts_with(symbol))
            || body.len() == 6 && body.as_bytes().chunks(2).all(|pair| pair == first.as_bytes());
        return matches!(body.len(), 3 | 4 | 6 | 8) && all(body, |symbol| symbol.is_ascii_hexdigit()) && (grey || !all_digits(body));
    }
    let arguments = ["rgb(", "rgba(", "hsl(", "hsla("].iter().find_map(|name| strip_prefix_ignore_case(text, name));
    arguments
        .and_then(|arguments| arguments.strip_suffix(')'))
        .is_some_and(|arguments| all(arguments, |symbol| symbol.is_ascii_digit() || " ,.%/deg".contains(symbol)))
}

const TERMS: &[&str] = words!(
    "utf-8 utf8 utf-16 utf16 utf-32 iso-8859-1 iso-8601 iso8601 latin1 latin-1 sha1 sha-1 sha256 sha-256 sha512 sha-512 sha3 md5 crc32 base64 \
base32 base58 base62 hex8 int8 int16 int32 int64 uint8 uint16 uint32 uint64 i8 i16 i32 i64 u8 u16 u32 u64 f16 f32 f64 bf16 fp16 fp32 float16 float32 \
float64 x86 x64 x86_64 x86-64 amd64 arm64 aarch64 win32 win64 k8s i18n l10n a11y s3 ec2 oauth2 http2 http3 http/2 http/1.1 ipv4 ipv6 tls1.2 tls1.3 mp3 mp4 \
h264 h265 av1 web3 web2 b2b b2c c2c p2p 2d 3d 2fa mfa2 5g 4g 3g python2 python3 py2 py3 es5 es6 es2015 es2020 c++11 c++14 c++17 c++20 html5 css3 vue2 \
vue3 neo4j d3 d3.js log4j log4j2 sqlite3 boto3 urllib3 psycopg2 bs4 h1 h2 h3 h4 h5 h6 covid-19 gpt-3 gpt-3.5 gpt-4 gpt-4o gpt4 mi300 a100 h100 v100 24/7 \
9/11 co2 h2o b12 d3 omega-3 401k 1099 w-2 w2 w-9 w9 i-9 r2 f1 t1 t2 q&a 1st 2nd 3rd p50 p90 p95 p99 p999 top-10 top10 unicode-16 rfc3339 rfc2822 rs256 \
hs256 es256 aes256 aes-256 aes128 rsa2048 ed25519 secp256k1 x25519 x509 pbkdf2 argon2 bcrypt2 blake2 blake3 utf8mb4 latin2 cp1252 windows-1252"
);

/// A name with a digit that everybody uses: `utf-8`, `sha256`, `x86_64`, `COVID-19`.
pub(super) fn is_term(text: &str) -> bool {
    has_digit(text) && listed(TERMS, text)
}

/// `x123`, `ext. 42`: the end of a telephone number.
pub(super) fn is_extension(text: &str) -> bool {
    ["extension", "ext.", "ext", "x"]
        .iter()
        .find_map(|mark| strip_prefix_ignore_case(text, mark))
        .is_some_and(|digits| number(digits.trim_start_matches([' ', ':'])).is_some() && digits.len() <= 6)
}

/// A place in a text: `L10`, `L10-L20`, `L10C5`, `p. 12`, `pp. 3-5`, `12:5-14`, `@@ -1,5 +1,6 @@`.
pub(super) fn is_position(text: &str) -> bool {
    let hunk = text.strip_prefix("@@").and_then(|text| text.strip_suffix("@@"));
    if hunk.is_some_and(|hunk| all(hunk, |symbol| symbol.is_ascii_digit() || " -+,".contains(symbol))) {
        return true;
    }
    if let Some(pages) = ["pp.", "p.", "ll.", "l.", "§"].iter().find_map(|mark| strip_prefix_ignore_case(text, mark)) {
        let pages = pages.trim_start_matches(' ');
        return number(pages).is_some() || is_range(pages);
    }
    // A line alone has three digits: `L1001` may name a subscription.
    let most = if text.contains('-') || text.contains('C') { 6 } else { 3 };
    let mut scan = Scan::new(text);
    let mut ends = 0;
    while ends < 2 && scan.eat("L") {
        if !scan.digits_of(1, most) || scan.eat("C") && !scan.digits_of(1, 4) {
            return false;
        }
        ends += 1;
        if !scan.eat("-") {
            break;
        }
    }
    ends > 0 && scan.done() && !text.ends_with('-')
}

/// Words that people and models number as they go.
const COUNTED: &[&str] = words!(
    "a act action activity agent algo alpha answer app appendix arg argument art article assertion attempt axis backup bar batch bed beta bin \
block bonus book box branch bucket bug build bullet button camera candidate car card case cat category cell chapter chart check checkpoint child choice \
chunk city class clause client clip cluster code col column command comment company component cond condition config container copy core counter course \
cycle data dataset date day db demo dept device df diff dim dir doc document dog draft driver edge edition element email employee end engine entity entry \
env episode epoch equation error event ex example exercise exp experiment expr fact factor feature field fig figure file filter final finding fix flag \
flow fold folder foo form fragment frame func function game gen generation goal grade graph grid group guest guide head header heading hint host \
hour idea image img index info input instance interface issue item iter iteration job joint key keyword kid label lane layer leaf lecture left leg \
lesson level lib line link list location log loop lot main map mask match max member menu message method metric milestone min model module month move msg \
name new node note num number obj object old op operand option order out output p pack page pair panel paper para paragraph param part partition pass patch path \
person phase photo pic picture piece pilot pin pipe place plan player plot plugin point pool port pos post preview priority problem process product profile \
project prompt proposal prototype q query quest question queue quiz race rank reading rec record ref region release replica report req request requirement \
res resource response result review revision right ring road role root round route row rule run sample scan scene scenario schema scheme school score \
screen screenshot script season sec section seed segment sentence seq sequence series server service session set shape shard sheet shift shot side \
site slice slide slot snippet socket solution song source space spec speaker split sprint stage start state statement station step stock stop store story \
str stream string student style sub subject subtask sum surface system tab table tag tank target task team temp template term test text theme thing \
thread tier tile time tip title tmp todo token tool topic track trail train trial trip tuple turn tutorial type unit update upload url use user v val value \
var variable variant vec vector ver version video view vol volume wave week weight widget window word work worker world x y year z zone"
);

/// A counted word and one to four digits (`step_3`, `Page 2`, `item1`, `paper-2`, `file1.txt`), or a single
/// letter and up to two (`x1`): `P1002` is a plan's id. Rooms and seats are left out: nobody counts those up.
/// Capitals stand in front or throughout; `daY3` is a code.
pub(super) fn is_counter(text: &str) -> bool {
    let stem = text.rsplit_once('.').filter(|(_, ending)| listed(crate::kind::FILE_ENDINGS, ending)).map_or(text, |(stem, _)| stem);
    let mut scan = Scan::new(stem);
    let word = scan.letters();
    scan.eat_any("_- #");
    scan.eat("#");
    let digits = scan.digits();
    let capital = word.chars().skip(1).all(|symbol| symbol.is_ascii_lowercase()) || word.chars().all(|symbol| symbol.is_ascii_uppercase());
    let most = if word.len() == 1 { 2 } else { 4 };
    scan.done() && capital && (1..=most).contains(&digits.len()) && listed_counted(word)
}

/// The singular or plural of a counted word.
fn listed_counted(word: &str) -> bool {
    listed(COUNTED, word) || word.strip_suffix('s').is_some_and(|word| word.len() > 2 && listed(COUNTED, word))
}
