-- Version 2: when each micrograph was finished, and what people decided.
-- An attempt with a number below 0 is a person's estimate: -1 the first, -2 the next.

ALTER TABLE micrograph ADD COLUMN finished_at REAL;  -- seconds since 1970, NULL: before this version

CREATE INDEX micrograph_finished ON micrograph (finished_at);

CREATE TABLE action (           -- what was done by hand, never changed and never deleted
  id INTEGER PRIMARY KEY,
  at TEXT NOT NULL,             -- UTC, ISO 8601
  who TEXT NOT NULL,
  kind TEXT NOT NULL,           -- accept, reject, automatic, estimate, ended, curate, undo
  undoes INTEGER UNIQUE REFERENCES action (id)
);

CREATE TABLE decision (         -- what holds of a micrograph from an action on, until the next one on it
  micrograph INTEGER NOT NULL REFERENCES input (id),
  action INTEGER NOT NULL REFERENCES action (id),
  verdict TEXT,                 -- accepted, rejected, NULL: as the criteria say
  estimate INTEGER,             -- number of the attempt that is a person's estimate, NULL: the automatic one
  status TEXT,                  -- what comes of the two, NULL: as the micrograph has it
  PRIMARY KEY (micrograph, action)
) WITHOUT ROWID;

CREATE INDEX decision_action ON decision (action);

CREATE VIEW decided AS          -- what holds now
  SELECT micrograph, MAX(action) AS action, verdict, estimate, status FROM decision GROUP BY micrograph;
