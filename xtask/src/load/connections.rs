//! Keep-alive HTTP/1.1 connections driven by one thread over the kernel's readiness queue.
//!
//! Reads of an answer what a load generator needs (status, content-length), so that its own cost stays small.
//! Invariant: a request that was taken from `Traffic` is reported once, as answered or as lost.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::Outcome;

/// How much of an answer is read at once; every answer of the load fits.
const READ_BYTES: usize = 16 * 1024;

/// The longest wait in the kernel, so that a deadline is met within a millisecond or so.
const NAP_MAX: Duration = Duration::from_millis(1);

/// One complete answer.
pub(crate) struct Reply<'a> {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body, whole.
    pub(crate) body: &'a [u8],
    /// From the first byte written to the last byte read.
    pub(crate) latency: Duration,
}

/// Who decides what is sent and learns what came of it.
pub(crate) trait Traffic {
    /// Writes the next request into the empty buffer and names it; `None` when there is none for now.
    fn next(&mut self, request: &mut Vec<u8>) -> Option<usize>;
    /// The request of that name was answered.
    fn answered(&mut self, ticket: usize, reply: &Reply<'_>);
    /// The connection broke while that request was under way.
    fn lost(&mut self, ticket: usize);
}

struct Connection {
    stream: Option<TcpStream>,
    request: Vec<u8>,
    written: usize,
    input: Vec<u8>,
    filled: usize,
    ticket: Option<usize>,
    sent_at: Instant,
}

/// A set of connections, spread evenly over servers.
pub(crate) struct Connections {
    poll: Poll,
    events: Events,
    addresses: Vec<SocketAddr>,
    all: Vec<Connection>,
}

/// What driving one connection came to.
enum Step {
    Waits,
    Broken,
}

impl Connections {
    /// Opens `count` connections to one server.
    pub(crate) fn open(address: SocketAddr, count: usize) -> Outcome<Self> {
        Self::spread(&[address], count)
    }

    /// Opens `count` connections, in turn to each of the servers.
    pub(crate) fn spread(addresses: &[SocketAddr], count: usize) -> Outcome<Self> {
        let poll = Poll::new()?;
        let mut all = Vec::with_capacity(count);
        for index in 0..count {
            all.push(Connection {
                stream: Some(connect(&poll, addresses, index)?),
                request: Vec::with_capacity(2048),
                written: 0,
                input: vec![0; READ_BYTES],
                filled: 0,
                ticket: None,
                sent_at: Instant::now(),
            });
        }
        Ok(Self { poll, events: Events::with_capacity(1024), addresses: addresses.to_vec(), all })
    }

    /// Sends until `until`; what is under way then stays so.
    pub(crate) fn run_until(&mut self, until: Instant, traffic: &mut impl Traffic) -> io::Result<()> {
        self.run(until, NAP_MAX, traffic)
    }

    /// The same without ever sleeping, for a thread that has a core to itself: whoever answers a thread that sleeps pays for waking its
    /// core, the more the less busy the thread is.
    pub(crate) fn run_awake_until(&mut self, until: Instant, traffic: &mut impl Traffic) -> io::Result<()> {
        self.run(until, Duration::ZERO, traffic)
    }

    fn run(&mut self, until: Instant, nap: Duration, traffic: &mut impl Traffic) -> io::Result<()> {
        self.start_idle(traffic);
        while Instant::now() < until && self.all.iter().any(|one| one.ticket.is_some()) {
            self.turn(nap, traffic)?;
        }
        Ok(())
    }

    /// Sends what `traffic` has to send as soon as it has it, whatever is under way, until it is `done`. The kernel's queue
    /// waits a millisecond at least, in which many requests fall due; so it is asked again after each `pause`, which may be
    /// none where this thread has a core to itself.
    pub(crate) fn run_open<T: Traffic>(
        &mut self,
        until: Instant,
        pause: Duration,
        traffic: &mut T,
        done: impl Fn(&T) -> bool,
    ) -> io::Result<()> {
        while Instant::now() < until && !done(traffic) {
            self.start_idle(traffic);
            self.turn(Duration::ZERO, traffic)?;
            if !pause.is_zero() {
                std::thread::sleep(pause);
            }
        }
        Ok(())
    }

    /// Sends nothing new and waits until nothing is under way. What is not answered by `until` is lost.
    pub(crate) fn drain(&mut self, until: Instant, traffic: &mut impl Traffic) -> io::Result<()> {
        let mut silent = NothingMore { traffic };
        while self.all.iter().any(|one| one.ticket.is_some()) {
            if Instant::now() >= until {
                for connection in &mut self.all {
                    connection.stream = None;
                    silent.lose(connection);
                }
                break;
            }
            self.turn(NAP_MAX, &mut silent)?;
        }
        Ok(())
    }

    /// Takes for lost what was sent so long ago; its connection is made anew.
    pub(crate) fn lose_older(&mut self, than: Duration, traffic: &mut impl Traffic) {
        for connection in &mut self.all {
            if connection.sent_at.elapsed() > than
                && let Some(ticket) = connection.ticket.take()
            {
                connection.stream = None;
                traffic.lost(ticket);
            }
        }
    }

    fn start_idle(&mut self, traffic: &mut impl Traffic) {
        for index in 0..self.all.len() {
            let Some(connection) = self.all.get_mut(index) else { continue };
            if connection.ticket.is_some() {
                continue;
            }
            if connection.stream.is_none() {
                connection.stream = connect(&self.poll, &self.addresses, index).ok();
            }
            if connection.stream.is_some() && connection.begin(traffic) {
                self.drive(index, traffic);
            }
        }
    }

    fn turn(&mut self, nap: Duration, traffic: &mut impl Traffic) -> io::Result<()> {
        match self.poll.poll(&mut self.events, Some(nap)) {
            Err(failure) if failure.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        let ready: Vec<usize> = self.events.iter().map(|event| event.token().0).collect();
        for index in ready {
            self.drive(index, traffic);
        }
        Ok(())
    }

    fn drive(&mut self, index: usize, traffic: &mut impl Traffic) {
        let Some(connection) = self.all.get_mut(index) else { return };
        if let Step::Waits = connection.step(traffic) {
            return;
        }
        connection.stream = None;
        connection.filled = 0;
        let was_under_way = connection.ticket.take().inspect(|ticket| traffic.lost(*ticket)).is_some();
        if was_under_way {
            return;
        }
        // The server closed an idle connection: that is its right, and the load goes on over a new one.
        connection.stream = connect(&self.poll, &self.addresses, index).ok();
        if connection.stream.is_some() && connection.begin(traffic) {
            self.drive(index, traffic);
        }
    }
}

impl Connection {
    fn begin(&mut self, traffic: &mut impl Traffic) -> bool {
        self.request.clear();
        self.written = 0;
        self.filled = 0;
        self.ticket = traffic.next(&mut self.request);
        self.sent_at = Instant::now();
        self.ticket.is_some()
    }

    fn step(&mut self, traffic: &mut impl Traffic) -> Step {
        loop {
            if self.written < self.request.len() && self.ticket.is_some() {
                match self.write() {
                    Ok(true) => {}
                    Ok(false) => return Step::Waits,
                    Err(_) => return Step::Broken,
                }
            }
            let drained = match self.read() {
                Ok(Some(drained)) => drained,
                Ok(None) => return Step::Waits,
                Err(_) => return Step::Broken,
            };
            let answered = self.deliver(traffic);
            if answered && self.begin(traffic) {
                // A short read has emptied the socket, so the next answer raises an event of its own (epoll(7)).
                match self.write() {
                    Ok(true) if drained => return Step::Waits,
                    Ok(_) => {}
                    Err(_) => return Step::Broken,
                }
            }
        }
    }

    /// Whether the whole request is written.
    fn write(&mut self) -> io::Result<bool> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        while let Some(rest) = self.request.get(self.written..).filter(|rest| !rest.is_empty()) {
            match stream.write(rest) {
                Ok(count) => self.written += count,
                Err(failure) if failure.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(failure) => return Err(failure),
            }
        }
        Ok(true)
    }

    /// Whether the socket was emptied; `None` when there was nothing to read.
    fn read(&mut self) -> io::Result<Option<bool>> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        if self.filled == self.input.len() {
            self.input.resize(self.input.len() * 2, 0);
        }
        let room = self.input.get_mut(self.filled..).unwrap_or_default();
        match stream.read(room) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                self.filled += count;
                Ok(Some(self.filled < self.input.len()))
            }
            Err(failure) if failure.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    fn deliver(&mut self, traffic: &mut impl Traffic) -> bool {
        let received = self.input.get(..self.filled).unwrap_or_default();
        let Some((status, _, body)) = parse_reply(received) else { return false };
        let Some(ticket) = self.ticket.take() else { return false };
        traffic.answered(ticket, &Reply { status, body, latency: self.sent_at.elapsed() });
        true
    }
}

/// Status, head and body of a complete answer at the start of `received`; `None` while something is missing.
pub(crate) fn parse_reply(received: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let head_end = received.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, rest) = received.split_at_checked(head_end)?;
    let status = std::str::from_utf8(head.get(9..12)?).ok()?.parse().ok()?;
    let length = head
        .split(|byte| *byte == b'\n')
        .find_map(|line| {
            let (name, value) = line.split_at_checked(15)?;
            name.eq_ignore_ascii_case(b"content-length:").then_some(value)
        })
        .and_then(|value| std::str::from_utf8(value).ok()?.trim().parse::<usize>().ok())?;
    Some((status, head, rest.get(4..)?.get(..length)?))
}

fn connect(poll: &Poll, addresses: &[SocketAddr], index: usize) -> io::Result<TcpStream> {
    let turn = index.checked_rem(addresses.len()).and_then(|turn| addresses.get(turn));
    let stream = std::net::TcpStream::connect(turn.ok_or(io::ErrorKind::AddrNotAvailable)?)?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    let mut stream = TcpStream::from_std(stream);
    poll.registry().register(&mut stream, Token(index), Interest::READABLE | Interest::WRITABLE)?;
    Ok(stream)
}

/// Lets what is under way end and starts nothing.
struct NothingMore<'a, T: Traffic> {
    traffic: &'a mut T,
}

impl<T: Traffic> NothingMore<'_, T> {
    fn lose(&mut self, connection: &mut Connection) {
        if let Some(ticket) = connection.ticket.take() {
            self.traffic.lost(ticket);
        }
    }
}

impl<T: Traffic> Traffic for NothingMore<'_, T> {
    fn next(&mut self, _: &mut Vec<u8>) -> Option<usize> {
        None
    }
    fn answered(&mut self, ticket: usize, reply: &Reply<'_>) {
        self.traffic.answered(ticket, reply);
    }
    fn lost(&mut self, ticket: usize) {
        self.traffic.lost(ticket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_only_with_its_whole_body() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\ncontent-length: 5\r\n\r\nhello";
        let (status, head, body) = parse_reply(whole).unwrap();
        assert_eq!((status, body), (200, &b"hello"[..]));
        assert!(head.starts_with(b"HTTP/1.1 200 OK"));
        for cut in 0..whole.len() {
            assert!(parse_reply(&whole[..cut]).is_none(), "cut at {cut}");
        }
    }
}
