//! The documentation that the program serves: API reference, guides, error pages, and the files they load.
//!
//! Pages are made once, from the same tables as the code and from `docs/guides`. Does not know routing or `docs.enabled`.
//! Invariant: a page loads nothing from elsewhere, runs no inline script and holds nothing of any request.

mod error_pages;
mod frame;
mod guide;
mod handlers;
mod reference;
mod stricter;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bytes::Bytes;

pub(crate) use handlers::{get_document, get_root};

/// The `Content-Security-Policy` of every page: own scripts and styles from files alone.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// A document and how to declare it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The bytes.
    pub body: Bytes,
}

impl Document {
    fn html(text: String) -> Self {
        Self { content_type: HTML, body: Bytes::from(text) }
    }

    fn file(content_type: &'static str, text: &'static str) -> Self {
        Self { content_type, body: Bytes::from_static(text.as_bytes()) }
    }
}

/// The document at a path, for example `/docs`, `/docs/signing`, `/errors/not_found` or `/openapi.json`.
pub fn find(path: &str) -> Option<Document> {
    DOCUMENTS.get(path).cloned()
}

static DOCUMENTS: LazyLock<BTreeMap<String, Document>> = LazyLock::new(|| {
    let mut documents = BTreeMap::from([
        ("/openapi.json", Document::file(registrar_wire::MEDIA_TYPE_JSON, crate::openapi::DOCUMENT)),
        ("/docs", Document::html(reference::page())),
        ("/docs/quickstart", Document::html(guide::quickstart())),
        ("/docs/signing", Document::html(guide::signing())),
        ("/docs/stricter", Document::html(stricter::page())),
        ("/docs/errors", Document::html(error_pages::list())),
        ("/docs/assets/docs.css", Document::file(CSS, include_str!("../../assets/docs.css"))),
        ("/docs/assets/reference.js", Document::file(JAVASCRIPT, include_str!("../../assets/reference.js"))),
        (
            "/docs/assets/swagger-ui.css",
            Document::file(CSS, include_str!("../../assets/vendored/swagger-ui/swagger-ui.css")),
        ),
        (
            "/docs/assets/swagger-ui-bundle.js",
            Document::file(JAVASCRIPT, include_str!("../../assets/vendored/swagger-ui/swagger-ui-bundle.js")),
        ),
        (
            "/docs/assets/swagger-ui-licence.txt",
            Document::file(TEXT, include_str!("../../assets/vendored/swagger-ui/LICENSE")),
        ),
    ])
    .into_iter()
    .map(|(path, document)| (path.to_owned(), document))
    .collect::<BTreeMap<_, _>>();
    documents.extend(guide::SOURCES.iter().map(|source| (source.path(), Document::file(TEXT, source.text))));
    documents.extend(error_pages::pages().map(|(path, page)| (path.to_owned(), Document::html(page))));
    documents
});

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn pages() -> impl Iterator<Item = (&'static str, &'static str)> {
        DOCUMENTS
            .iter()
            .filter(|(_, document)| document.content_type == HTML)
            .map(|(path, document)| (path.as_str(), std::str::from_utf8(&document.body).unwrap()))
    }

    fn attributes<'a>(page: &'a str, name: &str) -> BTreeSet<&'a str> {
        let opening = format!(" {name}=\"");
        page.match_indices(&opening)
            .map(|(at, _)| page[at + opening.len()..].split('"').next().unwrap())
            .collect()
    }

    #[test]
    fn every_link_of_every_page_leads_to_a_document() {
        for (path, page) in pages() {
            for link in attributes(page, "href").union(&attributes(page, "src")) {
                let known = link.starts_with('#') || *link == "data:," || find(link).is_some();
                assert!(known, "{path} links {link}, which is not served");
            }
        }
    }

    #[test]
    fn no_page_has_inline_script_or_style_or_loads_from_elsewhere() {
        for (path, page) in pages() {
            for forbidden in
                ["<script>", "<style", " style=\"", " onclick=", " onload=", "javascript:", "src=\"http"]
            {
                assert!(!page.contains(forbidden), "{path} has {forbidden}");
            }
        }
    }

    #[test]
    fn every_page_has_a_language_a_title_and_one_first_heading() {
        let mut titles = BTreeSet::new();
        for (path, page) in pages() {
            assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">"), "{path}");
            assert_eq!(page.matches("<h1>").count(), 1, "{path}");
            let (_, title) = page.split_once("<title>").unwrap();
            assert!(titles.insert(title.split_once("</title>").unwrap().0), "{path} repeats a title");
        }
    }

    #[test]
    fn the_reference_links_every_guide_and_the_openapi_document() {
        let links = attributes(pages().find(|(path, _)| *path == "/docs").unwrap().1, "href");
        for path in ["/openapi.json", "/docs/quickstart", "/docs/signing", "/docs/stricter", "/docs/errors"] {
            assert!(links.contains(path), "/docs does not link {path}");
        }
    }

    #[test]
    fn a_path_that_is_not_served_finds_nothing() {
        for path in [
            "",
            "/",
            "/docs/assets",
            "/docs/assets/../docs.css",
            "/errors/",
            "/errors/unheard_of",
            "/DOCS",
            "/docs/",
        ] {
            assert_eq!(find(path), None, "{path}");
        }
    }

    #[test]
    fn the_policy_allows_scripts_and_styles_from_this_server_alone() {
        for source in ["unsafe-inline", "unsafe-eval", "http:", "https:", "*"] {
            assert!(!CONTENT_SECURITY_POLICY.contains(source));
        }
        assert!(
            CONTENT_SECURITY_POLICY.starts_with("default-src 'none'; script-src 'self'; style-src 'self';")
        );
    }
}
