-- The tables of the service, for SQLite. `postgres/0001_start.sql` is the same for PostgreSQL.
-- Times are seconds since 1970 unless a name says otherwise. Keyed hashes are HMAC-SHA256 under the service's secret.

CREATE TABLE entities (
    id TEXT PRIMARY KEY,                 -- the audience of its answers
    name TEXT NOT NULL,                  -- as shown to the person
    origins TEXT NOT NULL,               -- JSON array of origins that may embed the page
    callback_url TEXT,                   -- where its webhooks go
    api_key_hash BLOB UNIQUE,            -- keyed hash; the key itself is not kept
    request_key BLOB,                    -- Ed25519 public key, 32 bytes, for signed requests (RFC 9421)
    created_at BIGINT NOT NULL,
    disabled_at BIGINT
);

CREATE TABLE requests (
    id TEXT PRIMARY KEY,                 -- 16 random bytes in base64url: who knows it may answer the request
    kind TEXT NOT NULL,                  -- 'request', 'legacy' (the calls of 2021) or 'pass' (open, no entity)
    entity TEXT REFERENCES entities (id),
    purpose TEXT NOT NULL,
    nonce BLOB,
    valid_for BIGINT NOT NULL,           -- seconds that the answer will live
    binding TEXT NOT NULL,               -- 'none', 'name' or 'name_and_mobile'
    known_mobile BLOB,                   -- sealed; the number that the entity sent along; gone when the request ends
    state TEXT NOT NULL,                 -- 'open', 'otp_sent', 'answered', 'acknowledged', 'declined', 'failed', 'expired'
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,          -- when the request dies; once answered, when the answer does
    ended_at BIGINT,
    otp_round BIGINT NOT NULL DEFAULT 0, -- how many passwords were sent
    otp_hash BLOB,                       -- keyed hash; gone when the request ends
    otp_sent_at BIGINT,
    otp_expires_at BIGINT,
    tries BIGINT NOT NULL DEFAULT 0,     -- wrong and right ones, over all rounds
    sealed BLOB,                         -- name and number that the person gave, sealed; gone when the request ends
    presentation BLOB,                   -- the answer; gone when it is acknowledged or expires
    session_hash BLOB                    -- keyed hash of the bearer token of 'legacy'
);
CREATE INDEX requests_expiry ON requests (expires_at) WHERE state IN ('open', 'otp_sent', 'answered');
CREATE INDEX requests_ended ON requests (ended_at) WHERE ended_at IS NOT NULL;
CREATE UNIQUE INDEX requests_session ON requests (session_hash) WHERE session_hash IS NOT NULL;

-- What a repeated POST with the same Idempotency-Key gets.
CREATE TABLE replies (
    scope TEXT NOT NULL,                 -- 'entity:ID' or 'request:ID'
    key_hash BLOB NOT NULL,
    fingerprint BLOB NOT NULL,           -- keyed hash of method, path and body
    status BIGINT NOT NULL,
    body TEXT NOT NULL,
    request TEXT NOT NULL,               -- the request whose end removes the reply
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (scope, key_hash)
);
CREATE INDEX replies_request ON replies (request);
CREATE INDEX replies_expiry ON replies (expires_at);

-- Rates (GCRA): one row a number, address or entity, named by a keyed hash.
CREATE TABLE limits (
    key BLOB PRIMARY KEY,
    full_at_ms BIGINT NOT NULL           -- the theoretical arrival time, milliseconds since 1970
);
CREATE INDEX limits_age ON limits (full_at_ms);

-- Webhooks to verifying entities that are not done.
CREATE TABLE webhooks (
    id TEXT PRIMARY KEY,
    request TEXT NOT NULL,
    entity TEXT NOT NULL,
    event TEXT NOT NULL,                 -- 'request.answered', 'request.declined', 'request.failed', 'request.expired'
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    next_at_ms BIGINT NOT NULL           -- when it is tried next; a worker that takes it sets this ahead
);
CREATE INDEX webhooks_next ON webhooks (next_at_ms);
CREATE INDEX webhooks_request ON webhooks (request);

-- Consents and refusals: each row holds the hash of the one before. No name, no number, no status.
CREATE TABLE audit (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,                 -- 'consented', 'declined', 'failed'
    request TEXT NOT NULL,
    entity TEXT,
    purpose TEXT NOT NULL,
    binding TEXT NOT NULL,
    token_hash BLOB,                     -- SHA-256 of the token, where one was signed
    previous BLOB NOT NULL,
    hash BLOB NOT NULL
);
CREATE TABLE audit_head (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL,
    hash BLOB NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, x'0000000000000000000000000000000000000000000000000000000000000000');
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- `INSERT OR REPLACE` removes without asking the trigger for that.
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- Who has how many doses of how many: filled by `kycvs records import`.
CREATE TABLE records (
    mobile TEXT NOT NULL,                -- E.164
    name TEXT NOT NULL,                  -- as the core normalises it
    doses BIGINT NOT NULL,
    required BIGINT NOT NULL,
    PRIMARY KEY (mobile, name)
);
