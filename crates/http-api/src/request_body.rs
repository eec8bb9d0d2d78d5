//! Reading a request's body whole, within its bound and its deadline: `create_customer` reads nothing before it is there.
//!
//! Invariant: bodies that arrive in pieces hold memory for what arrived, not for what was announced, and all of them together no
//! more than the budget.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
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

    #[cfg(test)]
    fn free(&self) -> usize {
        self.0.available_permits()
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
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    // Nearly every body arrives with its head, as one piece, and is used as it lies.
    let Some(first) = next_piece(&mut body).await? else { return Ok(Bytes::new()) };
    if first.len() <= bytes_max && body.is_end_stream() {
        return Ok(first);
    }
    let mut dropped = 0_usize;
    let mut gathered = (announced <= bytes_max).then(|| Gathered::new(budget, bytes_max));
    let mut next = Some(first);
    while let Some(piece) = next {
        gathered = gathered.filter(|gathered| gathered.has_room_for(&piece));
        match &mut gathered {
            Some(gathered) => gathered.add(&piece)?,
            None => dropped = dropped.saturating_add(piece.len()),
        }
        if dropped > DRAIN_BYTES_MAX {
            return Err(BodyRejection::TooLarge);
        }
        next = next_piece(&mut body).await?;
    }
    gathered.map(|gathered| Bytes::from(gathered.bytes)).ok_or(BodyRejection::TooLarge)
}

/// What arrived of a body that may still be accepted; its memory is taken from the budget as it grows, so that a sender
/// holds no more of it than about twice what it has sent.
struct Gathered<'a> {
    budget: &'a BodyBudget,
    bytes_max: usize,
    bytes: Vec<u8>,
    taken: Option<SemaphorePermit<'a>>,
}

impl<'a> Gathered<'a> {
    const fn new(budget: &'a BodyBudget, bytes_max: usize) -> Self {
        Self { budget, bytes_max, bytes: Vec::new(), taken: None }
    }

    const fn has_room_for(&self, piece: &Bytes) -> bool {
        self.bytes.len().saturating_add(piece.len()) <= self.bytes_max
    }

    /// Never waits for others: half-read bodies that waited for each other would all stand still.
    fn add(&mut self, piece: &Bytes) -> Result<(), BodyRejection> {
        let needed = self.bytes.len() + piece.len();
        let taken_kib = self.taken.as_ref().map_or(0, SemaphorePermit::num_permits);
        if needed > taken_kib * 1024 {
            let wanted = needed.max(2 * self.bytes.len()).min(self.bytes_max);
            let more = self.budget.take(wanted.div_ceil(1024).saturating_sub(taken_kib) * 1024)?;
            match &mut self.taken {
                Some(taken) => taken.merge(more),
                none => *none = Some(more),
            }
            self.bytes.reserve_exact(wanted.next_multiple_of(1024) - self.bytes.len());
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }
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

    #[tokio::test]
    async fn a_slow_body_holds_memory_for_what_it_sent_and_not_for_what_it_announced() {
        let budget = BodyBudget::new(8);
        let read = |body| read_body(&budget, body, 65_536, Duration::from_secs(5), false);
        let (mut first_sender, first) = Channel::<Bytes>::new(8);
        let (mut second_sender, second) = Channel::<Bytes>::new(8);
        let mut first = std::pin::pin!(read(first.boxed_unsync()));
        let mut second = std::pin::pin!(read(Announced(second, 65_536).boxed_unsync()));
        for (sender, mut reading) in
            [(&mut first_sender, first.as_mut()), (&mut second_sender, second.as_mut())]
        {
            sender.send_data(Bytes::from("1")).await.unwrap();
            assert!(ready_now(reading.as_mut()).await.is_none());
        }
        assert_eq!(budget.free(), 6);
        second_sender.send_data(Bytes::from(vec![b'2'; 4_000])).await.unwrap();
        assert!(ready_now(second.as_mut()).await.is_none());
        assert_eq!(budget.free(), 3);
        // Whoever meets the end of the memory is refused and gives its own back, so that the others are read.
        second_sender.send_data(Bytes::from(vec![b'2'; 4_000])).await.unwrap();
        assert_eq!(ready_now(second.as_mut()).await, Some(Err(BodyRejection::Overloaded)));
        assert_eq!(budget.free(), 7);
        first_sender.send_data(Bytes::from(vec![b'1'; 8_000])).await.unwrap();
        drop(first_sender);
        assert_eq!(first.await.map(|whole| whole.len()), Ok(8_001));
        assert_eq!(budget.free(), 8);
    }

    #[tokio::test]
    async fn a_body_that_will_be_refused_for_its_size_needs_no_memory() {
        let budget = BodyBudget::new(1);
        let read = |body| read_body(&budget, body, 1_024, Duration::from_secs(5), false);
        let (mut sender, announced) = Channel::<Bytes>::new(8);
        let mut reading = std::pin::pin!(read(Announced(announced, 2_000).boxed_unsync()));
        let (mut other_sender, grown) = Channel::<Bytes>::new(8);
        let mut other = std::pin::pin!(read(grown.boxed_unsync()));
        for _ in 0..2 {
            sender.send_data(Bytes::from(vec![b' '; 1_000])).await.unwrap();
            assert!(ready_now(reading.as_mut()).await.is_none());
            assert_eq!(budget.free(), 1);
        }
        for free in [0, 1] {
            other_sender.send_data(Bytes::from(vec![b' '; 1_000])).await.unwrap();
            assert!(ready_now(other.as_mut()).await.is_none());
            assert_eq!(budget.free(), free);
        }
        drop((sender, other_sender));
        assert_eq!(reading.await, Err(BodyRejection::TooLarge));
        assert_eq!(other.await, Err(BodyRejection::TooLarge));
    }

    /// A body in pieces whose length is known before.
    struct Announced(Channel<Bytes>, u64);

    impl Body for Announced {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
            std::pin::Pin::new(&mut self.0).poll_frame(cx)
        }

        fn size_hint(&self) -> http_body::SizeHint {
            http_body::SizeHint::with_exact(self.1)
        }
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
