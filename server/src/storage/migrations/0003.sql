-- What accounts have blocked (XEP-0191).

CREATE TABLE blocked (
    account INTEGER NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    jid     TEXT NOT NULL,                    -- bare, full or domain, in normal form
    PRIMARY KEY (account, jid)
) STRICT, WITHOUT ROWID;
