//! A cable that can be cut: passes TCP connections on, until it is told not to. And what stands in front of several
//! servers, and gives each connection to any of them.

use std::sync::Arc;
use std::time::Duration;

use rand::seq::SliceRandom as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What a cable does with what it is given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cable {
    /// Passes everything on.
    Whole,
    /// Passes everything on, later.
    Slow(Duration),
    /// Keeps everything to itself: both sides believe that the other is silent.
    Silent,
    /// Ends all connections, and refuses new ones.
    Cut,
}

/// A proxy in front of one address.
#[derive(Clone, Debug)]
pub struct Proxy {
    address: String,
    state: Arc<watch::Sender<Cable>>,
}

impl Proxy {
    /// Begins to pass on to `to`, as `host:port`.
    pub async fn to(to: &str) -> Self {
        Self::to_any(vec![to.to_owned()]).await
    }

    /// Begins to pass each connection on to any of `to` that takes it.
    pub async fn to_any(to: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (state, states) = watch::channel(Cable::Whole);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if *states.borrow() == Cable::Cut {
                    continue;
                }
                let (to, states) = (to.clone(), states.clone());
                tokio::spawn(async move {
                    let Some(far) = connect(to).await else { return };
                    let (near_in, near_out) = near.into_split();
                    let (far_in, far_out) = far.into_split();
                    tokio::join!(
                        pass_on(near_in, far_out, states.clone()),
                        pass_on(far_in, near_out, states)
                    );
                });
            }
        });
        Self { address, state: Arc::new(state) }
    }

    /// Where it listens, as `host:port`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Changes what the cable does, also to what is on its way.
    pub fn set(&self, cable: Cable) {
        self.state.send_replace(cable);
    }
}

async fn connect(mut to: Vec<String>) -> Option<TcpStream> {
    to.shuffle(&mut rand::rng());
    for address in to {
        if let Ok(far) = TcpStream::connect(address).await {
            return Some(far);
        }
    }
    None
}

async fn pass_on(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut states: watch::Receiver<Cable>,
) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let state = *states.borrow_and_update();
        let count = tokio::select! {
            biased;
            changed = states.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
            count = from.read(&mut bytes), if matches!(state, Cable::Whole | Cable::Slow(_)) => {
                count.unwrap_or(0)
            }
            () = std::future::ready(()), if state == Cable::Cut => 0,
        };
        if count == 0 {
            let _ = to.shutdown().await;
            return;
        }
        if let Cable::Slow(wait) = state {
            tokio::time::sleep(wait).await;
        }
        // What was read before the cable fell silent is stuck in it.
        while *states.borrow_and_update() == Cable::Silent {
            if states.changed().await.is_err() {
                return;
            }
        }
        if *states.borrow() == Cable::Cut || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
