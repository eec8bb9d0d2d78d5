//! Sealing a customer's record under a data key of its own, and opening it again.
//!
//! Knows where a record belongs, not what is in it. Invariant: a sealed record opens only as the record of its own customer.

use registrar_crypto::seal::{AssociatedData, DataKey};
use zeroize::Zeroizing;

use super::Registry;
use crate::entropy::random_bytes;
use crate::ids::{CustomerNumber, PlatformNumber};
use crate::keys::{unwrap, wrap};
use crate::record::{Record, decode_record};
use crate::store::{SealedCustomer, StoreFailure, StoredCustomer};

/// What a customer's data key is wrapped for.
const DATA_KEY_PURPOSE: &str = "data-key";

/// A customer has one data key; rotating master keys wraps it anew and leaves what is sealed under it as it is.
const DATA_KEY_VERSION: u32 = 1;

/// What a record is sealed to: moved to another customer, platform or place it does not open (contract 4.1).
const fn record_place(platform: PlatformNumber, number: CustomerNumber) -> AssociatedData<'static> {
    AssociatedData {
        purpose: "customer",
        platform: platform.0,
        customer: number.0,
        group: "record",
        key_version: DATA_KEY_VERSION,
    }
}

fn data_key_binding(platform: PlatformNumber, number: CustomerNumber) -> [u8; 8] {
    (u64::from(platform.0) << 32 | u64::from(number.0)).to_be_bytes()
}

impl Registry {
    /// Seals a record, which comes in pieces, under a new data key.
    pub(super) fn seal(
        &self,
        platform: PlatformNumber,
        number: CustomerNumber,
        record: &[&[u8]],
    ) -> Result<SealedCustomer, StoreFailure> {
        let entropy = self.entropy.as_ref();
        let key = DataKey::from_bytes(random_bytes(entropy));
        let data_key =
            wrap(key.reveal(), DATA_KEY_PURPOSE, &data_key_binding(platform, number), &self.master, entropy)?;
        let record = key
            .seal(&record_place(platform, number), random_bytes(entropy), record)
            .map_err(|_| StoreFailure::Internal("a customer could not be sealed".to_owned()))?;
        Ok(SealedCustomer { data_key, record })
    }

    /// The record of a stored customer.
    pub(super) fn unseal(
        &self,
        platform: PlatformNumber,
        stored: &StoredCustomer,
    ) -> Result<Zeroizing<Vec<u8>>, StoreFailure> {
        let sealed = &stored.sealed;
        let binding = data_key_binding(platform, stored.number);
        unwrap(&sealed.data_key, DATA_KEY_PURPOSE, &binding, &self.master)
            .and_then(|key| {
                let place = record_place(platform, stored.number);
                DataKey::from_bytes(*key).open(&place, &sealed.record).ok()
            })
            .ok_or_else(|| StoreFailure::Internal("a stored customer's seal does not open".to_owned()))
    }
}

/// Reads what `unseal` gave.
pub(super) fn read_record(bytes: &[u8]) -> Result<Record<'_>, StoreFailure> {
    decode_record(bytes).ok_or_else(unknown_record)
}

pub(super) fn unknown_record() -> StoreFailure {
    StoreFailure::Internal("a stored customer's record is of no known version".to_owned())
}
