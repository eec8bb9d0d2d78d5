//! What is sent between two kills: new submissions of every kind that may collide, and repeated ones.
//!
//! Invariant: the ledger learns of a submission before its first byte is sent.

use std::collections::VecDeque;

use crate::kills::ledger::Ledger;
use crate::load::{Customer, Dice, Reply, Signer, Traffic, uuid};

/// Submissions sent so often in a row are under way together on several connections.
const COPIES_MAX: usize = 4;

/// The load of one run, which goes on over all kills.
pub(crate) struct Load {
    /// What was promised.
    pub(crate) ledger: Ledger,
    /// Requests sent.
    pub(crate) requests: u64,
    /// Whether new submissions are made when the queue is empty.
    pub(crate) makes_new: bool,
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
            queue: VecDeque::new(),
            signer,
            dice: Dice::new(seed),
            run: seed & 0xFFFF_FFFF,
        }
    }

    /// Queues, before anything new, every open submission and some that were acknowledged.
    pub(crate) fn repeat(&mut self, acknowledged_max: usize) {
        self.queue.clear();
        self.queue.extend(self.ledger.open());
        let acknowledged: Vec<usize> = self.ledger.acknowledged().collect();
        if acknowledged.len() <= acknowledged_max {
            self.queue.extend(acknowledged);
            return;
        }
        for _ in 0..acknowledged_max {
            let chosen = self.dice.below(acknowledged.len());
            self.queue.extend(acknowledged.get(chosen));
        }
    }

    /// Whether everything queued was sent.
    pub(crate) fn is_spent(&self) -> bool {
        self.queue.is_empty()
    }

    fn make(&mut self) {
        let person = self.ledger.person();
        let of = |variant| Customer { run: self.run, person: person as u64, variant };
        let copies = 2 + self.dice.below(COPIES_MAX - 1);
        let add = |ledger: &mut Ledger, request_id: Option<&str>, variant: u64| {
            ledger.submission(person, request_id.is_some(), of(variant).body(request_id))
        };
        let mut request_id = || uuid(self.dice.next(), self.dice.next());
        let (first, second) = (request_id(), request_id());
        let kind = self.dice.below(100);
        match kind {
            // An ordinary customer.
            0..60 => self.queue.push_back(add(&mut self.ledger, Some(&first), 0)),
            // The same request several times at once.
            60..72 => {
                let number = add(&mut self.ledger, Some(&first), 0);
                self.queue.extend(std::iter::repeat_n(number, copies));
            }
            // The same payload several times at once, never with a request_id.
            72..80 => {
                let number = add(&mut self.ledger, None, 0);
                self.queue.push_back(number);
                for _ in 1..copies {
                    let copy = add(&mut self.ledger, None, 0);
                    self.queue.push_back(copy);
                }
            }
            // One payload under two request_ids.
            80..86 => {
                self.queue.push_back(add(&mut self.ledger, Some(&first), 0));
                self.queue.push_back(add(&mut self.ledger, Some(&second), 0));
            }
            // One request_id for two payloads, of one person so that exactly one may win.
            86..92 => {
                self.queue.push_back(add(&mut self.ledger, Some(&first), 0));
                self.queue.push_back(add(&mut self.ledger, Some(&first), 1));
            }
            // Two people with one e-mail.
            _ => {
                self.queue.push_back(add(&mut self.ledger, Some(&first), 0));
                self.queue.push_back(add(&mut self.ledger, Some(&second), 1));
            }
        }
    }
}

impl Traffic for Load {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<usize> {
        if self.queue.is_empty() && self.makes_new {
            self.make();
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
