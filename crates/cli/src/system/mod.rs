//! What the operating system gives: the clock, randomness, limits, files that must survive a power cut.

pub(crate) mod clock;
pub(crate) mod entropy;
pub(crate) mod open_files;
pub(crate) mod private_file;
pub(crate) mod signals;
pub(crate) mod surroundings;
