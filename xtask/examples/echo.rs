//! The bare echo server that `cargo xtask bench create` compares with: the same HTTP library, the same sizes, no work.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

/// The server's allocator, so that the sides differ by their work alone.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

async fn answer(State(body): State<Bytes>, submitted: Bytes) -> Response {
    // The submitted body is taken in whole, as a real handler must.
    if submitted.is_empty() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the ready line is this program's interface")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let answer_bytes: usize = std::env::args().nth(1).ok_or("usage: echo ANSWER_BYTES")?.parse()?;
    let body = Bytes::from("x".repeat(answer_bytes));
    let router = Router::new().route("/participants/customers/new", post(answer)).with_state(body);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("ready http://{}", listener.local_addr()?);
    axum::serve(axum::serve::ListenerExt::tap_io(listener, |stream| drop(stream.set_nodelay(true))), router)
        .await?;
    Ok(())
}
