//! What is sent between two kills: new submissions and repeated ones.
//!
//! Invariant: the ledger learns of a submission before its first byte is sent.

use std::collections::{BTreeSet, VecDeque};

use crate::load::{Customer, Dice, Ledger, Reply, Signer, Standing, Traffic, add_person, uuid};

/// The load of one run, which goes on over all kills.
pub(crate) struct Load {
    /// What was promised.
    pub(crate) ledger: Ledger,
    /// Requests sent.
    pub(crate) requests: u64,
    /// Whether new submissions are made when the queue is empty.
    pub(crate) makes_new: bool,
    /// Submissions below this one are for customers that the database was filled with.
    old: usize,
    queue: VecDeque<usize>,
    signer: Signer,
    dice: Dice,
    run: u64,
}

impl Load {
    /// A load that depends on the seed alone.
    pub(crate) fn new(signer: Signer, seed: u64) -> Self {
        Self {
            ledger: Ledger::default(),
            requests: 0,
            makes_new: true,
            old: 0,
            queue: VecDeque::new(),
            signer,
            dice: Dice::new(seed),
            run: seed & 0xFFFF_FFFF,
        }
    }

    /// Queues some of the customers that the database was filled with: for each a rival, another payload under its e-mail
    /// and a `request_id` of its own, and then the very request that it was stored for. Nothing else was submitted yet.
    pub(crate) fn ask_filled(&mut self, customers: u64, asked_max: usize) {
        let mut persons: BTreeSet<u64> = customers.checked_sub(1).into_iter().chain([0]).collect();
        let all = usize::try_from(customers).unwrap_or(usize::MAX);
        while persons.len() < asked_max.min(all) {
            persons.insert(self.dice.below(all) as u64);
        }
        for person in persons {
            let rival_id = uuid(self.dice.next(), self.dice.next());
            let entered = self.ledger.person();
            let own = Customer::filled(person);
            for body in [Customer { variant: 1, ..own }.body(Some(&rival_id)), own.first_body()] {
                let number = self.ledger.submission(entered, true, body);
                self.queue.push_back(number);
            }
        }
        self.old = self.ledger.submissions.len();
    }

    /// How many customers that the database was filled with are asked for.
    pub(crate) fn filled_asked(&self) -> usize {
        self.old / 2
    }

    /// Enters as lost each of them whose rival was let in, or whose own request was not answered as a replay.
    pub(crate) fn check_filled(&mut self) {
        let asked = self.ledger.submissions.iter().take(self.old).map(|one| &one.standing);
        let asked: Vec<&Standing> = asked.collect();
        let is_there = |pair: &&[&Standing]| matches!(pair, [Standing::Refused, Standing::Acknowledged(_)]);
        let lost = asked.chunks(2).filter(|pair| !is_there(pair)).count();
        self.ledger.findings.lost += lost as u64;
    }

    /// Queues, before anything new, every open submission, some that were acknowledged, and as many for customers that the
    /// database was filled with.
    pub(crate) fn repeat(&mut self, each_max: usize) {
        self.queue.clear();
        self.queue.extend(self.ledger.open());
        let acknowledged: Vec<usize> = self.ledger.acknowledged().collect();
        self.draw(&acknowledged, each_max);
        let old: Vec<usize> = (0..self.old).collect();
        self.draw(&old, each_max);
    }

    fn draw(&mut self, from: &[usize], drawn_max: usize) {
        if from.len() <= drawn_max {
            self.queue.extend(from);
            return;
        }
        for _ in 0..drawn_max {
            let chosen = self.dice.below(from.len());
            self.queue.extend(from.get(chosen));
        }
    }

    /// Whether everything queued was sent.
    pub(crate) fn is_spent(&self) -> bool {
        self.queue.is_empty()
    }
}

impl Traffic for Load {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<usize> {
        if self.queue.is_empty() && self.makes_new {
            add_person(&mut self.ledger, &mut self.dice, self.run, &mut self.queue);
        }
        let number = self.queue.pop_front()?;
        let submission = self.ledger.submissions.get(number)?;
        self.signer.write_request(&submission.body, request);
        self.requests += 1;
        Some(number)
    }

    fn answered(&mut self, ticket: usize, reply: &Reply<'_>) {
        self.ledger.enter(ticket, reply.status, reply.body);
    }

    // An unanswered submission stays open in the ledger and is repeated after the restart.
    fn lost(&mut self, _: usize) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Credentials;

    const CREATED: &[u8] = br#"{"message":{"participant_code":"AAAAAA"}}"#;
    const EXISTS: &[u8] = br#"{"code":"participant_already_exists","participant_code":"AAAAAA"}"#;

    fn asking_for_one() -> Load {
        let credentials = Credentials {
            platform_code: "ABC123".into(),
            api_key: "key".into(),
            secret: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into(),
            passphrase: "passphrase".into(),
        };
        let mut load = Load::new(Signer::new(&credentials).unwrap(), 7);
        load.ask_filled(1, 100);
        load
    }

    #[test]
    fn a_filled_customer_is_asked_for_by_a_rival_and_by_its_own_request() {
        let load = asking_for_one();
        let bodies = load.ledger.submissions.iter().map(|one| serde_json::from_slice(&one.body).unwrap());
        let bodies: Vec<serde_json::Value> = bodies.collect();
        assert_eq!(bodies[0]["email"], bodies[1]["email"]);
        assert_ne!(bodies[0]["request_id"], bodies[1]["request_id"]);
        assert_ne!(bodies[0]["address_one"], bodies[1]["address_one"]);
        assert_eq!((load.filled_asked(), load.queue.len()), (1, 2));
    }

    #[test]
    fn so_many_different_ones_are_asked_for_as_there_are_or_as_are_wanted() {
        let asked = |customers, asked_max| {
            let mut load = asking_for_one();
            load.ask_filled(customers, asked_max);
            load.filled_asked() - 1
        };
        assert_eq!((asked(3, 100), asked(1_000_000, 100)), (3, 100));
    }

    #[test]
    fn a_filled_customer_that_is_replayed_and_refused_to_its_rival_is_there_and_any_other_is_lost() {
        let lost = |rival: (u16, &[u8]), own: (u16, &[u8])| {
            let mut load = asking_for_one();
            load.ledger.enter(0, rival.0, rival.1);
            load.ledger.enter(1, own.0, own.1);
            load.check_filled();
            load.ledger.findings.lost
        };
        assert_eq!(lost((400, EXISTS), (200, CREATED)), 0);
        assert_eq!(lost((200, CREATED), (400, EXISTS)), 1);
        assert_eq!(lost((400, EXISTS), (400, EXISTS)), 1);
    }

    #[test]
    fn filled_customers_are_asked_for_again_whatever_they_were_answered() {
        let mut load = asking_for_one();
        load.ledger.enter(0, 400, EXISTS);
        load.ledger.enter(1, 200, CREATED);
        load.repeat(usize::MAX);
        assert_eq!(load.queue, [1, 0, 1]);
    }
}
