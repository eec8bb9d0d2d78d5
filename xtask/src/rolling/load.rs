//! New customers at full speed or at a given rate, and what each request was answered.
//!
//! Invariant: nothing is repeated; a request that was not answered 200 stays a failed one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::load::{Customer, Dice, Reply, Signer, Traffic, uuid};

/// The load and its account.
pub(super) struct Load {
    signer: Signer,
    run: u64,
    dice: Dice,
    /// When pacing began, and how many requests a second there are to be.
    pace: Option<(Instant, f64)>,
    /// Requests since pacing began, or since the start.
    pub(super) sent: usize,
    /// Customers asked for since the start.
    persons: usize,
    /// Answers 200 since the start.
    pub(super) accepted: u64,
    /// Everything else, by what it was, and when the first of each came.
    pub(super) failed: BTreeMap<String, u64>,
    /// Of the answers since pacing began.
    pub(super) latencies: Vec<Duration>,
}

impl Load {
    /// A load of customers that no other load has.
    pub(super) fn new(signer: Signer, seed: u64) -> Self {
        Self {
            signer,
            run: seed & 0xFFFF_FFFF,
            dice: Dice::new(seed),
            pace: None,
            sent: 0,
            persons: 0,
            accepted: 0,
            failed: BTreeMap::new(),
            latencies: Vec::new(),
        }
    }

    /// From now on sends so many requests a second; what cannot be sent at its time is sent as soon as possible.
    pub(super) fn pace(&mut self, per_second: f64) {
        self.pace = Some((Instant::now(), per_second));
        self.sent = 0;
        self.latencies.clear();
    }

    /// How many requests there should have been since pacing began.
    pub(super) fn planned(&self) -> f64 {
        self.pace.map_or(f64::INFINITY, |(begun, per_second)| begun.elapsed().as_secs_f64() * per_second)
    }

    fn fail(&mut self, what: String) {
        *self.failed.entry(what).or_default() += 1;
    }
}

impl Traffic for Load {
    #[expect(clippy::cast_precision_loss, reason = "far fewer requests than 2^52")]
    fn next(&mut self, request: &mut Vec<u8>) -> Option<usize> {
        if self.sent as f64 >= self.planned() {
            return None;
        }
        self.sent += 1;
        self.persons += 1;
        let request_id = uuid(self.dice.next(), self.dice.next());
        let customer = Customer { run: self.run, person: self.persons as u64, variant: 0 };
        self.signer.write_request(customer.body(Some(&request_id)).as_bytes(), request);
        Some(self.persons)
    }

    fn answered(&mut self, _: usize, reply: &Reply<'_>) {
        self.latencies.push(reply.latency);
        if reply.status == 200 {
            self.accepted += 1;
        } else {
            let json: serde_json::Value = serde_json::from_slice(reply.body).unwrap_or_default();
            let code = json.get("code").and_then(serde_json::Value::as_str).unwrap_or("from the balancer");
            self.fail(format!("{} {code}", reply.status));
        }
    }

    fn lost(&mut self, _: usize) {
        self.fail("connection lost or no answer in time".to_owned());
    }
}
