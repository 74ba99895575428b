//! Python values as JSON text that loses nothing: every digit of an integer, and of a float what
//! `repr` shows. What comes out is what `json.dumps` writes, `tests/test_json.py` holds it to that;
//! what JSON or UTF-8 cannot hold is refused with its place instead of being bent.

use crate::error::{invalid, invalid_at};
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use twinguard_core::model::push_pointer_segment;

/// The deepest nesting, far beyond what tools return.
const DEEPEST: usize = 500;

/// Characters of a pointer that a message shows.
const LONGEST: usize = 200;

/// A value as JSON text; `name` is what an error calls it.
///
/// No more than `most` bytes and one value are written: longer texts are refused by their length
/// anyway, and a value that holds itself many times over would never end.
pub(crate) fn text(value: &Bound<'_, PyAny>, name: &str, most: usize) -> PyResult<String> {
    let mut writer = Writer { out: Vec::new(), most, name, open: Vec::new() };
    writer.value(value)?;
    String::from_utf8(writer.out).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// For the tests: the text by itself.
#[pyfunction]
#[pyo3(name = "_json")]
pub(crate) fn json(value: &Bound<'_, PyAny>) -> PyResult<String> {
    text(value, "value", usize::MAX)
}

struct Writer<'n, 'py> {
    out: Vec<u8>,
    most: usize,
    name: &'n str,
    /// The containers around the value that is written. A list and no recursion: a thread may have
    /// been given little stack.
    open: Vec<Open<'py>>,
}

/// A container that is being written.
struct Open<'py> {
    container: Bound<'py, PyAny>,
    items: Items<'py>,
    /// How many of them were begun.
    begun: usize,
    /// Where the one stands that is being written; `None` while that is a key.
    place: Option<Place<'py>>,
}

enum Items<'py> {
    List(Bound<'py, PyList>),
    Tuple(Bound<'py, PyTuple>),
    /// Keys with their values. A copy: writing can run the garbage collector, and that may run code
    /// which changes the dict.
    Pairs(Bound<'py, PyList>),
}

/// Where in its container a value stands.
enum Place<'py> {
    Key(Bound<'py, PyAny>),
    Index(usize),
}

impl<'py> Writer<'_, 'py> {
    /// Writes a value with everything in it.
    fn value(&mut self, value: &Bound<'py, PyAny>) -> PyResult<()> {
        self.begin(value)?;
        while !self.open.is_empty() {
            match self.next()? {
                Some(item) => {
                    self.admit(&item)?;
                    self.begin(&item)?;
                }
                None => self.end(),
            }
        }
        Ok(())
    }

    /// Writes a value, or opens it where it holds others.
    fn begin(&mut self, value: &Bound<'py, PyAny>) -> PyResult<()> {
        let items = if let Ok(text) = value.cast::<PyString>() {
            return self.string(text);
        } else if let Ok(list) = value.cast::<PyList>() {
            Items::List(list.clone())
        } else if let Ok(tuple) = value.cast::<PyTuple>() {
            Items::Tuple(tuple.clone())
        } else if let Ok(dict) = value.cast::<PyDict>() {
            Items::Pairs(dict.items())
        } else {
            let text = self.plain(value)?.ok_or_else(|| self.unfit(value))?;
            self.out.extend_from_slice(text.as_bytes());
            return Ok(());
        };
        self.out.push(if matches!(items, Items::Pairs(_)) { b'{' } else { b'[' });
        self.open.push(Open { container: value.clone(), items, begun: 0, place: None });
        Ok(())
    }

    /// The next value of the innermost container, with what stands before it written.
    fn next(&mut self) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(open) = self.open.last_mut().filter(|_| self.out.len() <= self.most) else { return Ok(None) };
        open.place = None;
        let index = open.begun;
        let item = match &open.items {
            Items::List(items) | Items::Pairs(items) => items.get_item(index),
            Items::Tuple(items) => items.get_item(index),
        };
        let Ok(item) = item else { return Ok(None) };
        open.begun += 1;
        if index > 0 {
            self.out.push(b',');
        }
        let (place, value) = if matches!(open.items, Items::Pairs(_)) {
            let (key, value) = item.extract::<(Bound<'py, PyAny>, Bound<'py, PyAny>)>()?;
            self.key(&key)?;
            self.out.push(b':');
            (Place::Key(key), value)
        } else {
            (Place::Index(index), item)
        };
        if let Some(open) = self.open.last_mut() {
            open.place = Some(place);
        }
        Ok(Some(value))
    }

    fn end(&mut self) {
        if let Some(open) = self.open.pop() {
            self.out.push(if matches!(open.items, Items::Pairs(_)) { b'}' } else { b']' });
        }
    }

    /// Refuses a value that would never end.
    fn admit(&self, value: &Bound<'py, PyAny>) -> PyResult<()> {
        if self.open.iter().any(|around| around.container.is(value)) {
            return Err(self.error("the value holds itself, and JSON has no cycles; leave that part out"));
        }
        if self.open.len() > DEEPEST {
            return Err(self.error(&format!("nested more than {DEEPEST} deep; give the inner part as a string")));
        }
        Ok(())
    }

    /// A value that is the same as a key, but for its quotes.
    fn plain(&self, value: &Bound<'py, PyAny>) -> PyResult<Option<String>> {
        if value.is_none() {
            return Ok(Some("null".to_owned()));
        }
        if let Ok(truth) = value.cast::<PyBool>() {
            return Ok(Some(truth.is_true().to_string()));
        }
        if let Ok(integer) = value.cast::<PyInt>() {
            return self.integer(integer).map(Some);
        }
        if let Ok(float) = value.cast::<PyFloat>() {
            let float = float.value();
            if !float.is_finite() {
                return Err(self.error(&format!("{float} is not a number in JSON; give a string, or None")));
            }
            // Of the value alone: subclasses, as numpy's, have a `repr` of their own.
            return Ok(Some(PyFloat::new(value.py(), float).repr()?.to_str()?.to_owned()));
        }
        Ok(None)
    }

    fn integer(&self, integer: &Bound<'py, PyInt>) -> PyResult<String> {
        if let Ok(small) = integer.extract::<i64>() {
            return Ok(small.to_string());
        }
        let py = integer.py();
        // `int`'s own: an enum's `repr` has a name in it.
        let digits = py.get_type::<PyInt>().call_method1(intern!(py, "__repr__"), (integer,));
        match digits {
            Ok(digits) => Ok(digits.cast_into::<PyString>()?.to_str()?.to_owned()),
            Err(error) => Err(self.error(&format!("an integer that Python does not write out ({}); give it as a string", error.value(py)))),
        }
    }

    fn string(&mut self, text: &Bound<'py, PyString>) -> PyResult<()> {
        let text = text.to_str().map_err(|_| self.error(SURROGATE))?;
        serde_json::to_writer(&mut self.out, text).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    fn key(&mut self, key: &Bound<'py, PyAny>) -> PyResult<()> {
        if let Ok(text) = key.cast::<PyString>() {
            return self.string(text);
        }
        let Some(text) = self.plain(key)? else {
            return Err(self.error(&format!("a key of type {}; keys in JSON are strings", type_name(key))));
        };
        self.out.push(b'"');
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'"');
        Ok(())
    }

    fn unfit(&self, value: &Bound<'py, PyAny>) -> PyErr {
        let kind = type_name(value);
        let way_out = match kind.as_str() {
            "bytes" | "bytearray" | "memoryview" => "decode it to the text that the model sees",
            "set" | "frozenset" => "give a list, in the order in which the model sees it",
            _ => "give a dict, list, str, int, float, bool or None",
        };
        self.error(&format!("JSON has no values of type {kind}; {way_out}"))
    }

    fn error(&self, what: &str) -> PyErr {
        let mut pointer = String::new();
        for place in self.open.iter().filter_map(|open| open.place.as_ref()) {
            match place {
                Place::Index(index) => push_pointer_segment(&mut pointer, &index.to_string()),
                Place::Key(key) => {
                    let text = key.str().map_or_else(|_| type_name(key), |text| text.to_string_lossy().into_owned());
                    push_pointer_segment(&mut pointer, &text);
                }
            }
        }
        let name = self.name;
        if pointer.is_empty() {
            return invalid(format!("`{name}`: {what}"));
        }
        let shown = match pointer.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &pointer[..end]),
            None => pointer.clone(),
        };
        invalid_at(format!("`{name}`, at `{shown}`: {what}"), pointer)
    }
}

/// What is wrong with a string that UTF-8 cannot hold.
pub(crate) const SURROGATE: &str =
    "half of a surrogate pair, which is no character; decode the text again, or use `text.encode(\"utf-8\", \"replace\").decode()`";

pub(crate) fn type_name(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "unknown".to_owned(), |name| name.to_string_lossy().into_owned())
}
