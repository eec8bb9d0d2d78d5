//! The wrapper of everything personal: it can be read on purpose, never printed by accident.

use zeroize::Zeroize;

/// A personal value. It has no `Display` and no serialisation, its `Debug` shows nothing, and it is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Pii<T: Zeroize>(T);

impl<T: Zeroize> Pii<T> {
    /// Wraps a personal value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself: for sealing, indexing and answering its own platform, never for a log.
    pub const fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> std::fmt::Debug for Pii<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pii(…)")
    }
}

impl<T: Zeroize> Drop for Pii<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::Pii;

    #[test]
    fn debug_shows_nothing_of_the_value() {
        assert_eq!(format!("{:?}", Pii::new("Gaurav".to_owned())), "Pii(…)");
    }
}
