//! From bytes to an authenticated caller and a JSON object, in the order of contract 2.6 and 1.8.
//!
//! Every signed operation, such as `create_customer`, takes its request through `SignedRequest::read`, so that none can
//! forget a step. Invariant: the body is verified as it was received, before anything reads its content.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, EXPECT};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use http_body::Body;
use registrar_crypto::signature::SignedParts;
use registrar_domain::platform::Permission;
use registrar_domain::registry::{Caller, Presented};
use registrar_domain::rules::authenticate::{AuthRejection, ExplainedRejection, TimestampRejection};
use registrar_json::{Object, parse_object};
use registrar_wire::{BODY_BYTES_MAX, ErrorCode, Hint, Operation, SigningHeaders};

use crate::answer::{BODY_TOO_LARGE, Refusal, malformed_json_detail};
use crate::app::App;
use crate::limits::NESTING_DEPTH_MAX;
use crate::request_body::{BodyRejection, read_body};

/// An authenticated request; its body is JSON of an accepted media type, not yet parsed.
pub(crate) struct SignedRequest {
    /// Who calls.
    pub(crate) caller: Caller,
    /// The body as it was received and signed.
    pub(crate) body: Bytes,
}

impl SignedRequest {
    /// Reads, authenticates and checks a request of `operation`, which needs `permission`.
    pub(crate) async fn read<B: Body<Data = Bytes> + Unpin>(
        app: &Arc<App>,
        head: &Parts,
        body: B,
        operation: &Operation,
        permission: Permission,
    ) -> Result<Self, Refusal> {
        let expects_continue = head.headers.contains_key(EXPECT);
        let body =
            read_body(&app.body_budget, body, BODY_BYTES_MAX, app.limits.body_timeout, expects_continue)
                .await
                .map_err(refuse_body)?;
        let headers = signing_headers(&head.headers)?;
        let target = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let parts =
            SignedParts { timestamp: headers.timestamp, method: head.method.as_str(), target, body: &body };
        app.registry
            .check_timestamp(headers.timestamp)
            .map_err(|rejection| refuse_timestamp(rejection, app.registry.now().seconds()))?;
        let presented = Presented {
            api_key: headers.api_key,
            signature: headers.signed,
            passphrase: headers.passphrase,
            parts,
        };
        let caller = app
            .registry
            .authenticate(&presented, permission)
            .map_err(|explained| refuse_caller(explained, &parts))?;
        check_query(operation, head.uri.query())?;
        check_media_type(&head.headers)?;
        Ok(Self { caller, body })
    }
}

/// A body as an object.
pub(crate) fn object(body: &[u8]) -> Result<Object<'_>, Refusal> {
    parse_object(body, NESTING_DEPTH_MAX)
        .map_err(|error| Refusal::new(ErrorCode::MalformedJson, malformed_json_detail(&error)))
}

/// What the four headers say.
#[derive(PartialEq, Eq)]
struct Presentation<'a> {
    api_key: &'a str,
    signed: &'a str,
    timestamp: &'a str,
    passphrase: &'a str,
}

/// Without the signature and the passphrase, which no output may hold (contract 4.2).
impl std::fmt::Debug for Presentation<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Presentation").finish_non_exhaustive()
    }
}

/// The four headers, all of one family, each exactly once (contract 1.1).
fn signing_headers(headers: &HeaderMap) -> Result<Presentation<'_>, Refusal> {
    let [ndax, scx] = Sent::find(headers);
    if let Some((one, _)) = ndax.iter().zip(&scx).find(|(one, other)| one.count + other.count == 0) {
        return Err(Refusal::new(ErrorCode::MissingHeader, missing(one.name)));
    }
    let mut both = ndax.iter().zip(&scx).flat_map(|(one, other)| [one, other]);
    if let Some(twice) = both.find(|sent| sent.count > 1) {
        let detail =
            format!("The header {} was sent more than once. Send it exactly once.", shown(twice.name));
        return Err(Refusal::new(ErrorCode::DuplicateHeader, detail));
    }
    let uses = |family: &[Sent<'_>]| family.iter().any(|sent| sent.count > 0);
    if uses(&ndax) && uses(&scx) {
        let detail =
            "Headers of the families X-NDAX- and X-SCX- were mixed. Send all four with the same prefix.";
        return Err(Refusal::new(ErrorCode::MalformedHeader, detail));
    }
    let [api_key, signed, timestamp, passphrase] = if uses(&ndax) { ndax } else { scx };
    Ok(Presentation {
        api_key: api_key.text()?,
        signed: signed.text()?,
        timestamp: timestamp.text()?,
        passphrase: passphrase.text()?,
    })
}

/// How often a header was sent, and what it says.
#[derive(Clone, Copy)]
struct Sent<'a> {
    name: &'static str,
    count: usize,
    value: Option<&'a HeaderValue>,
}

impl<'a> Sent<'a> {
    /// Looks through the headers once: they are few, and each look-up by name would hash and check the name anew.
    fn find(headers: &'a HeaderMap) -> [[Self; 4]; 2] {
        let mut all = SigningHeaders::FAMILIES
            .map(|family| family.names().map(|name| Self { name, count: 0, value: None }));
        for (name, value) in headers {
            if let Some(sent) = all.as_flattened_mut().iter_mut().find(|sent| sent.name == name.as_str()) {
                sent.count += 1;
                sent.value = Some(value);
            }
        }
        all
    }

    fn text(self) -> Result<&'a str, Refusal> {
        match self.value.map_or("", printable_ascii) {
            "" => Err(Refusal::new(ErrorCode::MalformedHeader, malformed(self.name))),
            text => Ok(text),
        }
    }
}

/// The value, or nothing where it is not printable ASCII.
fn printable_ascii(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}

fn shown(name: &str) -> String {
    name.to_ascii_uppercase()
}

fn missing(name: &str) -> String {
    format!("The header {} is missing. A signed request has all four: {}.", shown(name), all_four())
}

fn malformed(name: &str) -> String {
    format!("The header {} is empty or holds other than printable ASCII characters.", shown(name))
}

fn all_four() -> String {
    SigningHeaders::NDAX.names().map(shown).join(", ")
}

fn refuse_body(rejection: BodyRejection) -> Refusal {
    match rejection {
        BodyRejection::TooLarge => Refusal::new(ErrorCode::BodyTooLarge, BODY_TOO_LARGE).closing(),
        BodyRejection::Overloaded => Refusal::new(
            ErrorCode::Overloaded,
            "Too many bodies are arriving slowly; nothing was stored. Repeat the same request.",
        )
        .closing(),
        BodyRejection::TimedOut => {
            Refusal::new(ErrorCode::RequestTimeout, "The body did not arrive in time; nothing was stored.")
                .closing()
        }
        BodyRejection::Broken => Refusal::new(
            ErrorCode::MalformedJson,
            "The body ended before its announced length, or its chunks are broken; nothing was stored.",
        )
        .closing(),
    }
}

fn refuse_timestamp(rejection: TimestampRejection, server_time: i64) -> Refusal {
    match rejection {
        TimestampRejection::Milliseconds => Refusal::new(
            ErrorCode::TimestampMalformed,
            "X-NDAX-TIMESTAMP has 13 digits: milliseconds were sent where seconds are expected. Divide by 1000 and round \
             to a whole number, and sign that same number.",
        ),
        TimestampRejection::Malformed => Refusal::new(
            ErrorCode::TimestampMalformed,
            "X-NDAX-TIMESTAMP must be the Unix time in whole seconds, 1 to 11 digits and nothing else.",
        ),
        TimestampRejection::OutsideWindow { difference_seconds } => {
            let seconds = difference_seconds.unsigned_abs();
            let side = if difference_seconds < 0 { "behind" } else { "ahead of" };
            let detail = format!(
                "X-NDAX-TIMESTAMP is {seconds} seconds {side} the server's clock. Set the caller's clock, or sign just before \
                 sending; GET /time gives the server's time."
            );
            Refusal::new(ErrorCode::TimestampOutsideWindow, detail)
                .with(|problem| problem.add_clock(server_time, difference_seconds))
        }
    }
}

fn refuse_caller(explained: ExplainedRejection, parts: &SignedParts<'_>) -> Refusal {
    match explained.rejection {
        AuthRejection::UnknownApiKey => {
            Refusal::new(ErrorCode::UnknownApiKey, "No API key has the name in X-NDAX-API-KEY.")
        }
        AuthRejection::InvalidSignature => Refusal::invalid_signature(parts, explained.hint.map(wire_hint)),
        AuthRejection::InvalidPassphrase => Refusal::new(
            ErrorCode::InvalidPassphrase,
            "The signature is right, but X-NDAX-PASSPHRASE is not the passphrase of this API key.",
        ),
        AuthRejection::ApiKeyExpired => Refusal::new(
            ErrorCode::ApiKeyExpired,
            "This API key has expired. Ask the operator for a new one.",
        ),
        AuthRejection::ApiKeyRevoked => Refusal::new(
            ErrorCode::ApiKeyRevoked,
            "This API key was revoked. Ask the operator for a new one.",
        ),
        AuthRejection::PermissionMissing => Refusal::new(
            ErrorCode::PermissionMissing,
            "This API key lacks the permission that the operation needs. Ask the operator for a key that has it.",
        ),
        AuthRejection::PlatformSuspended => {
            Refusal::new(ErrorCode::PlatformSuspended, "The platform is suspended. Ask the operator.")
        }
        AuthRejection::EndpointNotEnabled => Refusal::new(
            ErrorCode::EndpointNotEnabled,
            "This endpoint is not enabled for the platform. Ask the operator to enable it.",
        ),
    }
}

/// The hint as it travels.
fn wire_hint(hint: registrar_crypto::hints::SignatureHint) -> Hint {
    use registrar_crypto::hints::SignatureHint as Found;
    match hint {
        Found::SecretNotDecoded => Hint::SecretNotDecoded,
        Found::HexDigest => Hint::HexDigest,
        Found::BodyWithSpaces => Hint::BodyWithSpaces,
        Found::BodySortedKeys => Hint::BodySortedKeys,
        Found::QueryMissing => Hint::QueryMissing,
        Found::QueryAdded => Hint::QueryAdded,
        Found::Milliseconds => Hint::Milliseconds,
        Found::MethodCase => Hint::MethodCase,
        Found::BracesSignedWithBody => Hint::BracesSignedWithBody,
        Found::NothingSignedWithoutBody => Hint::NothingSignedWithoutBody,
        Found::V3Prefix => Hint::V3Prefix,
        Found::TrailingNewline => Hint::TrailingNewline,
    }
}

/// A query is there only where the operation has one; the signed text has no separators and must stay unambiguous.
pub(crate) fn check_query(operation: &Operation, query: Option<&str>) -> Result<(), Refusal> {
    let Some(query) = query else { return Ok(()) };
    let known = |pair: &str| operation.query.contains(&pair.split('=').next().unwrap_or_default());
    if !operation.query.is_empty() && query.split('&').all(known) {
        return Ok(());
    }
    let detail = if operation.query.is_empty() {
        "This operation has no query parameters. Remove the question mark and what follows it, also from what is signed."
            .to_owned()
    } else {
        format!("The query parameters of this operation are: {}.", operation.query.join(", "))
    };
    Err(Refusal::new(ErrorCode::UnknownQuery, detail))
}

/// JSON in UTF-8, not encoded; no Content-Type counts as JSON (contract 2.5).
fn check_media_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let refuse = |detail| Err(Refusal::new(ErrorCode::UnsupportedMediaType, detail));
    let identity = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(CONTENT_ENCODING).iter().all(identity) {
        return refuse("The body has a Content-Encoding. Send it as it is, without compression.");
    }
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let Some(first) = types.next() else { return Ok(()) };
    if types.next().is_some() {
        return refuse("Content-Type was sent more than once. Send `Content-Type: application/json`.");
    }
    let text = first.to_str().unwrap_or("?").to_ascii_lowercase();
    let mut pieces = text.split(';').map(str::trim);
    let essence = pieces.next().unwrap_or_default();
    let json =
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    if !json {
        return refuse("The body's Content-Type is not JSON. Send `Content-Type: application/json`.");
    }
    let utf8 = |piece: &str| match piece.split_once('=') {
        Some((name, value)) if name.trim() == "charset" => {
            matches!(value.trim().trim_matches('"'), "utf-8" | "utf8")
        }
        _ => true,
    };
    if pieces.all(utf8) {
        Ok(())
    } else {
        refuse("The body's charset is not UTF-8. Send UTF-8 and `Content-Type: application/json`.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;

    fn headers(pairs: &[(&'static str, &[u8])]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap()))
            .collect::<Vec<_>>()
            .into_iter()
            .fold(HeaderMap::new(), |mut all, (name, value)| {
                all.append(name, value);
                all
            })
    }

    fn code(refusal: Refusal) -> ErrorCode {
        let trace_id = registrar_domain::ids::TraceId::new(registrar_domain::clock::UnixMillis(0), [0; 10]);
        refusal.answer(trace_id).refused.unwrap()
    }

    const FULL: [(&str, &[u8]); 4] = [
        ("x-ndax-api-key", b"key"),
        ("x-ndax-signed", b"sig"),
        ("x-ndax-timestamp", b"1700000000"),
        ("x-ndax-passphrase", b"pass"),
    ];

    #[test]
    fn four_headers_of_one_family_are_read() {
        let expected =
            Presentation { api_key: "key", signed: "sig", timestamp: "1700000000", passphrase: "pass" };
        assert_eq!(format!("{expected:?}"), "Presentation { .. }");
        assert_eq!(signing_headers(&headers(&FULL)).ok(), Some(expected));
        let alias = FULL.map(|(name, value)| {
            (SigningHeaders::SCX.names().into_iter().find(|alias| alias[6..] == name[7..]).unwrap(), value)
        });
        assert!(signing_headers(&headers(&alias)).is_ok());
    }

    #[test]
    fn header_failures_count_in_the_order_missing_duplicate_malformed() {
        for absent in 0..4 {
            let mut pairs = FULL.to_vec();
            pairs.remove(absent);
            pairs.push(pairs[0]);
            pairs[1].1 = b"";
            let refusal = signing_headers(&headers(&pairs)).unwrap_err();
            assert_eq!(code(refusal), ErrorCode::MissingHeader);
        }
        for twice in 0..4 {
            let mut pairs = FULL.to_vec();
            pairs.push(pairs[twice]);
            pairs[(twice + 1) % 4].1 = b"";
            let refusal = signing_headers(&headers(&pairs)).unwrap_err();
            assert_eq!(code(refusal), ErrorCode::DuplicateHeader);
        }
        for spoiled in 0..4 {
            for value in [&b""[..], "\u{e9}".as_bytes(), b"a\tb"] {
                let mut pairs = FULL.to_vec();
                pairs[spoiled].1 = value;
                let Err(refusal) = signing_headers(&headers(&pairs)) else {
                    // A tab is legal inside a header value; it is the signature or look-up that fails then.
                    assert_eq!(value, b"a\tb");
                    continue;
                };
                assert_eq!(code(refusal), ErrorCode::MalformedHeader);
            }
        }
    }

    #[test]
    fn a_mix_of_families_is_malformed_and_never_counts_as_missing() {
        let mut mixed = FULL.to_vec();
        mixed[1].0 = "x-scx-signed";
        assert_eq!(code(signing_headers(&headers(&mixed)).unwrap_err()), ErrorCode::MalformedHeader);
        let mut both = FULL.to_vec();
        both.push(("x-scx-signed", b"sig"));
        assert_eq!(code(signing_headers(&headers(&both)).unwrap_err()), ErrorCode::MalformedHeader);
    }

    #[test]
    fn json_in_utf_8_is_the_only_media_type_and_may_go_unsaid() {
        for accepted in [
            &[][..],
            &[("content-type", &b"application/json"[..])],
            &[("content-type", b"Application/JSON; charset=UTF-8")],
            &[("content-type", b"application/json;charset=\"utf-8\"")],
            &[("content-type", b"application/vnd.api+json")],
            &[("content-encoding", b"identity")],
        ] {
            assert!(check_media_type(&headers(accepted)).is_ok(), "{accepted:?}");
        }
        for refused in [
            &[("content-type", &b"text/plain"[..])][..],
            &[("content-type", b"")],
            &[("content-type", b"application/jsonp")],
            &[("content-type", b"application/x-www-form-urlencoded")],
            &[("content-type", b"application/json; charset=iso-8859-1")],
            &[("content-type", b"application/json; charset=utf-16")],
            &[("content-type", b"application/json"), ("content-type", b"application/json")],
            &[("content-encoding", b"gzip")],
            &[("content-encoding", b"identity, gzip")],
        ] {
            let refusal = check_media_type(&headers(refused)).unwrap_err();
            assert_eq!(code(refusal), ErrorCode::UnsupportedMediaType, "{refused:?}");
        }
    }

    #[test]
    fn an_operation_without_query_parameters_refuses_any_question_mark() {
        let operation = registrar_wire::CREATE_CUSTOMER;
        assert!(check_query(&operation, None).is_ok());
        for query in ["", "a=b", "&"] {
            assert_eq!(code(check_query(&operation, Some(query)).unwrap_err()), ErrorCode::UnknownQuery);
        }
    }
}
