//! The numbers of customers that are not created yet.
//!
//! Counts up from behind the highest stored number. A number whose create stored nothing comes back and is handed out
//! again, so that no flood of replays uses the numbers up. Invariant: no number is out twice at one time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use registrar_domain::codes::CUSTOMER_NUMBERS;
use registrar_domain::ids::CustomerNumber;

use crate::limits::RETURNED_NUMBERS_MAX;

/// The counter of one server, and what came back.
#[derive(Debug)]
pub(crate) struct Numbers {
    next: AtomicU32,
    returned: Mutex<Vec<CustomerNumber>>,
}

impl Numbers {
    /// Counts from `next`.
    pub(crate) const fn from(next: u32) -> Self {
        Self { next: AtomicU32::new(next), returned: Mutex::new(Vec::new()) }
    }

    /// A number that nobody else has; `None` when all are in use.
    pub(crate) fn reserve(&self) -> Option<CustomerNumber> {
        if let Some(number) = self.returned.lock().ok().and_then(|mut returned| returned.pop()) {
            return Some(number);
        }
        let reserved = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |number| {
            (number < CUSTOMER_NUMBERS).then_some(number + 1)
        });
        reserved.ok().map(CustomerNumber)
    }

    /// Takes back a number under which nothing was stored; what nobody remembers is skipped until the next start.
    pub(crate) fn give_back(&self, number: CustomerNumber) {
        if let Ok(mut returned) = self.returned.lock()
            && returned.len() < RETURNED_NUMBERS_MAX
        {
            returned.push(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_given_back_is_handed_out_before_a_new_one() {
        let numbers = Numbers::from(7);
        assert_eq!(numbers.reserve(), Some(CustomerNumber(7)));
        assert_eq!(numbers.reserve(), Some(CustomerNumber(8)));
        numbers.give_back(CustomerNumber(7));
        assert_eq!(numbers.reserve(), Some(CustomerNumber(7)));
        assert_eq!(numbers.reserve(), Some(CustomerNumber(9)));
    }

    #[test]
    fn the_last_number_is_handed_out_and_no_other() {
        let numbers = Numbers::from(CUSTOMER_NUMBERS - 1);
        assert_eq!(numbers.reserve(), Some(CustomerNumber(CUSTOMER_NUMBERS - 1)));
        assert_eq!(numbers.reserve(), None);
        numbers.give_back(CustomerNumber(3));
        assert_eq!(numbers.reserve(), Some(CustomerNumber(3)));
    }
}
