-- Each row holds what it is about as JSON; the columns beside are those that are asked by.

CREATE TABLE episodes (
    id TEXT PRIMARY KEY,
    cluster TEXT,
    zone TEXT,
    class TEXT NOT NULL,
    started_at TEXT NOT NULL,
    detected_at TEXT NOT NULL,
    ended_at TEXT,
    detail TEXT NOT NULL,
    -- What others than its watcher say of it.
    alerted_at TEXT,
    acknowledged TEXT
) STRICT;
CREATE INDEX episodes_detected ON episodes (detected_at);
CREATE INDEX episodes_open ON episodes (cluster) WHERE ended_at IS NULL;

CREATE TABLE passes (
    id TEXT PRIMARY KEY,
    cluster TEXT NOT NULL,
    at TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX passes_at ON passes (at);

CREATE TABLE rollouts (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    revision TEXT NOT NULL,
    began_at TEXT NOT NULL,
    detail TEXT NOT NULL,
    UNIQUE (revision, began_at)
) STRICT;

-- What a rollout may have to go back to.
CREATE TABLE documents (
    revision TEXT PRIMARY KEY,
    files TEXT NOT NULL
) STRICT;

CREATE TABLE coverage (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    cluster TEXT NOT NULL,
    since TEXT NOT NULL,
    until TEXT NOT NULL,
    watched TEXT NOT NULL,
    reason TEXT
) STRICT;
CREATE INDEX coverage_of ON coverage (cluster, number);

CREATE TABLE alerts (
    id TEXT PRIMARY KEY,
    receiver TEXT NOT NULL,
    at TEXT NOT NULL,
    delivered_at TEXT,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX alerts_undelivered ON alerts (receiver, at) WHERE delivered_at IS NULL;
