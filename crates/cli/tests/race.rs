//! Requests that arrive at once (contract 3.6), sent to the built server over connections that were opened before.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here fails its test")]

#[expect(dead_code, reason = "the contract's own tests use the rest of their support")]
#[path = "contract/support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

use serde_json::json;
use support::answer::Answer;
use support::body::Body;
use support::registrar::Registrar;
use support::request::Request;
use support::signer::Signer;

/// How many arrive at once.
const CROWD: usize = 64;

/// Sends each body on a connection of its own, all released by one barrier.
fn at_once(registrar: &Registrar, submissions: &[(&Signer, Body)]) -> Vec<Answer> {
    let barrier = Barrier::new(submissions.len());
    thread::scope(|scope| {
        let senders: Vec<_> = submissions
            .iter()
            .map(|(signer, body)| {
                let barrier = &barrier;
                scope.spawn(move || {
                    let request = signer.signed(Request::submission(body));
                    let mut connection = registrar.connect();
                    barrier.wait();
                    connection.exchange(&request)
                })
            })
            .collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).collect()
    })
}

fn of_one_key(registrar: &Registrar, body_of: impl Fn(usize) -> Body) -> Vec<Answer> {
    let submissions: Vec<_> = (0..CROWD).map(|number| (registrar.own(), body_of(number))).collect();
    at_once(registrar, &submissions)
}

/// All are answered with one customer: one creates it, the others repeat its answer.
fn all_get_the_same_customer(answers: &[Answer]) {
    assert!(answers.iter().all(|answer| answer.status == 200), "{:?}", codes(answers));
    let bodies: BTreeSet<_> = answers.iter().map(|answer| &answer.body).collect();
    assert_eq!(bodies.len(), 1, "one distinct body");
    let first = answers.iter().filter(|answer| answer.header("idempotent-replayed").is_none());
    assert_eq!(first.count(), 1, "one creates, the others repeat");
}

/// Exactly one is answered 200; the others are refused with that code.
fn one_wins<'a>(answers: &'a [Answer], code: &str) -> &'a Answer {
    let (winners, losers): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    let [winner] = winners[..] else { panic!("{:?}", codes(answers)) };
    for loser in losers {
        assert_eq!((loser.status, &*loser.code()), (400, code));
    }
    winner
}

/// The refusals name the winner.
fn name_the_winner(answers: &[Answer], winner: &Answer) {
    for loser in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(loser.json()["participant_code"], winner.participant_code());
    }
}

fn codes(answers: &[Answer]) -> Vec<String> {
    answers.iter().map(Answer::code).collect()
}

// 3.6
#[test]
fn identical_requests_at_once_create_one_customer_and_all_get_its_answer() {
    let mut registrar = Registrar::start();
    let body = Body::of("asha").request_id(1);
    let answers = of_one_key(&registrar, |_| body.clone());
    all_get_the_same_customer(&answers);
    registrar.restart();
    let later = registrar.submit(&body);
    assert_eq!((later.header("idempotent-replayed"), &later.body), (Some("true"), &answers[0].body));
}

// 3.6, 3.4: identical by what a payload is, not by bytes
#[test]
fn requests_at_once_that_say_the_same_in_other_words_create_one_customer() {
    let registrar = Registrar::start();
    let answers = of_one_key(&registrar, |number| {
        let body = Body::of("asha").request_id(1);
        match number % 4 {
            0 => body,
            1 => body.reversed(),
            2 => body.set("signed_timestamp", "1603378501286"),
            _ => body.set("address_two", json!(null)),
        }
    });
    all_get_the_same_customer(&answers);
}

// 3.6
#[test]
fn identical_requests_at_once_without_a_request_id_create_one_customer() {
    let registrar = Registrar::start();
    let answers = of_one_key(&registrar, |_| Body::of("asha"));
    let winner = one_wins(&answers, "payload_already_submitted");
    name_the_winner(&answers, winner);
}

// 3.6: each with a request_id of its own
#[test]
fn identical_payloads_at_once_under_different_request_ids_create_one_customer() {
    let registrar = Registrar::start();
    let answers =
        of_one_key(&registrar, |number| Body::of("asha").request_id(u32::try_from(number).unwrap()));
    let winner = one_wins(&answers, "payload_already_submitted");
    name_the_winner(&answers, winner);
}

// 3.6
#[test]
fn payloads_at_once_with_one_request_id_create_one_customer() {
    let mut registrar = Registrar::start();
    let body_of = |number: usize| Body::of(&format!("person{number}")).request_id(1);
    let answers = of_one_key(&registrar, body_of);
    let winner = one_wins(&answers, "request_id_reused");
    for loser in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(loser.json()["differs"], json!(["email"]));
    }
    // What lost consumed nothing, and what won is what is stored.
    registrar.restart();
    let position = answers.iter().position(|answer| answer.status == 200).unwrap();
    assert_eq!(registrar.submit(&body_of(position)).body, winner.body);
    let other = (position + 1) % CROWD;
    let later = registrar.submit(&body_of(other).without("request_id"));
    assert_eq!(later.code(), "ok", "{}", later.text());
}

// 3.6
#[test]
fn people_at_once_with_one_email_create_one_customer() {
    let registrar = Registrar::start();
    let answers =
        of_one_key(&registrar, |number| Body::of("asha").set("address_one", format!("{number} Main St.")));
    let winner = one_wins(&answers, "participant_already_exists");
    name_the_winner(&answers, winner);
}

// 3.6: different people
#[test]
fn different_people_at_once_are_all_created_with_codes_of_their_own() {
    let registrar = Registrar::start();
    let answers = of_one_key(&registrar, |number| Body::of(&format!("person{number}")));
    let distinct: BTreeSet<_> = answers.iter().map(Answer::participant_code).collect();
    assert_eq!(distinct.len(), CROWD);
}

// 3.5, 3.6
#[test]
fn identical_requests_at_once_of_two_platforms_create_one_customer_each() {
    let registrar = Registrar::start();
    let other = registrar.platform("Other", &["--sandbox", "--enable-customers"]);
    let signers = [registrar.own(), &other];
    let submissions: Vec<_> =
        (0..CROWD).map(|number| (signers[number % 2], Body::of("asha").request_id(1))).collect();
    let answers = at_once(&registrar, &submissions);
    let of_signer = |first: usize| answers.iter().skip(first).step_by(2).cloned().collect::<Vec<_>>();
    let (here, there) = (of_signer(0), of_signer(1));
    all_get_the_same_customer(&here);
    all_get_the_same_customer(&there);
    assert_ne!(here[0].participant_code(), there[0].participant_code());
}
