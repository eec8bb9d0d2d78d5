//! `registrar sign`: what to sign, byte for byte, and the headers; or a curl command that carries them. Offline.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use registrar_client::{SignedHeaders, Signer, check_target, check_timestamp};
use registrar_crypto::signature::{SignedParts, sha256_hex, string_to_sign};
use registrar_domain::clock::Clock as _;
use registrar_wire::{Credentials, MEDIA_TYPE_JSON};
use serde_json::json;

use super::shell::quote;
use crate::credentials_file::read_credentials;
use crate::failure::{Exit, Failure};
use crate::input::{is_standard_input, read_body};
use crate::output;
use crate::system::clock::SystemClock;

/// Show what a request must be signed with.
///
/// Works offline. Prints the string to sign byte for byte and the four headers, or with --curl a command that sends
/// the request. A signature is valid for a minute: the timestamp is part of it.
#[derive(Debug, clap::Args)]
pub(crate) struct SignArguments {
    /// The HTTP method in capitals, such as POST
    method: String,
    /// The path and query as they will be sent, such as /participants/customers/new
    target: String,
    /// The file with the body, or - for standard input; without it the body is empty and {} is signed
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// The credentials [default: ./registrar-data/credentials.json]
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// The timestamp in Unix seconds [default: now]
    #[arg(long, value_name = "SECONDS")]
    timestamp: Option<String>,
    /// Print a curl command that carries the headers
    #[arg(long)]
    curl: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &SignArguments) -> Result<Exit, Failure> {
    check(arguments)?;
    let credentials = read_credentials(arguments.credentials.as_deref())?;
    let body = arguments.body.as_deref().map(read_body).transpose()?.unwrap_or_default();
    let timestamp = arguments.timestamp.clone().unwrap_or_else(|| SystemClock.now().seconds().to_string());
    let signer = Signer::new(&credentials).map_err(|error| {
        Failure::usage(error, "use the credentials as `registrar key create` printed them")
    })?;
    let parts = SignedParts {
        timestamp: &timestamp,
        method: &arguments.method,
        target: &arguments.target,
        body: &body,
    };
    let headers = signer.sign(&parts);
    let shown = Shown {
        arguments,
        credentials: &credentials,
        headers: &headers,
        body_is_empty: body.is_empty(),
        to_sign: string_to_sign(&parts),
    };
    shown.print()?;
    Ok(Exit::Done)
}

fn check(arguments: &SignArguments) -> Result<(), Failure> {
    let method = arguments.method.as_bytes();
    if method.is_empty() || !method.iter().all(u8::is_ascii_uppercase) {
        return Err(Failure::usage("the method must be in capitals", "write it as it is sent, such as POST"));
    }
    check_target(&arguments.target)
        .map_err(|cure| Failure::usage("the target cannot be sent as it is", cure))?;
    if let Some(timestamp) = &arguments.timestamp {
        check_timestamp(timestamp).map_err(|cure| Failure::usage("the timestamp is not accepted", cure))?;
    }
    if arguments.curl && arguments.body.as_deref().is_some_and(is_standard_input) {
        return Err(Failure::usage(
            "--curl needs the body in a file, because curl must read it again",
            "save it and give --body FILE",
        ));
    }
    Ok(())
}

#[derive(serde::Serialize)]
struct Document<'a> {
    string_to_sign: String,
    /// JSON text cannot carry every byte, so the string is there once more.
    string_to_sign_hex: String,
    length: usize,
    sha256: String,
    signature: &'a str,
    headers: BTreeMap<String, &'a str>,
}

struct Shown<'a> {
    arguments: &'a SignArguments,
    credentials: &'a Credentials,
    headers: &'a SignedHeaders,
    body_is_empty: bool,
    to_sign: Vec<u8>,
}

impl Shown<'_> {
    fn print(&self) -> Result<(), Failure> {
        match (self.arguments.curl, self.arguments.json) {
            (true, false) => output::print(&format!("{}\n", self.curl())),
            (true, true) => output::print_json(&json!({ "curl": self.curl() })),
            (false, true) => output::print_json(&self.document()),
            (false, false) => self.print_for_people(),
        }
    }

    fn document(&self) -> Document<'_> {
        Document {
            string_to_sign: String::from_utf8_lossy(&self.to_sign).into_owned(),
            string_to_sign_hex: hex(&self.to_sign),
            length: self.to_sign.len(),
            sha256: sha256_hex(&self.to_sign),
            signature: self.headers.signature(),
            headers: self.pairs().into_iter().collect(),
        }
    }

    fn print_for_people(&self) -> Result<(), Failure> {
        let mut head =
            format!("String to sign: {} bytes, SHA-256 {}\n", self.to_sign.len(), sha256_hex(&self.to_sign));
        if self.body_is_empty {
            head.push_str("The body is empty, so {} is signed in its place and nothing is sent.\n");
        }
        head.push_str(
            "Between the two marks, without the line ends beside them:\n-----BEGIN STRING TO SIGN-----\n",
        );
        let mut tail = "\n-----END STRING TO SIGN-----\n\nHeaders:\n".to_owned();
        for (name, value) in self.pairs() {
            // Writing to a String cannot fail.
            let _ = writeln!(tail, "{name}: {value}");
        }
        output::print_bytes(&[head.as_bytes(), &self.to_sign, tail.as_bytes()].concat())
    }

    fn pairs(&self) -> [(String, &str); 4] {
        self.headers.pairs().map(|(name, value)| (name.to_ascii_uppercase(), value))
    }

    fn curl(&self) -> String {
        let base = self.credentials.base_url.trim_end_matches('/');
        let url = format!("{base}{}", self.arguments.target);
        // Without these two curl rewrites the target that was signed: dot segments, and brackets as patterns.
        let mut command =
            format!("curl --path-as-is --globoff -sS -X {} {}", self.arguments.method, quote(&url));
        let mut add = |option: &str, value: &str| {
            // Writing to a String cannot fail.
            let _ = write!(command, " \\\n  {option} {}", quote(value));
        };
        for (name, value) in self.pairs() {
            add("-H", &format!("{name}: {value}"));
        }
        if let Some(file) = self.arguments.body.as_deref().filter(|_| !self.body_is_empty) {
            add("-H", &format!("Content-Type: {MEDIA_TYPE_JSON}"));
            add("--data-binary", &format!("@{}", file.display()));
        }
        command
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
