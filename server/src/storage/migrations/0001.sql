-- Version 1: accounts, roster, archive, vCard, private storage.
-- Text is UTF-8, times are milliseconds since 1970 UTC unless a column says otherwise.

CREATE TABLE accounts (
    id          INTEGER PRIMARY KEY,
    local       TEXT NOT NULL UNIQUE,         -- in normal form
    name        TEXT,
    created_at  INTEGER NOT NULL,             -- seconds since 1970
    roster_version INTEGER NOT NULL DEFAULT 0 -- RFC 6121 section 2.6
) STRICT;

CREATE TABLE scram_keys (
    account     INTEGER NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    hash        TEXT NOT NULL,                -- sha-1, sha-256, sha-512
    salt        BLOB NOT NULL,
    iterations  INTEGER NOT NULL,
    stored_key  BLOB NOT NULL,
    server_key  BLOB NOT NULL,
    PRIMARY KEY (account, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE roster (
    account      INTEGER NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    jid          TEXT NOT NULL,
    name         TEXT,
    groups       TEXT NOT NULL,               -- JSON array of text
    subscription TEXT NOT NULL,               -- none, to, from, both
    ask          INTEGER NOT NULL,
    approved     INTEGER NOT NULL,
    pending_in   TEXT,                        -- the request, XML
    listed       INTEGER NOT NULL,
    PRIMARY KEY (account, jid)
) STRICT, WITHOUT ROWID;

-- One row for each account that a message concerns. AUTOINCREMENT: an id is never used twice, also not after deletion.
CREATE TABLE archive (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    account       INTEGER NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    peer          TEXT NOT NULL,              -- bare JID of the other party
    peer_resource TEXT,
    outgoing      INTEGER NOT NULL,
    undelivered   INTEGER NOT NULL,
    visible       INTEGER NOT NULL,           -- 0: kept for delivery only
    at            INTEGER NOT NULL,
    origin_id     TEXT,                       -- only in the sender's row: repeats are known by it
    stanza        TEXT NOT NULL
) STRICT;

CREATE INDEX archive_by_account ON archive(account, id) WHERE visible;
CREATE INDEX archive_by_peer ON archive(account, peer, id) WHERE visible;
CREATE INDEX archive_undelivered ON archive(account, id) WHERE undelivered;
CREATE UNIQUE INDEX archive_origin ON archive(account, origin_id) WHERE origin_id IS NOT NULL;

CREATE TABLE vcards (
    account INTEGER PRIMARY KEY REFERENCES accounts(id) ON DELETE CASCADE,
    xml     TEXT NOT NULL
) STRICT;

CREATE TABLE private (
    account INTEGER NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    ns      TEXT NOT NULL,
    name    TEXT NOT NULL,
    xml     TEXT NOT NULL,
    PRIMARY KEY (account, ns, name)
) STRICT, WITHOUT ROWID;

-- Random values that must outlive a restart, such as the key of the salts that unknown accounts seem to have.
CREATE TABLE server_secrets (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
