//! `nuncio console`: lets operators in who cannot sign in.

use clap::{Args, Subcommand};
use nuncio_protocol::ids::OperatorName;

use super::{StoreArgs, origin, print};
use crate::config::Config;
use crate::product::Product;
use crate::server::console_link;

#[derive(Debug, Subcommand)]
pub(super) enum ConsoleCommand {
    /// Print a one-time link with which an operator chooses a new password
    #[command(after_help = AFTER_HELP)]
    ResetLink(ResetLink),
}

const AFTER_HELP: &str = "\
The operator's password, second factor and sessions are void from now on; the link is good for 3 days, once. Without \
a name it lets the first owner in, as long as nobody owns the console.";

#[derive(Debug, Args)]
pub(super) struct ResetLink {
    /// The operator
    name: Option<OperatorName>,
    /// Where the console is, as browsers see it
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9645")]
    url: String,
    #[command(flatten)]
    store: StoreArgs,
}

impl ConsoleCommand {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let Self::ResetLink(ResetLink { name, url, store }) = self;
        let core = Product::open(&Config::load(store.given()?)?).await?.core.by(origin());
        let link = match name {
            Some(name) => core.renew_operator_link(name).await?,
            None => core.first_owner_link().await?.ok_or_else(|| {
                anyhow::anyhow!("the console has an owner: name the operator who needs a link")
            })?,
        };
        print(&console_link(url.trim_end_matches('/'), &link))
    }
}
