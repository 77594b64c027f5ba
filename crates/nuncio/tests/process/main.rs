//! The built binary as its operator meets it: started, asked, changed beside, stopped.

mod apps;
mod config;
mod dev;
mod docs;
mod help;
mod run;
mod serve;
mod tls;
