-- "RGST": tells a database of this program from one of another.
PRAGMA application_id = 0x52475354;

CREATE TABLE platforms (
    number            INTEGER PRIMARY KEY,
    name              TEXT    NOT NULL,
    sandbox           INTEGER NOT NULL CHECK (sandbox IN (0, 1)),
    suspended         INTEGER NOT NULL CHECK (suspended IN (0, 1)),
    customers_enabled INTEGER NOT NULL CHECK (customers_enabled IN (0, 1)),
    policy            TEXT    NOT NULL,
    created_at        INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
    number             INTEGER PRIMARY KEY,
    platform           INTEGER NOT NULL REFERENCES platforms (number),
    api_key            TEXT    NOT NULL UNIQUE,
    label              TEXT    NOT NULL,
    permissions        TEXT    NOT NULL,
    master_key_version INTEGER NOT NULL,
    secret             BLOB    NOT NULL,
    passphrase_digest  BLOB    NOT NULL CHECK (length(passphrase_digest) = 32),
    created_at         INTEGER NOT NULL,
    expires_at         INTEGER,
    revoked_at         INTEGER,
    last_used_at       INTEGER
) STRICT;

-- What a customer's row refers to: one look-up proves both that the platform exists and that the key is its own.
CREATE UNIQUE INDEX api_keys_of_platform ON api_keys (platform, number);

-- The row is also the audit event of its creation: created_at, created_by_key, created_from, trace_id.
-- The columns that erasure destroys may be null, so that it will not need to rebuild the table.
CREATE TABLE customers (
    number             INTEGER PRIMARY KEY,
    platform           INTEGER NOT NULL,
    email_index        BLOB,
    request_index      BLOB,
    digest_version     INTEGER,
    payload_digest     BLOB,
    status             TEXT    NOT NULL,
    prefunded          INTEGER NOT NULL,
    master_key_version INTEGER,
    data_key           BLOB,
    record             BLOB,
    created_at         INTEGER NOT NULL,
    created_by_key     INTEGER NOT NULL,
    created_from       TEXT,
    trace_id           BLOB    NOT NULL,
    FOREIGN KEY (platform, created_by_key) REFERENCES api_keys (platform, number)
) STRICT;

CREATE UNIQUE INDEX customers_by_email ON customers (platform, email_index);
CREATE UNIQUE INDEX customers_by_request ON customers (platform, request_index) WHERE request_index IS NOT NULL;

CREATE TABLE installation_keys (
    name               TEXT    NOT NULL PRIMARY KEY,
    master_key_version INTEGER NOT NULL,
    wrapped            BLOB    NOT NULL
) STRICT;

CREATE TABLE settings (
    name  TEXT    NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;

-- platforms_after: numbers of platforms that a copy put back may not know count up from behind this one.
INSERT INTO settings (name, value) VALUES ('access_version', 0), ('write_probe', 0), ('platforms_after', 0);

CREATE TABLE audit_events (
    number   INTEGER PRIMARY KEY,
    what     TEXT    NOT NULL,
    operator TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    origin   TEXT    NOT NULL,
    trace_id BLOB    NOT NULL,
    platform INTEGER NOT NULL,
    subject  TEXT    NOT NULL,
    detail   TEXT    NOT NULL
) STRICT;
