//! A running server: listeners, maintenance, signals, drain. `dev` and `serve` differ only in what they hand in.
//!
//! Invariant: when `until_ended` returns, no request is being handled unless the drain's deadline passed, and the store
//! is closed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use registrar_domain::registry::Registry;
use registrar_http_api::{App, Drain, HttpLimits, Metrics, Surface, maintain, serve};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::Configuration;
use crate::database::{ServerStore, is_missing_file};
use crate::failure::{Exit, Failure};
use crate::installation::{Inputs, database_of, open_registry};
use crate::output;
use crate::system::open_files::raise_open_files;
use crate::system::signals::EndSignals;

/// A server that accepts requests.
pub(crate) struct Running {
    /// Where it can be reached from this machine.
    pub(crate) base_url: String,
    /// Its registry.
    pub(crate) registry: Arc<Registry>,
    app: Arc<App>,
    store: ServerStore,
    end: watch::Sender<bool>,
    signals: EndSignals,
    api: JoinHandle<Drain>,
    beside: Vec<JoinHandle<()>>,
}

/// Opens the installation and both listeners; `metrics` is where the private one is, if there is to be one.
pub(crate) async fn start(
    configuration: &Configuration,
    metrics: Option<SocketAddr>,
) -> Result<Running, Failure> {
    // Caught before anything is opened: a signal during the start must not leave half of it behind.
    let signals = EndSignals::catch()?;
    check_open_files(raise_open_files(), configuration.max_connections);
    let inputs = Inputs::read(configuration)?;
    let database = database_of(configuration)?;
    let is_new = is_missing_file(&database);
    let store = ServerStore::open(&database)?;
    let registry = Arc::new(open_registry(configuration, inputs, store.store()).await?);
    let listener = bind(configuration.listen, "--listen")?;
    let private = match metrics {
        Some(address) => Some(bind(address, "the metrics address")?),
        None => None,
    };
    let address = local_address(&listener)?;
    let figures = store.clone();
    let limits = http_limits(configuration);
    let app = App::new(Arc::clone(&registry), Metrics::new(Box::new(move || figures.figures())), limits);
    let (end, ended) = watch::channel(false);
    let mut beside = vec![tokio::spawn(maintain(Arc::clone(&app), ended.clone()))];
    if let Some(private) = private {
        let metrics_listen = local_address(&private)?;
        tracing::info!(%metrics_listen, "probes and metrics are served");
        let private = serve(private, Surface::private(&app), limits, ended.clone());
        beside.push(tokio::spawn(async move {
            private.await;
        }));
    }
    let api = tokio::spawn(serve(listener, Surface::api(&app, configuration.docs_enabled), limits, ended));
    if is_new {
        tracing::info!("there was no database at the configured path; a new, empty one was made");
    }
    tracing::info!(listen = %address, version = env!("CARGO_PKG_VERSION"), "requests are accepted");
    let base_url = format!("http://{}", reachable(address));
    Ok(Running { base_url, registry, app, store, end, signals, api, beside })
}

impl Running {
    /// Says on standard output that requests are accepted.
    pub(crate) fn print_ready(&self) -> Result<(), Failure> {
        output::print(&format!("ready {}\n", self.base_url))
    }

    /// Serves until SIGTERM or SIGINT, then drains; each further signal ends what is waited for then.
    pub(crate) async fn until_ended(mut self) -> Result<Exit, Failure> {
        let signal = tokio::select! {
            signal = self.signals.next() => signal,
            // The task ends by itself only if it is broken.
            _ = &mut self.api => return Err(Failure::untrusted("the listener ended", "report this as a fault")),
        };
        tracing::info!(signal, "draining");
        self.app.start_draining();
        tokio::select! {
            () = tokio::time::sleep(self.app.drain_delay()) => {}
            _ = self.signals.next() => {}
        }
        // Fails only if nobody listens any more.
        let _ = self.end.send(true);
        let drained = tokio::select! {
            drained = &mut self.api => drained.is_ok_and(|drain| drain == Drain::Complete),
            _ = self.signals.next() => false,
        };
        for task in self.beside {
            // A task that failed has nothing more to finish.
            let _ = task.await;
        }
        self.app.tell_counted_refusals();
        if let Err(failure) = self.registry.record_key_use().await {
            tracing::warn!(error = %failure, "the last use of keys was not stored");
        }
        // The last handle closes the store: what waits is carried out and its threads end.
        drop((self.app, self.registry, self.store));
        if drained {
            tracing::info!("ended");
        } else {
            tracing::warn!(
                "ended with requests under way: their answers were not sent, repeating them is safe"
            );
        }
        Ok(Exit::Done)
    }
}

/// Connections that the kernel may hold until they are accepted: as many as Linux allows unless `net.core.somaxconn` says
/// otherwise. One that finds no room there is tried again by its client's kernel a second later.
const BACKLOG: u32 = 4096;

fn bind(address: SocketAddr, setting: &str) -> Result<TcpListener, Failure> {
    listen(address).map_err(|error| {
        Failure::untrusted(
            format!("cannot listen on {address}: {error}"),
            format!("end what listens there, or set {setting} to another address"),
        )
    })
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A server that is started again need not wait for the connections of the one before to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn local_address(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener.local_addr().map_err(|error| {
        Failure::untrusted(format!("the listener has no address: {error}"), "report this as a fault")
    })
}

/// An address that a client on this machine can connect to: "any address" is none.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn http_limits(configuration: &Configuration) -> HttpLimits {
    HttpLimits {
        max_connections: usize::try_from(configuration.max_connections).unwrap_or(usize::MAX),
        first_byte_timeout: configuration.first_byte_timeout,
        header_timeout: configuration.header_timeout,
        body_timeout: configuration.body_timeout,
        idle_timeout: configuration.idle_timeout,
        write_timeout: configuration.write_timeout,
        drain_delay: configuration.drain_delay,
        drain_timeout: configuration.drain_timeout,
    }
}

/// Open files the process needs beside its connections: database, log, listeners, runtime; with room to spare.
const FILES_BESIDE_CONNECTIONS: u64 = 64;

/// Whether the limit on open files leaves room for all connections.
pub(crate) fn leaves_room(limit: Option<u64>, max_connections: u32) -> bool {
    limit.is_none_or(|limit| limit >= u64::from(max_connections) + FILES_BESIDE_CONNECTIONS)
}

fn check_open_files(limit: Option<u64>, max_connections: u32) {
    if !leaves_room(limit, max_connections) {
        tracing::warn!(
            count = limit,
            connections = max_connections,
            "the limit on open files is lower than http.max_connections; raise it (ulimit -n, LimitNOFILE=)"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{leaves_room, reachable};

    #[test]
    fn any_address_is_reached_by_loopback() {
        for (bound, reached) in
            [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("192.0.2.7:1", "192.0.2.7:1")]
        {
            assert_eq!(reachable(bound.parse().unwrap()).to_string(), reached);
        }
    }

    #[test]
    fn the_limit_on_open_files_must_exceed_the_connections() {
        assert!(leaves_room(None, 100_000));
        assert!(leaves_room(Some(1064), 1000));
        assert!(!leaves_room(Some(1063), 1000));
    }
}
