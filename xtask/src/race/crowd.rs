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
    last: u8,
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
            let (last, before) = request.split_last().ok_or("an empty request")?;
            let mut stream = std::net::TcpStream::connect(address)
                .map_err(|why| format!("connection {index} cannot be opened: {why}"))?;
            stream.set_nodelay(true)?;
            stream.write_all(before)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(index), Interest::READABLE)?;
            all.push(Waiting { stream, last: *last, received: Vec::new(), answer: None });
        }
        Ok(Self { poll, all })
    }

    /// Sends every last byte.
    pub(super) fn release(&mut self) -> io::Result<()> {
        for one in &mut self.all {
            // One byte into an empty socket never waits.
            one.stream.write_all(&[one.last])?;
        }
        Ok(())
    }

    /// Every answer, in the order of the requests.
    pub(super) fn answers(mut self, within: Duration) -> Outcome<Vec<Answer>> {
        let until = Instant::now() + within;
        let mut events = Events::with_capacity(1024);
        let mut missing = self.all.len();
        while missing > 0 {
            if Instant::now() >= until {
                return Err(format!("{missing} requests are not answered after {within:?}").into());
            }
            match self.poll.poll(&mut events, Some(NAP_MAX)) {
                Err(failure) if failure.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            }
            for event in &events {
                let Some(one) = self.all.get_mut(event.token().0) else { continue };
                missing -= usize::from(one.read().map_err(|why| format!("a request got no answer: {why}"))?);
            }
        }
        Ok(self.all.into_iter().filter_map(|one| one.answer).collect())
    }
}

impl Waiting {
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
