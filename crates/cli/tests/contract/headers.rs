//! The four headers and the timestamp: contract 1.1, 1.5 and the failures of 1.8 that the request alone determines.

use crate::support::answer::Answer;
use crate::support::body::Body;
use crate::support::clock::now_seconds;
use crate::support::registrar::{Options, Registrar};
use crate::support::request::Request;
use crate::support::signer::{NAMES, NDAX, SCX};

/// A signed submission in one of the two families of headers.
fn in_family(registrar: &Registrar, prefix: &str, name: &str) -> Request {
    let request = registrar.own().signed(Request::submission(&Body::of(name)));
    NAMES
        .iter()
        .fold(request, |request, name| request.renamed(&format!("{NDAX}{name}"), &format!("{prefix}{name}")))
}

fn refused(registrar: &Registrar, request: &Request, code: &str) -> Answer {
    let answer = registrar.send(request);
    assert_eq!((answer.status, &*answer.code()), (401, code), "{}", answer.text());
    answer
}

// 1.1
#[test]
fn four_headers_of_either_family_authenticate() {
    let registrar = Registrar::start();
    for prefix in [NDAX, SCX] {
        let answer = registrar.send(&in_family(&registrar, prefix, prefix.trim_matches('-')));
        assert_eq!(answer.code(), "ok", "{prefix}: {}", answer.text());
    }
}

// 1.1: header names have no case (RFC 9110, 5.1)
#[test]
fn the_case_of_header_names_does_not_matter() {
    let registrar = Registrar::start();
    for (prefix, other) in [(NDAX, "x-ndax-"), (SCX, "x-ScX-")] {
        let answer = registrar.send(&in_family(&registrar, other, prefix.trim_matches('-')));
        assert_eq!(answer.code(), "ok");
    }
}

// 1.8 missing_header
#[test]
fn each_missing_header_of_either_family_is_named() {
    let registrar = Registrar::start();
    for prefix in [NDAX, SCX] {
        for name in NAMES {
            let request = in_family(&registrar, prefix, "asha").without(&format!("{prefix}{name}"));
            let answer = refused(&registrar, &request, "missing_header");
            assert!(answer.detail().contains(name), "{}", answer.text());
        }
    }
    refused(&registrar, &Request::submission(&Body::of("asha")), "missing_header");
}

// 1.8 duplicate_header
#[test]
fn each_header_that_is_there_twice_is_refused_also_with_the_same_value() {
    let registrar = Registrar::start();
    for prefix in [NDAX, SCX] {
        for name in NAMES {
            let request = in_family(&registrar, prefix, "asha");
            let name = format!("{prefix}{name}");
            for value in [request.value(&name), "other".to_owned()] {
                let answer = refused(&registrar, &request.clone().header(&name, value), "duplicate_header");
                assert!(answer.detail().to_uppercase().contains(&*name), "{}", answer.text());
            }
        }
    }
}

// 1.8 malformed_header
#[test]
fn an_empty_header_or_one_that_is_not_ascii_is_malformed() {
    let registrar = Registrar::start();
    for name in NAMES {
        let name = format!("{NDAX}{name}");
        for value in [&b""[..], "é".as_bytes(), b"\xff", "１７".as_bytes()] {
            refused(&registrar, &in_family(&registrar, NDAX, "asha").with(&name, value), "malformed_header");
        }
    }
}

// 1.1, 1.8 malformed_header
#[test]
fn headers_of_both_families_in_one_request_are_malformed() {
    let registrar = Registrar::start();
    for name in NAMES {
        let mixed =
            in_family(&registrar, NDAX, "asha").renamed(&format!("{NDAX}{name}"), &format!("{SCX}{name}"));
        refused(&registrar, &mixed, "malformed_header");
        let five = in_family(&registrar, NDAX, "asha").header(&format!("{SCX}{name}"), "x");
        refused(&registrar, &five, "malformed_header");
    }
    let complete = NAMES.iter().fold(in_family(&registrar, NDAX, "asha"), |request, name| {
        let value = request.value(&format!("{NDAX}{name}"));
        request.header(&format!("{SCX}{name}"), value)
    });
    refused(&registrar, &complete, "malformed_header");
}

// 1.5
#[test]
fn a_timestamp_that_is_not_one_to_eleven_digits_is_malformed() {
    let registrar = Registrar::start();
    let now = now_seconds();
    for text in [
        format!("{now}00"),
        format!("{now}0000"),
        format!("+{now}"),
        format!("-{now}"),
        format!("{now}.0"),
        format!("{now}e0"),
        format!("0x{now}"),
        "1 7".to_owned(),
        "now".to_owned(),
        "1".repeat(400),
    ] {
        let request = registrar.own().signed_at(Request::submission(&Body::of("asha")), &text);
        let answer = refused(&registrar, &request, "timestamp_malformed");
        assert!(!answer.detail().contains("milliseconds were sent"), "{text}: {}", answer.text());
    }
}

// 1.5
#[test]
fn thirteen_digits_get_the_sentence_about_milliseconds() {
    let registrar = Registrar::start();
    for text in [format!("{}123", now_seconds()), "0000000000000".to_owned()] {
        let request = registrar.own().signed_at(Request::submission(&Body::of("asha")), &text);
        let detail = refused(&registrar, &request, "timestamp_malformed").detail();
        assert!(detail.contains("milliseconds were sent where seconds are expected"), "{detail}");
    }
}

// 1.5
#[test]
fn one_to_eleven_digits_are_a_timestamp_also_with_leading_zeros() {
    let registrar = Registrar::start();
    for text in ["0", "1700000000", "99999999999", "00000000000"] {
        let request = registrar.own().signed_at(Request::submission(&Body::of("asha")), text);
        refused(&registrar, &request, "timestamp_outside_window");
    }
    let zero_in_front = format!("0{}", now_seconds());
    let request = registrar.own().signed_at(Request::submission(&Body::of("asha")), &zero_in_front);
    assert_eq!(registrar.send(&request).code(), "ok");
}

// 1.5, 1.8 timestamp_outside_window
#[test]
fn a_timestamp_outside_the_window_is_refused_with_the_server_s_time_and_the_difference() {
    let registrar = Registrar::start();
    for seconds in [-86_400, -63, 63, 86_400] {
        let before = now_seconds();
        let timestamp = (before + seconds).to_string();
        let request = registrar.own().signed_at(Request::submission(&Body::of("asha")), &timestamp);
        let problem = refused(&registrar, &request, "timestamp_outside_window").json();
        let server_time = problem["server_time"].as_i64().unwrap();
        assert!((before..=now_seconds()).contains(&server_time), "{problem}");
        assert_eq!(problem["difference_seconds"], before + seconds - server_time, "{problem}");
    }
}

// 1.5
#[test]
fn a_timestamp_within_the_window_is_accepted_on_either_side() {
    let registrar = Registrar::start();
    for (name, seconds) in [("behind", -57), ("ahead", 57)] {
        let timestamp = (now_seconds() + seconds).to_string();
        let request = registrar.own().signed_at(Request::submission(&Body::of(name)), &timestamp);
        assert_eq!(registrar.send(&request).code(), "ok", "{seconds}");
    }
}

// 1.5: `auth.clock_skew`
#[test]
fn the_window_is_as_wide_as_the_operator_sets_it() {
    for (window, seconds, code) in
        [("5s", -8, "timestamp_outside_window"), ("5s", -2, "ok"), ("300s", -290, "ok"), ("300s", 290, "ok")]
    {
        let registrar = Registrar::start_with(Options::variable("REGISTRAR_AUTH_CLOCK_SKEW", window));
        let timestamp = (now_seconds() + seconds).to_string();
        let request = registrar.own().signed_at(Request::submission(&Body::of("asha")), &timestamp);
        assert_eq!(registrar.send(&request).code(), code, "{window} {seconds}");
    }
}

// 1.8: the order of the failures that the request alone determines
#[test]
fn missing_wins_over_duplicate_over_malformed_over_the_timestamp() {
    let registrar = Registrar::start();
    let good = in_family(&registrar, NDAX, "asha");
    let stale = good.clone().with("X-NDAX-TIMESTAMP", "1700000000").with("X-NDAX-API-KEY", "unknown");
    refused(&registrar, &stale, "timestamp_outside_window");
    let unreadable = stale.with("X-NDAX-TIMESTAMP", "yesterday");
    refused(&registrar, &unreadable, "timestamp_malformed");
    let malformed = unreadable.with("X-NDAX-PASSPHRASE", "é");
    refused(&registrar, &malformed, "malformed_header");
    let mixed = malformed.clone().renamed("X-NDAX-SIGNED", "X-SCX-SIGNED");
    refused(&registrar, &mixed, "malformed_header");
    let duplicate = mixed.header("X-NDAX-TIMESTAMP", "yesterday");
    refused(&registrar, &duplicate, "duplicate_header");
    let missing = duplicate.without("X-NDAX-API-KEY");
    refused(&registrar, &missing, "missing_header");
}

// 1.11
#[test]
fn every_401_names_the_scheme() {
    let registrar = Registrar::start();
    let signer = registrar.own();
    let submission = || Request::submission(&Body::of("asha"));
    let requests = [
        submission(),
        signer.signed(submission()).header("X-NDAX-SIGNED", "x"),
        signer.signed(submission()).with("X-NDAX-SIGNED", ""),
        signer.signed_at(submission(), "x"),
        signer.signed_at(submission(), "1"),
        signer.with_api_key("x").signed(submission()),
        signer.with_wrong_secret().signed(submission()),
        signer.with_passphrase("x").signed(submission()),
    ];
    let mut codes = Vec::new();
    for request in &requests {
        let answer = registrar.send(request);
        assert_eq!(answer.header("www-authenticate"), Some("NDAX-HMAC-SHA256"));
        codes.push(answer.code());
    }
    let all = [
        "missing_header",
        "duplicate_header",
        "malformed_header",
        "timestamp_malformed",
        "timestamp_outside_window",
        "unknown_api_key",
        "invalid_signature",
        "invalid_passphrase",
    ];
    assert_eq!(codes, all);
    let own = signer.platform_code.clone();
    let expired = registrar.expired_key(&own, &[]);
    let answer = registrar.send_signed_by(&expired, submission());
    assert_eq!(answer.header("www-authenticate"), Some("NDAX-HMAC-SHA256"));
}
