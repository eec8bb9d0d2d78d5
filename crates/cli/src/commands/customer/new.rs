//! `registrar customer new`: the body as it is, signed and sent by the real client.

use std::borrow::Cow;
use std::path::PathBuf;

use registrar_client::{Answer, Client, ClientError, ClientOptions};
use registrar_wire::Problem;

use crate::credentials_file::read_credentials;
use crate::failure::{Exit, Failure};
use crate::input::read_body;
use crate::output;
use crate::system::surroundings::SystemSurroundings;

/// Submit a customer to a server.
///
/// Signs the bytes of FILE as they are, sends them and prints the answer. When the body has a request_id, a lost answer or
/// a busy server is tried again with the same bytes, which is always safe.
#[derive(Debug, clap::Args)]
pub(crate) struct NewArguments {
    /// The file with the JSON body, or - for standard input
    file: PathBuf,
    /// The credentials [default: ./registrar-data/credentials.json]
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// Print the server's answer byte for byte, also when it is a problem
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &NewArguments) -> Result<Exit, Failure> {
    let credentials = read_credentials(arguments.credentials.as_deref())?;
    let body = read_body(&arguments.file)?;
    let client = Client::new(&credentials, ClientOptions::default(), Box::new(SystemSurroundings))
        .map_err(|error| Failure::usage(error, "check the credentials file"))?;
    match client.create_customer(&body) {
        Ok(answer) => print_answer(&answer, arguments.json),
        Err(ClientError::Refused { problem, body, .. }) => print_problem(&problem, &body, arguments.json),
        Err(error @ ClientError::Unreachable { .. }) => {
            Err(Failure::untrusted(error, format!("see that a server runs at {}", credentials.base_url)))
        }
        Err(error) => Err(Failure::untrusted(error, format!("see what runs at {}", credentials.base_url))),
    }
}

fn print_answer(answer: &Answer, json: bool) -> Result<Exit, Failure> {
    if json {
        output::print_bytes(&answer.body)?;
        output::print("\n")?;
    } else {
        output::print_json(&answer.customer)?;
    }
    if answer.replayed {
        output::tell("replayed: this customer was created by an earlier, identical request");
    } else {
        output::progress(&format!("created: participant_code {}", answer.customer.participant_code));
    }
    Ok(Exit::Done)
}

fn print_problem(problem: &Problem, body: &[u8], json: bool) -> Result<Exit, Failure> {
    // A fault of the server is not a refusal of the customer.
    let exit = if problem.status >= 500 { Exit::Untrusted } else { Exit::Refused };
    if json {
        output::print_bytes(body)?;
        output::print("\n")?;
        return Ok(exit);
    }
    let error = format!("{} ({}) – {}", problem.code, problem.status, problem.detail);
    Err(Failure::said(exit, error).with_details(details(problem)))
}

/// Every error, then whatever else helps.
fn details(problem: &Problem) -> Vec<String> {
    let is_new = |error: &&Cow<'_, str>| **error != problem.detail;
    let mut lines: Vec<String> = problem.errors.iter().filter(is_new).map(ToString::to_string).collect();
    let hint = problem.hint_detail.as_ref().filter(|hint| !problem.detail.contains(&***hint));
    lines.extend(hint.map(|hint| format!("hint: {hint}")));
    lines.extend(
        problem.difference_seconds.map(|seconds| format!("this clock is {seconds} s off the server's")),
    );
    lines.extend(problem.differs.as_ref().map(|fields| format!("fields that differ: {}", fields.join(", "))));
    lines.extend(
        problem.participant_code.as_ref().map(|code| format!("participant_code of the existing one: {code}")),
    );
    if !problem.trace_id.is_empty() {
        lines.push(format!("trace_id {}", problem.trace_id));
    }
    lines
}
