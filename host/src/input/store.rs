//! Folders of object stores: `s3://`, `gs://`, `az://` where the build has them, `file://` always.

#[cfg(feature = "cloud")]
mod cloud;

use super::find::is_trace;
use super::source::Ranges;
use super::{Input, unreadable};
use futures_util::TryStreamExt as _;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt as _, parse_url};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::{fmt, io};
use tokio::runtime::{Builder, Runtime};
use twinguard_trace::event::Issue;
use url::{Position, Url};

/// One object of a store.
#[derive(Clone)]
pub struct Object {
    url: String,
    store: Arc<dyn ObjectStore>,
    key: Key,
    size: u64,
}

impl Object {
    /// What names it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How many bytes it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Read in pieces as large as the reader's buffer, so that a connection that breaks costs one of them.
impl Ranges for Object {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let end = self.size.min(at.saturating_add(buffer.len() as u64));
        if at >= end {
            return Ok(0);
        }
        let bytes = runtime()?.block_on(self.store.get_range(&self.key, at..end))?;
        let read = bytes.len().min(buffer.len());
        buffer.iter_mut().zip(&bytes).for_each(|(to, from)| *to = *from);
        Ok(read)
    }
}

/// The objects that a URL names: one, those below a folder, or those that a glob fits. Stores are set up by
/// their usual variables, `AWS_ACCESS_KEY_ID` and the like.
pub(super) fn find(url: &str, inputs: &mut Vec<Input>, issues: &mut Vec<Issue>) {
    let issue = |message| Issue { file: url.to_owned(), line: None, message };
    // What stands before the first segment with a wildcard names a folder.
    let fixed = match url.find(['*', '[']) {
        Some(wild) => url.get(..wild).and_then(|before| before.rfind('/')).and_then(|end| url.get(..=end)).unwrap_or(url),
        None => url,
    };
    let found = Url::parse(fixed).map_err(|error| format!("no valid URL: {error}")).and_then(|place| {
        let (store, key) = open(&place).map_err(|error| format!("no store that this build can read: {error}"))?;
        let root = &place[..Position::BeforePath];
        let pattern = (fixed != url).then(|| url.get(root.len()..).unwrap_or_default().trim_start_matches('/'));
        find_in(&store, root, &key, pattern)
    });
    match found {
        Ok(objects) if objects.is_empty() => {
            issues.push(issue("no traces here; what is called as in a folder is read, other objects when they are named".to_owned()));
        }
        Ok(objects) => inputs.extend(objects.into_iter().map(Input::Object)),
        Err(message) => issues.push(issue(message)),
    }
}

fn open(place: &Url) -> object_store::Result<(Arc<dyn ObjectStore>, Key)> {
    #[cfg(feature = "cloud")]
    if let Some(opened) = cloud::open(place)? {
        return Ok(opened);
    }
    parse_url(place).map(|(store, key)| (Arc::from(store), key))
}

/// The objects of a store by key; `root` is what their URLs begin with.
fn find_in(store: &Arc<dyn ObjectStore>, root: &str, key: &Key, pattern: Option<&str>) -> Result<Vec<Object>, String> {
    let object = |key: Key, size: u64| Object { url: format!("{root}/{key}"), store: Arc::clone(store), key, size };
    let pattern = pattern.map(glob::Pattern::new).transpose().map_err(|error| format!("no valid glob: {error}"))?;
    let runtime = runtime().map_err(|error| unreadable(&error))?;
    if pattern.is_none()
        && let Ok(about) = runtime.block_on(store.head(key))
    {
        return Ok(vec![object(about.location, about.size)]);
    }
    let listed = runtime.block_on(store.list(Some(key)).try_collect::<Vec<_>>());
    let mut listed = listed.map_err(|error| format!("cannot be listed: {error}"))?;
    listed.sort_by(|a, b| a.location.cmp(&b.location));
    // A star stays within its folder, as in a shell.
    let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
    let below = key.as_ref().len();
    let is_wanted = |key: &Key| match &pattern {
        Some(pattern) => pattern.matches_with(key.as_ref(), options),
        None => {
            let is_hidden = key.as_ref().get(below..).is_some_and(|rest| rest.split('/').any(|part| part.starts_with('.')));
            is_trace(Path::new(key.as_ref())) && !is_hidden
        }
    };
    Ok(listed.into_iter().filter(|about| is_wanted(&about.location)).map(|about| object(about.location, about.size)).collect())
}

/// Where the stores' futures run: on the thread that reads.
fn runtime() -> io::Result<&'static Runtime> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let made = RUNTIME.get_or_init(|| Builder::new_current_thread().enable_all().build().ok());
    made.as_ref().ok_or_else(|| io::Error::other("no runtime for stores"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;
    use std::io::Read as _;

    fn store() -> Arc<dyn ObjectStore> {
        let store = InMemory::new();
        for (key, text) in [("runs/b.jsonl", "two"), ("runs/2026/a.jsonl", "one"), ("runs/notes.md", "no"), ("runs/.old/c.jsonl", "no")] {
            runtime().unwrap().block_on(store.put(&Key::from(key), text.into())).unwrap();
        }
        Arc::new(store)
    }

    fn urls(key: &str, pattern: Option<&str>) -> Vec<String> {
        find_in(&store(), "memory://", &Key::from(key), pattern).unwrap().into_iter().map(|object| object.url).collect()
    }

    #[test]
    fn a_folder_an_object_and_a_glob_are_found() {
        assert_eq!(urls("runs", None), ["memory:///runs/2026/a.jsonl", "memory:///runs/b.jsonl"]);
        assert_eq!(urls("runs/notes.md", None), ["memory:///runs/notes.md"]);
        assert_eq!(urls("runs", Some("runs/*.jsonl")), ["memory:///runs/b.jsonl"]);
        assert_eq!(urls("elsewhere", None), [""; 0]);
    }

    #[test]
    fn an_object_is_read_piece_by_piece() {
        let object = find_in(&store(), "memory://", &Key::from("runs/b.jsonl"), None).unwrap().remove(0);
        let mut text = String::new();
        Input::Object(object.clone()).open(Arc::default()).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!((object.size(), text.as_str()), (3, "two"));
        let mut piece = [0; 2];
        assert_eq!((object.read_at(1, &mut piece).unwrap(), piece), (2, *b"wo"));
        assert_eq!(object.read_at(3, &mut piece).unwrap(), 0);
    }

    #[test]
    fn what_cannot_be_found_is_named() {
        for (url, why) in [("ftp://host/x", "no store"), ("file:///runs/[", "no valid glob"), ("s3://", "no store")] {
            let (mut inputs, mut issues) = (Vec::new(), Vec::new());
            find(url, &mut inputs, &mut issues);
            assert!(inputs.is_empty() && issues.first().unwrap().message.contains(why), "{issues:?}");
        }
    }
}
