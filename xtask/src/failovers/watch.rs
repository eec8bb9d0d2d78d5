//! How long nothing was stored around one fault, and what became of the requests whose outcome was unknown.
//!
//! Invariant: only what a client saw counts; a gap runs from the fault, or from an answer after it, to the next answer.

use std::collections::HashSet;
use std::time::{Duration, Instant};

/// The longest time without a newly acknowledged customer.
#[derive(Debug, Clone, Copy)]
struct Gap {
    last: Instant,
    longest: Duration,
    over_at: Instant,
}

impl Gap {
    fn new(now: Instant) -> Self {
        Self { last: now, longest: Duration::ZERO, over_at: now }
    }

    fn acknowledged(&mut self, now: Instant) {
        let length = now.saturating_duration_since(self.last);
        if length > self.longest {
            (self.longest, self.over_at) = (length, now);
        }
        self.last = now;
    }
}

/// What one fault came to.
#[derive(Debug, Clone)]
pub(crate) struct Outage {
    /// The longest time in which no server acknowledged anything new.
    pub(crate) any: Duration,
    /// The longest time in which one of the servers that were not killed acknowledged nothing new.
    pub(crate) each: Duration,
    /// Requests whose outcome was unknown.
    pub(crate) unknown: usize,
    /// How many of them were not settled by one retry, sent to a server that could store again.
    pub(crate) stubborn: usize,
}

/// What is noted from one fault to the next.
pub(crate) struct Watch {
    any: Gap,
    each: Vec<Gap>,
    unknown: HashSet<usize>,
    settled: usize,
    /// Retries of those that settled nothing: which, over which server, sent when.
    in_vain: Vec<(usize, usize, Instant)>,
}

impl Watch {
    /// From a fault that happens now.
    pub(crate) fn new(servers: usize, now: Instant) -> Self {
        let gap = Gap::new(now);
        Self { any: gap, each: vec![gap; servers], unknown: HashSet::new(), settled: 0, in_vain: Vec::new() }
    }

    /// A customer was acknowledged for the first time.
    pub(crate) fn acknowledged(&mut self, server: usize, now: Instant) {
        self.any.acknowledged(now);
        if let Some(gap) = self.each.get_mut(server) {
            gap.acknowledged(now);
        }
    }

    /// A submission was sent, and what became of it is not known.
    pub(crate) fn unknown(&mut self, submission: usize) {
        self.unknown.insert(submission);
    }

    /// A submission sent at that time got an answer, or none, that settles nothing.
    pub(crate) fn unsettled(&mut self, submission: usize, server: usize, sent: Instant) {
        if self.unknown.contains(&submission) {
            self.in_vain.push((submission, server, sent));
        }
    }

    /// A submission was answered for good.
    pub(crate) fn settled(&mut self, submission: usize) {
        self.settled += usize::from(self.unknown.remove(&submission));
    }

    /// Whether every server has acknowledged something since, and nothing is unknown.
    pub(crate) fn is_over(&self, since: Instant) -> bool {
        self.unknown.is_empty() && self.each.iter().all(|gap| gap.last > since)
    }

    /// What it came to; a server that was killed is left out of `each`.
    pub(crate) fn outage(&self, killed: Option<usize>) -> Outage {
        let others = self.each.iter().enumerate().filter(|(server, _)| Some(*server) != killed);
        let was_back = |server: usize, sent: Instant| {
            self.each.get(server).is_some_and(|gap| sent > gap.over_at && sent > self.any.over_at)
        };
        let in_vain = self.in_vain.iter().filter(|(_, server, sent)| was_back(*server, *sent));
        let stubborn: HashSet<_> = in_vain.map(|(submission, ..)| *submission).collect();
        Outage {
            any: self.any.longest,
            each: others.map(|(_, gap)| gap.longest).max().unwrap_or_default(),
            unknown: self.settled + self.unknown.len(),
            stubborn: stubborn.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_longest_gap_counts_and_begins_with_the_fault() {
        let fault = Instant::now();
        let mut watch = Watch::new(2, fault);
        watch.acknowledged(0, fault + SECOND);
        watch.acknowledged(0, fault + SECOND * 9);
        watch.acknowledged(1, fault + SECOND * 12);
        let outage = watch.outage(None);
        assert_eq!((outage.any, outage.each), (SECOND * 8, SECOND * 12));
        assert_eq!(watch.outage(Some(1)).each, SECOND * 8);
        assert!(watch.is_over(fault + SECOND * 8) && !watch.is_over(fault + SECOND * 9));
    }

    #[test]
    fn a_retry_in_vain_counts_only_when_its_server_could_store_again() {
        let fault = Instant::now();
        let mut watch = Watch::new(2, fault);
        watch.unsettled(7, 0, fault);
        watch.unknown(7);
        watch.unknown(8);
        watch.acknowledged(0, fault + SECOND * 5);
        watch.unsettled(7, 0, fault + SECOND * 4);
        watch.unsettled(8, 1, fault + SECOND * 6);
        watch.acknowledged(1, fault + SECOND * 7);
        assert!(!watch.is_over(fault));
        assert_eq!(watch.outage(None).stubborn, 0);
        watch.unsettled(8, 1, fault + SECOND * 8);
        watch.settled(7);
        watch.settled(8);
        assert!(watch.is_over(fault));
        let outage = watch.outage(None);
        assert_eq!((outage.unknown, outage.stubborn), (2, 1));
    }
}
