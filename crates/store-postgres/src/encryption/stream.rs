//! TLS under the driver: the handshake with one host, and the stream it leads to.
//!
//! Invariant: a stream exists only after its server's certificate was verified.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::spawn_blocking;
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::channel_binding::server_end_point;
use super::{Certificates, Encryption};

/// Makes the handshakes of one attempt to connect.
#[derive(Clone)]
pub(crate) struct Connector {
    configuration: Arc<ClientConfig>,
}

impl Connector {
    /// Reads the certificates; none if the connection is not to be encrypted.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(crate) async fn prepare(encryption: &Encryption) -> Result<Option<Self>, String> {
        let Encryption::Verified(certificates) = encryption else { return Ok(None) };
        let certificates: Arc<Certificates> = Arc::clone(certificates);
        // The other connections' thread must not wait for a disk.
        let read = spawn_blocking(move || certificates.configuration()).await;
        let configuration = read.map_err(|_| "the certificates could not be read".to_owned())??;
        Ok(Some(Self { configuration: Arc::new(configuration) }))
    }
}

impl MakeTlsConnect<Socket> for Connector {
    type Stream = EncryptedStream;
    type TlsConnect = Handshake;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, io::Error> {
        let host =
            ServerName::try_from(host).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        Ok(Handshake { configuration: Arc::clone(&self.configuration), host: host.to_owned() })
    }
}

/// A handshake to be made with one host.
pub(crate) struct Handshake {
    configuration: Arc<ClientConfig>,
    host: ServerName<'static>,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = EncryptedStream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<EncryptedStream>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            TlsConnector::from(self.configuration).connect(self.host, socket).await.map(EncryptedStream)
        })
    }
}

/// An encrypted connection.
pub(crate) struct EncryptedStream(TlsStream<Socket>);

impl tokio_postgres::tls::TlsStream for EncryptedStream {
    fn channel_binding(&self) -> ChannelBinding {
        let (_, connection) = self.0.get_ref();
        let certificate = connection.peer_certificates().and_then(|chain| chain.first());
        certificate
            .and_then(|certificate| server_end_point(certificate))
            .map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

impl AsyncRead for EncryptedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for EncryptedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
