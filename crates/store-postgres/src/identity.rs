//! Which installation's database a connection leads to: the one of the start, or another that the address leads to now.
//!
//! A database is known by its wrapped installation keys: random, stored by the first server, in every copy and replica, and
//! readable with the application's rights. Whoever wraps them anew under another master key must start the servers again:
//! until then they take the database for another one. Invariant: once the keys are known, a connection is used only after
//! the database at its end has shown the same, and never while it is half a copy or a copy that was taken back.

use std::sync::{Mutex, MutexGuard, PoisonError};

use registrar_domain::store::InstallationKey;
use sha2::{Digest, Sha256};

use crate::address::Address;
use crate::copy::UNFINISHED;
use crate::failure::{Severity, Trouble};
use crate::session::Session;

/// The keys and the mark of a copy in one round trip; the order of text depends on the database's locale, so rows are sorted
/// here. Sent as text, so that it sees what was committed before it got its lock: whoever takes a copy back holds it off by
/// a lock on the keys' table until the mark is there.
const KEYS: &str = "SELECT name || ' ' || encode(wrapped, 'hex') FROM installation_keys \
    UNION ALL SELECT name FROM settings WHERE name = 'copy_unfinished'";

/// A digest, so that nothing of the keys is kept or can be shown.
type Fingerprint = [u8; 32];

/// The installation that the engine works for.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    /// `None` until a server has stored the first keys.
    known: Mutex<Option<Fingerprint>>,
}

impl Identity {
    /// Connects to the database of this installation and to no other.
    pub(crate) async fn connect(&self, address: &Address) -> Result<Session, Trouble> {
        let mut session = Session::connect(address).await?;
        // Before the look: where another caller stores and learns the first keys just after it, nothing was found for a good reason,
        // and `admits` sees to it that the connection is not used again.
        let known = *self.known();
        let found = find(&session).await?;
        if let Some(known) = known {
            if found != Some(known) {
                return Err(another(found));
            }
            session.is_vouched_for = true;
        }
        Ok(session)
    }

    /// Whether a connection can still be used; one that was made before the keys were known cannot once they are.
    pub(crate) fn admits(&self, session: &Session) -> bool {
        !session.is_closed() && (session.is_vouched_for || self.known().is_none())
    }

    /// Takes the database at the end of this connection for the installation's, if it has keys already.
    pub(crate) async fn learn_from(&self, session: &Session) -> Result<(), Trouble> {
        let found = find(session).await?;
        *self.known() = found;
        Ok(())
    }

    /// Takes the keys that were loaded for the installation's; whether they were not known before.
    pub(crate) fn learn(&self, keys: &[InstallationKey]) -> Result<bool, Trouble> {
        let line = |key: &InstallationKey| {
            let nibbles = key.wrapped.bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
            let hex: String = nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect();
            format!("{} {hex}", key.name)
        };
        let found = fingerprint(keys.iter().map(line).collect());
        let mut known = self.known();
        match *known {
            Some(known) if found == Some(known) => Ok(false),
            Some(_) => Err(another(found)),
            None => {
                *known = found;
                Ok(found.is_some())
            }
        }
    }

    /// Forgets the installation, as if the engine had just been opened on a database without keys.
    #[cfg(test)]
    pub(crate) fn forget(&self) {
        *self.known() = None;
    }

    fn known(&self) -> MutexGuard<'_, Option<Fingerprint>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn find(session: &Session) -> Result<Option<Fingerprint>, Trouble> {
    match session.texts(KEYS).await {
        // A server that was cut off before the copy was taken back still holds numbers.
        Ok(lines) if lines.iter().any(|line| line == UNFINISHED) => Err(Trouble::OtherDatabase(
            "the database is an unfinished copy, or one that `registrar copy --undo` took back; nothing is stored there: \
             stop this server"
                .to_owned(),
        )),
        Ok(lines) => Ok(fingerprint(lines)),
        // 42P01, 3F000: no such table or schema.
        Err(trouble) if trouble.is_coded("42P01") || trouble.is_coded("3F000") => {
            Err(refusal("it has no tables of Registrar"))
        }
        Err(trouble) if trouble.severity() == Severity::Command => {
            Err(refusal(&format!("its installation keys cannot be read: {}", trouble.text())))
        }
        Err(trouble) => Err(trouble),
    }
}

fn fingerprint(mut lines: Vec<String>) -> Option<Fingerprint> {
    lines.sort_unstable();
    (!lines.is_empty()).then(|| Sha256::digest(lines.join("\n")).into())
}

fn another(found: Option<Fingerprint>) -> Trouble {
    refusal(if found.is_some() {
        "it holds other installation keys"
    } else {
        "it holds no installation keys"
    })
}

fn refusal(why: &str) -> Trouble {
    Trouble::OtherDatabase(format!(
        "the address now leads to another database than when this server started ({why}); nothing is stored there: \
         let the address lead to the right database, or restart the server if this is the right one"
    ))
}

#[cfg(test)]
mod tests {
    use registrar_domain::platform::WrappedKey;

    use super::*;

    fn keys(byte: u8) -> Vec<InstallationKey> {
        let key = |name: &str| InstallationKey {
            name: name.to_owned(),
            wrapped: WrappedKey { master_key_version: 1, bytes: vec![byte; 60] },
        };
        vec![key("index"), key("digest")]
    }

    #[test]
    fn the_keys_that_were_learned_first_stay() {
        let identity = Identity::default();
        assert!(!identity.learn(&[]).unwrap());
        assert!(identity.learn(&keys(1)).unwrap());
        let reversed: Vec<_> = keys(1).into_iter().rev().collect();
        assert!(!identity.learn(&reversed).unwrap());
        assert!(matches!(identity.learn(&keys(2)), Err(Trouble::OtherDatabase(_))));
        assert!(matches!(identity.learn(&[]), Err(Trouble::OtherDatabase(_))));
        assert!(!identity.learn(&keys(1)).unwrap());
    }
}
