//! Bodies that commands take from a file or, as `-`, from standard input.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::failure::Failure;

/// More than any request may carry, so that the server's own limit is what the user meets; but not a whole disk.
const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Whether the path means standard input.
pub(crate) fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Reads the body byte for byte.
pub(crate) fn read_body(path: &Path) -> Result<Vec<u8>, Failure> {
    let name = if is_standard_input(path) { "standard input".to_owned() } else { path.display().to_string() };
    let read = if is_standard_input(path) {
        read_bounded(&mut std::io::stdin().lock())
    } else {
        File::open(path).and_then(|mut file| read_bounded(&mut file))
    };
    let bytes = read.map_err(|error| {
        Failure::usage(
            format!("cannot read {name}: {error}"),
            "name a file with the JSON body, or - for standard input",
        )
    })?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > BYTES_MAX) {
        return Err(Failure::refused(
            format!("{name} is larger than 16 MiB"),
            "a request's body has at most 64 KiB",
        ));
    }
    Ok(bytes)
}

fn read_bounded(reader: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
