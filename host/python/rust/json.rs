//! Python values as JSON text that loses nothing: every digit of an integer, and of a float what
//! `repr` shows. What comes out is what `json.dumps` writes, `tests/test_json.py` holds it to that;
//! what JSON or UTF-8 cannot hold is refused with its place instead of being bent.

use crate::error::{invalid, invalid_at};
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use twinguard_core::model::push_pointer_segment;

/// The deepest nesting, far beyond what tools return. Each level takes a little stack.
const DEEPEST: usize = 500;

/// Characters of a pointer that a message shows.
const LONGEST: usize = 200;

/// A value as JSON text; `name` is what an error calls it.
///
/// No more than `most` bytes and one value are written: longer texts are refused by their length
/// anyway, and a value that holds itself many times over would never end.
pub(crate) fn text(value: &Bound<'_, PyAny>, name: &str, most: usize) -> PyResult<String> {
    let mut writer = Writer { out: Vec::new(), most, name, path: Vec::new() };
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
    /// The containers around the value that is written, and where in them it stands.
    path: Vec<(Bound<'py, PyAny>, Place<'py>)>,
}

/// Where in its container a value stands.
enum Place<'py> {
    Key(Bound<'py, PyAny>),
    Index(usize),
}

impl<'py> Writer<'_, 'py> {
    fn value(&mut self, value: &Bound<'py, PyAny>) -> PyResult<()> {
        if let Ok(text) = value.cast::<PyString>() {
            return self.string(text);
        }
        if let Ok(list) = value.cast::<PyList>() {
            return self.array(value, (0..).map_while(|index| list.get_item(index).ok()));
        }
        if let Ok(tuple) = value.cast::<PyTuple>() {
            return self.array(value, tuple.iter());
        }
        if let Ok(dict) = value.cast::<PyDict>() {
            return self.object(dict);
        }
        match self.plain(value)? {
            Some(text) => self.out.extend_from_slice(text.as_bytes()),
            None => return Err(self.unfit(value)),
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

    fn array(&mut self, array: &Bound<'py, PyAny>, items: impl Iterator<Item = Bound<'py, PyAny>>) -> PyResult<()> {
        self.out.push(b'[');
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            if self.out.len() > self.most {
                break;
            }
            self.step(array, Place::Index(index), &item)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn object(&mut self, dict: &Bound<'py, PyDict>) -> PyResult<()> {
        self.out.push(b'{');
        // A copy: writing can run the garbage collector, and that may run code which changes the dict.
        for (index, pair) in dict.items().iter().enumerate() {
            let (key, value) = pair.extract::<(Bound<'py, PyAny>, Bound<'py, PyAny>)>()?;
            if index > 0 {
                self.out.push(b',');
            }
            if self.out.len() > self.most {
                break;
            }
            self.key(&key)?;
            self.out.push(b':');
            self.step(dict, Place::Key(key), &value)?;
        }
        self.out.push(b'}');
        Ok(())
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

    /// Writes what stands at a place of a container.
    fn step(&mut self, container: &Bound<'py, PyAny>, place: Place<'py>, value: &Bound<'py, PyAny>) -> PyResult<()> {
        self.path.push((container.clone(), place));
        if self.path.iter().any(|(around, _)| around.is(value)) {
            return Err(self.error("the value holds itself, and JSON has no cycles; leave that part out"));
        }
        if self.path.len() > DEEPEST {
            return Err(self.error(&format!("nested more than {DEEPEST} deep; give the inner part as a string")));
        }
        self.value(value)?;
        self.path.pop();
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
        for (_, place) in &self.path {
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
