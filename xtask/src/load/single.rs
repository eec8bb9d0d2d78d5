//! One request over a connection of its own.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::Outcome;
use crate::load::{Signer, parse_reply};

/// Longer than any deadline of the server.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// Submits a body; returns status, head and body of the answer.
pub(crate) fn submit(address: SocketAddr, signer: &Signer, body: &[u8]) -> Outcome<(u16, String, String)> {
    let mut request = Vec::new();
    signer.write_request(body, &mut request);
    exchange(address, &request)
}

/// Asks for a page, such as a probe or the metrics; returns status and body.
pub(crate) fn get(address: SocketAddr, path: &str) -> Outcome<(u16, String)> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let (status, _, body) = exchange(address, request.as_bytes())?;
    Ok((status, body))
}

fn exchange(address: SocketAddr, request: &[u8]) -> Outcome<(u16, String, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(ANSWERED_WITHIN))?;
    stream.write_all(request)?;
    let (mut received, mut part) = (Vec::new(), [0_u8; 4096]);
    loop {
        let count = stream.read(&mut part)?;
        received.extend_from_slice(part.get(..count).unwrap_or_default());
        if let Some((status, head, body)) = parse_reply(&received) {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            return Ok((status, text(head), text(body)));
        }
        if count == 0 {
            return Err("the server closed the connection before a whole answer".into());
        }
    }
}
