//! The envelope of every answer: contract 2.1, 2.2, 2.4. What holds for all answers alike is checked wherever a test reads
//! one (`support::answer`); here every kind of answer is provoked once.

use crate::support::answer::is_uuid_v7;
use crate::support::body::Body;
use crate::support::clock::now_seconds;
use crate::support::registrar::Registrar;
use crate::support::request::{CREATE, Request};
use registrar_wire::ErrorCode;
use std::collections::HashSet;

/// Requests that are answered in different ways, each with the status it gets.
fn every_kind(registrar: &Registrar) -> Vec<(u16, Request)> {
    let signer = registrar.own();
    let with_key = |request| signer.signed(request);
    let submission = || Request::submission(&Body::of("asha"));
    vec![
        (200, with_key(submission())),
        (400, with_key(submission())),
        (200, Request::get("/time")),
        (200, Request::new("HEAD", "/time")),
        (404, Request::get("/nothing")),
        (404, Request::new("HEAD", "/nothing")),
        (405, Request::get(CREATE)),
        (413, Request::post(" ".repeat(65_537))),
        (401, submission()),
        (401, signer.with_wrong_secret().signed(submission())),
        (400, with_key(submission().target(&format!("{CREATE}?x")))),
        (415, with_key(submission().with("Content-Type", "text/plain"))),
        (400, with_key(Request::post("{"))),
        (400, with_key(Request::post("{}"))),
        (431, submission().header("X-Long", "x".repeat(20_000))),
    ]
}

// 2.1: the headers of every answer, 2.2: the shape of every error, 2.4: `X-Trace-Id`
#[test]
fn every_kind_of_answer_has_the_headers_and_every_error_the_shape() {
    let registrar = Registrar::start();
    let mut trace_ids = HashSet::new();
    let requests = every_kind(&registrar);
    for (status, request) in &requests {
        // `send` checks headers and shape.
        let answer = registrar.send(request);
        assert_eq!(answer.status, *status, "{} {}: {}", request.method, request.target, answer.text());
        assert!(is_uuid_v7(answer.trace_id()));
        trace_ids.insert(answer.trace_id().to_owned());
    }
    assert_eq!(trace_ids.len(), requests.len(), "each request has a trace id of its own");
}

// 2.1
#[test]
fn a_success_is_json_with_message_alone() {
    let registrar = Registrar::start();
    let answer = registrar.submit(&Body::of("asha"));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.keys(), ["message"]);
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

// 5: the server's time, unsigned
#[test]
fn the_time_is_whole_seconds_and_nothing_else() {
    let registrar = Registrar::start();
    let before = now_seconds();
    let answer = registrar.get("/time");
    assert_eq!(answer.keys(), ["epoch"]);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!((before..=now_seconds()).contains(&answer.json()["epoch"].as_i64().unwrap()));
}

// 2.4: UUID v7, in the order of time
#[test]
fn later_requests_have_later_trace_ids() {
    let registrar = Registrar::start();
    let times: Vec<_> = (0..5).map(|_| registrar.get("/time").trace_id()[..13].to_owned()).collect();
    assert!(times.is_sorted(), "{times:?}");
}

// 2.4: echoed if it is 1 to 64 of [A-Za-z0-9._-], otherwise ignored
#[test]
fn a_well_formed_x_request_id_is_echoed_and_any_other_ignored() {
    let registrar = Registrar::start();
    let (longest, too_long) = ("a".repeat(64), "a".repeat(65));
    for id in ["a", "AZaz09._-", "7fbab305-2679-4279-808b-9b7a63a55c85", &longest] {
        for request in [Request::get("/time"), Request::get("/nothing"), Request::post("{}")] {
            let answer = registrar.send(&request.header("X-Request-Id", id));
            assert_eq!(answer.header("x-request-id"), Some(id));
        }
    }
    for id in ["", &too_long, "a b", "a/b", "a,b", "<x>", "é", "a\tb", "%41", "a:b", "\"a\""] {
        let answer = registrar.send(&Request::get("/time").header("X-Request-Id", id));
        assert_eq!((answer.status, answer.header("x-request-id")), (200, None), "{id}");
    }
    let twice = Request::get("/time").header("X-Request-Id", "a").header("X-Request-Id", "b");
    assert_eq!(registrar.send(&twice).header("x-request-id"), None);
    assert_eq!(registrar.get("/time").header("x-request-id"), None, "none is made up");
}

// 2.4: logged as `client_request_id` if it is well formed, with the trace id
#[test]
fn a_well_formed_x_request_id_is_logged_and_any_other_is_not() {
    let mut registrar = Registrar::start();
    let answer = registrar.send(&Request::post("").header("X-Request-Id", "well-formed.1"));
    registrar.send(&Request::post("").header("X-Request-Id", "not/well-formed"));
    registrar.stop();
    let log = std::fs::read_to_string(&registrar.error_files()[0]).unwrap();
    let mut lines = log.lines().filter(|line| line.contains("well-formed"));
    let line: serde_json::Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert_eq!(line["client_request_id"], "well-formed.1");
    assert_eq!((&line["trace_id"], &line["code"]), (&answer.trace_id().into(), &"missing_header".into()));
    assert_eq!(lines.next(), None);
}

// 2.4
#[test]
fn x_request_id_plays_no_part_in_idempotency() {
    let registrar = Registrar::start();
    let submission = |name: &str, id: &str| Request::submission(&Body::of(name)).header("X-Request-Id", id);
    assert_eq!(registrar.send_signed(submission("asha", "one")).code(), "ok");
    assert_eq!(registrar.send_signed(submission("usha", "one")).code(), "ok");
    assert_eq!(registrar.send_signed(submission("asha", "one")).code(), "payload_already_submitted");
}

// 2.2: a page for each code
#[test]
fn the_page_of_every_code_explains_it() {
    let registrar = Registrar::start();
    for code in ErrorCode::ALL {
        let page = registrar.get(code.type_uri());
        assert_eq!(page.status, 200, "{code}");
        let text = page.text();
        assert!(text.contains(code.code()) && text.contains(&code.status().to_string()), "{code}: {text}");
    }
    assert_eq!(registrar.get("/errors/no_such_code").code(), "not_found");
}

// 2.2: what the HTTP library itself refuses
#[test]
fn bytes_that_are_no_http_get_a_bare_400_and_a_close() {
    let registrar = Registrar::start();
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"GET /time HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /time HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"GET /ti me HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /time HTTP/1.1\r\nHost: x\r\nContent-Length: minus\r\n\r\n",
    ] {
        let mut connection = registrar.connect();
        connection.write(bytes);
        let answer = connection.read_answer(false).unwrap();
        assert_eq!((answer.status, &*answer.body), (400, &b""[..]));
        assert!(connection.is_closed_by_server());
    }
    assert_eq!(registrar.get("/time").status, 200);
}

// 2.2, 2.5
#[test]
fn a_head_that_the_library_does_not_hold_gets_a_bare_431_and_a_close() {
    let registrar = Registrar::start();
    let many =
        (0..200).fold(Request::get("/time"), |request, number| request.header(&format!("X-{number}"), "x"));
    let large = Request::get("/time").header("X-Large", "x".repeat(64 * 1024));
    for request in [many, large] {
        let mut connection = registrar.connect();
        connection.write(&request.bytes());
        let answer = connection.read_answer(false).unwrap();
        assert_eq!((answer.status, &*answer.body), (431, &b""[..]));
        assert!(connection.is_closed_by_server());
    }
}

// 2.1, 2.5: answers keep the connection, so that the next request on it is read
#[test]
fn one_connection_takes_requests_of_every_kind_one_after_the_other() {
    let registrar = Registrar::start();
    let mut connection = registrar.connect();
    for (status, request) in every_kind(&registrar) {
        if status == 413 || status == 405 || status == 404 && !request.body.is_empty() {
            continue;
        }
        assert_eq!(connection.exchange(&request).status, status, "{} {}", request.method, request.target);
    }
}
