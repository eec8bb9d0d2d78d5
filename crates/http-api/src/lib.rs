//! The HTTP surface: routes, signatures, limits, documentation pages.
