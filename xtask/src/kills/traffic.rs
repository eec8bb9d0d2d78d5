//! What is sent between two kills: new submissions and repeated ones.
//!
//! Invariant: the ledger learns of a submission before its first byte is sent.

use std::collections::VecDeque;

use crate::load::{Dice, Ledger, Reply, Signer, Traffic, add_person};

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
