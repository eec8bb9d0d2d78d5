//! The documented sample, submitted to the platform Example by the real client over HTTP. Later starts get the replay.

use registrar_client::{Answer, Client, ClientError, ClientOptions};
use registrar_wire::{Credentials, Envelope};

use super::data_folder::SAMPLE;
use crate::failure::Failure;
use crate::system::surroundings::SystemSurroundings;

/// Submits the sample and says what happened; a refusal is said, not a reason to stop serving.
pub(super) async fn submit_example(credentials: Credentials) -> Result<String, Failure> {
    let code = credentials.platform_code.clone();
    let submitted = tokio::task::spawn_blocking(move || submit(&credentials)).await.map_err(|_| {
        Failure::untrusted("the documented sample could not be submitted", "report this as a fault")
    })?;
    match submitted {
        Ok(answer) => Ok(describe(&answer, &code)),
        Err(ClientError::Refused { problem, .. }) => Ok(format!(
            "The documented sample was refused on the platform Example ({code}): {} – {}\n\n",
            problem.code, problem.detail
        )),
        Err(error) => Err(Failure::untrusted(
            format!("the documented sample could not be submitted: {error}"),
            "start with --no-example to do without it",
        )),
    }
}

fn submit(credentials: &Credentials) -> Result<Answer, ClientError> {
    Client::new(credentials, ClientOptions::default(), Box::new(SystemSurroundings))?.create_customer(SAMPLE)
}

fn describe(answer: &Answer, code: &str) -> String {
    let what = if answer.replayed {
        "was submitted on an earlier start; repeating the request gets the first answer again"
    } else {
        "was submitted; this is the answer"
    };
    let envelope = Envelope { message: &answer.customer };
    let body = serde_json::to_string_pretty(&envelope).unwrap_or_default();
    format!("The documented sample {what} (platform Example, {code}):\n\n{body}\n\n")
}
