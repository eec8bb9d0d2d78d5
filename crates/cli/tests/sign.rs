//! `registrar sign` against the verified vectors, and the curl command it prints.

#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod support;

use std::path::Path;

use serde_json::Value;
use support::{Server, customer_named, run};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../crypto/tests/signing-vectors.json")).unwrap()
}

fn write_credentials(folder: &Path, secret: &str) {
    let form = format!(
        r#"{{"base_url":"http://127.0.0.1:8080","platform_code":"ABC123","api_key":"the-key","secret":"{secret}","passphrase":"the words"}}"#
    )
    .replace("the words", "the-words");
    std::fs::write(folder.join("credentials.json"), form).unwrap();
}

fn sign(folder: &Path, vector: &Value, options: &[&str]) -> support::Finished {
    let text = |name: &str| vector[name].as_str().unwrap();
    std::fs::write(folder.join("body.json"), text("body")).unwrap();
    let (method, target, timestamp) = (text("method"), text("target"), text("timestamp"));
    let arguments = [
        "sign",
        method,
        target,
        "--body",
        "body.json",
        "--timestamp",
        timestamp,
        "--credentials",
        "credentials.json",
    ];
    run(folder, &[arguments.as_slice(), options].concat())
}

#[test]
fn every_vector_is_signed_as_verified() {
    let folder = tempfile::tempdir().unwrap();
    let vectors = vectors();
    write_credentials(folder.path(), vectors["secret"].as_str().unwrap());
    let all = vectors["vectors"].as_array().unwrap();
    assert!(!all.is_empty());
    for vector in all {
        let signed: Value = serde_json::from_str(&sign(folder.path(), vector, &["--json"]).stdout).unwrap();
        assert_eq!(signed["string_to_sign"], vector["string_to_sign"], "{}", vector["name"]);
        assert_eq!(signed["signature"], vector["signature"], "{}", vector["name"]);
        assert_eq!(signed["headers"]["X-NDAX-SIGNED"], vector["signature"]);
        assert_eq!(signed["headers"]["X-NDAX-TIMESTAMP"], vector["timestamp"]);
        assert_eq!(signed["length"], vector["string_to_sign"].as_str().unwrap().len());
    }
}

#[test]
fn people_see_the_string_between_marks_and_the_headers() {
    let folder = tempfile::tempdir().unwrap();
    let vectors = vectors();
    write_credentials(folder.path(), vectors["secret"].as_str().unwrap());
    let vector = &vectors["vectors"][3];
    let printed = sign(folder.path(), vector, &[]).stdout;
    let (_, rest) = printed.split_once("-----BEGIN STRING TO SIGN-----\n").unwrap();
    let (string, rest) = rest.split_once("\n-----END STRING TO SIGN-----\n").unwrap();
    assert_eq!(string, vector["string_to_sign"].as_str().unwrap());
    assert_eq!(
        rest,
        format!(
            "\nHeaders:\nX-NDAX-API-KEY: the-key\nX-NDAX-SIGNED: {}\nX-NDAX-TIMESTAMP: 1700000000\n\
             X-NDAX-PASSPHRASE: the-words\n",
            vector["signature"].as_str().unwrap()
        )
    );
    assert!(printed.starts_with(&format!("String to sign: {} bytes, SHA-256 ", string.len())), "{printed}");
}

#[test]
fn the_curl_command_submits_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::dev(folder.path());
    std::fs::write(folder.path().join("a 'customer'.json"), customer_named("curl")).unwrap();
    let target = "/participants/customers/new";
    let printed = run(
        folder.path(),
        &[
            "sign",
            "POST",
            target,
            "--body",
            "a 'customer'.json",
            "--credentials",
            "data/credentials.json",
            "--curl",
        ],
    );
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    assert!(printed.stdout.contains("--data-binary"), "{}", printed.stdout);
    if std::process::Command::new("curl").arg("--version").output().is_ok() {
        let output = std::process::Command::new("sh")
            .args(["-c", &printed.stdout])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        assert!(answer.starts_with("{\"message\":{"), "{answer}");
    }
}

#[test]
fn what_could_not_be_sent_as_signed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write_credentials(folder.path(), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    let credentials = ["--credentials", "credentials.json"];
    for (arguments, error) in [
        (vec!["sign", "post", "/a"], "the method must be in capitals"),
        (vec!["sign", "POST", "a"], "the target cannot be sent as it is"),
        (vec!["sign", "POST", "http://127.0.0.1/a"], "give the path and query alone"),
        (vec!["sign", "POST", "/a b"], "percent-encode"),
        (vec!["sign", "POST", "/a#b"], "leave out the fragment"),
        (vec!["sign", "POST", "/a", "--timestamp", "1700000000000"], "these are milliseconds"),
        (vec!["sign", "POST", "/a", "--timestamp", "1.5"], "whole Unix seconds"),
        (vec!["sign", "POST", "/a", "--curl", "--body", "-"], "--curl needs the body in a file"),
    ] {
        let refused = run(folder.path(), &[arguments.as_slice(), &credentials].concat());
        assert_eq!(refused.code, Some(2), "{arguments:?}");
        assert!(refused.stderr.contains(error), "{arguments:?}: {}", refused.stderr);
    }
}

#[test]
fn a_file_that_is_not_a_credentials_form_is_refused_without_its_content() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("c.json"), "{\"secret\":\"hunter2\"}").unwrap();
    let refused = run(folder.path(), &["sign", "POST", "/a", "--credentials", "c.json"]);
    assert_eq!(refused.code, Some(2));
    assert!(!refused.stderr.contains("hunter2"));
    let missing = run(folder.path(), &["sign", "POST", "/a"]);
    assert!(missing.stderr.contains("./registrar-data/credentials.json"), "{}", missing.stderr);
}
