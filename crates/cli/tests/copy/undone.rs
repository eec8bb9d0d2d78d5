//! Going back.

use std::collections::HashSet;

use crate::installation::{Source, Target, body, code_in};
use crate::support::client;

#[test]
fn a_move_is_undone_while_nothing_was_accepted() {
    let source = Source::small();
    let target = Target::new();
    source.copied(&target);
    let server = target.serve(source.path());
    let refused = source.copy(&target, &["--undo"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("stop its servers"), "{}", refused.stderr);
    server.end();
    let other = Target::new();
    assert_eq!(source.copy(&other, &["--undo"]).code, Some(1));
    let undone = source.copy(&target, &["--undo"]);
    assert_eq!(undone.code, Some(0), "{}", undone.stderr);
    let closed = target.run(source.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert!(closed.stderr.contains("went back to where it was copied from"), "{}", closed.stderr);
    let server = source.serve();
    let accepted = source.accepted.iter().map(|accepted| code_in(&accepted.answer));
    let mut codes: HashSet<_> = accepted.collect();
    let created = client(&source.accepted[0].at(&server)).create_customer(&body("new", true)).unwrap();
    assert!(codes.insert(code_in(&created.body)));
    server.end();
    assert_eq!(source.copy(&target, &[]).code, Some(1));
    assert_eq!(source.copy(&target, &["--undo"]).code, Some(1));
}

#[test]
fn a_move_is_not_undone_once_something_was_accepted() {
    let source = Source::small();
    let target = Target::new();
    source.copied(&target);
    let server = target.serve(source.path());
    client(&source.accepted[0].at(&server)).create_customer(&body("new", true)).unwrap();
    server.end();
    let refused = source.copy(&target, &["--undo"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("were accepted on the target since"), "{}", refused.stderr);
    assert_eq!(source.run(&["platform", "list"]).code, Some(3));
    target.serve(source.path()).end();
}

#[test]
fn without_the_target_codes_go_on_far_behind() {
    let source = Source::small();
    let target = Target::new();
    source.copied(&target);
    let undone = source.run_copy(&["--undo", "--target-lost"]);
    assert_eq!(undone.code, Some(0), "{}", undone.stderr);
    let last: i64 = source.sql("SELECT max(number) FROM customers").parse().unwrap();
    source.serve().end();
    assert!(source.mark().parse::<i64>().unwrap() > last + (1 << 20));
}
