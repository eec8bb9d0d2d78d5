//! Runs the built binary in a folder of its own: one command to its end, or a server until it is dropped.

#![expect(dead_code, unreachable_pub, reason = "each test file uses a part of the support")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "support that fails fails its test")]

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use registrar_client::{Client, ClientOptions, Surroundings};
use registrar_wire::Credentials;

/// The documented sample, as the program carries it.
pub const SAMPLE: &str = include_str!("../../src/commands/dev/sample_customer.json");

/// The binary in `folder`, with no variable of ours set.
pub fn registrar(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_registrar"));
    command.current_dir(folder).args(arguments).env_clear().stdin(Stdio::null());
    command
}

/// A finished command.
#[derive(Debug)]
pub struct Finished {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a command to its end.
pub fn run(folder: &Path, arguments: &[&str]) -> Finished {
    finished(&registrar(folder, arguments).output().unwrap())
}

/// Runs a command to its end with these bytes on its standard input.
pub fn run_with_input(folder: &Path, arguments: &[&str], input: &[u8]) -> Finished {
    let mut command = registrar(folder, arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    finished(&child.wait_with_output().unwrap())
}

fn finished(output: &Output) -> Finished {
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout.clone()).unwrap(),
        stderr: String::from_utf8(output.stderr.clone()).unwrap(),
    }
}

/// A server that accepts requests; killed when dropped.
pub struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: PathBuf,
    /// What it printed before the ready line, and that line.
    pub printed: String,
    pub base_url: String,
}

impl Server {
    /// Starts the binary with these arguments and waits for the ready line.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        Self::start_command(folder, registrar(folder, arguments))
    }

    /// Starts a command and waits for the ready line.
    pub fn start_command(folder: &Path, mut command: Command) -> Self {
        let stderr = folder.join(format!("stderr-{}.log", std::fs::read_dir(folder).unwrap().count()));
        command.stdout(Stdio::piped()).stderr(File::create(&stderr).unwrap());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self { child, stdout, stderr, printed: String::new(), base_url: String::new() };
        while server.base_url.is_empty() {
            let start = server.printed.len();
            if server.stdout.read_line(&mut server.printed).unwrap() == 0 {
                let ended = server.wait();
                panic!("ended with {:?} before it was ready: {}", ended.code, ended.stderr);
            }
            if let Some(base_url) = server.printed[start..].strip_prefix("ready ") {
                server.base_url = base_url.trim_end().to_owned();
            }
        }
        server
    }

    /// `dev` without the example, on a free port, with its data in `folder/data`.
    pub fn dev(folder: &Path) -> Self {
        Self::start(folder, &["dev", "--no-example", "--listen", "127.0.0.1:0", "--data", "data"])
    }

    /// The address of the API.
    pub fn address(&self) -> &str {
        self.base_url.strip_prefix("http://").unwrap()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap()
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let status =
            Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the end; returns the exit code and everything printed to both streams.
    pub fn wait(mut self) -> Finished {
        let code = self.child.wait().unwrap().code();
        let mut stdout = std::mem::take(&mut self.printed);
        self.stdout.read_to_string(&mut stdout).unwrap();
        Finished { code, stdout, stderr: std::fs::read_to_string(&self.stderr).unwrap() }
    }

    /// Ends it with SIGTERM and waits.
    pub fn end(self) -> Finished {
        self.signal("TERM");
        self.wait()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails if it has ended, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct TestSurroundings;

impl Surroundings for TestSurroundings {
    #[expect(clippy::disallowed_methods, reason = "a signature needs the present time")]
    fn unix_seconds(&self) -> i64 {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        i64::try_from(since_epoch.as_secs()).unwrap()
    }

    fn jitter(&self, most: std::time::Duration) -> std::time::Duration {
        most
    }

    fn pause(&self, duration: std::time::Duration) {
        std::thread::sleep(duration);
    }
}

/// The credentials in a file.
pub fn credentials(path: &Path) -> Credentials {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A client with these credentials.
pub fn client(credentials: &Credentials) -> Client {
    Client::new(credentials, ClientOptions::default(), Box::new(TestSurroundings)).unwrap()
}

/// One GET over a connection of its own; the whole answer.
pub fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The sample with another e-mail and without a request_id, so that it is another customer.
pub fn customer_named(name: &str) -> String {
    let mut body: serde_json::Value = serde_json::from_str(SAMPLE).unwrap();
    let object = body.as_object_mut().unwrap();
    object.remove("request_id");
    object.insert("email".to_owned(), format!("{name}@example.in").into());
    body.to_string()
}
