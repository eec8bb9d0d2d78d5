//! The API page's own example, run as printed against two empty platforms.

use std::process::Command;

use crate::Outcome;
use crate::machine::project;
use crate::process::run;
use crate::server::Launch;
use crate::test::{Workplace, tools};

/// The HTTP library that the page's example calls; its last release.
const LIBRARY: (&str, &str) = ("request", "2.88.2");

/// Runs the example with each body of the page, and the answers the page documents.
pub(crate) fn run_example(workplace: &Workplace) -> Outcome<()> {
    let modules = tools::npm_package(LIBRARY.0, LIBRARY.1)?;
    let page = project().join("tests").join("api-page");
    let mut servers = Vec::new();
    let mut command = Command::new("node");
    command.env("NODE_PATH", modules).env("NODE_NO_WARNINGS", "1");
    command.arg(page.join("run.cjs")).arg(page.join("post-new.md"));
    // The page's bodies share one request_id, so each needs a platform of its own.
    for name in ["first", "second"] {
        let folder = workplace.folder.join(name);
        std::fs::create_dir_all(&folder)?;
        let launch = Launch::new(&workplace.binary, &folder);
        servers.push(launch.start()?);
        command.arg(launch.data.join("credentials.json"));
    }
    run(&mut command)
}
