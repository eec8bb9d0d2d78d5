//! The one ordered table of operations: routes, documentation and the every-operation test are made from it.
//!
//! Does not know handlers. Invariant: whatever either listener answers other than 404 and 405 is a row of this table.

use crate::error_code::ErrorCode;

/// Which listener serves an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// The API's.
    Api,
    /// The operator's private one.
    Private,
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone who reaches the listener.
    Open,
    /// A key with this permission, by a signed request (contract 1).
    Signed {
        /// The permission's name.
        permission: &'static str,
    },
}

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// The one word for it in code, metrics, logs and tests.
    pub name: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path, with parameters in braces.
    pub path: &'static str,
    /// Where it is served.
    pub listener: Listener,
    /// Who may call it.
    pub access: Access,
    /// Whether it is served only where `docs.enabled` is on.
    pub documentation: bool,
    /// The query parameters it knows; any other is `unknown_query`.
    pub query: &'static [&'static str],
    /// The errors it can answer, in the order in which they win.
    pub errors: &'static [ErrorCode],
}

use ErrorCode::{
    ApiKeyExpired, ApiKeyRevoked, BodyTooLarge, DuplicateHeader, EndpointNotEnabled, HeadersTooLarge,
    InternalError, InvalidPassphrase, InvalidRequest, InvalidSignature, MalformedHeader, MalformedJson,
    MissingHeader, NotFound, OutcomeUnknown, Overloaded, ParticipantAlreadyExists, PayloadAlreadySubmitted,
    PermissionMissing, PlatformSuspended, RequestIdReused, RequestTimeout, TimestampMalformed,
    TimestampOutsideWindow, Unavailable, UnknownApiKey, UnknownQuery, UnsupportedMediaType,
};

const OPEN_ERRORS: &[ErrorCode] =
    &[BodyTooLarge, HeadersTooLarge, RequestTimeout, UnknownQuery, InternalError, Overloaded];

const PAGE_ERRORS: &[ErrorCode] =
    &[NotFound, BodyTooLarge, HeadersTooLarge, RequestTimeout, UnknownQuery, InternalError, Overloaded];

/// Submits a customer (contract 3).
pub const CREATE_CUSTOMER: Operation = Operation {
    name: "create_customer",
    method: "POST",
    path: "/participants/customers/new",
    listener: Listener::Api,
    access: Access::Signed { permission: "customers:write" },
    documentation: false,
    query: &[],
    errors: &[
        BodyTooLarge,
        HeadersTooLarge,
        RequestTimeout,
        MissingHeader,
        DuplicateHeader,
        MalformedHeader,
        TimestampMalformed,
        TimestampOutsideWindow,
        UnknownApiKey,
        InvalidSignature,
        InvalidPassphrase,
        ApiKeyExpired,
        ApiKeyRevoked,
        PermissionMissing,
        PlatformSuspended,
        EndpointNotEnabled,
        UnknownQuery,
        UnsupportedMediaType,
        MalformedJson,
        InvalidRequest,
        RequestIdReused,
        PayloadAlreadySubmitted,
        ParticipantAlreadyExists,
        InternalError,
        Overloaded,
        Unavailable,
        OutcomeUnknown,
    ],
};

/// The server's clock.
pub const GET_TIME: Operation = open("get_time", "/time", false, OPEN_ERRORS);

/// The OpenAPI document.
pub const GET_OPENAPI: Operation = open("get_openapi", "/openapi.json", true, OPEN_ERRORS);

/// The API reference.
pub const GET_DOCS: Operation = open("get_docs", "/docs", true, OPEN_ERRORS);

/// The guides, and the files that the pages load.
pub const GET_DOCS_PAGE: Operation = open("get_docs_page", "/docs/{*page}", true, PAGE_ERRORS);

/// The page that explains an error code.
pub const GET_ERROR_PAGE: Operation = open("get_error_page", "/errors/{code}", true, PAGE_ERRORS);

/// Whether the process runs.
pub const GET_HEALTH: Operation = private("get_health", "/healthz", &[]);

/// Whether requests would be served now.
pub const GET_READINESS: Operation = private("get_readiness", "/readyz", &[Unavailable]);

/// Metrics in the OpenMetrics text format.
pub const GET_METRICS: Operation = private("get_metrics", "/metrics", &[]);

/// Leads whoever opens the server's address in a browser to the documentation.
pub const GET_ROOT: Operation = open("get_root", "/", true, OPEN_ERRORS);

/// Every operation: the API first, then its documentation, then the private listener.
pub const OPERATIONS: &[Operation] = &[
    CREATE_CUSTOMER,
    GET_TIME,
    GET_ROOT,
    GET_OPENAPI,
    GET_DOCS,
    GET_DOCS_PAGE,
    GET_ERROR_PAGE,
    GET_HEALTH,
    GET_READINESS,
    GET_METRICS,
];

const fn open(
    name: &'static str,
    path: &'static str,
    documentation: bool,
    errors: &'static [ErrorCode],
) -> Operation {
    Operation {
        name,
        method: "GET",
        path,
        listener: Listener::Api,
        access: Access::Open,
        documentation,
        query: &[],
        errors,
    }
}

const fn private(name: &'static str, path: &'static str, errors: &'static [ErrorCode]) -> Operation {
    Operation {
        name,
        method: "GET",
        path,
        listener: Listener::Private,
        access: Access::Open,
        documentation: false,
        query: &[],
        errors,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_of_operations_is_as_reviewed() {
        let rows: Vec<_> = OPERATIONS
            .iter()
            .map(|operation| {
                let Operation { name, method, path, listener, access, documentation, .. } = operation;
                format!("{name}: {method} {path} {listener:?} {access:?} documentation={documentation}")
            })
            .collect();
        insta::assert_snapshot!(rows.join("\n"));
    }

    #[test]
    fn no_two_operations_share_a_name_or_a_route() {
        let names: BTreeSet<_> = OPERATIONS.iter().map(|operation| operation.name).collect();
        let routes: BTreeSet<_> =
            OPERATIONS.iter().map(|operation| (operation.method, operation.path)).collect();
        assert_eq!((names.len(), routes.len()), (OPERATIONS.len(), OPERATIONS.len()));
    }

    #[test]
    fn errors_are_listed_once_and_in_the_order_in_which_they_win() {
        for operation in OPERATIONS {
            assert!(operation.errors.is_sorted(), "{}", operation.name);
            let distinct: BTreeSet<_> = operation.errors.iter().collect();
            assert_eq!(distinct.len(), operation.errors.len(), "{}", operation.name);
        }
    }

    #[test]
    fn a_signed_operation_can_answer_every_failure_of_authentication() {
        for operation in
            OPERATIONS.iter().filter(|operation| matches!(operation.access, Access::Signed { .. }))
        {
            let failures = ErrorCode::ALL.iter().filter(|code| matches!(code.status(), 401 | 403));
            for code in failures.filter(|code| code.reserved_for().is_none()) {
                assert!(operation.errors.contains(code), "{} lacks {code}", operation.name);
            }
        }
    }

    #[test]
    fn every_code_but_those_of_the_router_and_the_reserved_is_answered_by_some_operation() {
        let answered: BTreeSet<_> = OPERATIONS.iter().flat_map(|operation| operation.errors).collect();
        let never = ErrorCode::ALL.iter().filter(|code| !answered.contains(code));
        let (reserved, router): (Vec<&ErrorCode>, Vec<&ErrorCode>) =
            never.partition(|code| code.reserved_for().is_some());
        assert_eq!(router, [&ErrorCode::MethodNotAllowed]);
        let all = ErrorCode::ALL.iter().filter(|code| code.reserved_for().is_some());
        assert_eq!(reserved, all.collect::<Vec<_>>(), "an operation lists a code that is never answered");
    }
}
