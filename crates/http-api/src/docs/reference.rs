//! The page `/docs`: what there is to read, and the API reference drawn from `/openapi.json`.

use super::frame;

const MAIN: &str = "<h1>Registrar API</h1>\n\
    <p>Submits customers to your platform. New here? The <a href=\"/docs/quickstart\">quick start</a> leads from nothing to a first \
    customer in about ten minutes.</p>\n\
    <ul>\n\
    <li><a href=\"/docs/signing\">Sign a request in your language</a>: complete programs for Node, Python, Go, Java, PHP and the shell</li>\n\
    <li><a href=\"/docs/errors\">Errors</a>: every code with its cause and cure</li>\n\
    <li><a href=\"/docs/stricter\">Stricter than the API page</a>: rules that the published API page does not state</li>\n\
    <li><a href=\"/openapi.json\">openapi.json</a>: this reference for programs (OpenAPI 3.1)</li>\n\
    </ul>\n\
    <h2>Reference</h2>\n\
    <noscript><p>The reference is drawn by JavaScript. Everything it shows is in <a href=\"/openapi.json\">openapi.json</a>; \
    the other pages work without JavaScript.</p></noscript>\n\
    <div id=\"reference\"></div>\n\
    <p><small>The reference is drawn by Swagger UI, <a href=\"/docs/assets/swagger-ui-licence.txt\">Apache License 2.0</a>.</small></p>\n";

const HEAD: &str = "<link rel=\"stylesheet\" href=\"/docs/assets/swagger-ui.css\">\n\
    <script src=\"/docs/assets/swagger-ui-bundle.js\" defer></script>\n\
    <script src=\"/docs/assets/reference.js\" defer></script>\n";

/// The page.
pub(super) fn page() -> String {
    frame::page("API reference", "/docs", HEAD, MAIN)
}
