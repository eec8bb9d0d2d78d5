//! `cargo xtask openapi`: the API description, written by the crate that serves it.

use crate::Outcome;
use crate::machine::project;
use crate::process::{cargo, output};

/// Writes `openapi.json`, or compares it.
pub(crate) fn openapi(check: bool) -> Outcome<()> {
    let path = project().join("openapi.json");
    if !path.exists() {
        // The crate includes the file, so it must be there before it can be built.
        std::fs::write(&path, "")?;
    }
    let mut print =
        cargo(&["run", "--quiet", "--locked", "--package", "registrar-http-api", "--example", "openapi"]);
    let fresh = output(&mut print)?;
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    if stored == fresh {
        println!("openapi.json is fresh");
        return Ok(());
    }
    if check {
        return Err(
            "openapi.json is not what the code says; run `cargo xtask openapi` and commit the file".into()
        );
    }
    std::fs::write(&path, fresh)?;
    println!("openapi.json written");
    Ok(())
}
