//! Drives a client by lines of JSON.
