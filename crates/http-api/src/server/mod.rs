//! Listening: accepts connections up to a bound, serves them, and drains them when told to end. Here the walk of a
//! `create_customer` begins, as that of every request.
//!
//! Knows sockets and deadlines, not operations. Invariant: a slow or silent client costs a connection and the memory of what
//! it has sent, and when `serve` returns no request is being handled, unless the drain's deadline passed.

mod guarded_stream;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use crate::limits::{HEADER_LINES_MAX, HttpLimits, READ_BUFFER_BYTES_MAX};
use crate::surface::Surface;
use guarded_stream::{GuardedStream, Handling};

/// A pause after a failed accept: out of file descriptors, an immediate retry would only spin.
const ACCEPT_RETRY_PAUSE: Duration = Duration::from_millis(50);

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drain {
    /// Every request was answered.
    Complete,
    /// Connections were still open when the deadline passed.
    TimedOut,
}

/// Serves `surface` on `listener` until `shutdown` turns true or its sender is gone, then drains.
pub async fn serve(
    listener: TcpListener,
    surface: Surface,
    limits: HttpLimits,
    mut shutdown: watch::Receiver<bool>,
) -> Drain {
    let bound = u32::try_from(limits.max_connections).unwrap_or(u32::MAX).max(1);
    let places = Arc::new(Semaphore::new(bound as usize));
    loop {
        let accepted = tokio::select! {
            biased;
            _ = shutdown.wait_for(|told| *told) => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(ACCEPT_RETRY_PAUSE).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            // Best effort: a client that cannot take a few hundred bytes at once only sees the close.
            let _ = stream.try_write(&surface.overloaded_answer());
            continue;
        };
        let connection = serve_connection(stream, peer.ip(), surface.clone(), limits, shutdown.clone());
        tokio::spawn(async move {
            connection.await;
            drop(place);
        });
    }
    drop(listener);
    match tokio::time::timeout(limits.drain_timeout, places.acquire_many(bound)).await {
        Ok(_) => Drain::Complete,
        Err(_) => Drain::TimedOut,
    }
}

async fn serve_connection(
    stream: TcpStream,
    peer: IpAddr,
    surface: Surface,
    limits: HttpLimits,
    mut shutdown: watch::Receiver<bool>,
) {
    // Answers are written whole; waiting for more to send would only delay them. Failing to say so harms nothing.
    let _ = stream.set_nodelay(true);
    let handling = Handling::default();
    let guarded = GuardedStream::new(stream, handling.clone(), limits);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        handling.begin();
        let handling = handling.clone();
        let surface = surface.clone();
        async move {
            let response = surface.answer(request, peer).await;
            handling.end();
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.max_headers(HEADER_LINES_MAX).max_buf_size(READ_BUFFER_BYTES_MAX);
    // A client may end its side once it has sent its request (RFC 9112, section 9.6); it still reads the answer. A create whose
    // connection ended is then also waited for, so that its number comes back if nothing was stored.
    builder.half_close(true);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(guarded), service));
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => Some(ended),
        _ = shutdown.wait_for(|told| *told) => None,
    };
    if ended.is_none() {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}
