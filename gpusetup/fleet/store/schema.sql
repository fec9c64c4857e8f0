-- The tables of a fleet's store. A change of them is a new number in `user_version`, and `database.py` says what of an
-- older file is done. Times are seconds since 1970, UTC. Nothing newer than SQLite 3.24 is used: distributions that are
-- still maintained have 3.26.

-- A host by its name, or a GPU by its UUID.
CREATE TABLE subject (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (kind, name));

-- What was seen of a subject, once for all subjects that have the same: JSON.
CREATE TABLE content (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, body TEXT NOT NULL);

-- From when to when a subject was seen so, and in how many collections. Between `last` and the next `first` nobody looked.
CREATE TABLE span (
  subject INTEGER NOT NULL REFERENCES subject, aspect TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  times INTEGER NOT NULL, content INTEGER NOT NULL REFERENCES content, PRIMARY KEY (subject, aspect, first)
) WITHOUT ROWID;

-- Figures that differ each time: temperatures, rates.
CREATE TABLE sample (
  subject INTEGER NOT NULL REFERENCES subject, series TEXT NOT NULL, at INTEGER NOT NULL, value REAL NOT NULL,
  PRIMARY KEY (subject, series, at)
) WITHOUT ROWID;

-- Each time that something was kept.
CREATE TABLE collection (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, hosts INTEGER NOT NULL, verdict TEXT NOT NULL);
