//! A proxy between the engine and a real server that knows where each message of the protocol (version 3) begins and ends,
//! and does harm at the one that a test chose.
//!
//! Knows nothing of what the messages are about. Messages are counted over all connections from the moment the trap is set;
//! the engine's own end of a connection is not counted.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio_postgres::{Client, NoTls};

use crate::Address;
use crate::testing::TestDatabase;

/// How long a server goes on behind a client that is gone.
const AFTERLIFE: Duration = Duration::from_millis(20);

/// What happens at the chosen message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Harm {
    /// It is forwarded, then both sides are closed.
    CutAfter,
    /// It is thrown away, and both sides are closed; the engine's is reset.
    ResetBefore,
    /// It is forwarded if it is the engine's; then the engine's side is closed, and the server goes on with what it has.
    CutClient,
    /// An administrator ends the backend (57P01) before it is forwarded.
    Kill,
    /// The server's next answer becomes an error of this code; the connection stays.
    Answer(&'static str),
    /// It is not forwarded, nor anything after it, on any connection; none is closed.
    Freeze,
}

/// Harm, and at which message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trap {
    pub(crate) at: u32,
    pub(crate) harm: Harm,
    /// Whether every connection made afterwards is closed at once.
    pub(crate) stays_down: bool,
    /// Whether counting begins with the first statement that is prepared, after a connection was set up.
    pub(crate) after_setup: bool,
}

#[derive(Debug, Default)]
struct Plan {
    trap: Option<Trap>,
    is_counting: bool,
    counted: u32,
    sprung: Option<char>,
    is_down: bool,
}

struct Shared {
    server: PathBuf,
    plan: Mutex<Plan>,
    /// How many connections there are.
    links: watch::Sender<usize>,
    /// Counts the orders to cut every connection.
    cuts: watch::Sender<u32>,
    /// Whether nothing is forwarded.
    frozen: watch::Sender<bool>,
    administrator: Client,
}

/// A running proxy; dropping it cuts everything.
pub(crate) struct Proxy {
    shared: Arc<Shared>,
    url: String,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Proxy {
    pub(crate) fn new(database: &TestDatabase) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (url, shared) = runtime.block_on(start(database));
        Self { shared, url, runtime: Some(runtime) }
    }

    /// The database's address through the proxy.
    pub(crate) fn address(&self) -> Address {
        Address::parse(&self.url).unwrap()
    }

    /// Cuts every connection and waits until it is gone; then sets the trap.
    pub(crate) fn set(&self, trap: Trap) {
        self.cut_all();
        self.set_on_open_connections(trap);
    }

    /// Sets the trap; connections that are open count.
    pub(crate) fn set_on_open_connections(&self, trap: Trap) {
        *self.shared.plan() = Plan { trap: Some(trap), ..Plan::default() };
    }

    /// Takes the trap away, lets the server be reached again, and tells at which message harm was done, if any was.
    pub(crate) fn lift(&self) -> Option<char> {
        let plan = std::mem::take(&mut *self.shared.plan());
        if self.shared.frozen.send_replace(false) {
            self.cut_all();
        }
        plan.sprung
    }

    pub(crate) fn cut_all(&self) {
        self.shared.cuts.send_modify(|count| *count += 1);
        let mut links = self.shared.links.subscribe();
        if let Some(runtime) = &self.runtime {
            runtime.block_on(async { links.wait_for(|count| *count == 0).await.unwrap() });
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Shared {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap()
    }

    /// Counts a message; the harm, if this is the one.
    fn count(&self, kind: char) -> Option<Harm> {
        let mut plan = self.plan();
        let trap = plan.trap?;
        if plan.sprung.is_some() {
            return None;
        }
        plan.is_counting |= !trap.after_setup || kind == 'P';
        plan.counted += u32::from(plan.is_counting);
        if plan.counted < trap.at {
            return None;
        }
        plan.sprung = Some(kind);
        plan.is_down = trap.stays_down;
        Some(trap.harm)
    }
}

async fn start(database: &TestDatabase) -> (String, Arc<Shared>) {
    let (administrator, connection) = database.address().config().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    let shared = Arc::new(Shared {
        server: database.socket(),
        plan: Mutex::default(),
        links: watch::Sender::new(0),
        cuts: watch::Sender::new(0),
        frozen: watch::Sender::new(false),
        administrator,
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = database.url_at(listener.local_addr().unwrap());
    let accepting = Arc::clone(&shared);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            if accepting.plan().is_down {
                continue;
            }
            // Counted here, so that whoever waits for the end of all connections waits for this one too.
            accepting.links.send_modify(|count| *count += 1);
            let shared = Arc::clone(&accepting);
            tokio::spawn(async move {
                // A connection that breaks by itself is as good as one that was cut.
                let _ = Link::run(&shared, client).await;
                shared.links.send_modify(|count| *count -= 1);
            });
        }
    });
    (url, shared)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Engine,
    Server,
}

/// Whole messages at the front of what was read.
#[derive(Default)]
struct Inbox {
    bytes: Vec<u8>,
    /// The engine's first message has no type.
    begun: bool,
}

impl Inbox {
    /// The next whole message with its type, `'0'` for the one that has none.
    fn next(&mut self) -> Option<(char, Vec<u8>)> {
        let typed = usize::from(self.begun);
        let length: [u8; 4] = self.bytes.get(typed..typed + 4)?.try_into().unwrap();
        let end = typed + usize::try_from(u32::from_be_bytes(length)).unwrap();
        if self.bytes.len() < end {
            return None;
        }
        let message: Vec<u8> = self.bytes.drain(..end).collect();
        let kind = if self.begun { char::from(message[0]) } else { '0' };
        self.begun = true;
        Some((kind, message))
    }
}

/// One connection through the proxy.
struct Link<'a> {
    shared: &'a Shared,
    client: TcpStream,
    server: UnixStream,
    backend: i32,
    /// Whether the server has said once that it is ready.
    is_ready: bool,
    /// The error that replaces the rest of the server's answer.
    answering: bool,
}

/// What becomes of the connection.
enum Next {
    Go,
    End,
}

impl Link<'_> {
    async fn run(shared: &Shared, client: TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        let mut cuts = shared.cuts.subscribe();
        cuts.mark_unchanged();
        let server = UnixStream::connect(&shared.server).await?;
        let mut link = Link { shared, client, server, backend: 0, is_ready: false, answering: false };
        tokio::select! {
            ended = link.forward() => ended,
            _ = cuts.changed() => Ok(()),
        }
    }

    async fn forward(&mut self) -> io::Result<()> {
        let mut frozen = self.shared.frozen.subscribe();
        let mut from_engine = Inbox::default();
        let mut from_server = Inbox { begun: true, ..Inbox::default() };
        loop {
            if frozen.wait_for(|is_frozen| !is_frozen).await.is_err() {
                return Ok(());
            }
            let (side, count) = tokio::select! {
                count = self.client.read_buf(&mut from_engine.bytes) => (Side::Engine, count?),
                count = self.server.read_buf(&mut from_server.bytes) => (Side::Server, count?),
            };
            if count == 0 {
                return Ok(());
            }
            if *frozen.borrow() {
                continue;
            }
            let inbox = if side == Side::Engine { &mut from_engine } else { &mut from_server };
            while let Some((kind, message)) = inbox.next() {
                if let Next::End = self.pass(side, kind, &message).await? {
                    return Ok(());
                }
                if *frozen.borrow() {
                    break;
                }
            }
        }
    }

    async fn pass(&mut self, side: Side, kind: char, message: &[u8]) -> io::Result<Next> {
        if side == Side::Server && kind == 'K' {
            self.backend = i32::from_be_bytes(message[5..9].try_into().unwrap());
        }
        let is_end = side == Side::Engine && kind == 'X';
        match if is_end { None } else { self.shared.count(kind) } {
            None => self.forward_one(side, kind, message).await?,
            Some(Harm::CutAfter) => {
                self.forward_one(side, kind, message).await?;
                return Ok(Next::End);
            }
            Some(Harm::ResetBefore) => {
                self.client.set_zero_linger()?;
                return Ok(Next::End);
            }
            Some(Harm::CutClient) => {
                if side == Side::Engine {
                    self.forward_one(side, kind, message).await?;
                }
                self.client.shutdown().await?;
                tokio::time::sleep(AFTERLIFE).await;
                return Ok(Next::End);
            }
            Some(Harm::Kill) => {
                if side == Side::Server {
                    self.client.write_all(message).await?;
                }
                return self.kill().await;
            }
            Some(Harm::Answer(code)) => {
                self.client.write_all(&error(code)).await?;
                if !self.is_ready {
                    return Ok(Next::End);
                }
                self.answering = true;
                self.forward_one(side, kind, message).await?;
            }
            Some(Harm::Freeze) => {
                self.shared.frozen.send_replace(true);
            }
        }
        Ok(Next::Go)
    }

    /// The engine gets what the backend still says, which is that it was ended.
    async fn kill(&mut self) -> io::Result<Next> {
        if self.backend == 0 {
            return Ok(Next::End);
        }
        let end = "SELECT pg_terminate_backend($1, 5000)";
        let ended = self.shared.administrator.query_one(end, &[&self.backend]).await.unwrap();
        assert!(ended.get::<_, bool>(0), "the backend was not ended");
        let mut rest = Vec::new();
        // The end of a connection with unread bytes is an error.
        let _ = self.server.read_to_end(&mut rest).await;
        self.client.write_all(&rest).await?;
        Ok(Next::End)
    }

    async fn forward_one(&mut self, side: Side, kind: char, message: &[u8]) -> io::Result<()> {
        if side == Side::Engine {
            return self.server.write_all(message).await;
        }
        if kind == 'Z' {
            self.is_ready = true;
            self.answering = false;
        }
        if self.answering {
            return Ok(());
        }
        self.client.write_all(message).await
    }
}

/// An ErrorResponse of this code.
fn error(code: &str) -> Vec<u8> {
    let fields = format!("SERROR\0VERROR\0C{code}\0Minjected\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap();
    [b"E".as_slice(), &length.to_be_bytes(), fields.as_bytes()].concat()
}

#[test]
fn messages_are_told_apart_however_the_bytes_arrive() {
    let mut inbox = Inbox::default();
    let bytes = b"\0\0\0\x09\0\x03\0\0\0Q\0\0\0\x06a\0S\0\0\0\x04";
    let mut kinds = String::new();
    for byte in bytes {
        inbox.bytes.push(*byte);
        while let Some((kind, _)) = inbox.next() {
            kinds.push(kind);
        }
    }
    assert_eq!((kinds.as_str(), inbox.bytes.len()), ("0QS", 0));
}
