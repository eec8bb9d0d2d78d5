//! A served API on a real socket over the model store, with deadlines short enough to be waited for.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use registrar_crypto::keyring::MasterKeys;
use registrar_domain::reference::ReferenceLists;
use registrar_domain::registry::{AuthSettings, Parts, PlatformSettings, Registry};
use registrar_domain::testing::{ModelStore, SeededEntropy, TestClock, operator_act};
use registrar_http_api::{App, Drain, HttpLimits, Metrics, Surface, serve};
use tokio::sync::watch;

/// Short deadlines; each test waits for the one it is about.
pub(crate) fn short_limits() -> HttpLimits {
    HttpLimits {
        max_connections: 8,
        first_byte_timeout: Duration::from_millis(300),
        header_timeout: Duration::from_millis(300),
        body_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_millis(900),
        write_timeout: Duration::from_millis(500),
        drain_delay: Duration::from_secs(5),
        drain_timeout: Duration::from_secs(5),
    }
}

/// A running server; dropping it ends it.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shutdown: watch::Sender<bool>,
    runtime: tokio::runtime::Runtime,
    served: Option<tokio::task::JoinHandle<Drain>>,
}

impl Server {
    pub(crate) fn start(limits: HttpLimits) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (shutdown, told) = watch::channel(false);
        let (address, served) = runtime.block_on(async {
            let parts = Parts {
                store: Arc::new(ModelStore::new()),
                master: MasterKeys::parse(&MasterKeys::generate([9; 32])).unwrap(),
                lists: ReferenceLists::builtin(),
                clock: Arc::new(TestClock::default()),
                entropy: Arc::new(SeededEntropy::new(1)),
                auth: AuthSettings { clock_skew_seconds: 60, hints_per_second: 20 },
            };
            let registry = Arc::new(Registry::open(parts).await.unwrap());
            let settings =
                PlatformSettings { name: "Acme".to_owned(), sandbox: true, customers_enabled: true };
            registry.create_platform(settings, operator_act(0)).await.unwrap();
            let app = App::new(registry, Metrics::new(Box::new(Vec::new)), limits);
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let served = tokio::spawn(serve(listener, Surface::api(&app, true), limits, told));
            (address, served)
        });
        Self { address, shutdown, runtime, served: Some(served) }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }

    /// Sends bytes on a new connection and reads until the server closes it.
    pub(crate) fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        read_to_close(&mut stream)
    }

    pub(crate) fn tell_to_end(&self) {
        self.shutdown.send(true).unwrap();
    }

    pub(crate) fn wait_for_end(&mut self) -> Drain {
        let served = self.served.take().unwrap();
        self.runtime.block_on(served).unwrap()
    }
}

/// Everything the server still sends.
pub(crate) fn read_to_close(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("the server neither answered nor closed: {error}"),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads one whole answer and leaves the connection open.
pub(crate) fn read_answer(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned))
        .map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    head + std::str::from_utf8(&body).unwrap()
}
