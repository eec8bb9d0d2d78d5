//! An answer as it arrived, and the form that contract 2 gives to all of them.

use serde_json::Value;

/// The members that every problem begins with (contract 2.2).
const PROBLEM_BEGINS: [&str; 6] = ["type", "title", "status", "code", "detail", "errors"];

/// An answer.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case, in the order received.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Reads status line and headers.
    pub(crate) fn parse_head(head: &str) -> Self {
        let mut lines = head.split("\r\n");
        let status_line = lines.next().unwrap();
        let status = status_line.strip_prefix("HTTP/1.1 ").unwrap().get(..3).unwrap().parse().unwrap();
        let headers = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Self { status, headers, body: Vec::new() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(there, _)| there == name);
        let first = found.next();
        assert!(found.next().is_none(), "{name} is there twice");
        first.map(|(_, value)| &**value)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The names of the top-level members, in their order.
    pub(crate) fn keys(&self) -> Vec<String> {
        let object = registrar_json::parse_object(&self.body, 32).unwrap();
        object.members().iter().map(|member| member.name.clone().into_owned()).collect()
    }

    /// The customer of a success, as the text that was sent.
    pub(crate) fn message(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.text());
        let object = registrar_json::parse_object(&self.body, 32).unwrap();
        object.get("message").unwrap().raw.to_owned()
    }

    /// One echoed field, as the JSON text that was sent.
    pub(crate) fn echo(&self, field: &str) -> String {
        let message = self.message();
        let object = registrar_json::parse_object(message.as_bytes(), 32).unwrap();
        object.get(field).unwrap().raw.to_owned()
    }

    pub(crate) fn participant_code(&self) -> String {
        let message: Value = serde_json::from_str(&self.message()).unwrap();
        message["participant_code"].as_str().unwrap().to_owned()
    }

    /// The code of an error, or `ok`.
    pub(crate) fn code(&self) -> String {
        if self.status == 200 {
            return "ok".to_owned();
        }
        self.json()["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn detail(&self) -> String {
        self.json()["detail"].as_str().unwrap().to_owned()
    }

    /// Field and rule of each violation, as `field rule`; for a success nothing.
    pub(crate) fn violations(&self) -> Vec<String> {
        if self.status == 200 {
            return Vec::new();
        }
        assert_eq!(self.code(), "invalid_request", "{}", self.text());
        let json = self.json();
        let text = |violation: &Value, key: &str| violation[key].as_str().unwrap().to_owned();
        let violations = json["violations"].as_array().unwrap().iter();
        violations
            .map(|violation| format!("{} {}", text(violation, "field"), text(violation, "rule")))
            .collect()
    }

    /// What is said about a field.
    pub(crate) fn message_about(&self, field: &str) -> String {
        let json = self.json();
        let violations = json["violations"].as_array().unwrap_or_else(|| panic!("{json}"));
        let of_field = violations.iter().find(|violation| violation["field"] == field);
        of_field.unwrap_or_else(|| panic!("{json}"))["message"].as_str().unwrap().to_owned()
    }

    pub(crate) fn trace_id(&self) -> &str {
        self.header("x-trace-id").unwrap()
    }

    /// The body without its trace id, which differs from answer to answer.
    pub(crate) fn text_but_trace_id(&self) -> String {
        self.text().replace(self.trace_id(), "[trace_id]")
    }

    /// Status, headers and body without what differs from answer to answer.
    pub(crate) fn all_but_trace_id(&self) -> (u16, Vec<(String, String)>, String) {
        let mut headers = self.headers.clone();
        headers.retain(|(name, _)| name != "date" && name != "x-trace-id");
        (self.status, headers, self.text_but_trace_id())
    }

    /// What contract 2.1, 2.2, 2.4 and 1.11 say of every answer of the application.
    pub(crate) fn check(&self) {
        let shown = || format!("{} {:?} {}", self.status, self.headers, String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("cache-control"), Some("no-store"), "{}", shown());
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"), "{}", shown());
        assert!(is_uuid_v7(self.header("x-trace-id").unwrap_or_default()), "{}", shown());
        let authenticate = (self.status == 401).then_some("NDAX-HMAC-SHA256");
        assert_eq!(self.header("www-authenticate"), authenticate, "{}", shown());
        assert_eq!(self.header("retry-after").is_some(), matches!(self.status, 429 | 503), "{}", shown());
        assert_eq!(self.header("allow").is_some(), self.status == 405, "{}", shown());
        if self.status >= 400 && !self.body.is_empty() {
            self.check_problem();
        }
    }

    fn check_problem(&self) {
        let problem = self.json();
        let code = problem["code"].as_str().unwrap();
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.keys()[..6], PROBLEM_BEGINS, "{problem}");
        assert_eq!(problem["type"], format!("/errors/{code}"));
        assert_eq!(problem["status"], self.status);
        assert_eq!(problem["trace_id"], self.trace_id());
        assert!(
            !problem["title"].as_str().unwrap().is_empty() && !problem["detail"].as_str().unwrap().is_empty()
        );
        assert_eq!(problem.get("message"), None, "clients would take it for success");
        let errors = problem["errors"].as_array().unwrap();
        assert!(!errors.is_empty() && errors.iter().all(Value::is_string), "{problem}");
        let violations = problem.get("violations").map(|violations| violations.as_array().unwrap().clone());
        assert_eq!(violations.is_some(), code == "invalid_request", "{problem}");
        for (violation, sentence) in violations.unwrap_or_default().iter().zip(errors) {
            let text = |key: &str| violation[key].as_str().unwrap();
            assert_eq!(violation.as_object().unwrap().len(), 3, "{violation}");
            assert_eq!(sentence, &format!("body{} {}", text("field"), text("message")), "{problem}");
        }
    }
}

/// Whether it is a UUID of version 7 in its canonical form.
pub(crate) fn is_uuid_v7(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            14 => *byte == b'7',
            19 => b"89ab".contains(byte),
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(byte),
        })
}
