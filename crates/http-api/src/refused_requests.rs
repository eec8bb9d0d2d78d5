//! Which refused requests get a line in the log of their own: some of each kind a second; the rest are counted, and told
//! as one line a kind, so that no flood fills a disk (decision 7).
//!
//! Invariant: each refused request is told by itself or is in one count.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use registrar_domain::ids::PlatformNumber;
use registrar_domain::registry::Caller;
use registrar_wire::ErrorCode;

/// Refused requests of one kind that are told one by one within a second. There are 15 kinds that need no key: with all of
/// them provoked at once, and the documentation off, the log stays below what journald takes from a service by default, 10,000 lines in 30 s.
pub(crate) const TOLD_PER_SECOND: u32 = 20;

/// What makes refusals alike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    code: ErrorCode,
    platform: Option<PlatformNumber>,
    operation: &'static str,
}

#[derive(Default)]
struct Seen {
    told: u32,
    counted: u64,
    platform_code: Option<String>,
}

/// The refused requests since a second began.
#[derive(Default)]
pub(crate) struct RefusedRequests(Mutex<BTreeMap<Kind, Seen>>);

impl RefusedRequests {
    /// Whether this one is told by itself; otherwise it is counted.
    pub(crate) fn is_told(&self, operation: &'static str, code: ErrorCode, caller: Option<&Caller>) -> bool {
        let platform = caller.map(|caller| caller.platform().platform.number);
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = kinds.entry(Kind { code, platform, operation }).or_default();
        if seen.told < TOLD_PER_SECOND {
            seen.told += 1;
            return true;
        }
        if seen.counted == 0 {
            seen.platform_code = caller.map(|caller| caller.platform().code.clone());
        }
        seen.counted += 1;
        false
    }

    /// Ends a second: tells what was only counted in it.
    pub(crate) fn tell_counted(&self) {
        let kinds = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for (Kind { code, operation, .. }, seen) in kinds {
            let (status, code, count, platform_code) =
                (code.status(), code.code(), seen.counted, seen.platform_code);
            if count == 0 {
                continue;
            }
            if status >= 500 {
                tracing::warn!(operation, status, code, platform_code, count, "more requests of this kind");
            } else {
                tracing::info!(operation, status, code, platform_code, count, "more requests of this kind");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_so_many_lines_a_second_and_the_rest_is_counted() {
        let refused = RefusedRequests::default();
        let told = |operation, code| (0..50).filter(|_| refused.is_told(operation, code, None)).count();
        assert_eq!(told("create_customer", ErrorCode::InvalidSignature), 20);
        assert_eq!(told("create_customer", ErrorCode::MissingHeader), 20);
        assert_eq!(told("none", ErrorCode::InvalidSignature), 20);
        assert_eq!(told("none", ErrorCode::InvalidSignature), 0);
        let counted = |refused: &RefusedRequests| -> u64 {
            refused.0.lock().unwrap().values().map(|seen| seen.counted).sum()
        };
        assert_eq!(counted(&refused), 30 + 30 + 30 + 50);
        refused.tell_counted();
        assert_eq!(counted(&refused), 0);
        assert_eq!(told("none", ErrorCode::InvalidSignature), 20);
    }
}
