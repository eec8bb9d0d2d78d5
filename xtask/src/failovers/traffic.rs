//! The load while a cluster fails over: new customers at a steady pace, repeated ones, and retries as a client makes them.
//!
//! One load is shared by a thread for each server, so a retry may go to another server than the first try. Invariant: the
//! ledger learns of a submission before its first byte is sent.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::failovers::watch::Watch;
use crate::load::{Connections, Dice, Ledger, Reply, Signer, Standing, Traffic, add_person};

/// Connections to each server: enough that several requests are under way whenever a fault comes.
const CONNECTIONS: usize = 12;

/// How long a client waits before it repeats a request, as `Retry-After` asks.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long a client waits for an answer; longer than any deadline of the server.
const PATIENCE: Duration = Duration::from_secs(30);

/// One new person each so often: enough to lose, little enough that the machine has time for the cluster.
const PERSON_EVERY: Duration = Duration::from_millis(12);

/// How long a turn of a thread may last; then connections that broke are made anew.
const TURN: Duration = Duration::from_millis(20);

/// The load of one run, which goes on over all faults.
pub(crate) struct Load {
    /// What was promised.
    pub(crate) ledger: Ledger,
    /// Requests sent.
    pub(crate) requests: u64,
    /// What is noted of the present fault.
    pub(crate) watch: Watch,
    is_settling: bool,
    under_way: usize,
    queue: VecDeque<usize>,
    retries: VecDeque<(Instant, usize)>,
    next_person: Instant,
    acknowledged: Vec<usize>,
    signer: Signer,
    dice: Dice,
    run: u64,
}

impl Load {
    /// A load whose choices depend on the seed alone.
    pub(crate) fn new(signer: Signer, seed: u64, servers: usize) -> Self {
        let now = Instant::now();
        Self {
            ledger: Ledger::default(),
            requests: 0,
            watch: Watch::new(servers, now),
            is_settling: false,
            under_way: 0,
            queue: VecDeque::new(),
            retries: VecDeque::new(),
            next_person: now,
            acknowledged: Vec::new(),
            signer,
            dice: Dice::new(seed),
            run: seed & 0xFFFF_FFFF,
        }
    }

    /// Makes no new person any more, and repeats everything that was acknowledged.
    pub(crate) fn settle(&mut self) {
        self.is_settling = true;
        self.queue.extend(self.ledger.acknowledged());
    }

    /// Whether everything was sent and answered for good.
    pub(crate) fn is_settled(&self) -> bool {
        self.queue.is_empty()
            && self.retries.is_empty()
            && self.under_way == 0
            && self.ledger.open().next().is_none()
    }

    fn next_submission(&mut self, now: Instant) -> Option<usize> {
        if let Some((_, number)) = self.retries.pop_front_if(|(due, _)| *due <= now) {
            return Some(number);
        }
        if self.queue.is_empty() && !self.is_settling && now >= self.next_person {
            // What could not be made up for in time is left out.
            self.next_person = (self.next_person + PERSON_EVERY).max(now);
            add_person(&mut self.ledger, &mut self.dice, self.run, &mut self.queue);
            let chosen = self.dice.below(self.acknowledged.len() * 2);
            self.queue.extend(self.acknowledged.get(chosen));
        }
        self.queue.pop_front()
    }

    fn is_open(&self, number: usize) -> bool {
        self.ledger.submissions.get(number).is_some_and(|one| one.standing == Standing::Open)
    }

    /// After an answer that settles nothing, or none.
    fn again(&mut self, number: usize, server: usize, sent: Instant, is_unknown: bool) {
        self.watch.unsettled(number, server, sent);
        let is_open = self.is_open(number);
        if is_open && is_unknown {
            self.watch.unknown(number);
        }
        if is_open || self.is_settling {
            self.retries.push_back((Instant::now() + RETRY_AFTER, number));
        }
    }
}

/// The load as one server gets it.
struct Share<'a> {
    load: &'a Mutex<Load>,
    server: usize,
}

impl Traffic for Share<'_> {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<usize> {
        let mut load = lock(self.load);
        let number = load.next_submission(Instant::now())?;
        let submission = load.ledger.submissions.get(number)?;
        load.signer.write_request(&submission.body, request);
        load.requests += 1;
        load.under_way += 1;
        Some(number)
    }

    fn answered(&mut self, ticket: usize, reply: &Reply<'_>) {
        let mut load = lock(self.load);
        load.under_way -= 1;
        let was_open = load.is_open(ticket);
        load.ledger.enter(ticket, reply.status, reply.body);
        let now = Instant::now();
        if reply.status >= 500 {
            let sent = now.checked_sub(reply.latency).unwrap_or(now);
            let is_unavailable = [&b"\"unavailable\""[..], b"\"overloaded\""]
                .iter()
                .any(|code| reply.body.windows(code.len()).any(|part| part == *code));
            load.again(ticket, self.server, sent, !is_unavailable);
            return;
        }
        load.watch.settled(ticket);
        if was_open && reply.status == 200 {
            load.acknowledged.push(ticket);
            load.watch.acknowledged(self.server, now);
        }
    }

    fn lost(&mut self, ticket: usize) {
        let mut load = lock(self.load);
        load.under_way -= 1;
        // When it was sent is not told here; a connection that breaks loses what was sent just before.
        load.again(ticket, self.server, Instant::now(), true);
    }
}

/// The load, for a look or a change.
pub(crate) fn lock(load: &Mutex<Load>) -> MutexGuard<'_, Load> {
    load.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends to one server, whether it runs or not, until `ends`.
pub(crate) fn drive(
    load: &Mutex<Load>,
    server: usize,
    address: SocketAddr,
    ends: &AtomicBool,
) -> Outcome<()> {
    let mut share = Share { load, server };
    let mut connections = Connections::open(address, CONNECTIONS)?;
    while !ends.load(Ordering::SeqCst) {
        connections.run_until(Instant::now() + TURN, &mut share)?;
        connections.lose_older(PATIENCE, &mut share);
        // There may be nothing to send, or nobody to send it to.
        sleep(TURN / 4);
    }
    connections.drain(Instant::now() + PATIENCE, &mut share)?;
    Ok(())
}
