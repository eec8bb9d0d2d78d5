//! What was promised: which submission was answered how, byte for byte, kept apart from the server.
//!
//! A *person* is one e-mail with all submissions that compete for it; all are valid, so exactly one of them may become
//! a customer (contract 3.4, 3.6). Invariant: a promise once entered is never forgotten, only checked again.

use std::collections::{BTreeMap, HashMap};

/// What a submission has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Sent and not answered, or answered 503: it must be repeated.
    Open,
    /// Answered 200 with this body.
    Acknowledged(Vec<u8>),
    /// Answered that another submission holds its place.
    Refused,
}

/// One request that may be repeated.
pub(crate) struct Submission {
    /// Whose e-mail it carries.
    pub(crate) person: usize,
    /// Whether it can be replayed.
    pub(crate) has_request_id: bool,
    /// The body, as sent each time.
    pub(crate) body: Vec<u8>,
    /// What it has come to.
    pub(crate) standing: Standing,
}

/// What the run found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Findings {
    /// An acknowledged customer that is not there any more.
    pub(crate) lost: u64,
    /// A second customer for one e-mail, request or code.
    pub(crate) doubled: u64,
    /// A repeated request that was answered 200 with other bytes.
    pub(crate) differing: u64,
    /// Answers that are none of those the contract allows here, by status and code.
    pub(crate) unexpected: BTreeMap<String, u64>,
}

/// Every submission of a run and what is known of each person.
#[derive(Default)]
pub(crate) struct Ledger {
    /// In the order made.
    pub(crate) submissions: Vec<Submission>,
    /// The code of each person's customer, once an answer named it.
    codes: Vec<Option<String>>,
    /// Which person a code was given to.
    holders: HashMap<String, usize>,
    /// Which submission of a person was answered 200.
    winners: Vec<Option<usize>>,
    /// What is wrong so far.
    pub(crate) findings: Findings,
    /// Answers 200, replays included.
    pub(crate) acknowledgements: u64,
}

impl Ledger {
    /// A new person; returns its number.
    pub(crate) fn person(&mut self) -> usize {
        self.codes.push(None);
        self.winners.push(None);
        self.codes.len() - 1
    }

    /// A new submission; returns its number.
    pub(crate) fn submission(&mut self, person: usize, has_request_id: bool, body: String) -> usize {
        let body = body.into_bytes();
        self.submissions.push(Submission { person, has_request_id, body, standing: Standing::Open });
        self.submissions.len() - 1
    }

    /// How many customers must be stored once nothing is open: one for each person.
    pub(crate) fn persons(&self) -> usize {
        self.codes.len()
    }

    /// How many codes were given.
    pub(crate) fn codes(&self) -> usize {
        self.holders.len()
    }

    /// Submissions that must be repeated.
    pub(crate) fn open(&self) -> impl Iterator<Item = usize> {
        self.numbers(|standing| *standing == Standing::Open)
    }

    /// Submissions that were answered 200.
    pub(crate) fn acknowledged(&self) -> impl Iterator<Item = usize> {
        self.numbers(|standing| matches!(standing, Standing::Acknowledged(_)))
    }

    fn numbers(&self, chosen: impl Fn(&Standing) -> bool) -> impl Iterator<Item = usize> {
        let numbered = self.submissions.iter().enumerate();
        numbered.filter(move |(_, one)| chosen(&one.standing)).map(|(number, _)| number)
    }

    /// Enters one answer and compares it with every promise made before.
    pub(crate) fn enter(&mut self, number: usize, status: u16, body: &[u8]) {
        let answer = Answer::of(body);
        match (status, answer.code.as_deref()) {
            (200, _) => self.enter_success(number, body, answer.participant_code),
            (400, Some("payload_already_submitted" | "participant_already_exists" | "request_id_reused")) => {
                self.enter_refusal(number, answer.participant_code);
            }
            (503, Some("overloaded" | "unavailable" | "outcome_unknown")) => {}
            (_, code) => {
                let name = format!("{status} {}", code.unwrap_or("without a code"));
                *self.findings.unexpected.entry(name).or_default() += 1;
            }
        }
    }

    fn enter_success(&mut self, number: usize, body: &[u8], code: Option<String>) {
        self.acknowledgements += 1;
        let Some(submission) = self.submissions.get_mut(number) else { return };
        let person = submission.person;
        match &submission.standing {
            Standing::Open => submission.standing = Standing::Acknowledged(body.to_vec()),
            Standing::Refused => self.findings.doubled += 1,
            // Without a request_id nothing is replayed: a second 200 is a second customer.
            Standing::Acknowledged(_) if !submission.has_request_id => self.findings.doubled += 1,
            Standing::Acknowledged(first) if first == body => {}
            Standing::Acknowledged(first) if Answer::of(first).participant_code == code => {
                self.findings.differing += 1;
            }
            // Another code: the first customer is gone, and the repeated request has made a new one.
            Standing::Acknowledged(_) => {
                self.findings.lost += 1;
                return;
            }
        }
        let winner = self.winners.get_mut(person).and_then(|winner| winner.replace(number));
        if winner.is_some_and(|before| before != number) {
            self.findings.doubled += 1;
        }
        if let Some(code) = code {
            self.hold(person, &code);
        } else {
            *self.findings.unexpected.entry("200 without a participant_code".into()).or_default() += 1;
        }
    }

    fn enter_refusal(&mut self, number: usize, code: Option<String>) {
        let Some(submission) = self.submissions.get_mut(number) else { return };
        let person = submission.person;
        match submission.standing {
            Standing::Acknowledged(_) if submission.has_request_id => self.findings.lost += 1,
            Standing::Acknowledged(_) => {}
            Standing::Open | Standing::Refused => submission.standing = Standing::Refused,
        }
        if let Some(code) = code {
            self.hold(person, &code);
        }
    }

    fn hold(&mut self, person: usize, code: &str) {
        let holder = *self.holders.entry(code.to_owned()).or_insert(person);
        let Some(known) = self.codes.get_mut(person) else { return };
        if holder != person || known.get_or_insert_with(|| code.to_owned()) != code {
            self.findings.doubled += 1;
        }
    }

    /// Enters what the database holds at the end, when nothing is open any more.
    pub(crate) fn enter_row_count(&mut self, rows: u64) {
        let due = u64::try_from(self.persons()).unwrap_or(u64::MAX);
        self.findings.doubled += rows.saturating_sub(due);
        self.findings.lost += due.saturating_sub(rows);
    }
}

impl Findings {
    /// Whether the run found nothing.
    pub(crate) fn are_none(&self) -> bool {
        *self == Self::default()
    }
}

/// The members of an answer that the ledger goes by.
struct Answer {
    code: Option<String>,
    participant_code: Option<String>,
}

impl Answer {
    fn of(body: &[u8]) -> Self {
        let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |pointer: &str| json.pointer(pointer).and_then(|found| found.as_str()).map(str::to_owned);
        Self {
            code: text("/code"),
            participant_code: text("/message/participant_code").or_else(|| text("/participant_code")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_two_rivals() -> Ledger {
        let mut ledger = Ledger::default();
        let person = ledger.person();
        ledger.submission(person, true, "a".into());
        ledger.submission(person, true, "b".into());
        ledger
    }

    const CREATED: &[u8] = br#"{"message":{"participant_code":"AAAAAA"}}"#;
    const OTHER: &[u8] = br#"{"message":{"participant_code":"BBBBBB"}}"#;
    const EXISTS: &[u8] = br#"{"code":"participant_already_exists","participant_code":"AAAAAA"}"#;

    #[test]
    fn one_winner_a_replay_and_a_refused_rival_are_no_finding() {
        let mut ledger = with_two_rivals();
        ledger.enter(0, 200, CREATED);
        ledger.enter(0, 200, CREATED);
        ledger.enter(1, 400, EXISTS);
        ledger.enter_row_count(1);
        assert!(ledger.findings.are_none(), "{:?}", ledger.findings);
        assert_eq!((ledger.open().count(), ledger.acknowledged().count()), (0, 1));
    }

    #[test]
    fn an_acknowledged_request_that_is_refused_later_is_lost() {
        let mut ledger = with_two_rivals();
        ledger.enter(0, 200, CREATED);
        ledger.enter(0, 400, EXISTS);
        assert_eq!(ledger.findings.lost, 1);
    }

    #[test]
    fn a_replay_with_other_bytes_differs() {
        let mut ledger = with_two_rivals();
        ledger.enter(0, 200, CREATED);
        ledger.enter(0, 200, br#"{"message":{ "participant_code":"AAAAAA"}}"#);
        assert_eq!(ledger.findings, Findings { differing: 1, ..Findings::default() });
    }

    #[test]
    fn a_replay_that_made_a_new_customer_shows_that_the_first_was_lost() {
        let mut ledger = with_two_rivals();
        ledger.enter(0, 200, CREATED);
        ledger.enter(0, 200, OTHER);
        assert_eq!(ledger.findings, Findings { lost: 1, ..Findings::default() });
    }

    #[test]
    fn two_acknowledged_rivals_are_a_doubled_customer() {
        let mut ledger = with_two_rivals();
        ledger.enter(0, 200, CREATED);
        ledger.enter(1, 200, OTHER);
        assert!(ledger.findings.doubled > 0);
    }

    #[test]
    fn a_second_success_without_a_request_id_is_a_doubled_customer() {
        let mut ledger = Ledger::default();
        let person = ledger.person();
        ledger.submission(person, false, "a".into());
        ledger.enter(0, 200, CREATED);
        ledger.enter(0, 200, CREATED);
        assert_eq!(ledger.findings.doubled, 1);
    }

    #[test]
    fn one_code_for_two_persons_is_a_doubled_customer() {
        let mut ledger = with_two_rivals();
        let person = ledger.person();
        let third = ledger.submission(person, true, "c".into());
        ledger.enter(0, 200, CREATED);
        ledger.enter(third, 200, CREATED);
        assert_eq!(ledger.findings.doubled, 1);
    }

    #[test]
    fn another_code_than_a_refusal_named_is_a_doubled_customer() {
        let mut ledger = with_two_rivals();
        ledger.enter(1, 400, EXISTS);
        ledger.enter(0, 200, OTHER);
        assert_eq!(ledger.findings.doubled, 1);
    }

    #[test]
    fn a_missing_row_is_lost_and_a_row_too_many_is_doubled() {
        let mut ledger = with_two_rivals();
        ledger.enter_row_count(0);
        ledger.enter_row_count(3);
        assert_eq!((ledger.findings.lost, ledger.findings.doubled), (1, 2));
    }

    #[test]
    fn overload_leaves_a_request_open_and_any_other_answer_is_a_finding() {
        let mut ledger = with_two_rivals();
        ledger.enter(0, 503, br#"{"code":"overloaded"}"#);
        assert!(ledger.findings.are_none());
        ledger.enter(1, 500, br#"{"code":"internal_error"}"#);
        assert_eq!(ledger.findings.unexpected.get("500 internal_error"), Some(&1));
        assert_eq!(ledger.open().count(), 2);
    }
}
