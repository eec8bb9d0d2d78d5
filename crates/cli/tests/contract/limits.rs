//! Paths, methods, sizes and media types: contract 2.5.

use crate::support::body::Body;
use crate::support::registrar::{Options, Registrar};
use crate::support::request::{CREATE, Request};
use std::io::Write as _;

/// A valid submission of exactly this many bytes.
fn padded(name: &str, length: usize) -> String {
    let body = Body::of(name).text();
    format!("{body}{}", " ".repeat(length - body.len()))
}

// 2.5 not_found
#[test]
fn a_path_that_nothing_is_at_is_not_found_with_any_method() {
    let registrar = Registrar::start();
    for target in ["/participants", "/participants/customers", "/time/", "/new", "/metrics", "/healthz", "*"]
    {
        for method in ["GET", "POST", "DELETE", "OPTIONS"] {
            if target == "*" && method != "OPTIONS" {
                continue;
            }
            let answer = registrar.send(&Request::new(method, target));
            assert_eq!((answer.status, &*answer.code()), (404, "not_found"), "{method} {target}");
        }
    }
}

// 2.5 not_found: what is wrong and what to do
#[test]
fn a_known_path_behind_a_version_is_told_what_to_remove_and_no_other_is() {
    let registrar = Registrar::start();
    for (target, is_told) in [
        ("/v3/participants/customers/new", true),
        ("/v3/time", true),
        ("/v3/", true),
        ("/v3", false),
        ("/v3time", false),
        ("/v3/participants/customers", false),
        ("/v3/v3/time", false),
        ("/v2/time", false),
    ] {
        let answer = registrar.get(target);
        assert_eq!((answer.status, &*answer.code()), (404, "not_found"), "{target}");
        assert_eq!(answer.text().contains("remove /v3"), is_told, "{target}: {}", answer.text());
    }
}

// 5: on in `dev`
#[test]
fn the_address_of_a_server_with_documentation_leads_there() {
    let registrar = Registrar::start();
    let answer = registrar.get("/");
    assert_eq!((answer.status, answer.header("location")), (302, Some("/docs")));
    assert_eq!(registrar.send(&Request::new("POST", "/")).code(), "method_not_allowed");
}

// 2.5 method_not_allowed with `Allow`
#[test]
fn a_method_that_a_path_does_not_have_is_refused_with_those_it_has() {
    let registrar = Registrar::start();
    for (target, allowed) in [(CREATE, "POST"), ("/time", "GET, HEAD"), ("/errors/not_found", "GET, HEAD")] {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            if allowed.split(", ").any(|one| one == method) {
                continue;
            }
            let answer = registrar.send(&Request::new(method, target));
            assert_eq!(answer.status, 405, "{method} {target}");
            assert_eq!(answer.header("allow"), Some(allowed), "{method} {target}");
            if method != "HEAD" {
                assert_eq!(answer.code(), "method_not_allowed");
            }
        }
    }
}

// 2.5: methods have a case (RFC 9110, 9.1)
#[test]
fn a_method_in_small_letters_is_another_method() {
    let registrar = Registrar::start();
    let answer = registrar.send_signed(Request::submission(&Body::of("asha")).method("post"));
    assert_eq!(answer.code(), "method_not_allowed");
}

// 2.5 body_too_large: 64 KiB
#[test]
fn a_body_of_65536_bytes_is_accepted_and_one_byte_more_is_too_large() {
    let registrar = Registrar::start();
    let answer = registrar.submit_bytes(padded("announced", 65_536));
    assert_eq!(answer.code(), "ok", "{}", answer.text());
    let answer = registrar.submit_bytes(padded("asha", 65_537));
    assert_eq!((answer.status, &*answer.code()), (413, "body_too_large"));
    let chunked = |name, length| registrar.send_signed(Request::post(padded(name, length)).chunked());
    assert_eq!(chunked("chunked", 65_536).code(), "ok");
    assert_eq!(chunked("usha", 65_537).code(), "body_too_large");
}

// 2.5 body_too_large: also a client that only reads when all is written gets the answer
#[test]
fn a_much_too_large_body_still_gets_its_answer() {
    let registrar = Registrar::start();
    let answer = registrar.send(&Request::post("x".repeat(900 * 1024)));
    assert_eq!((answer.status, &*answer.code()), (413, "body_too_large"));
}

// 2.5 unsupported_media_type; a missing Content-Type is taken as JSON
#[test]
fn a_body_that_is_declared_as_json_in_utf_8_is_read_and_any_other_is_unsupported() {
    let registrar = Registrar::start();
    let read = [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "application/json; charset=\"utf-8\"",
        "application/json ; charset=utf-8",
        "application/json; version=1",
    ];
    let post = || Request::post("{}").without("Content-Type");
    for media_type in read {
        let answer = registrar.send_signed(post().header("Content-Type", media_type));
        assert_eq!(answer.code(), "invalid_request", "{media_type}");
    }
    assert_eq!(registrar.send_signed(post()).code(), "invalid_request", "no Content-Type");
    for media_type in [
        "",
        "json",
        "text/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json-seq",
        "application/xml",
        "application/json; charset=iso-8859-1",
        "application/json; charset=utf-16",
        "application/json; charset=utf-8; charset=latin1",
        "é",
    ] {
        let answer = registrar.send_signed(post().header("Content-Type", media_type));
        assert_eq!((answer.status, &*answer.code()), (415, "unsupported_media_type"), "{media_type}");
    }
    let twice = post().header("Content-Type", "application/json").header("Content-Type", "text/plain");
    assert_eq!(registrar.send_signed(twice).code(), "unsupported_media_type");
}

// 2.5 unsupported_media_type: a Content-Encoding other than identity
#[test]
fn an_encoded_body_is_unsupported_unless_the_encoding_is_identity() {
    let registrar = Registrar::start();
    let encoded = |encoding| registrar.send_signed(Request::post("{}").header("Content-Encoding", encoding));
    for encoding in ["identity", "Identity"] {
        assert_eq!(encoded(encoding).code(), "invalid_request", "{encoding}");
    }
    for encoding in ["gzip", "br", "deflate", "zstd", "gzip, identity", "identity, gzip", "aes128gcm", "x"] {
        let answer = encoded(encoding);
        assert_eq!((answer.status, &*answer.code()), (415, "unsupported_media_type"), "{encoding}");
    }
}

// 2.5 headers_too_large
#[test]
fn headers_over_16_kib_are_too_large_and_those_a_program_sends_are_not() {
    let registrar = Registrar::start();
    let answer = registrar.send(&Request::get("/time").header("X-Long", "x".repeat(16 * 1024)));
    assert_eq!((answer.status, &*answer.code()), (431, "headers_too_large"));
    let submission = Request::submission(&Body::of("asha"))
        .header("User-Agent", "x".repeat(200))
        .header("Cookie", "x".repeat(4000))
        .header("Accept", "*/*");
    assert_eq!(registrar.send_signed(submission).code(), "ok");
}

// 2.5 request_timeout
#[test]
fn a_body_that_does_not_arrive_in_time_is_told_so() {
    let registrar = Registrar::start_with(Options::variable("REGISTRAR_HTTP_BODY_TIMEOUT", "300ms"));
    let request = registrar.own().signed(Request::submission(&Body::of("asha")));
    let bytes = request.bytes();
    let mut connection = registrar.connect();
    connection.write(&bytes[..bytes.len() - 1]);
    let answer = connection.read_answer(false).unwrap();
    answer.check();
    assert_eq!((answer.status, &*answer.code()), (408, "request_timeout"));
    assert!(connection.is_closed_by_server());
    assert_eq!(registrar.submit(&Body::of("asha")).code(), "ok", "nothing was stored");
}

// 2.5 overloaded, with `Retry-After`
#[test]
fn a_connection_over_the_bound_is_told_to_come_again() {
    let registrar = Registrar::start_with(Options::variable("REGISTRAR_HTTP_MAX_CONNECTIONS", "1"));
    let mut first = registrar.connect();
    assert_eq!(first.exchange(&Request::get("/time")).status, 200);
    let mut second = registrar.connect();
    let answer = second.read_answer(false).unwrap();
    answer.check();
    assert_eq!((answer.status, &*answer.code()), (503, "overloaded"));
    assert!(answer.header("retry-after").unwrap().parse::<u32>().is_ok());
    assert!(second.is_closed_by_server());
    assert_eq!(first.exchange(&Request::get("/time")).status, 200);
}

// 2.2, 3.2: where a request ends must not be in doubt
#[test]
fn nothing_is_read_behind_a_body_with_a_transfer_coding() {
    let registrar = Registrar::start();
    let request = registrar.own().signed(Request::submission(&Body::of("asha"))).chunked();
    for also_announced in [false, true] {
        let request =
            if also_announced { request.clone().header("Content-Length", "5") } else { request.clone() };
        let mut connection = registrar.connect();
        connection.write(&request.bytes());
        connection.write(&Request::get("/time").bytes());
        let answer = connection.read_answer(false).unwrap();
        assert!(answer.status == 200 || (400..500).contains(&answer.status));
        assert!(connection.is_closed_by_server());
    }
}

// 3.2: a body that ends early is not one object
#[test]
fn a_body_that_ends_before_its_announced_length_stores_nothing() {
    let registrar = Registrar::start();
    let request = registrar.own().signed(Request::submission(&Body::of("asha")));
    let bytes = request.with("Content-Length", "10000").bytes();
    let mut connection = registrar.connect();
    connection.write(&bytes);
    connection.finish_writing();
    if let Some(answer) = connection.read_answer(false) {
        assert!((400..500).contains(&answer.status));
    }
    assert_eq!(registrar.submit(&Body::of("asha")).code(), "ok");
}

// 2.5: `Expect: 100-continue` is how some clients send every body
#[test]
fn a_client_that_waits_for_100_continue_is_served() {
    let registrar = Registrar::start();
    let request =
        registrar.own().signed(Request::submission(&Body::of("asha"))).header("Expect", "100-continue");
    let bytes = request.bytes();
    let (head, body) = bytes.split_at(bytes.len() - request.body.len());
    let mut connection = registrar.connect();
    connection.write(head);
    assert_eq!(connection.read_answer(true).unwrap().status, 100);
    connection.write(body);
    let answer = connection.read_answer(false).unwrap();
    assert_eq!(answer.code(), "ok");
}

// 2.5: a request that arrives byte by byte is a request
#[test]
fn a_request_in_small_pieces_is_served() {
    let registrar = Registrar::start();
    let request = registrar.own().signed(Request::submission(&Body::of("asha")));
    let mut stream = std::net::TcpStream::connect(registrar.address()).unwrap();
    stream.set_nodelay(true).unwrap();
    for piece in request.bytes().chunks(7) {
        stream.write_all(piece).unwrap();
    }
    let mut start = [0; 15];
    std::io::Read::read_exact(&mut stream, &mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 200 OK");
}
