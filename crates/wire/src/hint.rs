//! The common mistakes that explain a wrong signature, each with the sentence that says what to change.
//!
//! Does not know how a mistake is found. Invariant: a sentence holds nothing from the request or the key.

/// A common mistake that explains the signature sent (contract 1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hint {
    /// The key was the secret's text, not its decoded bytes.
    SecretNotDecoded,
    /// The signature was written in hexadecimal.
    HexDigest,
    /// `", "` and `": "` were signed where the body has none, or the other way round.
    BodyWithSpaces,
    /// The signed body had its keys sorted.
    BodySortedKeys,
    /// The target was signed without its query.
    QueryMissing,
    /// A query was signed that the target does not have.
    QueryAdded,
    /// The timestamp was signed in milliseconds.
    Milliseconds,
    /// The method was not signed in upper case.
    MethodCase,
    /// `{}` was signed although a body was sent.
    BracesSignedWithBody,
    /// Nothing was signed for a missing body.
    NothingSignedWithoutBody,
    /// The target was signed with `/v3` before it.
    V3Prefix,
    /// The body was signed with a line end more or less than was sent.
    TrailingNewline,
}

impl Hint {
    /// Every hint, in the order of contract 1.9.
    pub const ALL: &'static [Self] = &[
        Self::SecretNotDecoded,
        Self::HexDigest,
        Self::BodyWithSpaces,
        Self::BodySortedKeys,
        Self::QueryMissing,
        Self::QueryAdded,
        Self::Milliseconds,
        Self::MethodCase,
        Self::BracesSignedWithBody,
        Self::NothingSignedWithoutBody,
        Self::V3Prefix,
        Self::TrailingNewline,
    ];

    /// The stable name, sent as `hint`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::SecretNotDecoded => "secret_not_decoded",
            Self::HexDigest => "hex_digest",
            Self::BodyWithSpaces => "body_with_spaces",
            Self::BodySortedKeys => "body_sorted_keys",
            Self::QueryMissing => "query_missing",
            Self::QueryAdded => "query_added",
            Self::Milliseconds => "milliseconds",
            Self::MethodCase => "method_case",
            Self::BracesSignedWithBody => "braces_signed_with_body",
            Self::NothingSignedWithoutBody => "nothing_signed_without_body",
            Self::V3Prefix => "v3_prefix",
            Self::TrailingNewline => "trailing_newline",
        }
    }

    /// What to change, sent as `hint_detail`.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::SecretNotDecoded => {
                "The text of the secret was used as the key; base64-decode the secret and use the 32 bytes."
            }
            Self::HexDigest => {
                "The signature is right but written in hexadecimal; send the base64 of the raw 32 bytes."
            }
            Self::BodyWithSpaces => {
                "The signed body and the sent body differ in white space (\", \" and \": \", for example) or in escapes; \
                 serialise the body once, sign those bytes and send the same bytes."
            }
            Self::BodySortedKeys => {
                "The signed body has its keys sorted, the sent body has not; \
                 serialise the body once, sign those bytes and send the same bytes."
            }
            Self::QueryMissing => {
                "The query was left out; sign the whole target, from the path to the end of the query."
            }
            Self::QueryAdded => {
                "A query was signed that the request does not have; sign the target exactly as it is sent."
            }
            Self::Milliseconds => {
                "The timestamp was signed in milliseconds; sign the same whole seconds that the timestamp header carries."
            }
            Self::MethodCase => {
                "The method was not signed in capitals; sign it as it is sent, for example POST."
            }
            Self::BracesSignedWithBody => {
                "`{}` was signed although the request has a body; sign the bytes of the body (`{}` stands for an empty one)."
            }
            Self::NothingSignedWithoutBody => {
                "Nothing was signed in place of the empty body; sign the two characters `{}` when there is no body."
            }
            Self::V3Prefix => "`/v3` was signed before the path; sign the path exactly as it is requested.",
            Self::TrailingNewline => {
                "The signed body and the sent body differ in a line end; sign exactly the bytes that are sent."
            }
        }
    }

    /// The hint of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|hint| hint.code() == text)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_hint_is_found_by_its_own_name() {
        for hint in Hint::ALL {
            assert_eq!(Hint::parse(hint.code()), Some(*hint));
        }
        assert_eq!(Hint::parse("v3"), None);
    }

    #[test]
    fn the_names_are_those_of_the_contract_and_no_sentence_is_said_twice() {
        let names: Vec<_> = Hint::ALL.iter().map(|hint| hint.code()).collect();
        let contract = "secret_not_decoded hex_digest body_with_spaces body_sorted_keys query_missing query_added \
                        milliseconds method_case braces_signed_with_body nothing_signed_without_body v3_prefix \
                        trailing_newline";
        assert_eq!(names.join(" "), contract);
        let sentences: BTreeSet<_> = Hint::ALL.iter().map(|hint| hint.sentence()).collect();
        assert_eq!(sentences.len(), Hint::ALL.len());
    }
}
