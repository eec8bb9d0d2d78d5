//! One round: signed requests made beforehand, sent over all connections, timed.

use std::time::{Duration, Instant};

use crate::Outcome;
use crate::load::{Connections, Customer, Dice, Reply, Signer, Traffic, uuid};
use crate::machine::cpu_time;

/// Distinct signed requests, made before the clock runs.
pub(crate) struct Prepared {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    sent: usize,
}

impl Prepared {
    /// Makes and signs `count` requests for persons from `first` on.
    pub(crate) fn new(signer: &Signer, run: u64, first: u64, count: usize) -> Self {
        let mut dice = Dice::new(run ^ first);
        let mut bytes = Vec::with_capacity(count * 900);
        let mut ends = Vec::with_capacity(count);
        for person in (first..).take(count) {
            let request_id = uuid(dice.next(), dice.next());
            let body = Customer { run, person, variant: 0 }.body(Some(&request_id));
            signer.write_request(body.as_bytes(), &mut bytes);
            ends.push(bytes.len());
        }
        Self { bytes, ends, sent: 0 }
    }

    fn take(&mut self, request: &mut Vec<u8>) -> Option<usize> {
        let end = *self.ends.get(self.sent)?;
        let start = self.sent.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        request.extend_from_slice(self.bytes.get(start..end)?);
        self.sent += 1;
        Some(self.sent)
    }
}

/// What one round measured.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measured {
    /// Answers, all of them 200.
    pub(crate) answers: usize,
    /// Answers per second.
    pub(crate) rate: f64,
    /// Half of the answers came within this many microseconds.
    pub(crate) p50_us: f64,
    /// 99 of 100 answers came within this many microseconds.
    pub(crate) p99_us: f64,
    /// CPU time of the server for each answer, in microseconds.
    pub(crate) server_cpu_us: f64,
    /// Which part of one core the server used.
    pub(crate) server_share: f64,
    /// Which part of one core the load generator used; near 1 it would be the limit.
    pub(crate) generator_share: f64,
    /// Bytes of an answer's body.
    pub(crate) answer_bytes: usize,
}

struct Sending {
    prepared: Prepared,
    latencies: Vec<Duration>,
    answer_bytes: usize,
    first_refusal: Option<String>,
}

impl Traffic for Sending {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<usize> {
        if self.first_refusal.is_some() {
            return None;
        }
        self.prepared.take(request)
    }

    fn answered(&mut self, _: usize, reply: &Reply<'_>) {
        self.latencies.push(reply.latency);
        self.answer_bytes = reply.body.len();
        if reply.status != 200 {
            let body = String::from_utf8_lossy(reply.body);
            self.first_refusal.get_or_insert_with(|| format!("{} {body}", reply.status));
        }
    }

    fn lost(&mut self, _: usize) {
        self.first_refusal.get_or_insert_with(|| "a connection broke".into());
    }
}

/// Sends `prepared` to a server for `span`, or until all is sent.
pub(crate) fn round(
    connections: &mut Connections,
    server_pid: u32,
    prepared: Prepared,
    span: Duration,
) -> Outcome<Measured> {
    let own_pid = std::process::id();
    let latencies = Vec::with_capacity(prepared.ends.len());
    let mut sending = Sending { prepared, latencies, answer_bytes: 0, first_refusal: None };
    let (server_before, own_before) = (cpu_time(server_pid)?, cpu_time(own_pid)?);
    let begun = Instant::now();
    connections.run_until(begun + span, &mut sending)?;
    connections.drain(begun + span + Duration::from_secs(5), &mut sending)?;
    let elapsed = begun.elapsed().as_secs_f64();
    let server_cpu = cpu_time(server_pid)?.saturating_sub(server_before).as_secs_f64();
    let own_cpu = cpu_time(own_pid)?.saturating_sub(own_before).as_secs_f64();
    if let Some(refusal) = sending.first_refusal {
        return Err(format!("a create in a round was not answered 200: {refusal}").into());
    }
    let mut latencies = sending.latencies;
    latencies.sort_unstable();
    let answers = latencies.len();
    let count = f64::from(u32::try_from(answers.max(1))?);
    Ok(Measured {
        answers,
        rate: count / elapsed,
        p50_us: percentile(&latencies, 50),
        p99_us: percentile(&latencies, 99),
        server_cpu_us: server_cpu * 1e6 / count,
        server_share: server_cpu / elapsed,
        generator_share: own_cpu / elapsed,
        answer_bytes: sending.answer_bytes,
    })
}

/// The latency in microseconds within which `percent` of a hundred answers came; `sorted` is in ascending order.
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).map_or(0.0, |latency| latency.as_secs_f64() * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_taken_by_nearest_rank() {
        let sorted: Vec<Duration> = (1..=200).map(Duration::from_micros).collect();
        assert!((percentile(&sorted, 50) - 100.0).abs() < 0.01);
        assert!((percentile(&sorted, 99) - 198.0).abs() < 0.01);
        assert!((percentile(&[], 99)).abs() < 0.01);
    }
}
