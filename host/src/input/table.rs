//! Tables of traces, Parquet and Arrow: every row becomes a line of JSON, a few rows at a time.

use super::source::{At, Ranges};
use arrow_array::RecordBatch;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_json::LineDelimitedWriter;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::{ConvertedType, Type};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use std::borrow::Cow;
use std::io::{self, BufReader, Cursor, Read};
use std::sync::Arc;
use twinguard_trace::json::{Fields, Json};

/// Rows that are held at once; a trace may be large.
const ROWS: usize = 32;
/// Columns that hold a whole record as JSON text, or as a structure.
const RECORDS: &[&str] = &["trace", "record", "run", "log", "json", "data", "conversation", "trajectory"];
/// Columns that hold the messages of a conversation, besides `messages`.
const LISTS: &[&str] = &["conversation", "conversations", "chat", "dialogue", "turns", "trajectory", "trace"];
/// What the columns beside a record say of it.
const BESIDE: &[&str] = &["id", "trace_id", "conversation_id", "session_id", "model", "provider", "created_at", "timestamp"];

type Batches = Box<dyn Iterator<Item = io::Result<RecordBatch>> + Send>;

/// The rows of a table as JSON Lines.
pub(super) struct Rows {
    batches: Batches,
    /// The batch that is read, and how many of its rows were.
    batch: Option<(RecordBatch, usize)>,
    lines: Cursor<Vec<u8>>,
}

impl Rows {
    /// Opens a table that begins with these bytes.
    pub fn open(head: &[u8], source: Arc<dyn Ranges>) -> io::Result<Self> {
        let reader = || BufReader::with_capacity(super::BUFFER, At::start(Arc::clone(&source)));
        let batches: Batches = if head.starts_with(b"PAR1") {
            parquet(Source(source))?
        } else if head.starts_with(b"ARROW1") {
            Box::new(FileReader::try_new(reader(), None).map_err(invalid)?.map(|batch| batch.map_err(invalid)))
        } else {
            Box::new(StreamReader::try_new(reader(), None).map_err(invalid)?.map(|batch| batch.map_err(invalid)))
        };
        Ok(Self { batches, batch: None, lines: Cursor::default() })
    }

    /// The next rows as lines; `false` at the end.
    fn advance(&mut self) -> io::Result<bool> {
        let (batch, from) = match self.batch.take() {
            Some(batch) => batch,
            None => match self.batches.next() {
                Some(batch) => (batch?, 0),
                None => return Ok(false),
            },
        };
        let many = ROWS.min(batch.num_rows() - from);
        self.lines = Cursor::new(lines(&batch.slice(from, many))?);
        if from + many < batch.num_rows() {
            self.batch = Some((batch, from + many));
        }
        Ok(true)
    }
}

impl Read for Rows {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.lines.read(buffer)?;
            if read > 0 || buffer.is_empty() || !self.advance()? {
                return Ok(read);
            }
        }
    }
}

/// The batches of a Parquet file, one row group after the other: damage in one spoils none before it.
/// Columns of bytes, as of pictures, are not read: they hold no text.
fn parquet(source: Source) -> io::Result<Batches> {
    let about = ArrowReaderMetadata::load(&source, ArrowReaderOptions::default()).map_err(invalid)?;
    let columns = about.parquet_schema().root_schema().get_fields();
    let is_text = |at: &usize| {
        columns.get(*at).is_some_and(|column| {
            let is_bytes = column.is_primitive() && matches!(column.get_physical_type(), Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY);
            let info = column.get_basic_info();
            !is_bytes || info.logical_type_ref().is_some() || info.converted_type() != ConvertedType::NONE
        })
    };
    let mask = ProjectionMask::roots(about.parquet_schema(), (0..columns.len()).filter(is_text));
    let groups = about.metadata().num_row_groups();
    let batches = (0..groups).flat_map(move |group| -> Batches {
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(source.clone(), about.clone());
        let reader = builder.with_row_groups(vec![group]).with_projection(mask.clone()).with_batch_size(ROWS).build();
        match reader {
            Ok(batches) => Box::new(batches.map(|batch| batch.map_err(invalid))),
            Err(error) => Box::new([Err(invalid(error))].into_iter()),
        }
    });
    Ok(Box::new(batches))
}

/// What Parquet is read from.
#[derive(Clone)]
struct Source(Arc<dyn Ranges>);

impl Length for Source {
    fn len(&self) -> u64 {
        self.0.size()
    }
}

impl ChunkReader for Source {
    type T = BufReader<At>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(BufReader::new(At::place(Arc::clone(&self.0), start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let mut bytes = Vec::new();
        At::place(Arc::clone(&self.0), start).take(length as u64).read_to_end(&mut bytes)?;
        if bytes.len() < length {
            return Err(ParquetError::EOF(format!("the file ends {} bytes too early", length - bytes.len())));
        }
        Ok(bytes.into())
    }
}

fn lines(batch: &RecordBatch) -> io::Result<Vec<u8>> {
    let mut writer = LineDelimitedWriter::new(Vec::new());
    writer.write(batch).and_then(|()| writer.finish()).map_err(invalid)?;
    let rows = String::from_utf8(writer.into_inner()).map_err(invalid)?;
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows.lines() {
        lines.extend_from_slice(record(row).as_bytes());
        lines.push(b'\n');
    }
    Ok(lines)
}

/// A row as the record that it holds: JSON in a column of text is opened, a column that is a whole record
/// stands for the row, and one that lists messages is called `messages`.
fn record(row: &str) -> Cow<'_, str> {
    let Ok(json) = Json::parse(row) else { return Cow::Borrowed(row) };
    let columns: Vec<(Cow<'_, str>, Cow<'_, str>)> = json.fields().all.into_iter().map(|(name, value)| (name, opened(value))).collect();
    let columns: Vec<(&str, &str)> = columns.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
    let find = |names: &[&str], begin: char| {
        names.iter().find_map(|name| columns.iter().find(|(column, value)| column == name && value.starts_with(begin)))
    };
    if find(&["messages"], '[').is_none() {
        if let Some((_, whole)) = find(RECORDS, '{') {
            let beside = columns.iter().copied().filter(|(name, _)| BESIDE.contains(name));
            return Cow::Owned(object(beside, whole.get(1..).unwrap_or_default().trim_start()));
        }
        let is_messages = |list: &str| Json::parse(list).ok().and_then(Json::first).map(Json::fields).is_some_and(|first| has_role(&first));
        if let Some((list, _)) = find(LISTS, '[').filter(|(_, list)| is_messages(list)) {
            let renamed = columns.iter().map(|(name, value)| (if name == list { "messages" } else { *name }, *value));
            return Cow::Owned(object(renamed, "}"));
        }
    }
    Cow::Owned(object(columns.iter().copied(), "}"))
}

fn has_role(fields: &Fields<'_>) -> bool {
    fields.get("role").is_some()
}

/// JSON text as the value that it holds; everything else as it is.
fn opened(value: Json<'_>) -> Cow<'_, str> {
    let text = value.string().filter(|text| text.trim_start().starts_with(['{', '[']));
    let inner = text.and_then(|text| Json::parse(text.trim()).ok().map(|inner| inner.text().replace('\n', " ")));
    inner.map_or(Cow::Borrowed(value.text()), Cow::Owned)
}

/// An object of these fields, and what is left of another one behind its brace.
fn object<'t>(fields: impl Iterator<Item = (&'t str, &'t str)>, rest: &str) -> String {
    let mut text = String::from("{");
    for (name, value) in fields {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&serde_json::to_string(name).unwrap_or_default());
        text.push(':');
        text.push_str(value);
    }
    if text.len() > 1 && !rest.starts_with('}') {
        text.push(',');
    }
    text.push_str(rest);
    text
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
