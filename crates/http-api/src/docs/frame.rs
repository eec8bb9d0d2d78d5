//! The frame around every page: head, navigation, main part.
//!
//! Knows no content. Invariant: text that comes in through `escape` cannot become markup.

/// The pages in the navigation.
const NAVIGATION: [(&str, &str); 6] = [
    ("/docs", "API reference"),
    ("/docs/quickstart", "Quick start"),
    ("/docs/signing", "Signing"),
    ("/docs/errors", "Errors"),
    ("/docs/stricter", "Stricter than the API page"),
    ("/openapi.json", "openapi.json"),
];

/// A page: `head` and `main` are markup, `title` is text, `path` is the page's own.
pub(super) fn page(title: &str, path: &str, head: &str, main: &str) -> String {
    let title = escape(title);
    let navigation = NAVIGATION
        .map(|(link, text)| {
            let current = if link == path { " aria-current=\"page\"" } else { "" };
            format!("<a href=\"{link}\"{current}>{text}</a>")
        })
        .join("\n");
    format!(
        "<!doctype html>\n\
         <html lang=\"en\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} – Registrar</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         {head}\
         <link rel=\"stylesheet\" href=\"/docs/assets/docs.css\">\n\
         </head>\n\
         <body>\n\
         <a class=\"skip\" href=\"#content\">Skip to the content</a>\n\
         <header class=\"site\"><nav aria-label=\"Documentation\">\n<strong>Registrar</strong>\n{navigation}\n</nav></header>\n\
         <main id=\"content\">\n{main}</main>\n\
         </body>\n\
         </html>\n"
    )
}

/// Text as markup.
pub(super) fn escape(text: &str) -> String {
    let mut markup = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => markup.push_str("&amp;"),
            '<' => markup.push_str("&lt;"),
            '>' => markup.push_str("&gt;"),
            '"' => markup.push_str("&quot;"),
            other => markup.push(other),
        }
    }
    markup
}

/// Sentences as markup: what stands between backquotes, and every word with an underscore, is code.
pub(super) fn prose(text: &str) -> String {
    let part = |(place, part): (usize, &str)| if place % 2 == 1 { code(part) } else { names_as_code(part) };
    text.split('`').enumerate().map(part).collect()
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

fn names_as_code(text: &str) -> String {
    let is_of_a_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let mut markup = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let length = rest.find(|character| !is_of_a_name(character)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        markup.push_str(&if word.contains('_') { code(word) } else { escape(word) });
        let next = after.find(is_of_a_name).unwrap_or(after.len());
        let (between, following) = after.split_at(next);
        markup.push_str(&escape(between));
        rest = following;
    }
    markup
}

/// Sentences as a paragraph.
pub(super) fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", prose(text))
}

/// A block of code that can be scrolled with the keyboard.
pub(super) fn code_block(text: &str) -> String {
    format!("<pre tabindex=\"0\"><code>{}</code></pre>\n", escape(text))
}

/// A table: headings are text, cells are markup.
pub(super) fn table<const COLUMNS: usize>(
    headings: [&str; COLUMNS],
    rows: impl Iterator<Item = [String; COLUMNS]>,
) -> String {
    let headings = headings.map(|text| format!("<th scope=\"col\">{text}</th>")).concat();
    let row = |cells: [String; COLUMNS]| {
        format!("<tr>{}</tr>\n", cells.map(|cell| format!("<td>{cell}</td>")).concat())
    };
    let rows = rows.map(row).collect::<Vec<_>>().concat();
    format!(
        "<div class=\"table\" tabindex=\"0\"><table>\n<thead><tr>{headings}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }

    #[test]
    fn names_and_what_is_quoted_are_code_in_prose() {
        assert_eq!(
            prose("Send `{}` & the same request_id, or <none>."),
            "Send <code>{}</code> &amp; the same <code>request_id</code>, or &lt;none&gt;."
        );
        assert_eq!(prose("_é"), "<code>_</code>é");
        assert_eq!(prose(""), "");
    }

    #[test]
    fn the_page_that_is_shown_is_marked_in_the_navigation() {
        let page = page("Signing", "/docs/signing", "", "");
        assert_eq!(page.matches("aria-current").count(), 1);
        assert!(page.contains("<a href=\"/docs/signing\" aria-current=\"page\">"));
    }
}
