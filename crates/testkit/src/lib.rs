//! Builders and a whole server inside a test.
