//! `registrar customer show`: one customer for an operator, masked unless revealed, never without an audit event.

use std::fmt::Write as _;

use registrar_domain::registry::ShowCustomerError;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::commands::database_arguments::{DatabaseArguments, OperatorArguments};
use crate::commands::instant::format_instant;
use crate::config::environment::Environment;
use crate::failure::{Exit, Failure};
use crate::installation::operate;
use crate::output;

/// Show a stored customer, masked unless revealed.
///
/// Every look is kept in the audit log with your name and reason, in the same transaction as the look-up.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArguments {
    /// The participant_code
    code: String,
    /// The platform_code it belongs to
    #[arg(long, value_name = "CODE")]
    platform: String,
    /// Why you look, in up to 500 characters; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Show every field as it is
    #[arg(long)]
    reveal: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    operator: OperatorArguments,
    #[command(flatten)]
    database: DatabaseArguments,
}

#[derive(Serialize)]
struct Shown<'a> {
    status: &'static str,
    created_at: String,
    prefunded: bool,
    customer: &'a RawValue,
}

/// Runs the command.
pub(crate) fn run(arguments: &ShowArguments, environment: &Environment) -> Result<Exit, Failure> {
    let operating = operate(&arguments.database, environment)?;
    let act = arguments.operator.act(environment);
    let view = operating.run(operating.registry.show_customer(
        &arguments.platform,
        &arguments.code,
        &arguments.reason,
        arguments.reveal,
        act,
    ))?;
    let unreadable = || Failure::untrusted("the stored customer is not JSON", "report this as a fault");
    let customer: &RawValue = serde_json::from_str(&view.fields).map_err(|_| unreadable())?;
    let shown = Shown {
        status: view.status.code(),
        created_at: format_instant(view.created_at),
        prefunded: view.prefunded,
        customer,
    };
    if arguments.json {
        output::print_json(&shown)?;
        return Ok(Exit::Done);
    }
    let mut text = format!(
        "status      {}\ncreated_at  {}\nprefunded   {}\n",
        shown.status, shown.created_at, shown.prefunded
    );
    let object = registrar_json::parse_object(view.fields.as_bytes(), registrar_json::DEPTH_CEILING)
        .map_err(|_| unreadable())?;
    for member in object.members() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}: {}", member.name, member.raw);
    }
    output::print(&text)?;
    Ok(Exit::Done)
}

impl From<ShowCustomerError> for Failure {
    fn from(error: ShowCustomerError) -> Self {
        match error {
            ShowCustomerError::Failure(failure) => failure.into(),
            ShowCustomerError::BadReason => Self::usage(
                "--reason must have 1 to 500 characters",
                "say why you look; the audit log keeps it",
            ),
            refusal => Self::said(Exit::Refused, refusal),
        }
    }
}
