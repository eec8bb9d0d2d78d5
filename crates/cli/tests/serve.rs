//! `registrar serve`: configuration, refusals, drain.

#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use support::{Server, credentials, customer_named, get, run};

/// A database of `dev` with its platform, for a production server to take over.
fn prepared() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    drop(Server::dev(folder.path()));
    folder
}

const SERVE: [&str; 7] = [
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--database",
    "sqlite:data/registrar.db",
    "--master-key-file",
    "data/master.key",
];

fn serve(folder: &Path) -> Server {
    let mut command = support::registrar(folder, &SERVE);
    command.env("REGISTRAR_METRICS_LISTEN", "127.0.0.1:0");
    Server::start_command(folder, command)
}

#[test]
fn it_serves_without_documentation_and_with_probes() {
    let folder = prepared();
    let server = serve(folder.path());
    assert!(get(server.address(), "/time").starts_with("HTTP/1.1 200"));
    assert!(get(server.address(), "/docs").starts_with("HTTP/1.1 404"));
    let ended = server.end();
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.stdout.lines().count(), 1);
    assert!(ended.stderr.contains("\"metrics_listen\":\"127.0.0.1:"));
}

#[test]
fn it_says_that_it_made_a_database_where_there_was_none() {
    let folder = prepared();
    let made = "a new, empty one was made";
    assert!(!serve(folder.path()).end().stderr.contains(made));
    std::fs::remove_file(folder.path().join("data/registrar.db")).unwrap();
    assert!(serve(folder.path()).end().stderr.contains(made));
}

#[test]
fn it_refuses_to_start_without_a_master_key() {
    let folder = tempfile::tempdir().unwrap();
    let refused = run(folder.path(), &["serve", "--database", "sqlite:new.db"]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.starts_with("error: no master key file is set – name the master key file with"),
        "{}",
        refused.stderr
    );
    assert!(!folder.path().join("new.db").exists());
    let missing =
        run(folder.path(), &["serve", "--database", "sqlite:new.db", "--master-key-file", "none.key"]);
    assert_eq!(missing.code, Some(3));
    assert!(
        missing.stderr.starts_with("error: cannot read the master key file none.key"),
        "{}",
        missing.stderr
    );
    assert!(!folder.path().join("new.db").exists());
}

#[test]
fn it_refuses_to_start_without_a_database() {
    let folder = prepared();
    let refused = run(folder.path(), &["serve", "--master-key-file", "data/master.key"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.starts_with("error: no database is named – "), "{}", refused.stderr);
}

#[test]
fn an_address_of_postgres_that_only_looks_encrypted_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused =
        run(folder.path(), &["serve", "--database", "postgres://user:hunter2@host/db?sslmode=prefer"]);
    assert_eq!(refused.code, Some(2));
    let beginning =
        "error: --database is refused: the database's address asks for sslmode=allow or prefer, which";
    assert!(refused.stderr.starts_with(beginning), "{}", refused.stderr);
    assert!(!refused.stderr.contains("hunter2"));
}

#[test]
fn an_address_that_is_not_loopback_is_served_with_a_warning() {
    let folder = prepared();
    let mut command = support::registrar(
        folder.path(),
        &["serve", "--database", "sqlite:data/registrar.db", "--master-key-file", "data/master.key"],
    );
    command.env("REGISTRAR_LISTEN", "0.0.0.0:0").env("REGISTRAR_METRICS_LISTEN", "127.0.0.1:0");
    let ended = Server::start_command(folder.path(), command).end();
    assert!(
        ended
            .stderr
            .starts_with("warning: 0.0.0.0:0 is not a loopback address and Registrar speaks plain HTTP;"),
        "{}",
        ended.stderr
    );
}

#[test]
fn sigterm_drains_the_request_under_way() {
    let folder = prepared();
    let server = serve(folder.path());
    let body = customer_named("drained");
    let file = folder.path().join("customer.json");
    std::fs::write(&file, &body).unwrap();
    let mut kept = credentials(&folder.path().join("data/credentials.json"));
    kept.base_url.clone_from(&server.base_url);
    let second = folder.path().join("credentials.json");
    std::fs::write(&second, serde_json::to_string(&kept).unwrap()).unwrap();
    let target = "/participants/customers/new";
    let signed = run(
        folder.path(),
        &["sign", "POST", target, "--body", "customer.json", "--credentials", "credentials.json", "--json"],
    );
    let signed: serde_json::Value = serde_json::from_str(&signed.stdout).unwrap();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    write!(stream, "POST {target} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n", body.len()).unwrap();
    for (name, value) in signed["headers"].as_object().unwrap() {
        write!(stream, "{name}: {}\r\n", value.as_str().unwrap()).unwrap();
    }
    let (half, rest) = body.split_at(body.len() / 2);
    write!(stream, "\r\n{half}").unwrap();
    stream.flush().unwrap();
    // Another connection proves that the first bytes had time to arrive: the server answers in the order of its work.
    assert!(get(server.address(), "/time").starts_with("HTTP/1.1 200"));
    server.signal("TERM");
    wait_until_refused(server.address());
    write!(stream, "{rest}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let ended = server.wait();
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains("\"message\":\"draining\""), "{}", ended.stderr);
}

#[test]
fn a_flood_of_refused_requests_is_logged_as_some_lines_and_a_count_and_metrics_count_each() {
    const SENT: usize = 500;
    let folder = prepared();
    let server = serve(folder.path());
    let request = "POST /participants/customers/new HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}";
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(request.repeat(SENT - 1).as_bytes()).unwrap();
    stream.write_all(request.replacen("Host", "Connection: close\r\nHost", 1).as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 401").count(), SENT);
    let metrics = get(&private_address(&server), "/metrics");
    let counted = "requests_total{operation=\"create_customer\",status=\"401\",code=\"missing_header\"}";
    assert!(metrics.contains(&format!("registrar_{counted} {SENT}\n")), "{metrics}");
    // What is not told yet is told at the end.
    let log = server.end().stderr;
    let of = |message: &str| {
        let wanted = format!("\"message\":\"{message}\"");
        log.lines().filter(|line| line.contains(&wanted)).map(str::to_owned).collect::<Vec<_>>()
    };
    let (told, counts) = (of("request"), of("more requests of this kind"));
    let count = |line: &String| -> usize {
        let (_, rest) = line.split_once("\"count\":").unwrap();
        rest.split(|character: char| !character.is_ascii_digit()).next().unwrap().parse().unwrap()
    };
    assert_eq!(told.len() + counts.iter().map(count).sum::<usize>(), SENT, "{log}");
    // A second may end between two of the answers, more than one hardly.
    assert!((20..=100).contains(&told.len()), "{log}");
    for line in told.iter().chain(&counts) {
        assert!(
            line.contains("\"operation\":\"create_customer\",\"status\":401,\"code\":\"missing_header\"")
        );
    }
    assert!(told.iter().all(|line| line.contains("\"trace_id\":")));
}

/// The address of the private listener, as the log tells it. A thread of its own writes the log, perhaps after the server
/// has said that it is ready.
fn private_address(server: &Server) -> String {
    loop {
        let log = server.log();
        let told = log.split_once("\"metrics_listen\":\"").and_then(|(_, rest)| rest.split_once('"'));
        if let Some((address, _)) = told {
            return address.to_owned();
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_server_that_a_balancer_watches_goes_on_accepting_until_it_had_time_to_notice() {
    let folder = prepared();
    let mut command = support::registrar(folder.path(), &SERVE);
    command.env("REGISTRAR_METRICS_LISTEN", "127.0.0.1:0").env("REGISTRAR_HTTP_DRAIN_DELAY", "10m");
    let server = Server::start_command(folder.path(), command);
    let private = private_address(&server);
    assert!(get(&private, "/readyz").starts_with("HTTP/1.1 200"));
    let mut kept = TcpStream::connect(server.address()).unwrap();
    let request = b"GET /time HTTP/1.1\r\nhost: x\r\n\r\n";
    kept.write_all(request).unwrap();
    let mut first = [0; 4096];
    let count = kept.read(&mut first).unwrap();
    assert!(!String::from_utf8_lossy(&first[..count]).contains("connection: close"));
    server.signal("TERM");
    while !get(&private, "/readyz").starts_with("HTTP/1.1 503") {
        std::thread::yield_now();
    }
    let mut fresh = TcpStream::connect(server.address()).unwrap();
    for stream in [&mut kept, &mut fresh] {
        stream.write_all(request).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    }
    // Another signal ends the wait.
    assert_eq!(server.end().code, Some(0));
}

#[test]
fn a_server_that_nobody_watches_ends_without_waiting() {
    let folder = prepared();
    let mut command = support::registrar(folder.path(), &SERVE);
    command.env("REGISTRAR_METRICS_LISTEN", "127.0.0.1:0").env("REGISTRAR_HTTP_DRAIN_DELAY", "1m");
    let server = Server::start_command(folder.path(), command);
    let begun = std::time::Instant::now();
    assert_eq!(server.end().code, Some(0));
    assert!(begun.elapsed() < std::time::Duration::from_mins(1));
}

/// Connecting fails once the listener is closed, which is what the signal does first where nobody watches `/readyz`.
fn wait_until_refused(address: &str) {
    while TcpStream::connect(address).is_ok() {
        std::thread::yield_now();
    }
}

#[test]
fn sigint_ends_it_too() {
    let folder = prepared();
    let server = serve(folder.path());
    server.signal("INT");
    assert_eq!(server.wait().code, Some(0));
}

#[test]
fn the_effective_configuration_is_printed_with_origins() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("registrar.toml"), "[http]\nidle_timeout = \"30s\"\n").unwrap();
    let mut command =
        support::registrar(folder.path(), &["serve", "--print-config", "--listen", "127.0.0.1:81"]);
    let output = command.env("REGISTRAR_LOG_LEVEL", "warn").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let origin = |key: &str| {
        let line = text.lines().find(|line| line.contains(key)).unwrap();
        line.rsplit("  # ").next().unwrap().to_owned()
    };
    assert_eq!(origin("listen ="), "--listen");
    assert_eq!(origin("log.level"), "REGISTRAR_LOG_LEVEL");
    assert_eq!(origin("http.idle_timeout"), "registrar.toml");
    assert_eq!(origin("http.body_timeout"), "default");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}

#[test]
fn a_wrong_configuration_is_refused_with_every_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("registrar.toml"), "lisen = \"x\"\n").unwrap();
    let mut command = support::registrar(folder.path(), &["serve"]);
    let output = command.env("REGISTRAR_HTTP_BODY_TIMEOUT", "99h").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: registrar.toml: lisen is not a setting; did you mean listen?\n\
         error: REGISTRAR_HTTP_BODY_TIMEOUT is out of range; write a duration from 100ms to 10m, with its unit (ms, s, m, h)\n"
    );
}
