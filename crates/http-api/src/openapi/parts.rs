//! The parts of the document that several operations share: security, headers, parameters, long descriptions.

use registrar_wire::{IDEMPOTENT_REPLAYED, REQUEST_ID, SIGNING_SCHEME, SigningHeaders, TRACE_ID};
use serde_json::{Map, Value, json};

/// The names of the security schemes, in the order of `SigningHeaders::names`.
const SCHEMES: [&str; 4] = ["ApiKey", "Signature", "Timestamp", "Passphrase"];

/// What every reader should know first.
pub(super) const DESCRIPTION: &str = "\
Every request that needs an API key is signed: four headers, each exactly once. The signature is the base64 of \
HMAC-SHA256 over timestamp, method, target and body, without separators, under the base64-decoded secret; an empty body is signed as `{}`. \
Sign the bytes that you send.\n\n\
A success is `{\"message\": …}`. Every error is `application/problem+json` with a stable `code`; no error contains a value that was sent, \
and none has a top-level `message`.\n\n\
After 500, 502, 503, 504 or no answer, repeating the same `request_id` and payload is always right.";

/// What the create does and how it answers to what was sent before.
pub(super) const CREATE_CUSTOMER: &str = "\
Submits a customer to your platform. The answer is sent only after the customer is durable.\n\n\
Only for platforms that it was enabled for. The payload is the body without `request_id`; the order of members does not count, nor do members \
that are `null`, nor whether `signed_timestamp` is a number or a string of digits.\n\n\
| stored on your platform | answer |\n\
|---|---|\n\
| same request_id, same payload | 200, the first answer byte for byte, with `Idempotent-Replayed: true` |\n\
| same request_id, other payload | 400 `request_id_reused` |\n\
| same payload, other or no request_id | 400 `payload_already_submitted` |\n\
| other payload, same email | 400 `participant_already_exists` |\n\
| none of these | 200, the customer is created |\n\n\
Lengths count Unicode characters after normalisation (NFC) and, for names, addresses and other free text, after trimming. For optional fields `null`, \
an empty string and blanks mean that the field is absent.";

/// The four headers as security schemes.
pub(super) fn security_schemes() -> Value {
    let descriptions = [
        "The public identifier of the API key.".to_owned(),
        format!(
            "base64(HMAC-SHA256(base64-decoded secret, timestamp + method + target + body)), without separators; \
             an empty body is signed as `{{}}`. The scheme is called {SIGNING_SCHEME} in WWW-Authenticate."
        ),
        "The Unix time in whole seconds, the same as signed, within 60 seconds of the server's clock unless configured otherwise.".to_owned(),
        "The passphrase of the API key.".to_owned(),
    ];
    let schemes =
        SCHEMES.iter().zip(SigningHeaders::NDAX.names()).zip(SigningHeaders::SCX.names()).zip(descriptions);
    let schemes: Map<_, _> = schemes
        .map(|(((scheme, name), alias), description)| {
            let (name, alias) = (name.to_ascii_uppercase(), alias.to_ascii_uppercase());
            let description =
                format!("{description} `{alias}` is an alias; use one family of names, never a mix.");
            (
                (*scheme).to_owned(),
                json!({ "type": "apiKey", "in": "header", "name": name, "description": description }),
            )
        })
        .collect();
    Value::Object(schemes)
}

/// All four together.
pub(super) fn security_requirement() -> Value {
    Value::Object(SCHEMES.iter().map(|scheme| ((*scheme).to_owned(), json!([]))).collect())
}

/// The parameters that every operation takes.
pub(super) fn parameters() -> Value {
    json!({
        "RequestId": {
            "name": documented(REQUEST_ID),
            "in": "header",
            "required": false,
            "description": "Your own id of this attempt: 1 to 64 of letters, digits, `.`, `_` and `-`. It is echoed and logged; \
                anything else is ignored. It plays no part in idempotency; that is what `request_id` in the body is for.",
            "schema": { "type": "string" },
            "example": "order-17.attempt-2",
        },
    })
}

/// The headers of answers.
pub(super) fn headers() -> Value {
    json!({
        "TraceId": {
            "description": "The id of this request in the operator's log (UUID v7), also `trace_id` of an error.",
            "required": true,
            "schema": { "type": "string", "format": "uuid" },
        },
        "RequestId": {
            "description": "The X-Request-Id of the request, where it was well formed.",
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" },
        },
        "IdempotentReplayed": {
            "description": "`true` where the answer repeats the first one; absent otherwise.",
            "schema": { "type": "string", "const": "true" },
        },
        "RetryAfter": {
            "description": "Seconds to wait before the same request is repeated.",
            "required": true,
            "schema": { "type": "string", "pattern": "^[0-9]+$" },
        },
        "WwwAuthenticate": {
            "description": "How requests are authenticated.",
            "required": true,
            "schema": { "type": "string", "const": SIGNING_SCHEME },
        },
    })
}

/// The headers of an answer of a status.
pub(super) fn headers_of(status: u16) -> Value {
    let mut names = vec![(TRACE_ID, "TraceId"), (REQUEST_ID, "RequestId")];
    match status {
        401 => names.push((registrar_wire::AUTHENTICATE, "WwwAuthenticate")),
        429 | 503 => names.push(("retry-after", "RetryAfter")),
        _ => {}
    }
    refer(&names)
}

/// The headers of a created or replayed customer.
pub(super) fn headers_of_customer() -> Value {
    refer(&[(TRACE_ID, "TraceId"), (REQUEST_ID, "RequestId"), (IDEMPOTENT_REPLAYED, "IdempotentReplayed")])
}

fn refer(names: &[(&str, &str)]) -> Value {
    let headers = names
        .iter()
        .map(|(name, component)| {
            (documented(name), json!({ "$ref": format!("#/components/headers/{component}") }))
        })
        .collect();
    Value::Object(headers)
}

/// A header's name as documents write it: `x-trace-id` becomes `X-Trace-Id`.
fn documented(name: &str) -> String {
    if name == registrar_wire::AUTHENTICATE {
        return "WWW-Authenticate".to_owned();
    }
    name.split('-')
        .map(|word| {
            let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
            format!("{}{rest}", first.to_ascii_uppercase())
        })
        .collect::<Vec<_>>()
        .join("-")
}
