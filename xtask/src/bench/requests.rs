//! Signed requests made before the clock runs: new customers, repeated ones, forged ones, a mixture.
//!
//! Invariant: a request is made at most a minute before it is sent, and each names the status it must be answered with.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::load::{Customer, Dice, Signer, uuid};
use crate::machine::fresh_seed;

/// What a server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// New customers.
    Create,
    /// The first so many persons of this source once more, each with its request_id.
    Replay(u64),
    /// New customers under a signature that is none.
    Refused,
    /// Of ten requests seven creates, two replays of the first so many persons, and one read of the server's time.
    Mixed(u64),
}

/// A source of requests of one kind for one key.
pub(crate) struct Requests {
    signer: Signer,
    run: u64,
    next_person: u64,
    turn: u64,
    /// What is asked from now on.
    pub(crate) kind: Kind,
}

/// Requests that are ready to be sent.
pub(crate) struct Prepared {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    sent: usize,
    /// The status each of them must be answered with.
    pub(crate) status: u16,
}

impl Requests {
    /// New customers, unlike those of any other source.
    pub(crate) fn new(signer: &Signer) -> Self {
        static SOURCES: AtomicU64 = AtomicU64::new(0);
        let run = (fresh_seed() << 8 | SOURCES.fetch_add(1, Ordering::Relaxed)) & 0xFF_FFFF_FFFF;
        Self { signer: signer.clone(), run, next_person: 0, turn: 0, kind: Kind::Create }
    }

    /// Makes and signs so many.
    pub(crate) fn prepare(&mut self, count: usize) -> Prepared {
        let status = if self.kind == Kind::Refused { 401 } else { 200 };
        let (bytes, ends) = (Vec::with_capacity(count * 900), Vec::with_capacity(count));
        let mut prepared = Prepared { bytes, ends, sent: 0, status };
        for _ in 0..count {
            self.write_next(&mut prepared.bytes);
            prepared.ends.push(prepared.bytes.len());
        }
        prepared
    }

    fn write_next(&mut self, bytes: &mut Vec<u8>) {
        self.turn += 1;
        match (self.kind, self.turn % 10) {
            (Kind::Mixed(_), 0) => Signer::write_get("/time", bytes),
            (Kind::Replay(known), _) | (Kind::Mixed(known), 1 | 2) => {
                let body = self.body(self.turn % known.max(1));
                self.signer.write_request(body.as_bytes(), bytes);
            }
            (kind, _) => {
                let body = self.body(self.next_person);
                self.next_person += 1;
                if kind == Kind::Refused {
                    self.signer.write_forged_request(body.as_bytes(), bytes);
                } else {
                    self.signer.write_request(body.as_bytes(), bytes);
                }
            }
        }
    }

    fn body(&self, person: u64) -> String {
        let mut dice = Dice::new(self.run ^ (person << 40));
        let request_id = uuid(dice.next(), dice.next());
        Customer { run: self.run, person, variant: 0 }.body(Some(&request_id))
    }
}

impl Prepared {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Appends the next one to `request` and counts it.
    pub(crate) fn take(&mut self, request: &mut Vec<u8>) -> Option<usize> {
        let end = *self.ends.get(self.sent)?;
        let start = self.sent.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        request.extend_from_slice(self.bytes.get(start..end)?);
        self.sent += 1;
        Some(self.sent)
    }

    /// How many were taken.
    pub(crate) const fn sent(&self) -> usize {
        self.sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Credentials;

    fn requests() -> Requests {
        let (api_key, passphrase) = ("key".into(), "passphrase".into());
        let credentials =
            Credentials { platform_code: "ABC123".into(), api_key, secret: "AAEC".into(), passphrase };
        Requests::new(&Signer::new(&credentials).unwrap())
    }

    fn bodies(requests: &mut Requests, count: usize) -> Vec<String> {
        let mut prepared = requests.prepare(count);
        let mut text = Vec::new();
        std::iter::from_fn(|| {
            text.clear();
            prepared.take(&mut text)?;
            let all = String::from_utf8_lossy(&text).into_owned();
            Some(all.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap())
        })
        .collect()
    }

    #[test]
    fn a_replay_repeats_the_first_bodies_byte_for_byte() {
        let mut requests = requests();
        let mut first = bodies(&mut requests, 4);
        requests.kind = Kind::Replay(4);
        let mut again = bodies(&mut requests, 4);
        first.sort();
        again.sort();
        assert_eq!(first, again);
    }

    #[test]
    fn a_mixture_has_seven_creates_two_replays_and_one_read_of_ten() {
        let mut requests = requests();
        let known = bodies(&mut requests, 3);
        requests.kind = Kind::Mixed(3);
        let mixture = bodies(&mut requests, 1000);
        let replays = mixture.iter().filter(|body| known.contains(body)).count();
        let reads = mixture.iter().filter(|body| body.is_empty()).count();
        assert_eq!((replays, reads), (200, 100));
    }

    #[test]
    fn two_sources_share_no_customer() {
        assert_ne!(bodies(&mut requests(), 1), bodies(&mut requests(), 1));
    }
}
