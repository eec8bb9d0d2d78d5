-- What a usual service keeps of a customer: plain columns, and the two unique constraints that the API promises.
CREATE TABLE customers (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    platform         text NOT NULL,
    request_id       uuid,
    email            text NOT NULL,
    first_name       text NOT NULL,
    last_name        text NOT NULL,
    address_one      text NOT NULL,
    address_two      text,
    city             text NOT NULL,
    state            text,
    zip              text,
    country          text NOT NULL,
    date_of_birth    text NOT NULL,
    id_number_type   text NOT NULL,
    id_number        text NOT NULL,
    signed_timestamp bigint NOT NULL,
    prefunded        boolean NOT NULL,
    metadata         jsonb NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    UNIQUE (platform, request_id),
    UNIQUE (platform, email)
);
