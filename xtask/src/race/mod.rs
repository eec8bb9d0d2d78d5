//! `cargo xtask race --servers N`: requests that compete for one customer, all whole before any server reads on.
//!
//! Without `--servers` the tests of 64 requests on the embedded engine run instead. Invariant: what counts is what each
//! client was answered without a retry, and the rows in the database.

mod crowd;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Outcome;
use crate::fleet::{Installation, Member};
use crate::load::{Customer, Dice, Signer, uuid};
use crate::machine::{fresh_seed, is_stopped, raise_open_files};
use crate::private_postgres::PrivatePostgres;
use crate::process::{cargo, run};
use crate::server::{registrar, scratch};

use crowd::{Answer, Crowd};

/// How long all answers together may take.
const ANSWERED_WITHIN: Duration = Duration::from_mins(1);

/// How long a signal may take to stop a process.
const STOPPED_WITHIN: Duration = Duration::from_secs(5);

/// Open files of this command beside its connections.
const FILES_BESIDE_CONNECTIONS: u64 = 64;

/// Arguments of `cargo xtask race`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Servers side by side on a PostgreSQL of their own.
    #[arg(long)]
    servers: Option<usize>,
    /// Requests that arrive at once, spread evenly over the servers.
    #[arg(long, default_value_t = 10_000, requires = "servers")]
    count: usize,
    /// Starts the release build instead of the one that the tests use.
    #[arg(long, requires = "servers")]
    release: bool,
    /// Starts this binary instead of building one.
    #[arg(long, requires = "servers")]
    binary: Option<PathBuf>,
}

impl Arguments {
    /// A crowd on three servers for the test run.
    pub(crate) fn short(count: usize) -> Self {
        Self { servers: Some(3), count, release: false, binary: None }
    }
}

/// Runs every kind of race, prints what came of each, and fails where one has not exactly one winner.
pub(crate) fn race(arguments: &Arguments) -> Outcome<()> {
    let Some(servers) = arguments.servers else {
        return run(&mut cargo(&["test", "--locked", "--package", "registrar", "--test", "race"]));
    };
    let needed = arguments.count as u64 + FILES_BESIDE_CONNECTIONS;
    let limit = raise_open_files();
    if limit.is_some_and(|limit| limit < needed) {
        return Err(
            format!("{needed} open files are needed and at most {limit:?} allowed (ulimit -Hn)").into()
        );
    }
    let folder = scratch("race")?;
    let binary = registrar(arguments.binary.as_deref(), arguments.release, &folder)?;
    let postgres = PrivatePostgres::start(&folder, &[])?;
    let installation = Installation::create(&binary, &folder, &postgres.database("registrar")?)?;
    let members = installation.start(servers.max(1), |_, _| {})?;
    let mut failed = Vec::new();
    let mut dice = Dice::new(fresh_seed());
    for kind in Kind::ALL {
        let before = Instant::now();
        let bodies = kind.bodies(arguments.count, &mut dice);
        let rows_before = rows(&postgres)?;
        let answers = at_once(&installation.signer()?, &members, &bodies)?;
        let new_rows = rows(&postgres)? - rows_before;
        println!("race: {} {} on {servers} servers: {}", arguments.count, kind.name(), tally(&answers));
        println!(
            "      {new_rows} new customer, {:.1} s with making and sending",
            before.elapsed().as_secs_f64()
        );
        let verdict = kind.judge(&answers).and_then(|()| match new_rows {
            1 => Ok(()),
            _ => Err(format!("{new_rows} customers were stored instead of one").into()),
        });
        if let Err(why) = verdict {
            println!("FAILED  {}: {why}", kind.name());
            failed.push(kind.name());
        }
    }
    for mut member in members {
        member.stop()?;
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("not one winner: {}", failed.join(", ")).into()) }
}

fn rows(postgres: &PrivatePostgres) -> Outcome<i64> {
    Ok(postgres.sql("registrar", "SELECT count(*) FROM customers")?.parse()?)
}

/// Signs and sends each body once; the servers are stopped while the last bytes go out.
fn at_once(signer: &Signer, members: &[Member], bodies: &[String]) -> Outcome<Vec<Answer>> {
    let requests: Vec<Vec<u8>> = bodies
        .iter()
        .map(|body| {
            let mut request = Vec::new();
            signer.write_request(body.as_bytes(), &mut request);
            request
        })
        .collect();
    let addresses: Vec<SocketAddr> = members.iter().map(|member| member.address).collect();
    let begun = Instant::now();
    let mut crowd = Crowd::gather(&addresses, &requests)?;
    let gathered = begun.elapsed();
    let signalled = stop_all(members).and_then(|()| Ok(crowd.release()?));
    // Also after a failure: a stopped server could not be ended in order.
    signal_all(members, Signal::CONT)?;
    signalled?;
    let released = Instant::now();
    let answers = crowd.answers(ANSWERED_WITHIN)?;
    println!(
        "race: all connected after {gathered:.1?}, all answered {:.1?} after the release",
        released.elapsed()
    );
    Ok(answers)
}

fn signal_all(members: &[Member], signal: Signal) -> Outcome<()> {
    for pid in members.iter().filter_map(Member::pid) {
        let pid = Pid::from_raw(i32::try_from(pid)?).ok_or("a server has no process")?;
        kill_process(pid, signal)?;
    }
    Ok(())
}

fn stop_all(members: &[Member]) -> Outcome<()> {
    signal_all(members, Signal::STOP)?;
    let until = Instant::now() + STOPPED_WITHIN;
    for pid in members.iter().filter_map(Member::pid) {
        while !is_stopped(pid)? {
            if Instant::now() >= until {
                return Err("a server cannot be stopped for a moment".into());
            }
            std::thread::yield_now();
        }
    }
    Ok(())
}

/// How the requests of a race compete.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One request, many times.
    Identical,
    /// One payload that cannot be replayed.
    WithoutRequestId,
    /// Different payloads with one e-mail.
    OneEmail,
    /// Different persons under one request_id.
    OneRequestId,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Identical, Self::WithoutRequestId, Self::OneEmail, Self::OneRequestId];

    fn name(self) -> &'static str {
        match self {
            Self::Identical => "identical requests",
            Self::WithoutRequestId => "identical payloads without request_id",
            Self::OneEmail => "payloads with one e-mail",
            Self::OneRequestId => "persons under one request_id",
        }
    }

    fn bodies(self, count: usize, dice: &mut Dice) -> Vec<String> {
        let run = dice.next() & 0xFFFF_FFFF;
        let request_id = uuid(dice.next(), dice.next());
        let first = Customer { run, person: 0, variant: 0 };
        (0..count as u64)
            .map(|number| match self {
                Self::Identical => first.body(Some(&request_id)),
                Self::WithoutRequestId => first.body(None),
                Self::OneEmail => Customer { variant: number, ..first }.body(None),
                Self::OneRequestId => Customer { person: number, ..first }.body(Some(&request_id)),
            })
            .collect()
    }

    /// The code of who does not win (contract 3.4).
    fn refusal(self) -> Option<&'static str> {
        match self {
            Self::Identical => None,
            Self::WithoutRequestId => Some("payload_already_submitted"),
            Self::OneEmail => Some("participant_already_exists"),
            Self::OneRequestId => Some("request_id_reused"),
        }
    }

    /// Contract 3.6: one creates; identical requests all get its answer, the others name what it made.
    fn judge(self, answers: &[Answer]) -> Outcome<()> {
        let winners: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
        let first = winners.iter().filter(|answer| !answer.replayed).count();
        if first != 1 {
            return Err(format!("{first} requests created a customer").into());
        }
        let Some(refusal) = self.refusal() else {
            let bodies: BTreeSet<&[u8]> = winners.iter().map(|answer| answer.body.as_slice()).collect();
            return match (winners.len() == answers.len(), bodies.len()) {
                (true, 1) => Ok(()),
                (_, bodies) => Err(format!("{} answers 200 with {bodies} bodies", winners.len()).into()),
            };
        };
        let code = winners.first().and_then(|winner| winner.text("/message/participant_code"));
        let names_winner = self != Self::OneRequestId;
        let right = |answer: &&Answer| {
            answer.status == 400
                && answer.text("/code").as_deref() == Some(refusal)
                && (!names_winner || answer.text("/participant_code") == code)
        };
        let refused = answers.iter().filter(right).count();
        if refused + 1 == answers.len() {
            Ok(())
        } else {
            Err(format!("{refused} of {} were refused with {refusal}", answers.len() - 1).into())
        }
    }
}

/// How often each answer came, such as `200 first 1, 200 replayed 9999`.
fn tally(answers: &[Answer]) -> String {
    let mut counts = BTreeMap::<String, usize>::new();
    for answer in answers {
        let what = match (answer.status, answer.replayed) {
            (200, false) => "first".to_owned(),
            (200, true) => "replayed".to_owned(),
            _ => answer.text("/code").unwrap_or_default(),
        };
        *counts.entry(format!("{} {what}", answer.status)).or_default() += 1;
    }
    let bodies: BTreeSet<&[u8]> =
        answers.iter().filter(|answer| answer.status == 200).map(|answer| answer.body.as_slice()).collect();
    let counts: Vec<String> = counts.into_iter().map(|(what, count)| format!("{what} {count}")).collect();
    format!("{}; {} distinct body of a 200", counts.join(", "), bodies.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, replayed: bool, body: &str) -> Answer {
        Answer { status, replayed, body: body.as_bytes().to_vec() }
    }

    const CREATED: &str = r#"{"message":{"participant_code":"AAAAAA"}}"#;

    #[test]
    fn identical_requests_must_all_be_answered_with_one_body_by_one_winner() {
        let judge = |answers: &[Answer]| Kind::Identical.judge(answers).is_ok();
        assert!(judge(&[answer(200, true, CREATED), answer(200, false, CREATED)]));
        assert!(!judge(&[answer(200, false, CREATED), answer(200, false, CREATED)]));
        assert!(!judge(&[answer(200, false, CREATED), answer(200, true, "{}")]));
        assert!(!judge(&[answer(200, false, CREATED), answer(503, false, r#"{"code":"overloaded"}"#)]));
    }

    #[test]
    fn who_does_not_win_must_be_refused_for_the_right_reason_and_name_the_winner() {
        let judge = |second: &Answer| {
            let second = answer(second.status, false, &String::from_utf8_lossy(&second.body));
            Kind::OneEmail.judge(&[answer(200, false, CREATED), second]).is_ok()
        };
        let refusal = |code: &str, participant: &str| {
            answer(400, false, &format!(r#"{{"code":"{code}","participant_code":"{participant}"}}"#))
        };
        assert!(judge(&refusal("participant_already_exists", "AAAAAA")));
        assert!(!judge(&refusal("participant_already_exists", "BBBBBB")));
        assert!(!judge(&refusal("payload_already_submitted", "AAAAAA")));
        assert!(!judge(&answer(200, false, CREATED)));
    }
}
