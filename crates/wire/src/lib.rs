//! What travels: error codes, operations, answers.
