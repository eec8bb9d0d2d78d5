//! The operator's commands, beside a running server: it obeys within a second (contract 5).

#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here fails its test")]

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use registrar_client::ClientError;
use registrar_wire::Credentials;
use serde_json::Value;
use support::{Server, client, credentials, customer_named, registrar, run};

/// Runs a command that prints JSON.
fn json(folder: &Path, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--data", "data", "--json"]].concat();
    let finished = run(folder, &arguments);
    assert_eq!(finished.code, Some(0), "{arguments:?}: {}", finished.stderr);
    serde_json::from_str(&finished.stdout).unwrap()
}

/// Submits until the answer has this code, which must be within a second; `None` means an accepted customer.
fn obeyed_within_a_second(credentials: &Credentials, code: Option<&str>) {
    let client = client(credentials);
    let changed = Instant::now();
    for attempt in 0.. {
        let body = customer_named(&format!("{}-{attempt}", code.unwrap_or("ok")));
        let answered = match client.create_customer(body.as_bytes()) {
            Ok(_) => None,
            Err(ClientError::Refused { problem, .. }) => Some(problem.code.into_owned()),
            Err(error) => panic!("{error}"),
        };
        if answered.as_deref() == code {
            return;
        }
        assert!(changed.elapsed() < Duration::from_secs(1), "still answered {answered:?}");
    }
}

#[test]
fn a_changed_platform_is_obeyed_within_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::dev(folder.path());
    let own = credentials(&folder.path().join("data/credentials.json"));
    obeyed_within_a_second(&own, None);
    let shown = json(folder.path(), &["platform", "set", &own.platform_code, "customers_enabled=false"]);
    assert_eq!(shown["customers_enabled"], false);
    obeyed_within_a_second(&own, Some("endpoint_not_enabled"));
    json(folder.path(), &["platform", "set", &own.platform_code, "customers_enabled=true", "suspended=true"]);
    obeyed_within_a_second(&own, Some("platform_suspended"));
    json(folder.path(), &["platform", "set", &own.platform_code, "suspended=false", "minimum_age=120"]);
    obeyed_within_a_second(&own, Some("invalid_request"));
}

#[test]
fn a_new_key_works_and_a_revoked_key_stops_within_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::dev(folder.path());
    let own = credentials(&folder.path().join("data/credentials.json"));
    let made = json(folder.path(), &["key", "create", "--platform", &own.platform_code, "--label", "second"]);
    let second: Credentials = serde_json::from_value(made).unwrap();
    assert_eq!((&second.base_url, &second.platform_code), (&own.base_url, &own.platform_code));
    obeyed_within_a_second(&second, None);
    let revoked = json(folder.path(), &["key", "revoke", &own.api_key, "--platform", &own.platform_code]);
    assert_eq!(revoked["revoked_now"], true);
    obeyed_within_a_second(&own, Some("api_key_revoked"));
    let again = json(folder.path(), &["key", "revoke", &own.api_key, "--platform", &own.platform_code]);
    assert_eq!(again["revoked_now"], false);
    let keys = json(folder.path(), &["key", "list", "--platform", &own.platform_code]);
    let states: Vec<_> = keys.as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["revoked", "active"]);
}

#[test]
fn a_platform_of_one_s_own_can_be_made_listed_and_used() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::dev(folder.path());
    let made = json(folder.path(), &["platform", "create", "Börse Süd", "--enable-customers"]);
    let code = made["platform_code"].as_str().unwrap();
    assert_eq!((made["sandbox"].as_bool(), made["customers_enabled"].as_bool()), (Some(false), Some(true)));
    let listed = json(folder.path(), &["platform", "list"]);
    assert!(listed.as_array().unwrap().iter().any(|platform| platform["platform_code"] == code));
    let key = json(folder.path(), &["key", "create", "--platform", code, "--base-url", "http://example.in"]);
    assert_eq!(key["base_url"], "http://example.in");
    let table = run(folder.path(), &["platform", "list", "--data", "data"]).stdout;
    assert!(table.lines().any(|line| line.contains(code) && line.contains("production")), "{table}");
}

#[test]
fn every_policy_can_be_set_and_a_wrong_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::dev(folder.path());
    let code = credentials(&folder.path().join("data/credentials.json")).platform_code;
    let shown = json(folder.path(), &["platform", "show", &code]);
    let changes = [
        ("unknown_fields", "ignore"),
        ("minimum_age", "21"),
        ("strict_id_numbers", "true"),
        ("risk_rating", "required"),
        ("signed_timestamp", "optional"),
        ("aadhaar", "refuse"),
        ("countries", "IN"),
        ("states", "IN-MH"),
        ("id_types", "passport"),
    ];
    assert_eq!(shown["policy"].as_object().unwrap().len(), changes.len(), "a policy is missing in this test");
    for (key, value) in changes {
        let shown = json(folder.path(), &["platform", "set", &code, &format!("policy.{key}={value}")]);
        assert_eq!(shown["policy"][key], value);
    }
    for change in ["minimum_age=old", "colour=red", "suspended=perhaps"] {
        let refused = run(folder.path(), &["platform", "set", &code, change, "--data", "data"]);
        assert_eq!(refused.code, Some(1), "{change}");
        assert!(refused.stderr.starts_with("error: "), "{}", refused.stderr);
        let names_settings = refused.stderr.contains("beside the policies");
        assert_eq!(names_settings, change == "colour=red", "{}", refused.stderr);
    }
    assert_eq!(
        run(folder.path(), &["platform", "set", &code, "minimum_age", "--data", "data"]).code,
        Some(2)
    );
}

#[test]
fn the_eleventh_live_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::dev(folder.path());
    let code =
        json(folder.path(), &["platform", "create", "Many"])["platform_code"].as_str().unwrap().to_owned();
    for _ in 0..10 {
        json(folder.path(), &["key", "create", "--platform", &code]);
    }
    let refused = run(folder.path(), &["key", "create", "--platform", &code, "--data", "data"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("10 live API keys"), "{}", refused.stderr);
}

#[test]
fn an_unknown_platform_is_refused_and_a_missing_database_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let missing = run(folder.path(), &["platform", "list", "--data", "data"]);
    assert_eq!(missing.code, Some(3));
    assert!(!folder.path().join("data").exists());
    assert_eq!(run(folder.path(), &["platform", "list"]).code, Some(2));
    let both = run(folder.path(), &["platform", "list", "--data", "data", "--database", "sqlite:x"]);
    assert_eq!(both.code, Some(2));
    let _server = Server::dev(folder.path());
    let unknown = run(folder.path(), &["platform", "show", "ZZZZZZ", "--data", "data"]);
    assert_eq!(unknown.code, Some(1));
}

#[test]
fn a_customer_is_shown_masked_unless_revealed_and_only_for_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::dev(folder.path());
    let own = credentials(&folder.path().join("data/credentials.json"));
    let made = client(&own).create_customer(customer_named("shown").as_bytes()).unwrap();
    let code = made.customer.participant_code.as_str();
    let show = ["customer", "show", code, "--platform", &own.platform_code, "--reason", "a test"];
    let masked = json(folder.path(), &show);
    assert_eq!(masked["status"], "submitted");
    assert_eq!(masked["customer"]["participant_code"], code);
    assert_ne!(masked["customer"]["email"], "shown@example.in");
    let revealed = json(folder.path(), &[show.as_slice(), &["--reveal"]].concat());
    assert_eq!(revealed["customer"]["email"], "shown@example.in");
    assert_eq!(
        run(folder.path(), &["customer", "show", code, "--platform", &own.platform_code]).code,
        Some(2)
    );
    let blank = run(
        folder.path(),
        &["customer", "show", code, "--platform", &own.platform_code, "--reason", " ", "--data", "data"],
    );
    assert_eq!(blank.code, Some(2));
    assert!(blank.stderr.starts_with("error: --reason must have"), "{}", blank.stderr);
    let other = json(folder.path(), &["platform", "create", "Other"]);
    let foreign = run(
        folder.path(),
        &[
            "customer",
            "show",
            code,
            "--platform",
            other["platform_code"].as_str().unwrap(),
            "--reason",
            "x",
            "--data",
            "data",
        ],
    );
    assert_eq!(foreign.code, Some(1));
}

#[test]
fn a_key_whose_secret_nobody_could_read_is_named_so_that_it_can_be_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::dev(folder.path());
    let own = credentials(&folder.path().join("data/credentials.json"));
    let arguments = ["key", "create", "--platform", &own.platform_code, "--data", "data", "--json"];
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = registrar(folder.path(), &arguments).stdout(writer).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    let listed = json(folder.path(), &["key", "list", "--platform", &own.platform_code]);
    let made = listed.as_array().unwrap().last().unwrap()["api_key"].as_str().unwrap();
    assert!(stderr.contains(&format!("revoke the key {made}")), "{stderr}");
}

#[test]
fn operators_who_set_policies_of_one_platform_at_once_undo_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::dev(folder.path());
    let code = credentials(&folder.path().join("data/credentials.json")).platform_code;
    for age in 20..26 {
        let set = |change: String| {
            let arguments = ["platform", "set", &code, &change, "--data", "data", "--json"];
            assert_eq!(run(folder.path(), &arguments).code, Some(0));
        };
        let aadhaar = if age % 2 == 0 { "seal" } else { "refuse" };
        std::thread::scope(|scope| {
            scope.spawn(|| set(format!("minimum_age={age}")));
            scope.spawn(|| set(format!("aadhaar={aadhaar}")));
        });
        let policy = json(folder.path(), &["platform", "show", &code])["policy"].clone();
        assert_eq!((&policy["minimum_age"], &policy["aadhaar"]), (&age.to_string().into(), &aadhaar.into()));
    }
}

#[test]
fn credentials_that_go_to_a_file_are_for_its_owner_alone_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::dev(folder.path());
    let code = credentials(&folder.path().join("data/credentials.json")).platform_code;
    let create = ["key", "create", "--platform", &code, "--out", "second.json", "--data", "data"];
    let made = run(folder.path(), &create);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let path = folder.path().join("second.json");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let second = credentials(&path);
    assert!(made.stdout.contains(&second.api_key), "{}", made.stdout);
    for secret in [&second.secret, &second.passphrase] {
        assert!(!format!("{}{}", made.stdout, made.stderr).contains(secret));
    }
    obeyed_within_a_second(&second, None);
    let again = run(folder.path(), &create);
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("no key was made"), "{}", again.stderr);
    let elsewhere = ["key", "create", "--platform", &code, "--out", "none/second.json", "--data", "data"];
    assert_eq!(run(folder.path(), &elsewhere).code, Some(1));
    assert_eq!(credentials(&path).api_key, second.api_key);
    let keys = json(folder.path(), &["key", "list", "--platform", &code]);
    assert_eq!(keys.as_array().unwrap().len(), 2, "a refused command made a key");
    let shown = json(folder.path(), &["key", "create", "--platform", &code, "--out", "third.json"]);
    assert_eq!(shown["api_key"], credentials(&folder.path().join("third.json")).api_key);
    assert_eq!((shown.get("secret"), shown.get("passphrase")), (None, None));
}

#[test]
fn a_key_that_would_have_expired_already_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::dev(folder.path());
    let code = credentials(&folder.path().join("data/credentials.json")).platform_code;
    let past = ["key", "create", "--platform", &code, "--expires", "2020-01-01", "--data", "data"];
    let refused = run(folder.path(), &past);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    assert!(refused.stderr.contains("expiry has passed already"), "{}", refused.stderr);
    let keys = json(folder.path(), &["key", "list", "--platform", &code]);
    assert_eq!(keys.as_array().unwrap().len(), 1);
}

#[test]
fn whoever_changes_an_installation_is_told_on_standard_error_when_servers_obey() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::dev(folder.path());
    let own = credentials(&folder.path().join("data/credentials.json"));
    let told = |arguments: &[&str], expected: bool| {
        let finished = run(folder.path(), &[arguments, &["--data", "data", "--json"]].concat());
        serde_json::from_str::<Value>(&finished.stdout).unwrap();
        assert_eq!(finished.stderr.contains("obey within a second"), expected, "{arguments:?}");
    };
    let code = own.platform_code.as_str();
    told(&["platform", "set", code, "minimum_age=19"], true);
    told(&["platform", "show", code], false);
    told(&["key", "create", "--platform", code], true);
    told(&["key", "revoke", &own.api_key, "--platform", code], true);
    told(&["key", "revoke", &own.api_key, "--platform", code], false);
}
