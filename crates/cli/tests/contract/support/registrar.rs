//! The built binary at work: a server of its own in a folder of its own, and the operator's commands beside it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use registrar_wire::Credentials;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::answer::Answer;
use super::body::{Body, fresh_name};
use super::clock::{now_millis, within_a_second};
use super::connection::Connection;
use super::request::Request;
use super::signer::Signer;

/// Long enough for the command that makes the key, short enough to wait for.
const EXPIRES_AFTER_MILLIS: i64 = 3000;

/// An installation made by `registrar dev`; its server is killed when it is dropped.
pub(crate) struct Registrar {
    folder: tempfile::TempDir,
    options: Options,
    starts: usize,
    process: Option<Process>,
    /// What its servers printed until they were stopped.
    printed: String,
    own: Option<Signer>,
}

/// How the server is started.
#[derive(Clone, Default)]
pub(crate) struct Options {
    /// Further arguments of `dev`.
    pub(crate) arguments: Vec<String>,
    /// Variables of the server's environment, which is empty but for them.
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Options {
    /// One variable in the server's environment.
    pub(crate) fn variable(name: &'static str, value: &str) -> Self {
        Self { environment: vec![(name, value.to_owned())], ..Self::default() }
    }
}

struct Process {
    child: Child,
    stdout: BufReader<ChildStdout>,
    base_url: String,
}

impl Registrar {
    pub(crate) fn start() -> Self {
        Self::start_with(Options::default())
    }

    pub(crate) fn start_with(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut registrar =
            Self { folder, options, starts: 0, process: None, printed: String::new(), own: None };
        registrar.start_again();
        registrar
    }

    /// Starts the server on the data that is there.
    pub(crate) fn start_again(&mut self) {
        assert!(self.process.is_none());
        let arguments = ["dev", "--no-example", "--listen", "127.0.0.1:0", "--data", "data"];
        let mut command = self.command(&arguments);
        command.args(&self.options.arguments).envs(self.options.environment.iter().cloned());
        let stderr = self.folder.path().join(format!("stderr-{}", self.starts));
        command.stdout(Stdio::piped()).stderr(File::create(&stderr).unwrap());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let Some(base_url) = line.trim_end().strip_prefix("ready ").map(str::to_owned) else {
            let code = child.wait().unwrap().code();
            panic!(
                "no ready line but {line:?}, ended {code:?}: {}",
                std::fs::read_to_string(stderr).unwrap()
            );
        };
        self.printed.push_str(&line);
        self.starts += 1;
        self.process = Some(Process { child, stdout, base_url });
        let credentials = std::fs::read_to_string(self.data().join("credentials.json")).unwrap();
        let credentials: Credentials = serde_json::from_str(&credentials).unwrap();
        self.own = Some(credentials.into());
    }

    /// Ends the server as a supervisor does.
    pub(crate) fn stop(&mut self) {
        let code = self.end(Signal::TERM);
        assert_eq!(code, Some(0));
    }

    /// Ends the server as a crash does.
    pub(crate) fn kill(&mut self) {
        self.end(Signal::KILL);
    }

    fn end(&mut self, signal: Signal) -> Option<i32> {
        let mut process = self.process.take().unwrap();
        kill_process(Pid::from_child(&process.child), signal).unwrap();
        process.stdout.read_to_string(&mut self.printed).unwrap();
        process.child.wait().unwrap().code()
    }

    pub(crate) fn restart(&mut self) {
        self.stop();
        self.start_again();
    }

    /// The folder that `dev` keeps everything in.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What the stopped servers printed on standard output.
    pub(crate) fn printed(&self) -> &str {
        &self.printed
    }

    /// The files that hold what the servers wrote on standard error.
    pub(crate) fn error_files(&self) -> Vec<PathBuf> {
        (0..self.starts).map(|start| self.folder.path().join(format!("stderr-{start}"))).collect()
    }

    /// Where the API listens.
    pub(crate) fn address(&self) -> String {
        self.process.as_ref().unwrap().base_url.strip_prefix("http://").unwrap().to_owned()
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(&self.address())
    }

    /// Sends a request as it is, over a connection of its own.
    pub(crate) fn send(&self, request: &Request) -> Answer {
        self.connect().exchange(request)
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.send(&Request::get(target))
    }

    /// The key of `credentials.json`: a sandbox platform with customers enabled.
    pub(crate) fn own(&self) -> &Signer {
        self.own.as_ref().unwrap()
    }

    /// Signs a request with the key of `credentials.json` and sends it.
    pub(crate) fn send_signed(&self, request: Request) -> Answer {
        self.send_signed_by(self.own(), request)
    }

    /// Signs a request and sends it. No answer may contain what authenticates (contract 1.9).
    pub(crate) fn send_signed_by(&self, signer: &Signer, request: Request) -> Answer {
        let request = signer.signed(request);
        let answer = self.send(&request);
        for hidden in [&*signer.secret, &*signer.passphrase, &*request.value("X-NDAX-SIGNED")] {
            let head = format!("{:?}", answer.headers);
            assert!(
                !answer.text().contains(hidden) && !head.contains(hidden),
                "an answer holds a credential"
            );
        }
        answer
    }

    /// Submits a customer with the key of `credentials.json`.
    pub(crate) fn submit(&self, body: &Body) -> Answer {
        self.send_signed(Request::submission(body))
    }

    /// Submits a customer with another key.
    pub(crate) fn submit_by(&self, signer: &Signer, body: &Body) -> Answer {
        self.send_signed_by(signer, Request::submission(body))
    }

    /// Submits the bytes of a body.
    pub(crate) fn submit_bytes(&self, body: impl Into<Vec<u8>>) -> Answer {
        self.send_signed(Request::post(body))
    }

    /// Runs an operator's command on the installation; it succeeds and prints JSON.
    pub(crate) fn command_json(&self, arguments: &[&str]) -> Value {
        let output = self.command(arguments).args(["--data", "data", "--json"]).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {errors}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What a command prints that needs no installation.
    pub(crate) fn command_text(arguments: &[&str]) -> String {
        let folder = tempfile::tempdir().unwrap();
        String::from_utf8(command_in(folder.path(), arguments).output().unwrap().stdout).unwrap()
    }

    /// Runs an operator's command on the installation; returns its exit code and everything it printed.
    pub(crate) fn command_fails(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.command(arguments).args(["--data", "data", "--json"]).output().unwrap();
        let printed = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(printed).unwrap())
    }

    /// Makes a platform with one key, and waits until the server knows it.
    pub(crate) fn platform(&self, name: &str, flags: &[&str]) -> Signer {
        let signer = self.unwaited_platform(name, flags);
        self.wait_until_known(&signer);
        signer
    }

    /// Makes a platform with one key, whether or not a server runs.
    pub(crate) fn unwaited_platform(&self, name: &str, flags: &[&str]) -> Signer {
        let made = self.command_json(&[&["platform", "create", name], flags].concat());
        self.unwaited_key(made["platform_code"].as_str().unwrap(), &[])
    }

    fn unwaited_key(&self, platform_code: &str, flags: &[&str]) -> Signer {
        let made = self.command_json(&[&["key", "create", "--platform", platform_code], flags].concat());
        let credentials: Credentials = serde_json::from_value(made).unwrap();
        credentials.into()
    }

    /// Makes a key, and waits until the server knows it.
    pub(crate) fn key(&self, platform_code: &str, flags: &[&str]) -> Signer {
        let signer = self.unwaited_key(platform_code, flags);
        self.wait_until_known(&signer);
        signer
    }

    /// Makes a key that expires soon, and waits until it has: one that has expired already cannot be made.
    pub(crate) fn expired_key(&self, platform_code: &str, flags: &[&str]) -> Signer {
        let expiry = now_millis() + EXPIRES_AFTER_MILLIS;
        let moment = jiff::Timestamp::from_millisecond(expiry).unwrap().to_string();
        let signer = self.key(platform_code, &[flags, &["--expires", &moment]].concat());
        while now_millis() <= expiry {
            std::thread::sleep(Duration::from_millis(20));
        }
        signer
    }

    fn wait_until_known(&self, signer: &Signer) {
        let is_known = |code: &String| code != "unknown_api_key" && code != "invalid_signature";
        let code = within_a_second(|| self.send_signed_by(signer, Request::post("")).code(), is_known);
        assert!(is_known(&code), "the server does not know the new key: {code}");
    }

    /// Changes the platform of `credentials.json`.
    pub(crate) fn set(&self, changes: &[&str]) {
        self.set_of(self.own(), changes);
    }

    /// Changes a key's platform.
    pub(crate) fn set_of(&self, signer: &Signer, changes: &[&str]) {
        self.command_json(&[&["platform", "set", &signer.platform_code], changes].concat());
    }

    /// Submits another customer each time until the answer has this code, which must be within a second of the operator's
    /// command.
    pub(crate) fn submit_until(&self, body_of: impl Fn(&str) -> Body, code: &str) -> Answer {
        let submit = || self.submit(&body_of(&fresh_name()));
        let answer = within_a_second(submit, |answer| answer.code() == code);
        assert_eq!(answer.code(), code, "{}", answer.text());
        answer
    }

    /// Submits another customer each time until the answer has these violations (none: until it is accepted), which must
    /// be within a second of the operator's command.
    pub(crate) fn submit_until_violations(
        &self,
        body_of: impl Fn(&str) -> Body,
        violations: &[&str],
    ) -> Answer {
        let submit = || self.submit(&body_of(&fresh_name()));
        let answer = within_a_second(submit, |answer| answer.violations() == violations);
        assert_eq!(answer.violations(), violations, "{}", answer.text());
        answer
    }

    fn command(&self, arguments: &[&str]) -> Command {
        command_in(self.folder.path(), arguments)
    }
}

/// The binary in a folder, with an empty environment and nothing on standard input.
fn command_in(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_registrar"));
    command.current_dir(folder).args(arguments).env_clear().stdin(Stdio::null());
    command
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails if it has ended, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
