//! A crowd: connections that each hold a whole request but for its last byte, all released together.
//!
//! Knows HTTP only as far as an answer's end, and nothing of what is asked. Invariant: every request is sent once; one that
//! gets no whole answer is an error, never repeated.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::Outcome;
use crate::load::parse_reply;

/// How long connecting may take; the servers wait for a body for 15 s.
const GATHERED_WITHIN: Duration = Duration::from_secs(12);

/// The longest wait in the kernel, so that the deadline is met.
const NAP_MAX: Duration = Duration::from_millis(50);

/// An answer to one of the crowd.
pub(super) struct Answer {
    /// The HTTP status.
    pub(super) status: u16,
    /// Whether it says that it repeats an earlier one.
    pub(super) replayed: bool,
    /// The body, byte for byte.
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// A member of a JSON body that is text.
    pub(super) fn text(&self, pointer: &str) -> Option<String> {
        let json: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        json.pointer(pointer)?.as_str().map(str::to_owned)
    }
}

struct Waiting {
    stream: TcpStream,
    request: Vec<u8>,
    written: usize,
    received: Vec<u8>,
    answer: Option<Answer>,
}

/// The crowd, in the order in which its requests were given.
pub(super) struct Crowd {
    poll: Poll,
    all: Vec<Waiting>,
}

impl Crowd {
    /// Opens a connection for each request, spread evenly over the addresses, and sends all but the last byte.
    pub(super) fn gather(addresses: &[SocketAddr], requests: &[Vec<u8>]) -> Outcome<Self> {
        let poll = Poll::new()?;
        let mut all = Vec::with_capacity(requests.len());
        for (index, (request, address)) in requests.iter().zip(addresses.iter().cycle()).enumerate() {
            let mut stream = TcpStream::connect(*address)?;
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(index), interest)?;
            all.push(Waiting {
                stream,
                request: request.clone(),
                written: 0,
                received: Vec::new(),
                answer: None,
            });
        }
        let mut crowd = Self { poll, all };
        crowd.each_until(Instant::now() + GATHERED_WITHIN, "sent", Waiting::write_all_but_last)?;
        Ok(crowd)
    }

    /// Sends every last byte.
    pub(super) fn release(&mut self) -> io::Result<()> {
        for one in &mut self.all {
            let last = one.request.get(one.written..).unwrap_or_default();
            // One byte into an empty socket never waits.
            one.stream.write_all(last)?;
        }
        Ok(())
    }

    /// Every answer, in the order of the requests.
    pub(super) fn answers(mut self, within: Duration) -> Outcome<Vec<Answer>> {
        self.each_until(Instant::now() + within, "answered", Waiting::read)?;
        Ok(self.all.into_iter().filter_map(|one| one.answer).collect())
    }

    /// Tries `work` on each, now and whenever its connection is ready, until it was done once for all.
    fn each_until(
        &mut self,
        until: Instant,
        what: &str,
        work: impl Fn(&mut Waiting) -> io::Result<bool>,
    ) -> Outcome<()> {
        let mut events = Events::with_capacity(1024);
        let mut done = vec![false; self.all.len()];
        let mut ready: Vec<usize> = (0..self.all.len()).collect();
        let mut missing = self.all.len();
        loop {
            for index in ready.drain(..) {
                let (Some(one), Some(done)) = (self.all.get_mut(index), done.get_mut(index)) else {
                    continue;
                };
                if !*done && work(one).map_err(|why| format!("a request could not be {what}: {why}"))? {
                    *done = true;
                    missing -= 1;
                }
            }
            if missing == 0 {
                return Ok(());
            }
            if Instant::now() >= until {
                return Err(format!("{missing} requests could not be {what} in time").into());
            }
            match self.poll.poll(&mut events, Some(NAP_MAX)) {
                Err(failure) if failure.kind() == io::ErrorKind::Interrupted => {}
                other => other?,
            }
            ready.extend(events.iter().map(|event| event.token().0));
        }
    }
}

impl Waiting {
    /// Whether everything but the last byte is sent.
    fn write_all_but_last(&mut self) -> io::Result<bool> {
        if let Some(failure) = self.stream.take_error()? {
            return Err(failure);
        }
        let end = self.request.len().saturating_sub(1);
        while let Some(rest) = self.request.get(self.written..end).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(count) => self.written += count,
                // NotConnected: the connection is still being made.
                Err(failure)
                    if matches!(failure.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected) =>
                {
                    return Ok(false);
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(true)
    }

    /// Reads what is there; whether that completed the answer.
    fn read(&mut self) -> io::Result<bool> {
        let mut part = [0_u8; 4096];
        while self.answer.is_none() {
            match self.stream.read(&mut part) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.received.extend_from_slice(part.get(..count).unwrap_or_default()),
                Err(failure) if failure.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(failure) => return Err(failure),
            }
            if let Some((status, head, body)) = parse_reply(&self.received) {
                let replayed =
                    head.to_ascii_lowercase().windows(19).any(|part| part == b"idempotent-replayed");
                self.answer = Some(Answer { status, replayed, body: body.to_vec() });
                return Ok(true);
            }
        }
        Ok(false)
    }
}
