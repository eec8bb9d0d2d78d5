//! The pages `/errors/<code>` and the list of them, made from the table of error codes.

use registrar_domain::violation::Rule;
use registrar_wire::{ErrorCode, Hint, OPERATIONS};

use super::frame::{self, code_block, escape, paragraph, prose, table};
use crate::openapi;

/// What each rule of a violation means.
const RULES: [(Rule, &str); 11] = [
    (Rule::Required, "the field is missing, null or blank"),
    (Rule::Type, "the JSON type is wrong"),
    (Rule::Length, "too short or too long"),
    (Rule::Format, "not of the documented form"),
    (Rule::Characters, "contains a character that is not accepted"),
    (Rule::OneOf, "not one of the accepted values"),
    (Rule::Range, "outside the accepted range"),
    (Rule::Unknown, "a name that is not known"),
    (Rule::NotSupported, "known, but not supported here"),
    (Rule::NotAllowed, "must not be given in this combination"),
    (Rule::UnknownField, "the operation has no such field"),
];

/// Every error page with its path.
pub(super) fn pages() -> impl Iterator<Item = (&'static str, String)> {
    ErrorCode::ALL.iter().map(|code| (code.type_uri(), page(*code)))
}

/// The list of all errors.
pub(super) fn list() -> String {
    let rows = ErrorCode::ALL.iter().map(|code| {
        [
            code.status().to_string(),
            format!("<a href=\"{}\"><code>{code}</code></a>", code.type_uri()),
            format!(
                "{}{}",
                escape(code.title()),
                if code.reserved_for().is_some() { " (reserved)" } else { "" }
            ),
        ]
    });
    let main = format!(
        "<h1>Errors</h1>\n{}{}{}",
        paragraph(
            "Every error is an object of the type `application/problem+json`. Look at its member `code`: it never changes its meaning."
        ),
        paragraph(
            "The list is in the order in which errors win. Errors of the server itself, at its end, can come at any point. \
             A reserved code is never answered by this version."
        ),
        table(["Status", "Code", "Title"], rows)
    );
    frame::page("Errors", "/docs/errors", "", &main)
}

fn page(code: ErrorCode) -> String {
    let main = format!(
        "<h1>{title}</h1>\n<p class=\"status\">HTTP status {status}, code <code>{code}</code></p>\n\
         {reserved}<h2>Cause</h2>\n{cause}<h2>Cure</h2>\n{cure}{more}<h2>Example</h2>\n{example}{operations}\
         <p><a href=\"/docs/errors\">All errors</a></p>\n",
        title = escape(code.title()),
        status = code.status(),
        reserved = code.reserved_for().map_or_else(String::new, |what| paragraph(&reserved(what))),
        cause = paragraph(code.cause()),
        cure = paragraph(code.cure()),
        more = more(code),
        example = code_block(&openapi::example_problem_text(code)),
        operations = operations(code),
    );
    frame::page(&format!("{} ({code})", code.title()), code.type_uri(), "", &main)
}

fn reserved(what: &str) -> String {
    format!("This code is reserved for {what}; this version never answers it.")
}

/// Tables that belong to one code.
fn more(code: ErrorCode) -> String {
    match code {
        ErrorCode::InvalidSignature => {
            let rows = Hint::ALL.iter().map(|hint| [code_markup(hint.code()), prose(hint.sentence())]);
            format!(
                "<p>Complete programs in six languages: <a href=\"/docs/signing\">Sign a request in your language</a>.</p>\n\
                 <h2>Hints</h2>\n{}",
                table(["hint", "What to change"], rows)
            )
        }
        ErrorCode::InvalidRequest => {
            let rows = RULES.iter().map(|(rule, meaning)| [code_markup(rule.code()), prose(meaning)]);
            format!(
                "<p>What each field accepts: <a href=\"/docs\">API reference</a>, \
                 <a href=\"/docs/stricter\">Stricter than the API page</a>.</p>\n<h2>Rules</h2>\n{}",
                table(["rule", "Meaning"], rows)
            )
        }
        _ => String::new(),
    }
}

fn operations(code: ErrorCode) -> String {
    let answering: Vec<_> = OPERATIONS
        .iter()
        .filter(|operation| !operation.documentation && operation.errors.contains(&code))
        .map(|operation| format!("<li><code>{} {}</code></li>\n", operation.method, operation.path))
        .collect();
    if answering.is_empty() {
        return String::new();
    }
    format!("<h2>Answered by</h2>\n<ul>\n{}</ul>\n", answering.concat())
}

fn code_markup(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_page_says_cause_cure_and_shows_an_example() {
        for (code, (_, page)) in ErrorCode::ALL.iter().zip(pages()) {
            assert!(page.contains(&paragraph(code.cause())), "{code}");
            assert!(page.contains(&paragraph(code.cure())), "{code}");
            assert!(page.contains(&escape(&format!("\"code\": \"{code}\""))), "{code}");
        }
    }

    #[test]
    fn a_reserved_code_says_so_on_its_page_and_in_the_list_and_no_other_does() {
        let list = list();
        for (code, (_, page)) in ErrorCode::ALL.iter().zip(pages()) {
            let is_reserved = code.reserved_for().is_some();
            assert_eq!(page.contains("this version never answers it"), is_reserved, "{code}");
            let row = format!("<code>{code}</code></a></td><td>{} (reserved)</td>", code.title());
            assert_eq!(list.contains(&row), is_reserved, "{code}");
        }
    }

    #[test]
    fn the_example_of_a_wrong_signature_is_what_the_server_answers() {
        let page = page(ErrorCode::InvalidSignature);
        assert!(page.contains(&escape(&format!("\"detail\": \"{}", crate::answer::INVALID_SIGNATURE))));
    }

    #[test]
    fn every_quotation_in_the_texts_of_the_error_pages_is_closed() {
        let sentences = Hint::ALL.iter().map(|hint| hint.sentence());
        let texts = ErrorCode::ALL.iter().flat_map(|code| [code.cause(), code.cure()]).chain(sentences);
        for text in texts {
            assert_eq!(text.matches('`').count() % 2, 0, "{text}");
        }
    }

    #[test]
    fn an_error_page_reads_as_reviewed() {
        insta::assert_snapshot!(page(ErrorCode::EndpointNotEnabled));
    }

    #[test]
    fn the_list_links_every_page() {
        let list = list();
        for code in ErrorCode::ALL {
            assert!(list.contains(&format!("href=\"{}\"", code.type_uri())), "{code}");
        }
    }
}
