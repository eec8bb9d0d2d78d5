//! A connection's bytes with deadlines: first byte, head, idle, and progress in writing. Every byte of a `create_customer`
//! comes and goes through here.
//!
//! The HTTP library's own timer covers the head alone. A deadline that passes is an `io::Error` of kind `TimedOut`, on
//! which the library closes the connection. The body's deadline is the reader's, because only it can still answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::limits::HttpLimits;

/// How many times a handler has begun or ended on a connection: odd while one is at work.
///
/// Shared by the stream and the service of one connection, which run in one task.
#[derive(Clone, Default)]
pub(crate) struct Handling(Arc<AtomicU32>);

impl Handling {
    /// A request's head is complete: the handler's own deadlines count now.
    pub(crate) fn begin(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// The answer is made: what comes next is another request, or silence.
    pub(crate) fn end(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn turns(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Waiting {
    FirstByte,
    Head,
    NextRequest,
}

/// The guarded stream.
pub(crate) struct GuardedStream {
    stream: TcpStream,
    handling: Handling,
    limits: HttpLimits,
    seen_turns: u32,
    waiting: Waiting,
    /// Until when, once something had to be waited for.
    deadline: Option<Instant>,
    read_alarm: Option<Pin<Box<Sleep>>>,
    write_alarm: Option<Pin<Box<Sleep>>>,
}

impl GuardedStream {
    /// Guards a connection from the moment it was accepted.
    pub(crate) fn new(stream: TcpStream, handling: Handling, limits: HttpLimits) -> Self {
        Self {
            stream,
            handling,
            limits,
            seen_turns: 0,
            waiting: Waiting::FirstByte,
            deadline: Some(Instant::now() + limits.first_byte_timeout),
            read_alarm: None,
            write_alarm: None,
        }
    }

    /// The clock is read when there is something to wait for: nearly every head arrives whole.
    fn wait_for(&mut self, waiting: Waiting) {
        self.waiting = waiting;
        self.deadline = None;
    }

    fn deadline(&mut self) -> Instant {
        let timeout = match self.waiting {
            Waiting::FirstByte => self.limits.first_byte_timeout,
            Waiting::Head => self.limits.header_timeout,
            Waiting::NextRequest => self.limits.idle_timeout,
        };
        *self.deadline.get_or_insert_with(|| Instant::now() + timeout)
    }

    /// Takes notice of handlers that ended since the last look; true while one is at work.
    fn is_handling(&mut self) -> bool {
        let turns = self.handling.turns();
        if turns != self.seen_turns {
            self.seen_turns = turns;
            self.wait_for(Waiting::NextRequest);
        }
        turns % 2 == 1
    }

    fn note_bytes(&mut self) {
        if !self.is_handling() && self.waiting != Waiting::Head {
            self.wait_for(Waiting::Head);
        }
    }

    /// Ready with an error once the deadline of what is waited for has passed.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            // While a handler works nothing is due, but an alarm is set all the same: the library may not read again
            // when the handler ends, and then only the alarm wakes this connection to find that it has been idle.
            let (due, deadline) = if self.is_handling() {
                (false, Instant::now() + self.limits.idle_timeout)
            } else {
                (true, self.deadline())
            };
            let alarm = self.read_alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            // An alarm that rings early is set again then; only one that would ring late is moved now.
            if alarm.deadline() > deadline {
                alarm.as_mut().reset(deadline);
            }
            ready!(alarm.as_mut().poll(cx));
            if due && Instant::now() >= deadline {
                return Poll::Ready(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the client sent nothing in time",
                ));
            }
            alarm.as_mut().reset(deadline);
        }
    }

    fn poll_write_guard(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let timeout = self.limits.write_timeout;
        let alarm = self.write_alarm.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + timeout)));
        ready!(alarm.as_mut().poll(cx));
        Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, "the client read nothing in time"))
    }

    fn guard_write<T>(&mut self, result: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        match result {
            Poll::Ready(result) => {
                self.write_alarm = None;
                Poll::Ready(result)
            }
            Poll::Pending => self.poll_write_guard(cx).map(Err),
        }
    }
}

impl AsyncRead for GuardedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Ready(result) => {
                self.note_bytes();
                Poll::Ready(result)
            }
            Poll::Pending => self.poll_deadline(cx).map(Err),
        }
    }
}

impl AsyncWrite for GuardedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.guard_write(result, cx)
    }

    /// No: answers are so short that copying body to head costs less than handing the kernel two pieces.
    fn is_write_vectored(&self) -> bool {
        false
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        self.guard_write(result, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.guard_write(result, cx)
    }
}
