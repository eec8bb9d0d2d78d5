//! The guides as pages, made from the Markdown in `docs/guides` that also reads well on a code host.
//!
//! In the signing guide a paragraph that links one of the programs is followed by the program itself.
//! Invariant: what a page shows of a program is the file that the tests run.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

use super::frame;

/// A signing program.
pub(super) struct Source {
    /// Its file name.
    pub(super) name: &'static str,
    /// Its text.
    pub(super) text: &'static str,
}

impl Source {
    /// Where it is served.
    pub(super) fn path(&self) -> String {
        format!("/docs/signing/{}", self.name)
    }
}

macro_rules! source {
    ($name:literal) => {
        Source { name: $name, text: include_str!(concat!("../../../../docs/guides/signing/", $name)) }
    };
}

/// The signing programs, in the order of the guide.
pub(super) const SOURCES: &[Source] = &[
    source!("sign.mjs"),
    source!("sign.py"),
    source!("sign.go"),
    source!("Sign.java"),
    source!("sign.php"),
    source!("sign.sh"),
];

/// From a fresh server to a first customer.
pub(super) fn quickstart() -> String {
    let markdown = include_str!("../../../../docs/guides/quickstart.md");
    frame::page("Quick start", "/docs/quickstart", "", &render(markdown, &[]))
}

/// Sign a request in your language.
pub(super) fn signing() -> String {
    let markdown = include_str!("../../../../docs/guides/signing.md");
    frame::page("Sign a request in your language", "/docs/signing", "", &render(markdown, SOURCES))
}

/// The page's main part; a paragraph that links one of the `shown` programs is followed by it.
fn render(markdown: &str, shown: &[Source]) -> String {
    let mut events = Vec::new();
    let mut linked_source = None;
    let mut code: Option<String> = None;
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                linked_source = shown.iter().find(|source| *dest_url == *format!("signing/{}", source.name));
                let dest_url = CowStr::from(served(&dest_url));
                events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
            }
            Event::End(TagEnd::Paragraph) => {
                events.push(event);
                events.extend(linked_source.take().map(|source| markup(frame::code_block(source.text))));
            }
            Event::Start(Tag::CodeBlock(_)) => code = Some(String::new()),
            Event::End(TagEnd::CodeBlock) => {
                events.extend(code.take().map(|text| markup(frame::code_block(&text))));
            }
            Event::Text(text) if code.is_some() => code.iter_mut().for_each(|code| code.push_str(&text)),
            Event::Start(Tag::Table(_)) => {
                events.extend([markup("<div class=\"table\" tabindex=\"0\">".to_owned()), event]);
            }
            Event::End(TagEnd::Table) => events.extend([event, markup("</div>\n".to_owned())]),
            other => events.push(other),
        }
    }
    let mut page = String::new();
    html::push_html(&mut page, events.into_iter());
    page
}

fn markup(text: String) -> Event<'static> {
    Event::Html(CowStr::from(text))
}

/// Where the target of a link between files of `docs/guides` is served.
fn served(link: &str) -> String {
    if link.contains(':') || link.starts_with(['/', '#']) {
        return link.to_owned();
    }
    format!("/docs/{}", link.strip_suffix(".md").unwrap_or(link))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signing_guide_shows_every_program_as_it_is() {
        let page = signing();
        for source in SOURCES {
            assert!(page.contains(&frame::code_block(source.text)), "{}", source.name);
        }
    }

    #[test]
    fn the_quick_start_links_its_script_for_those_without_a_clone() {
        let page = quickstart();
        assert!(page.contains("<a href=\"/docs/signing/sign.sh\">"));
        assert!(!page.contains(&frame::code_block(SOURCES.last().unwrap().text)));
    }

    #[test]
    fn links_between_guides_lead_to_their_pages() {
        assert_eq!(served("signing.md"), "/docs/signing");
        assert_eq!(served("signing/sign.py"), "/docs/signing/sign.py");
        assert_eq!(served("#top"), "#top");
        assert_eq!(served("https://example.com/a.md"), "https://example.com/a.md");
    }

    #[test]
    fn every_hint_of_the_server_is_in_the_signing_guide() {
        let page = signing();
        for hint in registrar_wire::Hint::ALL {
            assert!(page.contains(&format!("<code>{}</code>", hint.code())), "{}", hint.code());
        }
    }

    #[test]
    fn every_code_a_guide_names_in_code_type_exists() {
        for text in [
            include_str!("../../../../docs/guides/quickstart.md"),
            include_str!("../../../../docs/guides/signing.md"),
        ] {
            for status in ["400", "401", "403", "410", "429"] {
                let opening = format!("{status} `");
                for (at, _) in text.match_indices(&opening) {
                    let code = text[at + opening.len()..].split('`').next().unwrap();
                    let known = registrar_wire::ErrorCode::parse(code).unwrap();
                    assert_eq!(known.status().to_string(), status, "{code}");
                }
            }
        }
    }
}
