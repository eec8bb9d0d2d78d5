CREATE TABLE platforms (
    number            bigint  NOT NULL,
    name              text    NOT NULL,
    sandbox           boolean NOT NULL,
    suspended         boolean NOT NULL,
    customers_enabled boolean NOT NULL,
    policy            text    NOT NULL,
    created_at        bigint  NOT NULL,
    CONSTRAINT platforms_pkey PRIMARY KEY (number)
);

CREATE TABLE api_keys (
    number             bigint NOT NULL,
    platform           bigint NOT NULL,
    api_key            text   NOT NULL,
    label              text   NOT NULL,
    permissions        text   NOT NULL,
    master_key_version bigint NOT NULL,
    secret             bytea  NOT NULL,
    passphrase_digest  bytea  NOT NULL,
    created_at         bigint NOT NULL,
    expires_at         bigint,
    revoked_at         bigint,
    last_used_at       bigint,
    CONSTRAINT api_keys_pkey PRIMARY KEY (number),
    CONSTRAINT api_keys_api_key_key UNIQUE (api_key),
    -- What a customer's row refers to: one look-up proves both that the platform exists and that the key is its own.
    CONSTRAINT api_keys_of_platform UNIQUE (platform, number),
    CONSTRAINT api_keys_platform_fkey FOREIGN KEY (platform) REFERENCES platforms (number),
    CONSTRAINT api_keys_passphrase_digest_check CHECK (length(passphrase_digest) = 32)
);

-- The row is also the audit event of its creation: created_at, created_by_key, created_from, trace_id.
-- The columns that erasure destroys may be null, so that it will not need to rebuild the table.
CREATE TABLE customers (
    number             bigint   NOT NULL,
    platform           bigint   NOT NULL,
    email_index        bytea,
    request_index      bytea,
    digest_version     smallint,
    payload_digest     bytea,
    status             text     NOT NULL,
    prefunded          boolean  NOT NULL,
    master_key_version bigint,
    data_key           bytea,
    record             bytea,
    created_at         bigint   NOT NULL,
    created_by_key     bigint   NOT NULL,
    created_from       text,
    trace_id           bytea    NOT NULL,
    CONSTRAINT customers_pkey PRIMARY KEY (number),
    CONSTRAINT customers_key_fkey FOREIGN KEY (platform, created_by_key) REFERENCES api_keys (platform, number)
);

CREATE UNIQUE INDEX customers_by_email ON customers (platform, email_index);
CREATE UNIQUE INDEX customers_by_request ON customers (platform, request_index) WHERE request_index IS NOT NULL;

CREATE TABLE installation_keys (
    name               text   NOT NULL,
    master_key_version bigint NOT NULL,
    wrapped            bytea  NOT NULL,
    CONSTRAINT installation_keys_pkey PRIMARY KEY (name)
);

CREATE TABLE settings (
    name  text   NOT NULL,
    value bigint NOT NULL,
    CONSTRAINT settings_pkey PRIMARY KEY (name)
);

-- Counters are rows and not sequences: a sequence may go back after a failover, a committed row does not.
INSERT INTO settings (name, value) VALUES
    ('access_version', 0), ('next_audit_event', 1), ('next_customer_number', 0), ('platforms_after', 0),
    ('write_probe', 0);

CREATE TABLE audit_events (
    number   bigint NOT NULL,
    what     text   NOT NULL,
    operator text   NOT NULL,
    at       bigint NOT NULL,
    origin   text   NOT NULL,
    trace_id bytea  NOT NULL,
    platform bigint NOT NULL,
    subject  text   NOT NULL,
    detail   text   NOT NULL,
    CONSTRAINT audit_events_pkey PRIMARY KEY (number)
);
