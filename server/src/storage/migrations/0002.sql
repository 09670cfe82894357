-- Version 2: tokens to sign in with (XEP-0484). None of this signs in: what the client says is the SHA-256 preimage of the verifier.

CREATE TABLE fast_tokens (
    account     INTEGER NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    agent       TEXT NOT NULL,                -- the client's UUID of itself, lower case
    slot        TEXT NOT NULL,                -- current: used last; new: given, not used yet
    verifier    BLOB NOT NULL,                -- SHA-256(HMAC-SHA-256(token, "Initiator"))
    responder   BLOB NOT NULL,                -- HMAC-SHA-256(token, "Responder"): the server's proof
    issued_at   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    count       INTEGER NOT NULL,             -- the highest that was used
    PRIMARY KEY (account, agent, slot)
) STRICT, WITHOUT ROWID;
