//! Prints the OpenAPI document; `cargo xtask openapi` writes it to `openapi.json`.

use std::io::Write;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(registrar_http_api::openapi::openapi_text().as_bytes())
}
