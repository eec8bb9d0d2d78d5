//! `cargo xtask check`: everything that is not a test.

use crate::Outcome;
use crate::process::{cargo, run};
use crate::steps::Steps;

/// Runs every check.
pub(crate) fn check() -> Outcome<()> {
    let mut steps = Steps::new("check", Vec::new());
    steps.run("format", || run(&mut cargo(&["fmt", "--all", "--check"])));
    steps.run("house rules", || crate::tidy::tidy(false));
    steps.run("licences and sources", crate::licences::licences);
    steps.run("lints", || {
        run(&mut cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    });
    steps.run("openapi.json is fresh", || crate::openapi::openapi(true));
    steps.run("generated pages are fresh", || {
        run(&mut cargo(&[
            "test",
            "--locked",
            "--quiet",
            "--package",
            "registrar",
            "--test",
            "reference_pages",
        ]))
    });
    steps.finish()
}
