//! `nuncio node`: the nodes of a cluster.

use clap::{Args, Subcommand};
use nuncio_protocol::Timestamp;
use nuncio_store::nodes::Node;
use serde_json::json;

use super::{StoreArgs, print};
use crate::config::Config;
use crate::product::Product;

#[derive(Debug, Subcommand)]
pub(super) enum NodeCommand {
    /// List the nodes of the cluster on this database: number, name, address, and how many clients each holds
    #[command(after_help = AFTER_HELP)]
    List(List),
}

const AFTER_HELP: &str = "\
A node that has not renewed its lease is `dead` until the others have swept its clients' sessions away, which takes \
them a moment. A server that runs alone, without `--nats-url`, is in no list.";

#[derive(Debug, Args)]
pub(super) struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

impl NodeCommand {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let Self::List(List { json, store }) = self;
        let core = Product::open(&Config::load(store.given()?)?).await?.core;
        let nodes = core.store().nodes(core.now()).await?;
        if json {
            let nodes: Vec<_> = nodes.iter().map(to_json).collect();
            return print(&format!("{:#}", serde_json::Value::Array(nodes)));
        }
        nodes.iter().try_for_each(|node| print(&to_line(node)))
    }
}

/// A moment, as people and programs read it.
pub(super) fn moment(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| at.0.to_string(), |at| at.to_string())
}

fn state(node: &Node) -> &'static str {
    if node.alive { "alive" } else { "dead" }
}

fn to_line(node: &Node) -> String {
    let Node { number, name, address, version, sessions, .. } = node;
    let (state, since) = (state(node), moment(node.since));
    format!("{number}  {state}  {name}  {address}  {version}  {sessions} clients  since {since}")
}

fn to_json(node: &Node) -> serde_json::Value {
    json!({
        "number": node.number,
        "name": node.name,
        "address": node.address,
        "version": node.version,
        "state": state(node),
        "clients": node.sessions,
        "since": node.since.0,
    })
}
