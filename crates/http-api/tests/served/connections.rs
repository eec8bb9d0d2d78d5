//! Connections that are slow, silent, too many or ambiguous, over real sockets.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::support::{Server, read_answer, read_to_close, short_limits};
use registrar_http_api::{Drain, HttpLimits};

const TIME: &[u8] = b"GET /time HTTP/1.1\r\nHost: x\r\n\r\n";

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

#[test]
fn a_client_that_sends_nothing_is_closed_after_the_first_byte_deadline() {
    let server = Server::start(short_limits());
    let started = Instant::now();
    assert_eq!(read_to_close(&mut server.connect()), "");
    assert!(started.elapsed() >= Duration::from_millis(250), "{:?}", started.elapsed());
}

#[test]
fn a_head_that_never_ends_is_closed_even_if_bytes_keep_coming() {
    let server = Server::start(short_limits());
    let mut stream = server.connect();
    let started = Instant::now();
    stream.write_all(b"GET /time HTTP/1.1\r\n").unwrap();
    while started.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(50));
        if stream.write_all(b"X-A: b\r\n").is_err() {
            break;
        }
    }
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

#[test]
fn a_body_that_never_comes_is_answered_408_and_closed() {
    let server = Server::start(short_limits());
    let answer = server
        .exchange(b"POST /participants/customers/new HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{");
    assert_eq!(status(&answer), "408");
    assert!(answer.contains(r#""code":"request_timeout""#), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
}

#[test]
fn a_client_that_has_finished_sending_still_gets_its_answer() {
    let server = Server::start(short_limits());
    for request in [
        &b"POST /participants/customers/new HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"[..],
        b"POST /participants/customers/new HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n",
    ] {
        for _ in 0..20 {
            let mut stream = server.connect();
            stream.write_all(request).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let answer = read_to_close(&mut stream);
            assert!(matches!(status(&answer), "400" | "401"), "{answer}");
        }
    }
}

#[test]
fn an_idle_connection_outlives_the_head_s_deadline_and_is_closed_after_its_own() {
    let server = Server::start(short_limits());
    let mut stream = server.connect();
    for _ in 0..2 {
        stream.write_all(TIME).unwrap();
        assert_eq!(status(&read_answer(&mut stream)), "200");
        std::thread::sleep(Duration::from_millis(600));
    }
    stream.write_all(TIME).unwrap();
    assert_eq!(status(&read_answer(&mut stream)), "200");
    let started = Instant::now();
    assert_eq!(read_to_close(&mut stream), "");
    assert!(started.elapsed() >= Duration::from_millis(700), "{:?}", started.elapsed());
}

#[test]
fn slow_connections_do_not_hold_up_a_good_one() {
    let server = Server::start(short_limits());
    let _silent: Vec<_> = (0..7).map(|_| server.connect()).collect();
    let mut stream = server.connect();
    stream.write_all(TIME).unwrap();
    assert_eq!(status(&read_answer(&mut stream)), "200");
}

/// More than a thousand, each of which announces as much as is accepted, or nothing, and sends a byte of it.
#[test]
fn slow_bodies_however_many_do_not_keep_a_body_in_pieces_from_being_read() {
    allow_open_files(4_096);
    let limits =
        HttpLimits { max_connections: 2_000, body_timeout: Duration::from_mins(1), ..short_limits() };
    let server = Server::start(limits);
    let slow = |place: u32| {
        let (length, byte) = if place.is_multiple_of(2) {
            ("Content-Length: 65536", "{")
        } else {
            ("Transfer-Encoding: chunked", "1\r\n{\r\n")
        };
        let head = format!("POST /participants/customers/new HTTP/1.1\r\nHost: x\r\n{length}\r\n\r\n");
        let mut stream = server.connect();
        stream.write_all((head + byte).as_bytes()).unwrap();
        stream
    };
    let held: Vec<_> = (0..1_200).map(slow).collect();
    let in_pieces =
        b"POST /participants/customers/new HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
        1\r\n{\r\n1\r\n}\r\n0\r\n\r\n";
    for _ in 0..5 {
        assert_eq!(status(&server.exchange(in_pieces)), "401");
    }
    drop(held);
}

/// Raises the soft limit where it is lower.
fn allow_open_files(wanted: u64) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < wanted) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).unwrap();
    }
}

#[test]
fn a_connection_over_the_bound_gets_a_503_and_is_closed() {
    let server = Server::start(short_limits());
    let mut open = Vec::new();
    for _ in 0..8 {
        let mut stream = server.connect();
        stream.write_all(TIME).unwrap();
        assert_eq!(status(&read_answer(&mut stream)), "200");
        open.push(stream);
    }
    let answer = read_to_close(&mut server.connect());
    assert_eq!(status(&answer), "503");
    for part in [r#""code":"overloaded""#, "retry-after: 1", "x-trace-id: ", "connection: close"] {
        assert!(answer.contains(part), "{part}\n{answer}");
    }
}

#[test]
fn a_request_with_a_transfer_coding_is_the_last_of_its_connection() {
    let server = Server::start(short_limits());
    let smuggled = "GET /time HTTP/1.1\r\nHost: x\r\n\r\n";
    for head in [
        "Transfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    ] {
        let request =
            format!("POST /participants/customers/new HTTP/1.1\r\nHost: x\r\n{head}\r\n0\r\n\r\n{smuggled}");
        let answer = server.exchange(request.as_bytes());
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
        assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
        assert!(!answer.contains("epoch"), "{answer}");
    }
}

#[test]
fn unequal_content_lengths_are_refused() {
    let server = Server::start(short_limits());
    let answer = server.exchange(
        b"POST /participants/customers/new HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    );
    assert_eq!(status(&answer), "400");
}

#[test]
fn a_body_over_the_bound_is_answered_413_also_to_a_client_that_only_reads_afterwards() {
    let server = Server::start(short_limits());
    for length in [65_537, 500_000] {
        let mut request = format!(
            "POST /participants/customers/new HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
        )
        .into_bytes();
        request.extend(std::iter::repeat_n(b' ', length));
        let answer = server.exchange(&request);
        assert_eq!(status(&answer), "413", "{length}");
        assert!(answer.contains(r#""code":"body_too_large""#), "{answer}");
    }
}

#[test]
fn a_client_that_waits_to_continue_is_told_at_once_that_its_body_is_too_large() {
    let server = Server::start(short_limits());
    let answer = server.exchange(
        b"POST /participants/customers/new HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\nExpect: 100-continue\r\n\r\n",
    );
    assert_eq!(status(&answer), "413");
}

#[test]
fn headers_over_their_bound_are_answered_431() {
    let server = Server::start(short_limits());
    let padding = "a".repeat(17_000);
    let request = format!("GET /time HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-A: {padding}\r\n\r\n");
    let answer = server.exchange(request.as_bytes());
    assert_eq!(status(&answer), "431");
    assert!(answer.contains(r#""code":"headers_too_large""#), "{answer}");
    let request = format!("GET /{padding} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_eq!(status(&server.exchange(request.as_bytes())), "431");
    let lines = "X-A: b\r\n".repeat(65);
    let answer = server.exchange(format!("GET /time HTTP/1.1\r\nHost: x\r\n{lines}\r\n").as_bytes());
    assert_eq!(status(&answer), "431");
}

#[test]
fn a_told_server_answers_what_is_under_way_and_ends() {
    let mut server = Server::start(short_limits());
    let mut under_way = server.connect();
    under_way
        .write_all(b"POST /participants/customers/new HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n")
        .unwrap();
    let mut idle = server.connect();
    idle.write_all(TIME).unwrap();
    assert_eq!(status(&read_answer(&mut idle)), "200");
    server.tell_to_end();
    assert_eq!(read_to_close(&mut idle), "");
    under_way.write_all(b"{}").unwrap();
    assert_eq!(status(&read_to_close(&mut under_way)), "401");
    assert_eq!(server.wait_for_end(), Drain::Complete);
}

#[test]
fn paths_are_taken_byte_for_byte_and_methods_are_named() {
    let server = Server::start(short_limits());
    for path in ["/participants/customers/new/", "//time", "/TIME", "/participants", "/time%2f", "/.//time"] {
        let answer = server
            .exchange(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes());
        assert_eq!(status(&answer), "404", "{path}");
        assert!(answer.contains(r#""code":"not_found""#), "{answer}");
    }
    for (method, path, allow) in [
        ("GET", "/participants/customers/new", "allow: POST"),
        ("DELETE", "/participants/customers/new", "allow: POST"),
        ("POST", "/time", "allow: GET, HEAD"),
    ] {
        let answer = server
            .exchange(format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes());
        assert_eq!(status(&answer), "405", "{method} {path}");
        assert!(answer.contains(allow), "{answer}");
        assert_eq!(answer.matches("allow: ").count(), 1, "{answer}");
    }
}
