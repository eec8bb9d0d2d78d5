//! Schemathesis: requests made from openapi.json, signed, and every answer compared with what is documented.

use std::process::Command;

use crate::Outcome;
use crate::machine::project;
use crate::process::run;
use crate::server::Launch;
use crate::test::{Workplace, tools};

/// Cases made for each operation in the random phase: about half a minute.
const EXAMPLES: &str = "1500";

/// The same cases every time; a bug found by another seed becomes a test of its own.
const SEED: &str = "20260101";

/// What is checked of every answer. Not that data valid by the schema is accepted: rules across fields, and uniqueness,
/// are not in the schema.
const CHECKS: &str =
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

/// Runs it against a fresh server, which must be alive afterwards.
pub(crate) fn run_schemathesis(workplace: &Workplace) -> Outcome<()> {
    let own = project().join("tests").join("api-fuzz");
    let programs = tools::python_environment("python", &own.join("requirements.txt"))?;
    let launch = Launch::new(&workplace.binary, &workplace.folder);
    let mut server = launch.start()?;
    let mut command = Command::new(programs.join("schemathesis"));
    command.current_dir(&workplace.folder);
    command
        .env("PYTHONPATH", &own)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", "signing_hook");
    command.env("REGISTRAR_TEST_CREDENTIALS", launch.data.join("credentials.json"));
    command.args(["run", "--checks", CHECKS, "--seed", SEED, "--max-examples", EXAMPLES]);
    command.args(["--phases", "examples,coverage,fuzzing", "--generation-database", "none", "--no-color"]);
    command.args(["--workers", "1", "--request-timeout", "10", "--warnings", "off", "--continue-on-failure"]);
    command.arg(format!("{}/openapi.json", server.base_url));
    let outcome = run(&mut command);
    if server.has_ended() {
        return Err("the server ended during the run".into());
    }
    let log = std::fs::read_to_string(&launch.log)?;
    if log.contains("panicked") {
        return Err("the server's log tells of a panic".into());
    }
    outcome
}
