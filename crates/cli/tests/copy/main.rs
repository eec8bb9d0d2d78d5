//! `registrar copy`: an installation made by the real server moves to a real PostgreSQL, whatever interrupts it.

#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod installation;
mod interrupted;
mod refused;
#[path = "../support/mod.rs"]
mod support;
mod undone;

use std::collections::HashSet;

use installation::{Source, Target, code_in};
use registrar_client::ClientError;
use registrar_domain::transfer::Table;
use support::client;

#[test]
fn after_the_move_everything_answers_as_before_and_no_code_is_given_out_twice() {
    let source = Source::new();
    let target = Target::new();
    let moved = source.copied(&target);
    assert_eq!((&moved["resumed"], &moved["complete_before"]), (&false.into(), &false.into()));
    for table in Table::ALL {
        let rows = source.sql(&format!("SELECT count(*) FROM {}", table.name()));
        for done in ["copied", "verified"] {
            assert_eq!(moved["rows"][table.name()][done].to_string(), rows, "{table:?}");
        }
    }
    target.assert_holds(&source);
    let server = target.serve(source.path());
    let mut codes: HashSet<_> = source.accepted.iter().map(|accepted| code_in(&accepted.answer)).collect();
    assert_eq!(codes.len(), source.accepted.len());
    for accepted in &source.accepted {
        let again = client(&accepted.at(&server)).create_customer(&accepted.body);
        if accepted.has_request_id {
            let again = again.unwrap();
            assert!(again.replayed && again.body == accepted.answer);
        } else {
            let Err(ClientError::Refused { problem, .. }) = again else { panic!("{again:?}") };
            assert_eq!(problem.code, "payload_already_submitted");
        }
    }
    for place in 0..50 {
        let body = installation::body(&format!("later{place}"), place % 2 == 0);
        let created = client(&source.accepted[place].at(&server)).create_customer(&body).unwrap();
        assert!(!created.replayed && codes.insert(code_in(&created.body)), "a code was given out twice");
    }
    let revoked = client(&source.revoked_at(&server)).create_customer(&installation::body("revoked", true));
    let Err(ClientError::Refused { problem, .. }) = revoked else { panic!("{revoked:?}") };
    assert_eq!(problem.status, 401);
    let first = &source.accepted[0];
    let events = target.database.sql("SELECT count(*) FROM audit_events");
    let shown = target.run(
        source.path(),
        &[
            "customer",
            "show",
            &code_in(&first.answer),
            "--platform",
            &first.credentials.platform_code,
            "--reason",
            "a test",
        ],
    );
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    let later = target.database.sql("SELECT count(*) FROM audit_events");
    assert_eq!(later.parse::<u64>().unwrap(), events.parse::<u64>().unwrap() + 1);
}

#[test]
fn counters_go_on_behind_what_was_handed_out() {
    let source = Source::new();
    let target = Target::new();
    source.copied(&target);
    let setting = |name: &str| -> i64 {
        target.database.sql(&format!("SELECT value FROM settings WHERE name = '{name}'")).parse().unwrap()
    };
    let last: i64 = source.sql("SELECT max(number) FROM customers").parse().unwrap();
    // The server was killed, so its mark is ahead of the rows by more than was handed out.
    assert!(setting("next_customer_number") > last + 1);
    assert_eq!(setting("next_customer_number").to_string(), source.mark());
    assert_eq!(
        setting("next_audit_event").to_string(),
        source.sql("SELECT max(number) + 1 FROM audit_events")
    );
    for name in ["access_version", "platforms_after"] {
        assert_eq!(
            setting(name).to_string(),
            source.sql(&format!("SELECT value FROM settings WHERE name = '{name}'"))
        );
    }
}

#[test]
fn a_copy_whose_mark_is_lost_skips_as_many_numbers_as_a_restored_backup() {
    let source = Source::new();
    std::fs::remove_file(source.path().join("r.db-numbers")).unwrap();
    let target = Target::new();
    source.copied(&target);
    let last: i64 = source.sql("SELECT max(number) FROM customers").parse().unwrap();
    let next = target.database.sql("SELECT value FROM settings WHERE name = 'next_customer_number'");
    assert_eq!(next.parse::<i64>().unwrap(), last + 1 + (1 << 20));
    let platforms = target.database.sql("SELECT value FROM settings WHERE name = 'platforms_after'");
    assert_eq!(platforms, "1027");
}

#[test]
fn a_complete_copy_said_again_does_nothing_and_the_source_is_closed() {
    let source = Source::new();
    let target = Target::new();
    source.copied(&target);
    let again = source.copied(&target);
    assert_eq!(again["complete_before"], true);
    let refused = source.copy(&Target::new(), &[]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("was moved to postgres://"), "{}", refused.stderr);
    for command in
        [&["serve", "--listen", "127.0.0.1:0"][..], &["platform", "list"], &["platform", "create", "Another"]]
    {
        let refused = source.run(command);
        assert_eq!(refused.code, Some(3), "{command:?}");
        assert!(refused.stderr.contains("this installation was moved to postgres://"), "{}", refused.stderr);
        assert!(refused.stderr.contains("registrar copy --undo"), "{}", refused.stderr);
    }
    let found = source.run(&["doctor", "--json"]);
    assert_eq!(found.code, Some(1));
    let findings: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
    let is_told = |finding: &serde_json::Value| {
        finding["state"] == "fail"
            && finding["check"] == "database"
            && finding["detail"].to_string().contains("was moved to")
    };
    assert!(findings.as_array().unwrap().iter().any(is_told), "{}", found.stdout);
}
