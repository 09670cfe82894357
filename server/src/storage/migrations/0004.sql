-- Nodes of accounts and what is published in them (XEP-0163).

CREATE TABLE nodes (
    account INTEGER NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    config  TEXT NOT NULL,                    -- the host's own text
    PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

-- The newest item of a node has the highest id; one that is published again gets a new id.
CREATE TABLE items (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL,
    node    TEXT NOT NULL,
    item    TEXT NOT NULL,                    -- its id in the node
    at      INTEGER NOT NULL,
    payload TEXT NOT NULL,
    UNIQUE (account, node, item),
    FOREIGN KEY (account, node) REFERENCES nodes(account, name) ON DELETE CASCADE
) STRICT;

CREATE INDEX items_by_age ON items(account, node, id);
