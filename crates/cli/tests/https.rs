//! `registrar customer new` against an https base URL: a server behind a front that ends TLS, as in production.

#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use registrar_store_postgres::testing::certificates::{Authority, Identity};
use registrar_wire::Credentials;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use support::{SAMPLE, Server, credentials, registrar};

/// Ends TLS in front of `server` for as long as the test runs, one request a connection; its port.
fn front(identity: &Identity, server: &str) -> u16 {
    let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let configuration = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let configuration = Arc::new(configuration);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = server.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&configuration)).unwrap();
            // A client that does not trust the certificate hangs up.
            let _ = forward(StreamOwned::new(connection, stream.unwrap()), &server);
        }
    });
    port
}

fn forward(mut front: StreamOwned<ServerConnection, TcpStream>, server: &str) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut bytes = [0; 4096];
    while !is_whole(&request) {
        let count = front.read(&mut bytes)?;
        request.extend_from_slice(&bytes[..count]);
        if count == 0 {
            return Ok(());
        }
    }
    let mut back = TcpStream::connect(server)?;
    let end_of_first_line = request.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    back.write_all(&request[..end_of_first_line])?;
    back.write_all(b"connection: close\r\n")?;
    back.write_all(&request[end_of_first_line..])?;
    let mut answer = Vec::new();
    back.read_to_end(&mut answer)?;
    front.write_all(&answer)?;
    front.conn.send_close_notify();
    front.flush()
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
    body.len() >= length.parse().unwrap()
}

/// Submits the sample with the machine's roots in `roots.pem`.
fn submit(folder: &Path, credentials: &Credentials, base_url: String) -> Output {
    let credentials = Credentials { base_url, ..credentials.clone() };
    std::fs::write(folder.join("https.json"), serde_json::to_vec(&credentials).unwrap()).unwrap();
    std::fs::write(folder.join("sample.json"), SAMPLE).unwrap();
    let mut command =
        registrar(folder, &["customer", "new", "sample.json", "--json", "--credentials", "https.json"]);
    command.env("SSL_CERT_FILE", folder.join("roots.pem")).output().unwrap()
}

#[test]
fn a_customer_is_submitted_to_a_server_whose_certificate_is_trusted_and_to_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::dev(folder.path());
    let own = credentials(&folder.path().join("data/credentials.json"));
    let authority = Authority::new();
    std::fs::write(folder.path().join("roots.pem"), authority.certificate()).unwrap();
    let port = front(&authority.sign_for_hosts(&["localhost"]), server.address());

    let answered = submit(folder.path(), &own, format!("https://localhost:{port}"));
    assert_eq!(answered.status.code(), Some(0), "{}", String::from_utf8_lossy(&answered.stderr));
    assert!(answered.stdout.starts_with(b"{\"message\":{\"first_name\":\"John\""));

    // The same front under a name that its certificate does not bear.
    let refused = submit(folder.path(), &own, format!("https://127.0.0.1:{port}"));
    assert_eq!(refused.status.code(), Some(3));
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(text.contains("certificate was refused") && text.contains("not valid for name"), "{text}");

    std::fs::write(folder.path().join("roots.pem"), Authority::new().certificate()).unwrap();
    let refused = submit(folder.path(), &own, format!("https://localhost:{port}"));
    assert_eq!(refused.status.code(), Some(3));
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(text.contains("UnknownIssuer"), "{text}");

    std::fs::write(folder.path().join("roots.pem"), "").unwrap();
    let refused = submit(folder.path(), &own, format!("https://localhost:{port}"));
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("no root certificates"));
}
