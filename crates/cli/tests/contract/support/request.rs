//! A request under full control: what is written is what is sent.

use super::body::Body;

/// The operation that the product exists for.
pub(crate) const CREATE: &str = "/participants/customers/new";

/// A request; its signing headers, if it has any, are headers like all others.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) is_chunked: bool,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            is_chunked: false,
        }
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// A submission of these bytes.
    pub(crate) fn post(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::new("POST", CREATE) }.header("Content-Type", "application/json")
    }

    /// A submission of this body.
    pub(crate) fn submission(body: &Body) -> Self {
        Self::post(body.text())
    }

    /// Adds a header, also where it is there already.
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Removes a header.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(there, _)| !there.eq_ignore_ascii_case(name));
        self
    }

    /// Gives a header another value.
    pub(crate) fn with(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without(name).header(name, value)
    }

    /// Renames a header.
    pub(crate) fn renamed(mut self, name: &str, other: &str) -> Self {
        for (there, _) in &mut self.headers {
            if there.eq_ignore_ascii_case(name) {
                other.clone_into(there);
            }
        }
        self
    }

    /// Sends the body in chunks instead of announcing its length.
    pub(crate) fn chunked(self) -> Self {
        Self { is_chunked: true, ..self }
    }

    pub(crate) fn target(self, target: &str) -> Self {
        Self { target: target.to_owned(), ..self }
    }

    pub(crate) fn method(self, method: &str) -> Self {
        Self { method: method.to_owned(), ..self }
    }

    pub(crate) fn value(&self, name: &str) -> String {
        let found = self.headers.iter().find(|(there, _)| there.eq_ignore_ascii_case(name));
        String::from_utf8_lossy(&found.unwrap().1).into_owned()
    }

    /// The bytes on the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes =
            format!("{} {} HTTP/1.1\r\nHost: localhost\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        if self.is_chunked {
            bytes.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
            for chunk in self.body.chunks(1000) {
                bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                bytes.extend_from_slice(chunk);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
            return bytes;
        }
        let is_announced = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let has_content = !self.body.is_empty() || matches!(&*self.method, "POST" | "PUT" | "PATCH");
        if has_content && !is_announced {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }
}
