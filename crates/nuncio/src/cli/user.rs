//! `nuncio user`: where users of a cluster are connected.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use nuncio_protocol::{AppKey, UserId};
use serde_json::json;

use super::node::moment;
use super::{StoreArgs, print};
use crate::config::Config;
use crate::product::Product;

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Print where in the cluster a user is connected: node, device, and since when
    #[command(after_help = AFTER_HELP)]
    Where(Where),
}

const AFTER_HELP: &str = "\
Prints a line for each connected device, and nothing when the user is not connected. A server that runs alone, \
without `--nats-url`, keeps no directory that other processes could read.";

#[derive(Debug, Args)]
pub(super) struct Where {
    /// The user's id
    id: UserId,
    /// The App Key; needed where there are several apps
    #[arg(long, value_name = "KEY")]
    app: Option<AppKey>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

impl UserCommand {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let Self::Where(Where { id, app, json, store }) = self;
        let core = Product::open(&Config::load(store.given()?)?).await?.core;
        let apps = core.apps().await?;
        let app = match (&app, apps.as_slice()) {
            (Some(key), _) => apps.iter().find(|app| app.key == *key).with_context(|| {
                format!("there is no app with the App Key `{key}` here: see `nuncio app list`")
            })?,
            (None, [only]) => only,
            (None, _) => anyhow::bail!("there are {} apps: name one by --app KEY", apps.len()),
        };
        let devices = core.store().whereabouts(app.id, id, core.now()).await?;
        if json {
            let devices: Vec<_> = devices
                .iter()
                .map(|device| {
                    json!({
                        "node": device.node_name,
                        "device": device.device,
                        "platform": device.platform,
                        "since": device.since.0,
                        "session": device.session,
                    })
                })
                .collect();
            return print(&format!("{:#}", serde_json::Value::Array(devices)));
        }
        devices.iter().try_for_each(|device| {
            let (node, since) = (&device.node_name, moment(device.since));
            print(&format!("{node}  {}  {}  since {since}", device.device, device.platform))
        })
    }
}
