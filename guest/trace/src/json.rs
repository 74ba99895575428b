//! JSON as it stands: a value is its exact source text, opened one level at a time.
//!
//! Traces hold numbers that a 64-bit float would change, and arguments whose very spelling is
//! what the guard judges; so nothing is converted before somebody asks. Nothing here recurses:
//! a document nested a million deep is read like any other.

pub(crate) mod scan;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// One valid JSON value.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a> {
    text: &'a str,
}

impl<'a> Json<'a> {
    /// The value that is the whole of a text.
    ///
    /// # Errors
    /// When the text is not exactly one JSON value.
    pub fn parse(text: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str::<&'a RawValue>(text).map(Self::from)
    }

    /// A text that nobody has looked at. What it is found to hold is to be believed only once
    /// [`Json::parse`] has taken it.
    pub(crate) fn unproven(text: &'a str) -> Self {
        Self { text }
    }

    /// The source text, from its first character to its last.
    #[must_use]
    pub fn text(self) -> &'a str {
        self.text
    }

    /// The fields, in the order of the source; empty when it is no object.
    #[must_use]
    pub fn fields(self) -> Fields<'a> {
        let mut all = Vec::new();
        let mut at = 0;
        // The brace at first, then what follows each field.
        while let Some((found, b'{' | b',')) = scan::next(self.text.as_bytes(), at) {
            let Some((name, value, end)) = self.field_after(found + 1) else { break };
            all.push((name, value));
            at = end;
        }
        Fields { all }
    }

    fn field_after(self, at: usize) -> Option<(Cow<'a, str>, Json<'a>, usize)> {
        let (name, end) = self.value_after(at)?;
        let name = name.string()?;
        let (colon, _) = scan::next(self.text.as_bytes(), end).filter(|(_, byte)| *byte == b':')?;
        let (value, end) = self.value_after(colon + 1)?;
        Some((name, value, end))
    }

    /// The next value inside this one, and where it ends.
    fn value_after(self, at: usize) -> Option<(Json<'a>, usize)> {
        let bytes = self.text.as_bytes();
        let (start, byte) = scan::next(bytes, at)?;
        let end = scan::value_end(bytes, start).filter(|_| !matches!(byte, b']' | b'}'))?;
        Some((Json { text: self.text.get(start..end)? }, end))
    }

    /// The elements; empty when it is no array.
    #[must_use]
    pub fn items(self) -> Vec<Json<'a>> {
        let mut items = Vec::new();
        let mut at = 0;
        while let Some((found, b'[' | b',')) = scan::next(self.text.as_bytes(), at) {
            let Some((item, end)) = self.value_after(found + 1) else { break };
            items.push(item);
            at = end;
        }
        items
    }

    /// The first element, without a look at the others.
    #[must_use]
    pub fn first(self) -> Option<Json<'a>> {
        if self.is_array() { Some(self.value_after(1)?.0) } else { None }
    }

    /// The value that a JSON Pointer (RFC 6901) leads to, if it is there and not `null`.
    #[must_use]
    pub fn pointer(self, pointer: &str) -> Option<Json<'a>> {
        let found = pointer.split('/').skip(1).try_fold(self, |value, step| {
            if value.is_array() {
                return value.items().get(step.parse::<usize>().ok()?).copied();
            }
            value.fields().get(&step.replace("~1", "/").replace("~0", "~"))
        })?;
        (!found.is_null()).then_some(found)
    }

    /// The string's value; `None` when it is no string. Half a surrogate pair, which JavaScript
    /// writes when it cuts a text, becomes U+FFFD.
    #[must_use]
    pub fn string(self) -> Option<Cow<'a, str>> {
        let inside = self.text.strip_prefix('"')?.strip_suffix('"')?;
        if memchr::memchr(b'\\', inside.as_bytes()).is_none() {
            return Some(Cow::Borrowed(inside));
        }
        let whole = scan::unescaped(inside).map(Cow::Owned);
        whole.or_else(|| serde_json::from_str::<Text<'a>>(self.text).ok().map(|text| text.0))
    }

    /// A string's value, or a number as it is spelt: what names a thing.
    #[must_use]
    pub fn name(self) -> Option<String> {
        match self.text.as_bytes().first()? {
            b'"' => self.string().map(Cow::into_owned),
            b'-' | b'0'..=b'9' => Some(self.text.to_owned()),
            _ => None,
        }
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.text == "null"
    }

    /// Whether it is an object.
    #[must_use]
    pub fn is_object(self) -> bool {
        self.text.starts_with('{')
    }

    /// Whether it is an array.
    #[must_use]
    pub fn is_array(self) -> bool {
        self.text.starts_with('[')
    }

    /// Whether it is `true`.
    #[must_use]
    pub fn is_true(self) -> bool {
        self.text == "true"
    }
}

impl<'a> From<&'a RawValue> for Json<'a> {
    fn from(raw: &'a RawValue) -> Self {
        Self { text: raw.get() }
    }
}

/// The fields of an object. A name that stands twice means its last value, as in most parsers.
#[derive(Clone, Debug, Default)]
pub struct Fields<'a> {
    /// Names and values in the order of the source.
    pub all: Vec<(Cow<'a, str>, Json<'a>)>,
}

impl<'a> Fields<'a> {
    /// The value of a field that is there and not `null`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Json<'a>> {
        let found = self.all.iter().rev().find(|(key, _)| key == name)?;
        (!found.1.is_null()).then_some(found.1)
    }

    /// The string in a field.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<String> {
        self.get(name)?.string().map(Cow::into_owned)
    }

    /// Whether a field is this very string.
    #[must_use]
    pub fn says(&self, name: &str, value: &str) -> bool {
        self.get(name).and_then(Json::string).is_some_and(|text| text == value)
    }
}

/// A string, taken as bytes: only so does serde_json accept half a surrogate pair.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl<'de> Visitor<'de> for Bytes {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_bytes<E: serde::de::Error>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
                std::str::from_utf8(bytes).map(|text| Text(Cow::Borrowed(text))).map_err(E::custom)
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(String::from_utf8_lossy(bytes).into_owned())))
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_bytes(Bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_keeps_its_spelling() {
        let fields = Json::parse(r#"{"a": 725653563933458432001, "b": [1.50, "x\ud800"], "a": 2}"#).unwrap().fields();
        assert_eq!(fields.all.first().unwrap().1.text(), "725653563933458432001");
        assert_eq!(fields.get("a").unwrap().text(), "2");
        let items = fields.get("b").unwrap().items();
        assert_eq!(items.first().unwrap().text(), "1.50");
        assert_eq!(fields.get("b").unwrap().first().unwrap().text(), "1.50");
        assert!(Json::parse("[ ]").unwrap().first().is_none());
        assert!(items.get(1).unwrap().string().unwrap().starts_with("x\u{fffd}"));
    }

    #[test]
    fn values_are_what_a_parser_says() {
        let text = r#" { "a\u00e9\n" : [ 1 , -2.5e3,"x\"]}\\" , {"b" :{ } } ,[ ],true ] , "c":"\ud83d\ude00 \/\t\r\b\f", "":null }"#;
        let json = Json::parse(text).unwrap();
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        fn same(json: Json<'_>, value: &serde_json::Value) {
            match value {
                serde_json::Value::Object(members) => {
                    let fields = json.fields().all;
                    assert_eq!(fields.len(), members.len());
                    fields.iter().for_each(|(name, json)| same(*json, members.get(name.as_ref()).unwrap()));
                }
                serde_json::Value::Array(items) => {
                    assert_eq!(json.items().len(), items.len());
                    json.items().iter().zip(items).for_each(|(json, value)| same(*json, value));
                }
                serde_json::Value::String(text) => assert_eq!(json.string().unwrap(), text.as_str()),
                other => assert_eq!(json.text(), other.to_string().replace("-2500.0", "-2.5e3")),
            }
        }
        same(json, &value);
    }

    #[test]
    fn what_is_no_json_ends_too() {
        let texts = ["", "{", "[", "{\"a", "{\"a\":", "[1,", "{a:1}", "[]]", "{\"a\" 1}", "[\"\\", "}{", "[,,]", "{,}", "[}"];
        for text in texts {
            let json = Json::unproven(text);
            let _ = (json.fields(), json.items(), json.first(), json.string());
        }
    }

    #[test]
    fn depth_is_no_matter() {
        let deep = format!("{}1{}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(Json::parse(&deep).unwrap().items().len(), 1);
    }
}
