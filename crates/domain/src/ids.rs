//! Identifiers that are not personal: numbers that rows are stored under, and the trace id.

/// The number a platform's row is stored under; its public form is the `platform_code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlatformNumber(pub u32);

/// The number a customer's row is stored under; its public form is the `participant_code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerNumber(pub u32);

/// The number an API key's row is stored under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyNumber(pub u32);

/// The id that Registrar gives every request (UUID v7, contract 2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(pub uuid::Uuid);

impl TraceId {
    /// A trace id made at `now` with ten random bytes.
    pub fn new(now: crate::clock::UnixMillis, random: [u8; 10]) -> Self {
        let millis = u64::try_from(now.0).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }
}

impl std::fmt::Display for TraceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}
