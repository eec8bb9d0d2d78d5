//! `registrar customer check`: every violation of a body, offline, by the code that the server answers with.

use std::borrow::Cow;
use std::path::PathBuf;

use registrar_domain::clock::Clock as _;
use registrar_domain::customer::{Terms, parse_customer};
use registrar_domain::entropy::random_bytes;
use registrar_domain::fields::Submitted;
use registrar_domain::ids::TraceId;
use registrar_domain::policy::Policy;
use registrar_domain::reference::ReferenceLists;
use registrar_http_api::{BODY_TOO_LARGE, NESTING_DEPTH_MAX, field_violation, malformed_json_detail};
use registrar_json::parse_object;
use registrar_wire::{BODY_BYTES_MAX, ErrorCode, Problem};

use crate::commands::database_arguments::DatabaseArguments;
use crate::config::environment::Environment;
use crate::failure::{Exit, Failure};
use crate::input::read_body;
use crate::installation::{operate, read_lists};
use crate::output;
use crate::system::clock::SystemClock;
use crate::system::entropy::ThreadEntropy;

/// Check a customer offline and print every violation.
///
/// Uses the default policy, or that of a platform with --platform and --data or --database. Prints what the server would
/// answer to a body that it has not seen before; nothing is stored.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArguments {
    /// The file with the JSON body, or - for standard input
    file: PathBuf,
    /// The platform_code whose policy applies; needs --data or --database
    #[arg(long, value_name = "CODE")]
    platform: Option<String>,
    /// Print the problem body as the server would answer it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArguments,
}

/// Runs the command.
pub(crate) fn run(arguments: &CheckArguments, environment: &Environment) -> Result<Exit, Failure> {
    let (policy, lists) = terms(arguments, environment)?;
    let body = read_body(&arguments.file)?;
    let now = SystemClock.now();
    let trace_id = TraceId::new(now, random_bytes(&ThreadEntropy));
    match find_problem(&body, &Terms { policy: &policy, lists, now }, trace_id) {
        None if arguments.json => output::print_json(&Valid { valid: true })?,
        None => output::print("The customer is valid.\n")?,
        Some(problem) if arguments.json => {
            output::print_json(&problem)?;
            return Ok(Exit::Refused);
        }
        Some(problem) => {
            output::print(&format!("{}\n", problem.errors.join("\n")))?;
            return Ok(Exit::Refused);
        }
    }
    Ok(Exit::Done)
}

#[derive(serde::Serialize)]
struct Valid {
    valid: bool,
}

fn terms(
    arguments: &CheckArguments,
    environment: &Environment,
) -> Result<(Policy, &'static ReferenceLists), Failure> {
    match (&arguments.platform, arguments.database.names_a_database()) {
        (Some(code), _) => {
            let operating = operate(&arguments.database, environment)?;
            let platform = operating.registry.platform(code).map_err(Failure::from)?;
            Ok((platform.platform.policy.clone(), operating.registry.lists()))
        }
        (None, true) => Err(Failure::usage(
            "the policy of which platform is not said",
            "add --platform CODE, or leave the database out for the default policy",
        )),
        (None, false) => {
            let effective = arguments.database.resolve(environment)?;
            Ok((Policy::default(), read_lists(&effective.configuration)?))
        }
    }
}

/// What the server would answer to this body, were it new: the checks of contract 2.6 that concern the body alone.
fn find_problem(body: &[u8], terms: &Terms<'_>, trace_id: TraceId) -> Option<Problem> {
    let refuse = |code, detail: Cow<'static, str>| Some(Problem::new(code, detail, trace_id.to_string()));
    if body.len() > BODY_BYTES_MAX {
        return refuse(ErrorCode::BodyTooLarge, BODY_TOO_LARGE.into());
    }
    let object = match parse_object(body, NESTING_DEPTH_MAX) {
        Ok(object) => object,
        Err(error) => return refuse(ErrorCode::MalformedJson, malformed_json_detail(&error).into()),
    };
    let violations = parse_customer(&Submitted::of(&object), terms).err()?;
    let violations = violations.into_iter().map(field_violation).collect();
    Some(Problem::invalid_request(violations, trace_id.to_string()))
}
