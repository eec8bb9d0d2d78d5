//! One connection, on which answers are read to their last byte and no further.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use super::answer::Answer;
use super::request::Request;

/// A server that is silent for longer is stuck.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// A connection to the API or the private listener.
pub(crate) struct Connection {
    stream: TcpStream,
    /// Bytes that were read behind the last answer.
    unread: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(SILENCE_MAX)).unwrap();
        Self { stream, unread: Vec::new() }
    }

    /// Sends a request and reads its answer, which has the form that every answer has.
    pub(crate) fn exchange(&mut self, request: &Request) -> Answer {
        self.write(&request.bytes());
        let answer = self.read_answer(request.method == "HEAD").unwrap();
        answer.check();
        answer
    }

    /// Writes bytes. A server that has answered and closed may refuse the rest, which is as well.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Says that nothing more will be sent.
    pub(crate) fn finish_writing(&mut self) {
        self.stream.shutdown(std::net::Shutdown::Write).unwrap();
    }

    /// The next answer; none if the connection was closed instead.
    pub(crate) fn read_answer(&mut self, is_bodiless: bool) -> Option<Answer> {
        let head = loop {
            if let Some(end) = self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                let rest = self.unread.split_off(end + 4);
                let mut head = std::mem::replace(&mut self.unread, rest);
                head.truncate(end);
                break String::from_utf8(head).unwrap();
            }
            if !self.read_more() {
                return None;
            }
        };
        let mut answer = Answer::parse_head(&head);
        if !is_bodiless {
            let length: usize = answer.header("content-length").unwrap_or("0").parse().unwrap();
            while self.unread.len() < length {
                assert!(self.read_more(), "the connection ended inside an answer");
            }
            let rest = self.unread.split_off(length);
            answer.body = std::mem::replace(&mut self.unread, rest);
        }
        Some(answer)
    }

    /// Whether the server closes the connection now, having sent nothing more.
    pub(crate) fn is_closed_by_server(&mut self) -> bool {
        self.unread.is_empty() && !self.read_more()
    }

    fn read_more(&mut self) -> bool {
        let mut piece = [0; 16 * 1024];
        match self.stream.read(&mut piece) {
            Ok(0) => false,
            Ok(count) => {
                self.unread.extend_from_slice(&piece[..count]);
                true
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("the server is silent: {error}"),
        }
    }
}
