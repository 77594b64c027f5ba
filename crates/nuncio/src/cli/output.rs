//! What each command about apps can be told besides, and what it opens by that.

use clap::Args;
use nuncio_core::Core;
use nuncio_protocol::AppKey;
use nuncio_protocol::ids::AppId;

use super::{StoreArgs, app, origin};
use crate::config::{Config, Given};
use crate::product::Product;

#[derive(Debug, Args)]
pub(super) struct Output {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

impl Output {
    /// The core, on behalf of who gives the command, and whether JSON is wanted.
    pub(super) async fn open(self) -> anyhow::Result<(Core, bool)> {
        self.open_with(Given::default()).await
    }

    async fn open_with(self, more: Given) -> anyhow::Result<(Core, bool)> {
        let product = Product::open(&Config::load(more.or(self.store.given()?))?).await?;
        Ok((product.core.by(origin()), self.json))
    }

    /// The same for one app.
    pub(super) async fn open_app(self, key: &AppKey) -> anyhow::Result<(Core, AppId, bool)> {
        self.open_app_with(key, Given::default()).await
    }

    /// The same where the command has settings of its own.
    pub(super) async fn open_app_with(
        self,
        key: &AppKey,
        more: Given,
    ) -> anyhow::Result<(Core, AppId, bool)> {
        let (core, json) = self.open_with(more).await?;
        let app = app::find(&core, key).await?.id;
        Ok((core, app, json))
    }
}
