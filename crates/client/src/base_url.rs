//! Where the API is: `https://host[:port]` or `http://…`, nothing more, because the path of a request is signed as the server sees it.

use crate::error::ClientError;

/// A checked base URL without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl(String);

impl BaseUrl {
    /// Checks the URL.
    pub(crate) fn parse(text: &str) -> Result<Self, ClientError> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let host = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"))
            .ok_or(ClientError::BaseUrl)?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
        if host.is_empty() || !host.bytes().all(is_plain) {
            return Err(ClientError::BaseUrl);
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether what is sent there is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// The URL of a request target.
    pub(crate) fn with_target(&self, target: &str) -> String {
        format!("{}{target}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::BaseUrl;
    use crate::error::ClientError;

    #[test]
    fn a_slash_at_the_end_is_no_part_of_it() {
        let url = BaseUrl::parse("http://127.0.0.1:8080/").unwrap();
        assert_eq!(url.with_target("/time"), "http://127.0.0.1:8080/time");
    }

    #[test]
    fn https_is_told_from_http() {
        assert!(BaseUrl::parse("https://api.example.in").unwrap().is_encrypted());
        assert!(!BaseUrl::parse("http://https.example.in").unwrap().is_encrypted());
    }

    #[test]
    fn a_path_a_user_or_another_scheme_is_refused() {
        for text in [
            "",
            "http://",
            "https://",
            "http://h/base",
            "https://http://h",
            "http://user:pw@h",
            "ftp://h",
            "127.0.0.1:8080",
            "http://h?x",
        ] {
            assert!(matches!(BaseUrl::parse(text), Err(ClientError::BaseUrl)), "{text}");
        }
    }
}
