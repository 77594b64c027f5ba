//! The built binary as its operator meets it: started, asked, changed beside, stopped.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod apps;
mod audit;
mod config;
mod console;
mod dev;
mod docs;
mod help;
mod pages;
mod run;
mod serve;
mod tls;
