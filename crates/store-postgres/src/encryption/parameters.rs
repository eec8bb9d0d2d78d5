//! The parameters of a URL that speak of encryption, under libpq's names.
//!
//! Knows nothing of what they mean. Invariant: each is named at most once, so that no reader sees another one than counts.

use percent_encoding::percent_decode_str;

/// The parameters as they were written.
#[derive(Debug, Default)]
pub(crate) struct Parameters {
    /// `sslmode`
    pub(super) mode: Option<String>,
    /// `sslrootcert`: a file, or `system`.
    pub(super) roots: Option<String>,
    /// `sslcert`: a file.
    pub(super) certificate: Option<String>,
    /// `sslkey`: a file.
    pub(super) key: Option<String>,
}

impl Parameters {
    /// Takes them out of a URL and returns what is left of it; the driver knows only some of them.
    ///
    /// # Errors
    /// The end of a sentence that begins with "the database's address".
    pub(crate) fn take_from(url: &str) -> Result<(String, Self), &'static str> {
        // As the driver reads it: the first `@` ends user and password, the first `?` after it begins the parameters.
        let after_password = url.find('@').map_or(0, |place| place + 1);
        let (_, rest) = url.split_at(after_password);
        let Some(query) = rest.find('?').map(|place| after_password + place) else {
            return Ok((url.to_owned(), Self::default()));
        };
        let (before, query) = url.split_at(query);
        let mut taken = Self::default();
        let mut left = Vec::new();
        for pair in query.strip_prefix('?').unwrap_or(query).split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(place) = taken.place_of(&decoded(name)?) else {
                left.push(pair);
                continue;
            };
            let value = decoded(value)?;
            if value.is_empty() {
                return Err("has a parameter of encryption without a value; give it one or remove it");
            }
            if place.replace(value).is_some() {
                return Err("names a parameter of encryption twice; remove one");
            }
        }
        let separator = if left.is_empty() { "" } else { "?" };
        Ok((format!("{before}{separator}{}", left.join("&")), taken))
    }

    /// Whether there are certificates to look at.
    pub(super) fn name_files(&self) -> bool {
        self.roots.is_some() || self.certificate.is_some() || self.key.is_some()
    }

    fn place_of(&mut self, name: &str) -> Option<&mut Option<String>> {
        match name {
            "sslmode" => Some(&mut self.mode),
            "sslrootcert" => Some(&mut self.roots),
            "sslcert" => Some(&mut self.certificate),
            "sslkey" => Some(&mut self.key),
            _ => None,
        }
    }
}

fn decoded(text: &str) -> Result<String, &'static str> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(std::borrow::Cow::into_owned).map_err(|_| "has a parameter that is not UTF-8; write it anew")
}

#[cfg(test)]
mod tests {
    use super::Parameters;

    #[test]
    fn they_are_taken_out_and_the_rest_stays() {
        let url = "postgres://u:p?sslmode=x@h/d?port=1&sslmode=verify-ca&%73slrootcert=%2Fa%20b&options=-c%20a&sslkey=k";
        let (left, taken) = Parameters::take_from(url).unwrap();
        assert_eq!(left, "postgres://u:p?sslmode=x@h/d?port=1&options=-c%20a");
        assert_eq!(taken.mode.as_deref(), Some("verify-ca"));
        assert_eq!(taken.roots.as_deref(), Some("/a b"));
        assert_eq!((taken.certificate, taken.key.as_deref()), (None, Some("k")));
    }

    #[test]
    fn a_url_without_them_stays_as_it_is() {
        for url in ["postgres://u@h/d", "postgres://h/d?host=/run&user=u", "postgres://h/d?", ""] {
            let (left, taken) = Parameters::take_from(url).unwrap();
            assert_eq!(left, url);
            assert!(taken.mode.is_none() && !taken.name_files());
        }
    }

    #[test]
    fn what_is_named_twice_or_empty_is_refused() {
        for query in [
            "sslmode=verify-full&sslmode=disable",
            "sslmode=disable&%73slmode=disable",
            "sslrootcert=",
            "sslcert",
        ] {
            assert!(Parameters::take_from(&format!("postgres://h/d?{query}")).is_err(), "{query}");
        }
    }
}
