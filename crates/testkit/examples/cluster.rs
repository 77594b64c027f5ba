//! A cluster of three nodes for tests that are not written in Rust. Prints where the nodes are, and an app, as one line
//! of JSON; then does what lines of standard input say, and prints each again when it is done:
//!
//! - `kill N`: node N (from 0) dies, as by SIGKILL
//! - `drain N`: it is told to end, and sends its clients elsewhere
//! - `launch N`: it starts again
//!
//! Ends, and takes everything with it, when standard input does.
//!
//!     cargo run -p nuncio-testkit --example cluster -- target/debug/nuncio

#![expect(clippy::print_stdout, reason = "this is how it talks to whoever has started it")]

use anyhow::Context as _;
use nuncio_testkit::Cluster;
use tokio::io::{AsyncBufReadExt as _, BufReader};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let binary = std::env::args().nth(1).context("name the binary of the nodes")?;
    let mut cluster = Cluster::start(&binary, &[]).await;
    let nodes: Vec<_> = cluster.nodes.iter().map(|node| &node.address).collect();
    let (key, secret) = (&cluster.app.key, &cluster.app.secret);
    println!("{}", serde_json::json!({ "nodes": nodes, "appKey": key, "appSecret": secret }));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let (what, node) = line.split_once(' ').context("say what, and which node")?;
        let node: usize = node.parse()?;
        anyhow::ensure!(node < cluster.nodes.len(), "there is no node {node}");
        match what {
            "kill" => cluster.kill(node).await,
            "drain" => drop(cluster.stop(node).await),
            "launch" => cluster.launch(node).await,
            other => anyhow::bail!("`{other}` is nothing that can be done to a node"),
        }
        println!("{line}");
    }
    Ok(())
}
