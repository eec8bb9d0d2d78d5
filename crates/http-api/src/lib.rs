//! The HTTP surface: routes, signatures, limits, documentation pages.
//!
//! Converts requests into calls of `domain::registry` and its outcomes into answers. Holds no rule of the business and
//! knows no engine. Invariant: the only mapping from outcomes to status codes is in `answer`.

mod answer;
mod app;
mod create_customer;
mod get_time;
mod limits;
mod maintenance;
mod metrics;
mod probes;
mod problem_text;
mod refused_requests;
mod request_body;
mod routes;
mod server;
mod signed_request;
mod surface;

pub use answer::{BODY_TOO_LARGE, field_violation, malformed_json_detail};
pub use app::App;
pub use limits::{HttpLimits, NESTING_DEPTH_MAX};
pub use maintenance::maintain;
pub use metrics::{EngineFigure, EngineFigures, FigureKind, Metrics};
pub use server::{Drain, serve};
pub use surface::Surface;

pub mod docs;
pub mod openapi;
