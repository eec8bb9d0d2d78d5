//! The numbers of customers that are not created yet: taken from the database in blocks, ahead of their use.
//!
//! The counter is a row, moved by a commit: what one server took is durable before it is used, so that no failover hands it
//! out again. Invariant: no number is out twice at one time, on whichever server.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use registrar_domain::codes::CUSTOMER_NUMBERS;
use registrar_domain::ids::CustomerNumber;
use registrar_domain::store::StoreFailure;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::desk::{Desk, Repeating};
use crate::failure::Trouble;
use crate::limits::{NUMBERS_AHEAD, NUMBERS_PAUSE_MAX, RECONNECT_PAUSE, RETURNED_NUMBERS_MAX};

const TAKE: &str = "UPDATE settings SET value = value + $1 WHERE name = 'next_customer_number' AND value < $2 \
    RETURNING value";

/// The numbers that one server holds.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    pool: Mutex<Pool>,
    low: Notify,
}

#[derive(Debug, Default)]
struct Pool {
    blocks: VecDeque<Range<u32>>,
    returned: Vec<CustomerNumber>,
    /// Why there are no more, while that is so.
    failure: Option<StoreFailure>,
}

impl Pool {
    fn held(&self) -> u32 {
        self.blocks.iter().map(|block| block.end - block.start).sum()
    }

    fn next(&mut self) -> Option<CustomerNumber> {
        if let Some(number) = self.returned.pop() {
            return Some(number);
        }
        loop {
            if let Some(number) = self.blocks.front_mut()?.next() {
                return Some(CustomerNumber(number));
            }
            self.blocks.pop_front();
        }
    }
}

impl Numbers {
    /// A number that nobody else has.
    pub(crate) fn reserve(&self) -> Result<CustomerNumber, StoreFailure> {
        let mut pool = self.pool();
        let number = pool.next();
        if pool.held() < NUMBERS_AHEAD / 2 {
            self.low.notify_one();
        }
        number.ok_or_else(|| pool.failure.clone().unwrap_or(StoreFailure::Busy))
    }

    /// Takes back a number under which nothing was stored; what nobody remembers is skipped.
    pub(crate) fn give_back(&self, number: CustomerNumber) {
        let mut pool = self.pool();
        if pool.returned.len() < RETURNED_NUMBERS_MAX {
            pool.returned.push(number);
        }
    }

    /// Gives up all of them: they may be another database's.
    pub(crate) fn forget(&self) {
        let mut pool = self.pool();
        pool.blocks.clear();
        pool.returned.clear();
    }

    /// Takes as many as are missing.
    pub(crate) async fn fill(&self, desk: &Desk) -> Result<(), StoreFailure> {
        let missing = NUMBERS_AHEAD.saturating_sub(self.pool().held());
        if missing == 0 {
            return Ok(());
        }
        // A block whose commit has an unknown outcome is skipped.
        let taken = desk.run(Repeating::Harmless, |session| async move {
            let rows =
                session.query_durably(TAKE, &[&i64::from(missing), &i64::from(CUSTOMER_NUMBERS)]).await?;
            rows.first().map(|row| Ok::<i64, Trouble>(row.try_get(0)?)).transpose()
        });
        let result = taken.await.and_then(|end| block(end, missing));
        let mut pool = self.pool();
        match result {
            Ok(block) => {
                pool.blocks.push_back(block);
                pool.failure = None;
                Ok(())
            }
            Err(failure) => {
                pool.failure = Some(failure.clone());
                Err(failure)
            }
        }
    }

    /// Fills whenever numbers get few; never ends. What failed is tried again unasked: while there are none nobody is sent
    /// to this server, and the first to come after an outage would be turned away.
    pub(crate) async fn keep_filled(&self, desk: &Desk) {
        loop {
            self.low.notified().await;
            let mut pause = RECONNECT_PAUSE;
            while self.fill(desk).await.is_err() {
                sleep(pause).await;
                pause = (pause * 2).min(NUMBERS_PAUSE_MAX);
            }
        }
    }

    /// Why there are no more, while that is so.
    #[cfg(test)]
    pub(crate) fn failure(&self) -> Option<StoreFailure> {
        self.pool().failure.clone()
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The numbers below the counter's new value, as far as codes reach.
fn block(end: Option<i64>, taken: u32) -> Result<Range<u32>, StoreFailure> {
    let exhausted = || {
        StoreFailure::Unavailable(format!(
            "all {CUSTOMER_NUMBERS} participant codes were handed out; begin another installation"
        ))
    };
    let end = end.ok_or_else(exhausted)?;
    let counter = || StoreFailure::Internal("the counter of customer numbers is no number".to_owned());
    let start = u32::try_from(end - i64::from(taken)).map_err(|_| counter())?;
    let end = u32::try_from(end).map_err(|_| counter())?;
    Ok(start..end.min(CUSTOMER_NUMBERS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_given_back_is_handed_out_before_a_new_one() {
        let numbers = Numbers::default();
        assert_eq!(numbers.reserve(), Err(StoreFailure::Busy));
        numbers.pool().blocks.extend([7..8, 9..11]);
        assert_eq!(numbers.reserve(), Ok(CustomerNumber(7)));
        assert_eq!(numbers.reserve(), Ok(CustomerNumber(9)));
        numbers.give_back(CustomerNumber(7));
        assert_eq!(numbers.reserve(), Ok(CustomerNumber(7)));
        assert_eq!(numbers.reserve(), Ok(CustomerNumber(10)));
        assert_eq!(numbers.reserve(), Err(StoreFailure::Busy));
    }

    #[test]
    fn a_block_ends_where_the_codes_end() {
        assert_eq!(block(Some(4096), 4096), Ok(0..4096));
        let past = i64::from(CUSTOMER_NUMBERS) + 10;
        assert_eq!(block(Some(past), 100), Ok(CUSTOMER_NUMBERS - 90..CUSTOMER_NUMBERS));
        assert!(matches!(block(None, 100), Err(StoreFailure::Unavailable(_))));
    }
}
