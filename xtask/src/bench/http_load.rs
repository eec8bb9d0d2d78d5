//! Requests over keep-alive connections as one turn of a side: as fast as answers come, or at a given rate.
//!
//! Invariant: a turn counts only if every answer in it had the status it must have.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::bench::measured::{Measured, Spent, count};
use crate::bench::requests::{Kind, Prepared, Requests};
use crate::load::{Connections, Dice, Reply, Signer, Traffic};
use crate::machine::{cpu_time, own_cores, own_cpu_time, stay_on};

/// Requests made for a turn however few the last one sent; also those of the first turn.
const COUNT_MIN: usize = 60_000;

/// How long the last answers may take.
const DRAIN: Duration = Duration::from_secs(5);

/// How late a request that fell due may be sent; its signature must still be fresh then.
const LATE: Duration = Duration::from_secs(12);

/// How late a request that falls due may be noticed where the load shares its cores with the server.
const PAUSE: Duration = Duration::from_micros(50);

/// What is under load.
#[derive(Clone)]
pub(crate) struct Target {
    /// Where; several servers share the connections.
    pub(crate) addresses: Vec<SocketAddr>,
    /// The processes whose CPU time is the server's, with all that they started.
    pub(crate) processes: Vec<u32>,
}

/// A load on one target.
pub(crate) struct HttpLoad {
    target: Target,
    connections: usize,
    requests: Requests,
    /// The core that the load keeps to.
    core: Option<&'static str>,
    answers_per_second: f64,
}

impl HttpLoad {
    /// A load of new customers, to be changed by `ask`; the load keeps to core 1 where `pin` is set.
    pub(crate) fn new(target: Target, signer: &Signer, connections: usize, pin: bool) -> Self {
        let (requests, core) = (Requests::new(signer), pin.then_some("1"));
        Self { target, connections, requests, core, answers_per_second: 0.0 }
    }

    /// Sends for `span` without counting it; returns the bytes of an answer.
    pub(crate) fn warm_up(&mut self, span: Duration) -> Outcome<usize> {
        let until = Instant::now() + span;
        loop {
            let measured = self.turn(until.saturating_duration_since(Instant::now()))?;
            // A fast server may have answered all that was made before the time is over.
            if Instant::now() >= until {
                return Ok(measured.answer_bytes);
            }
        }
    }

    /// Creates so many customers, and asks from now on what `kind` says of them.
    pub(crate) fn create_then(&mut self, known: usize, kind: impl FnOnce(u64) -> Kind) -> Outcome<()> {
        let prepared = self.requests.prepare(known);
        let sent = self.send(prepared, Duration::from_mins(1), Vec::new())?;
        if sent.answers < known {
            return Err(format!("only {} of {known} customers were created in time", sent.answers).into());
        }
        self.requests.kind = kind(known as u64);
        Ok(())
    }

    /// Asks something else from now on.
    pub(crate) fn ask(&mut self, kind: Kind) {
        self.requests.kind = kind;
    }

    /// One turn as fast as answers come.
    pub(crate) fn turn(&mut self, span: Duration) -> Outcome<Measured> {
        // Half as much again as the last turn sent; a turn that runs out ends early and is timed as it was.
        let expected = self.answers_per_second * span.as_secs_f64() * 1.5;
        let prepared = self.requests.prepare(whole(expected).max(COUNT_MIN));
        let measured = self.send(prepared, span, Vec::new())?;
        self.answers_per_second = measured.rate;
        Ok(measured)
    }

    /// One turn at a rate, requests falling due at random moments (a Poisson process); latencies count from the moment a request was due, not from when a connection was free for it,
    /// so that a stall counts for every request that it delayed.
    pub(crate) fn turn_at(&mut self, per_second: f64, span: Duration) -> Outcome<Measured> {
        let due = random_moments(per_second, span);
        let prepared = self.requests.prepare(due.len());
        self.send(prepared, span, due)
    }

    /// Sends each when a connection is free for it, or, where moments are given, not before its own.
    fn send(&self, prepared: Prepared, span: Duration, due: Vec<Duration>) -> Outcome<Measured> {
        let _cores = self.core.map(OwnCore::keep_to).transpose()?;
        let mut connections = Connections::spread(&self.target.addresses, self.connections)?;
        let mut sending = Sending::new(prepared, due);
        let (server_before, load_before) = (cpu_time(&self.target.processes)?, own_cpu_time()?);
        sending.begun = Instant::now();
        let until = sending.begun + span;
        if sending.due.is_empty() && self.core.is_some() {
            // Then it is as busy beside each side, and no side pays for waking it.
            connections.run_awake_until(until, &mut sending)?;
        } else if sending.due.is_empty() {
            connections.run_until(until, &mut sending)?;
        } else {
            // What was due and found no free connection is sent late and counts as late.
            let pause = if self.core.is_some() { Duration::ZERO } else { PAUSE };
            connections.run_open(until + LATE, pause, &mut sending, Sending::has_sent_all)?;
        }
        connections.drain(Instant::now() + DRAIN, &mut sending)?;
        let elapsed = sending.begun.elapsed();
        let load = own_cpu_time()?.saturating_sub(load_before);
        let server = cpu_time(&self.target.processes)?.saturating_sub(server_before);
        sending.check()?;
        Ok(Measured::of(sending.latencies, &Spent { elapsed, server, load }, sending.answer_bytes))
    }
}

fn whole(figure: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of requests to make"
    )]
    let whole = figure.max(0.0) as usize;
    whole
}

/// Keeps this process to a core until it is dropped.
struct OwnCore {
    before: String,
}

impl OwnCore {
    fn keep_to(core: &'static str) -> Outcome<Self> {
        let before = own_cores()?;
        stay_on(core)?;
        Ok(Self { before })
    }
}

impl Drop for OwnCore {
    fn drop(&mut self) {
        // Where it fails the next turn is slower, which its figures show.
        let _ = stay_on(&self.before);
    }
}

struct Sending {
    prepared: Prepared,
    begun: Instant,
    /// When each request is due, after the beginning; empty where none is.
    due: Vec<Duration>,
    latencies: Vec<Duration>,
    answer_bytes: usize,
    first_trouble: Option<String>,
}

impl Sending {
    fn new(prepared: Prepared, due: Vec<Duration>) -> Self {
        let latencies = Vec::with_capacity(prepared.len());
        Self { prepared, begun: Instant::now(), due, latencies, answer_bytes: 0, first_trouble: None }
    }

    fn has_sent_all(&self) -> bool {
        self.prepared.sent() == self.prepared.len() || self.first_trouble.is_some()
    }

    /// What went wrong, also that requests which were due could not be sent.
    fn check(&self) -> Outcome<()> {
        if let Some(trouble) = &self.first_trouble {
            return Err(format!("an answer was not {}: {trouble}", self.prepared.status).into());
        }
        let (due, sent) = (self.due.len(), self.prepared.sent());
        if sent < due {
            return Err(format!("of {due} requests that were due {sent} could be sent").into());
        }
        Ok(())
    }
}

/// Moments of a Poisson process within a span, the same for every side and turn.
fn random_moments(per_second: f64, span: Duration) -> Vec<Duration> {
    let mut dice = Dice::new(1);
    let mut at = 0.0;
    let next = || {
        let uniform = (count(dice.below(1 << 30)) + 1.0) / count(1 << 30);
        at -= uniform.ln() / per_second;
        Some(Duration::from_secs_f64(at))
    };
    std::iter::from_fn(next).take_while(|moment| *moment < span).collect()
}

impl Traffic for Sending {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<usize> {
        if self.first_trouble.is_some() {
            return None;
        }
        if let Some(due) = self.due.get(self.prepared.sent())
            && self.begun.elapsed() < *due
        {
            return None;
        }
        self.prepared.take(request)
    }

    fn answered(&mut self, ticket: usize, reply: &Reply<'_>) {
        let due = ticket.checked_sub(1).and_then(|place| self.due.get(place));
        self.latencies.push(due.map_or(reply.latency, |due| self.begun.elapsed().saturating_sub(*due)));
        self.answer_bytes = reply.body.len();
        if reply.status != self.prepared.status {
            let body = String::from_utf8_lossy(reply.body);
            self.first_trouble.get_or_insert_with(|| format!("{} {body}", reply.status));
        }
    }

    fn lost(&mut self, _: usize) {
        self.first_trouble.get_or_insert_with(|| "a connection broke".into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_moments_come_at_the_rate_that_is_asked_for() {
        let moments = random_moments(1000.0, Duration::from_secs(20));
        assert!((19_000..21_000).contains(&moments.len()), "{}", moments.len());
        assert!(moments.is_sorted());
    }
}
