//! The page "Stricter than the API page": each rule that the published API page does not state, and what relaxes it.
//!
//! Rules of fields and of the body come from the domain's table; those of HTTP, signatures and replays are here.

use registrar_domain::fields::{BODY_STRICTER, FIELDS, Stricter};
use registrar_domain::policy::POLICIES;

use super::frame::{self, escape, prose, table};

/// A rule of the protocol, and the operator's setting that relaxes it.
struct ProtocolRule {
    what: &'static str,
    setting: Option<&'static str>,
}

const fn rule(what: &'static str) -> ProtocolRule {
    ProtocolRule { what, setting: None }
}

const REQUEST: [ProtocolRule; 9] = [
    ProtocolRule {
        what: "The timestamp is whole Unix seconds within 60 seconds of the server's clock; milliseconds are refused.",
        setting: Some("auth.clock_skew"),
    },
    rule(
        "Each of the four headers is there exactly once, not empty, in ASCII, and all four are of one family (`X-NDAX-` or `X-SCX-`).",
    ),
    rule("The passphrase is checked like the signature: all four headers must be right."),
    rule("The endpoint is available only to platforms that the operator enabled it for."),
    rule("The path is taken byte for byte: no slash at the end, no version before it, no other case."),
    rule("A query is refused."),
    rule(
        "A `Content-Type` other than JSON, a charset other than UTF-8, and a `Content-Encoding` other than `identity` are refused. A missing `Content-Type` is taken as JSON.",
    ),
    rule("After a request with `Transfer-Encoding` the connection is closed."),
    rule("A request that arrives too slowly is ended."),
];

const REPLAYS: [ProtocolRule; 3] = [
    rule("The same payload is refused also when the first request, the second, or both had no request_id."),
    rule("An email counts as the same without regard to the case of A to Z."),
    rule(
        "Reserved: once a customer was erased, its request is answered 410 and creates nothing. This version erases nobody.",
    ),
];

/// The page.
pub(super) fn page() -> String {
    let main = format!(
        "<h1>Stricter than the API page</h1>\n\
         <p>The published API page, <code>POST /participants/customers/new</code>, is short. This page names each rule that it does not state, and the policy of a platform or the setting \
         of the server by which an operator can relax it. Where there is none, the rule always holds.</p>\n\
         <h2>The request</h2>\n{}<h2>The body</h2>\n{}<h2>Fields</h2>\n{}<h2>Sending again</h2>\n{}\
         <h2>Policies</h2>\n<p>An operator sets a platform's policies with <code>registrar platform set</code>.</p>\n{}",
        protocol(&REQUEST),
        table(
            ["Rule", "Relaxed by"],
            BODY_STRICTER.iter().map(|stricter| [prose(stricter.what), relaxed_by(stricter)])
        ),
        table(["Field", "Rule", "Relaxed by"], fields()),
        protocol(&REPLAYS),
        table(["Policy", "Values", "Default", "What it does"], policies()),
    );
    frame::page("Stricter than the API page", "/docs/stricter", "", &main)
}

fn protocol(rules: &[ProtocolRule]) -> String {
    let rows = rules.iter().map(|rule| {
        let setting =
            rule.setting.map_or_else(|| "–".to_owned(), |name| format!("setting <code>{name}</code>"));
        [prose(rule.what), setting]
    });
    table(["Rule", "Relaxed by"], rows)
}

fn fields() -> impl Iterator<Item = [String; 3]> {
    FIELDS.iter().flat_map(|spec| {
        spec.stricter.iter().map(|stricter| {
            [format!("<code>{}</code>", spec.name), prose(stricter.what), relaxed_by(stricter)]
        })
    })
}

fn relaxed_by(stricter: &Stricter) -> String {
    stricter.relaxed_by.map_or_else(|| "–".to_owned(), |key| format!("policy <code>{key}</code>"))
}

fn policies() -> impl Iterator<Item = [String; 4]> {
    POLICIES.iter().map(|policy| {
        [
            format!("<code>{}</code>", policy.key),
            escape(policy.accepted),
            format!("<code>{}</code>", escape(policy.default)),
            prose(policy.meaning),
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stricter_rule_of_a_field_is_on_the_page() {
        let page = page();
        for stricter in FIELDS.iter().flat_map(|spec| spec.stricter).chain(BODY_STRICTER) {
            assert!(page.contains(&prose(stricter.what)), "{}", stricter.what);
        }
    }

    #[test]
    fn every_policy_that_relaxes_a_rule_is_explained_on_the_page() {
        let page = page();
        for key in FIELDS.iter().flat_map(|spec| spec.stricter).filter_map(|stricter| stricter.relaxed_by) {
            assert!(page.contains(&format!("<td><code>{key}</code></td>")), "{key}");
        }
    }
}
