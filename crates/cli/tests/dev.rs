//! `registrar dev`: what it makes, prints, keeps and refuses.

#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Instant;

use support::{SAMPLE, Server, client, credentials, customer_named, get, run};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn without_the_example_standard_output_is_the_ready_line_alone() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::dev(folder.path());
    let base_url = server.base_url.clone();
    assert!(get(server.address(), "/time").contains("\"epoch\""));
    let ended = server.end();
    assert_eq!(ended.stdout, format!("ready {base_url}\n"));
    assert_eq!(ended.code, Some(0));
}

#[test]
fn the_data_folder_and_its_files_are_for_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::dev(folder.path());
    let data = folder.path().join("data");
    assert_eq!(mode(&data), 0o700);
    for name in ["credentials.json", "master.key", "registrar.db"] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
    }
}

#[test]
fn the_credentials_have_their_members_in_order_and_the_base_url_of_each_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/credentials.json");
    let first = Server::dev(folder.path());
    let made = credentials(&file);
    assert_eq!(made.base_url, first.base_url);
    let text = std::fs::read_to_string(&file).unwrap();
    let places: Vec<_> = ["base_url", "platform_code", "api_key", "secret", "passphrase"]
        .iter()
        .map(|name| text.find(&format!("\"{name}\"")).unwrap())
        .collect();
    assert!(places.is_sorted());
    drop(first);
    let second = Server::dev(folder.path());
    let kept = credentials(&file);
    assert_eq!(kept.base_url, second.base_url);
    assert_eq!((kept.api_key, kept.secret, kept.passphrase), (made.api_key, made.secret, made.passphrase));
}

#[test]
fn a_later_start_is_ready_within_300_milliseconds() {
    let folder = tempfile::tempdir().unwrap();
    drop(Server::dev(folder.path()));
    let fastest = (0..3)
        .map(|_| {
            let started = Instant::now();
            let server = Server::dev(folder.path());
            let elapsed = started.elapsed();
            drop(server);
            elapsed
        })
        .min()
        .unwrap();
    assert!(fastest.as_millis() < 300, "{fastest:?}");
}

#[test]
fn the_example_is_submitted_once_and_replayed_on_later_starts() {
    let folder = tempfile::tempdir().unwrap();
    let start = || Server::start(folder.path(), &["dev", "--listen", "127.0.0.1:0", "--data", "data"]);
    let code_of = |printed: &str| {
        let at = printed.find("\"participant_code\": \"").unwrap() + 21;
        printed[at..at + 6].to_owned()
    };
    let first = start();
    assert!(first.printed.contains("was submitted; this is the answer"), "{}", first.printed);
    let code = code_of(&first.printed);
    drop(first);
    let second = start();
    assert!(second.printed.contains("on an earlier start"), "{}", second.printed);
    assert_eq!(code_of(&second.printed), code);
}

#[test]
fn the_own_platform_starts_empty_and_the_printed_commands_work() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &["dev", "--listen", "127.0.0.1:0", "--data", "the data"]);
    let printed = |start: &str| {
        let line = server.printed.lines().find(|line| line.contains(start)).unwrap().to_owned();
        let output =
            std::process::Command::new("sh").args(["-c", &line]).current_dir(folder.path()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, answer) = printed(" customer new ");
    assert_eq!(code, Some(0), "{answer}");
    assert!(answer.contains("\"first_name\": \"John\""));
    let (code, platform) = printed(" platform create ");
    assert_eq!(code, Some(0));
    assert!(platform.contains("Second"), "{platform}");
    if std::process::Command::new("curl").arg("--version").output().is_ok() {
        let (code, replay) = printed(" --curl");
        assert_eq!(code, Some(0));
        assert!(replay.starts_with("{\"message\":{\"first_name\":\"John\""), "{replay}");
    }
}

#[test]
fn nothing_that_is_printed_holds_a_secret_a_passphrase_or_a_signature() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &["dev", "--listen", "127.0.0.1:0", "--data", "data"]);
    let data = folder.path().join("data");
    let files = ["credentials.json", "example-credentials.json"].map(|name| credentials(&data.join(name)));
    client(&files[0]).create_customer(SAMPLE.as_bytes()).unwrap();
    client(&files[0]).create_customer(b"{}").unwrap_err();
    let ended = server.end();
    let printed = format!("{}{}", ended.stdout, ended.stderr);
    let master = std::fs::read_to_string(data.join("master.key")).unwrap();
    let master_key = master.split_whitespace().last().unwrap();
    assert!(!printed.contains(master_key));
    for credentials in &files {
        assert!(!printed.contains(&credentials.secret));
        assert!(!printed.contains(&credentials.passphrase));
    }
    assert!(!printed.to_lowercase().contains("x-ndax-signed"));
    // A base64 HMAC-SHA256 is 43 characters and an equals sign.
    let is_signature = |word: &&str| word.len() == 44 && word.ends_with('=');
    assert_eq!(printed.split(|c: char| c.is_whitespace() || c == '"' || c == '\'').find(is_signature), None);
}

#[test]
fn an_address_that_others_can_reach_is_refused_unless_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let refused = run(folder.path(), &["dev", "--no-example", "--listen", "0.0.0.0:0", "--data", "data"]);
    assert_eq!(refused.code, Some(2));
    assert_eq!(
        refused.stderr,
        "error: 0.0.0.0:0 is not a loopback address: others could reach this development server – listen on 127.0.0.1, or \
         add --unsafe-listen if that is what you want\n"
    );
    assert!(!folder.path().join("data").exists());
    let allowed = Server::start(
        folder.path(),
        &["dev", "--no-example", "--listen", "0.0.0.0:0", "--data", "data", "--unsafe-listen"],
    );
    assert!(allowed.base_url.starts_with("http://127.0.0.1:"));
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _first = Server::dev(folder.path());
    let second = run(folder.path(), &["dev", "--no-example", "--listen", "127.0.0.1:0", "--data", "data"]);
    assert_eq!(second.code, Some(3));
    assert!(second.stderr.contains("another registrar server is running"), "{}", second.stderr);
    assert_eq!(second.stdout, "");
}

#[test]
fn a_port_in_use_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = run(folder.path(), &["dev", "--no-example", "--listen", &address, "--data", "data"]);
    assert_eq!(refused.code, Some(3));
    assert!(
        refused.stderr.starts_with(&format!("error: cannot listen on {address}: ")),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_master_key_that_is_gone_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    drop(Server::dev(folder.path()));
    std::fs::remove_file(folder.path().join("data/master.key")).unwrap();
    let refused = run(folder.path(), &["dev", "--no-example", "--listen", "127.0.0.1:0", "--data", "data"]);
    assert_eq!(refused.code, Some(3));
    assert!(refused.stderr.contains("data/master.key is gone"), "{}", refused.stderr);
    assert!(!folder.path().join("data/master.key").exists());
}

#[test]
fn another_master_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(Server::dev(folder.path()));
    let key = folder.path().join("data/master.key");
    std::fs::remove_file(&key).unwrap();
    assert_eq!(run(folder.path(), &["master-key", "create", "data/master.key"]).code, Some(0));
    let refused = run(folder.path(), &["dev", "--no-example", "--listen", "127.0.0.1:0", "--data", "data"]);
    assert_eq!(refused.code, Some(3));
    assert!(
        refused.stderr.contains("the master key does not open this database's keys"),
        "{}",
        refused.stderr
    );
}

#[test]
fn lost_credentials_are_made_anew_for_the_same_platform() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/credentials.json");
    drop(Server::dev(folder.path()));
    let lost = credentials(&file);
    std::fs::remove_file(&file).unwrap();
    let _server = Server::dev(folder.path());
    let made = credentials(&file);
    assert_eq!(made.platform_code, lost.platform_code);
    assert_ne!(made.api_key, lost.api_key);
    client(&made).create_customer(customer_named("again").as_bytes()).unwrap();
}

#[test]
fn metrics_are_served_only_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(
        folder.path(),
        &["dev", "--no-example", "--listen", "127.0.0.1:0", "--data", "data", "--metrics", "127.0.0.1:0"],
    );
    assert!(get(server.address(), "/metrics").starts_with("HTTP/1.1 404"));
    let ended = server.end();
    assert!(ended.stderr.contains("\"metrics_listen\":\"127.0.0.1:"), "{}", ended.stderr);
    let without = Server::dev(folder.path()).end();
    assert!(!without.stderr.contains("metrics_listen"));
}

#[test]
fn variables_meant_for_another_installation_do_not_reach_dev() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = support::registrar(
        folder.path(),
        &["dev", "--no-example", "--listen", "127.0.0.1:0", "--data", "data"],
    );
    command.env("REGISTRAR_DATABASE_URL", "sqlite:production.db").env("REGISTRAR_LISTEN", "0.0.0.0:1");
    let server = Server::start_command(folder.path(), command);
    assert!(server.base_url.starts_with("http://127.0.0.1:"));
    assert!(!folder.path().join("production.db").exists());
}
