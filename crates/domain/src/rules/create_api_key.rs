//! Whether a platform may have one more API key (contract 1.7).
//!
//! Knows nothing of how the facts were counted. Invariant: no platform has more than `LIVE_KEYS_MAX` live keys.

/// How many live keys a platform may have: enough to rotate several services at once, few enough to oversee (contract 1.7).
pub const LIVE_KEYS_MAX: u32 = 10;

/// What is stored, read in the transaction that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreateApiKeyFacts {
    /// Whether the platform exists.
    pub platform_exists: bool,
    /// How many of its keys are live at the moment of the act: not revoked and not expired.
    pub live_keys: u32,
}

/// What the engine has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Insert the key.
    Create,
    /// There is no such platform.
    NoSuchPlatform,
    /// The platform has all the live keys it may have.
    TooManyLiveKeys,
}

/// Decides whether the key may be made.
pub const fn decide_create_api_key(facts: CreateApiKeyFacts) -> Decision {
    if !facts.platform_exists {
        Decision::NoSuchPlatform
    } else if facts.live_keys >= LIVE_KEYS_MAX {
        Decision::TooManyLiveKeys
    } else {
        Decision::Create
    }
}

#[cfg(test)]
mod tests {
    use super::{CreateApiKeyFacts, Decision, decide_create_api_key};

    #[test]
    fn the_tenth_live_key_is_made_and_the_eleventh_is_refused() {
        for (platform_exists, live_keys, decision) in [
            (false, 0, Decision::NoSuchPlatform),
            (false, 10, Decision::NoSuchPlatform),
            (true, 0, Decision::Create),
            (true, 9, Decision::Create),
            (true, 10, Decision::TooManyLiveKeys),
            (true, 11, Decision::TooManyLiveKeys),
        ] {
            assert_eq!(decide_create_api_key(CreateApiKeyFacts { platform_exists, live_keys }), decision);
        }
    }
}
