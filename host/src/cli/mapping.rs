//! `--mapping`: a format of the user's own.

use std::fs;
use twinguard_trace::format::{Format, Mapping};

/// Reads a mapping. It lives as long as the process, as the formats of the table do.
pub(super) fn load(path: &str) -> Result<&'static Format, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mapping: Mapping = toml::from_str(&text).map_err(|error| error.to_string().trim_end().to_owned())?;
    let format = Format::mapped(Box::leak(path.to_owned().into_boxed_str()), mapping)?;
    Ok(Box::leak(Box::new(format)))
}
