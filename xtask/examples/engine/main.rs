//! The parts of Registrar that `cargo xtask bench` and `cargo xtask instructions` measure without the rest of it.
//!
//! A program of its own, because `xtask` itself uses no crate of the product. Its output is its interface.
#![expect(clippy::print_stdout, reason = "what is printed is this program's interface")]

mod backend;
#[path = "../../src/load/customers.rs"]
mod customers;
mod fill;
mod hot_path;
mod log_server;
mod scene;
mod sink_store;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "usage: engine log-server FOLDER | backend DATABASE_URL CALLERS SECONDS | \
                     fill FOLDER CUSTOMERS | hot-path create|refused REQUESTS";

/// The server's allocator: what is measured here is part of it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["log-server", folder] => log_server::run(folder.as_ref()),
        ["backend", url, callers, seconds] => backend::run(url, callers.parse()?, seconds.parse()?),
        ["fill", folder, customers] => fill::run(folder.as_ref(), customers.parse()?),
        ["hot-path", kind @ ("create" | "refused"), requests] => hot_path::run(kind, requests.parse()?),
        _ => Err(USAGE.into()),
    }
}
