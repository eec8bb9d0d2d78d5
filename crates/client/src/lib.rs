//! The signed client.
