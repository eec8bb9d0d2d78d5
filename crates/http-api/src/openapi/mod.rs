//! The OpenAPI 3.1 document, made from the tables of operations, error codes and fields.
//!
//! The document is checked in as `openapi.json` and served from there. Invariant: the file is what this module makes;
//! a test compares them.

mod parts;
mod problems;
mod request;
mod responses;

use registrar_wire::{ErrorCode, GET_TIME, OPERATIONS, Operation};
use serde_json::{Map, Value, json};

/// The checked-in document.
pub const DOCUMENT: &str = include_str!("../../../../openapi.json");

/// The document as it should be checked in: pretty printed, with a line end.
pub fn openapi_text() -> String {
    format!("{:#}\n", openapi())
}

/// The document.
pub fn openapi() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Registrar",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Submits customers to a platform.",
            "description": parts::DESCRIPTION,
            "license": { "name": "Apache License 2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "This server" }],
        "tags": [
            { "name": "customers", "description": "Customers of your platform" },
            { "name": "server", "description": "The server itself" },
        ],
        "paths": paths(),
        "components": {
            "securitySchemes": parts::security_schemes(),
            "parameters": parts::parameters(),
            "headers": parts::headers(),
            "schemas": {
                "NewCustomer": request::schema(),
                "Customer": responses::customer_schema(),
                "CustomerAnswer": responses::customer_answer_schema(),
                "Time": responses::time_schema(),
                "Problem": problems::schema(),
            },
        },
    })
}

/// An example of a problem, as text: a page shows it.
pub(crate) fn example_problem_text(code: ErrorCode) -> String {
    format!("{:#}", problems::example(code))
}

fn paths() -> Value {
    let mut paths = Map::new();
    for operation in OPERATIONS.iter().filter(|operation| is_described(operation)) {
        paths.insert(
            operation.path.to_owned(),
            json!({ operation.method.to_ascii_lowercase(): describe(operation) }),
        );
    }
    Value::Object(paths)
}

/// Documentation pages and the private listener are no part of the API.
fn is_described(operation: &Operation) -> bool {
    operation.listener == registrar_wire::Listener::Api && !operation.documentation
}

fn describe(operation: &Operation) -> Value {
    if operation.name == GET_TIME.name {
        describe_get_time(operation)
    } else {
        describe_create_customer(operation)
    }
}

fn describe_create_customer(operation: &Operation) -> Value {
    json!({
        "operationId": operation.name,
        "tags": ["customers"],
        "summary": "Submit a customer",
        "description": parts::CREATE_CUSTOMER,
        "security": [parts::security_requirement()],
        "parameters": [{ "$ref": "#/components/parameters/RequestId" }],
        "requestBody": request::body(),
        "responses": responses::of(operation, responses::customer_created()),
    })
}

fn describe_get_time(operation: &Operation) -> Value {
    json!({
        "operationId": operation.name,
        "tags": ["server"],
        "summary": "Read the server's clock",
        "description": "Whole Unix seconds, without a signature: to correct a clock that makes signatures fail.",
        "security": [],
        "parameters": [{ "$ref": "#/components/parameters/RequestId" }],
        "responses": responses::of(operation, responses::time_read()),
    })
}

#[cfg(test)]
mod tests;
