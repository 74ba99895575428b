-- One row for each conversation: the main agent's has no name in `agent`.
CREATE TABLE IF NOT EXISTS session (
    id INTEGER PRIMARY KEY,
    dialect TEXT NOT NULL,
    name TEXT NOT NULL,
    agent TEXT NOT NULL,
    touched INTEGER NOT NULL DEFAULT (unixepoch()),
    UNIQUE (dialect, name, agent)
);
-- What happened, only ever appended. AUTOINCREMENT: an id is never used again, so ids are an order.
CREATE TABLE IF NOT EXISTS event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    kind TEXT NOT NULL, -- the name of a source, `call`, or `lost`
    tool TEXT,
    call_id TEXT,
    text TEXT NOT NULL, -- credentials replaced by keyed hashes
    incomplete INTEGER NOT NULL, -- the model saw more, or less, than the text
    decision TEXT, -- of a call
    at INTEGER NOT NULL DEFAULT (unixepoch())
);
CREATE INDEX IF NOT EXISTS event_of_session ON event (session, id);
-- The guard's memory up to and with the event `upto`. Everything in it can be built again.
CREATE TABLE IF NOT EXISTS snapshot (
    session INTEGER PRIMARY KEY REFERENCES session (id) ON DELETE CASCADE,
    upto INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL, -- of the policy and the version it was made with
    bytes BLOB NOT NULL
);
-- The key of the hashes that stand for credentials.
CREATE TABLE IF NOT EXISTS secret (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    key BLOB NOT NULL
);
INSERT OR IGNORE INTO secret VALUES (0, randomblob(32));
PRAGMA user_version = 1;
