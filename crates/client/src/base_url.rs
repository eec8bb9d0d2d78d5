//! Where the API is: `http://host[:port]`, nothing more, because the path of a request is signed as the server sees it.

use crate::error::ClientError;

/// A checked base URL without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl(String);

impl BaseUrl {
    /// Checks the URL; https is refused because no TLS library is linked.
    pub(crate) fn parse(text: &str) -> Result<Self, ClientError> {
        let text = text.strip_suffix('/').unwrap_or(text);
        if text.starts_with("https://") {
            return Err(ClientError::HttpsNotLinked);
        }
        let host = text.strip_prefix("http://").ok_or(ClientError::BaseUrl)?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
        if host.is_empty() || !host.bytes().all(is_plain) {
            return Err(ClientError::BaseUrl);
        }
        Ok(Self(text.to_owned()))
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
    fn https_is_refused_with_an_error_of_its_own() {
        assert!(matches!(BaseUrl::parse("https://api.example.in"), Err(ClientError::HttpsNotLinked)));
    }

    #[test]
    fn a_path_a_user_or_another_scheme_is_refused() {
        for text in
            ["", "http://", "http://h/base", "http://user:pw@h", "ftp://h", "127.0.0.1:8080", "http://h?x"]
        {
            assert!(matches!(BaseUrl::parse(text), Err(ClientError::BaseUrl)), "{text}");
        }
    }
}
