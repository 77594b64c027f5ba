//! The Server API: a folder per noun, a file per operation, one table of routes.
