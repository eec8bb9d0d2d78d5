//! Reading a request's body whole, within its bound and its deadline: `create_customer` reads nothing before it is there.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::limits::DRAIN_BYTES_MAX;

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyRejection {
    /// It is larger than accepted.
    TooLarge,
    /// It did not arrive in time.
    TimedOut,
    /// Too many bodies are arriving in pieces.
    Overloaded,
    /// The connection or the transfer coding broke: nobody reads an answer any more.
    Broken,
}

/// The memory for bodies that arrive in pieces, in KiB; one per process.
pub(crate) struct BodyBudget(Semaphore);

impl BodyBudget {
    /// A budget of so many KiB.
    pub(crate) fn new(kib: usize) -> Self {
        Self(Semaphore::new(kib))
    }

    fn take(&self, bytes: usize) -> Result<SemaphorePermit<'_>, BodyRejection> {
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        self.0.try_acquire_many(kib).map_err(|_| BodyRejection::Overloaded)
    }
}

/// Reads a body of at most `bytes_max`.
pub(crate) async fn read_body<B: Body<Data = Bytes> + Unpin>(
    budget: &BodyBudget,
    body: B,
    bytes_max: usize,
    timeout: Duration,
    expects_continue: bool,
) -> Result<Bytes, BodyRejection> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    // A sender that waits for "100 Continue", or announces more than would be drained, is answered at once.
    if announced > bytes_max && (expects_continue || announced > DRAIN_BYTES_MAX) {
        return Err(BodyRejection::TooLarge);
    }
    let mut collected = pin!(collect(budget, body, bytes_max));
    // Nearly every body is there already and needs no timer.
    if let Poll::Ready(collected) = poll_fn(|cx| Poll::Ready(collected.as_mut().poll(cx))).await {
        return collected;
    }
    tokio::time::timeout(timeout, collected).await.unwrap_or(Err(BodyRejection::TimedOut))
}

async fn collect<B: Body<Data = Bytes> + Unpin>(
    budget: &BodyBudget,
    mut body: B,
    bytes_max: usize,
) -> Result<Bytes, BodyRejection> {
    let announced = body.size_hint().upper().and_then(|bytes| usize::try_from(bytes).ok());
    // Nearly every body arrives with its head, as one piece, and is used as it lies.
    let Some(first) = next_piece(&mut body).await? else { return Ok(Bytes::new()) };
    if first.len() <= bytes_max && body.is_end_stream() {
        return Ok(first);
    }
    let room = announced.map_or(bytes_max, |bytes| bytes.min(bytes_max));
    let _taken = budget.take(room)?;
    let mut whole = BytesMut::with_capacity(room);
    let mut dropped = 0_usize;
    if first.len() <= bytes_max {
        whole.extend_from_slice(&first);
    } else {
        dropped = first.len();
    }
    while let Some(piece) = next_piece(&mut body).await? {
        if whole.len() + piece.len() <= bytes_max && dropped == 0 {
            whole.extend_from_slice(&piece);
        } else {
            dropped += piece.len();
            if dropped > DRAIN_BYTES_MAX {
                return Err(BodyRejection::TooLarge);
            }
        }
    }
    if dropped > 0 { Err(BodyRejection::TooLarge) } else { Ok(whole.freeze()) }
}

async fn next_piece<B: Body<Data = Bytes> + Unpin>(body: &mut B) -> Result<Option<Bytes>, BodyRejection> {
    while let Some(frame) = body.frame().await {
        // A frame that is no data is a trailer, and trailers carry nothing that is signed.
        if let Ok(data) = frame.map_err(|_| BodyRejection::Broken)?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::channel::Channel;
    use http_body_util::{Empty, Full};

    async fn read<B: Body<Data = Bytes> + Unpin>(body: B, bytes_max: usize) -> Result<Bytes, BodyRejection> {
        read_body(&BodyBudget::new(1), body, bytes_max, Duration::from_secs(5), false).await
    }

    #[tokio::test]
    async fn a_body_of_exactly_the_bound_is_read_and_one_byte_more_is_not() {
        assert_eq!(read(Full::from("12345"), 5).await, Ok(Bytes::from("12345")));
        assert_eq!(read(Full::from("123456"), 5).await, Err(BodyRejection::TooLarge));
        assert_eq!(read(Empty::new(), 5).await, Ok(Bytes::new()));
    }

    #[tokio::test]
    async fn a_body_in_pieces_is_joined_and_bounded() {
        let (sender, body) = Channel::<Bytes>::new(8);
        let sending = async move {
            let mut sender = sender;
            for piece in ["12", "34", "5"] {
                sender.send_data(Bytes::from(piece)).await.unwrap();
            }
        };
        let (read_whole, ()) = tokio::join!(read(body, 5), sending);
        assert_eq!(read_whole, Ok(Bytes::from("12345")));
    }

    #[tokio::test]
    async fn bodies_in_pieces_share_a_budget_and_whole_ones_need_none() {
        let budget = BodyBudget::new(1);
        let read = |body| read_body::<Channel<Bytes>>(&budget, body, 1024, Duration::from_secs(5), false);
        let (mut sender, in_pieces) = Channel::<Bytes>::new(8);
        let mut first = std::pin::pin!(read(in_pieces));
        sender.send_data(Bytes::from("1")).await.unwrap();
        assert!(ready_now(first.as_mut()).await.is_none());
        let (mut late_sender, late) = Channel::<Bytes>::new(8);
        late_sender.send_data(Bytes::from("1")).await.unwrap();
        assert_eq!(read(late).await, Err(BodyRejection::Overloaded));
        let whole = read_body(&budget, Full::from("whole"), 1024, Duration::from_secs(5), false).await;
        assert_eq!(whole, Ok(Bytes::from("whole")));
        sender.send_data(Bytes::from("2")).await.unwrap();
        drop(sender);
        assert_eq!(first.await, Ok(Bytes::from("12")));
    }

    /// What a future has ready now.
    async fn ready_now<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        let mut future = future;
        std::future::poll_fn(|cx| {
            std::task::Poll::Ready(match future.as_mut().poll(cx) {
                std::task::Poll::Ready(output) => Some(output),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_comes_times_out() {
        let (_sender, body) = Channel::<Bytes>::new(1);
        assert_eq!(read(body, 5).await, Err(BodyRejection::TimedOut));
    }
}
