//! The client protocol, frame by frame.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context as _, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use nuncio_protocol::frames::{
    Channel, ClientFrame, Entry, Failure, Login, MessageSent, ProtobufMessage as _, SendMessage,
    ServerFrame, Sync, SyncPage, Welcome, client_frame, server_frame,
};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How long an answer may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request that was answered with a failure, or a connection that was closed.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused(pub Failure);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.0.code, self.0.name, self.0.message)
    }
}

impl std::error::Error for Refused {}

/// A connection that has logged in.
pub struct Wire {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    next_id: u64,
    pushed: VecDeque<server_frame::Body>,
    /// What the server said at login.
    pub welcome: Welcome,
    /// The close code, once the server has closed; 0 when it only announced why.
    pub closed: Option<u16>,
}

impl Wire {
    /// Opens a connection and logs in. The error is a [`Refused`] when the server said no.
    pub async fn login(
        address: &str,
        app_key: &str,
        token: &str,
        device: &str,
    ) -> anyhow::Result<Self> {
        let url = format!("{}/connect", address.replacen("http", "ws", 1));
        let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
        let connecting = tokio_tungstenite::connect_async_with_config(url, Some(config), true);
        let (socket, _) = tokio::time::timeout(PATIENCE, connecting).await??;
        let mut wire = Self {
            socket,
            next_id: 0,
            pushed: VecDeque::new(),
            welcome: Welcome::default(),
            closed: None,
        };
        let login = Login {
            app_key: app_key.to_owned(),
            token: token.to_owned(),
            device_id: device.to_owned(),
            platform: "test".to_owned(),
            sdk_version: "0".to_owned(),
        };
        match wire.call(client_frame::Body::Login(login)).await? {
            server_frame::Body::Welcome(welcome) => wire.welcome = welcome,
            other => bail!("a login was answered with {other:?}"),
        }
        Ok(wire)
    }

    /// Sends a request without waiting for its answer; returns its id.
    pub async fn ask(&mut self, body: client_frame::Body) -> anyhow::Result<u64> {
        self.next_id += 1;
        let frame = ClientFrame { id: self.next_id, body: Some(body) };
        self.socket.send(Message::Binary(frame.encode_to_vec().into())).await?;
        Ok(self.next_id)
    }

    /// Sends a request and waits for its answer; what is pushed meanwhile is kept.
    pub async fn call(&mut self, body: client_frame::Body) -> anyhow::Result<server_frame::Body> {
        let id = self.ask(body).await?;
        loop {
            let frame = tokio::time::timeout(PATIENCE, self.frame())
                .await
                .context("no answer in time")??;
            match frame.body.context("an empty frame")? {
                server_frame::Body::Failure(failure) if frame.id == id => {
                    return Err(Refused(failure).into());
                }
                body if frame.id == id => return Ok(body),
                body => self.pushed.push_back(body),
            }
        }
    }

    /// The next frame, whatever it is. A close that was announced is a [`Refused`].
    pub async fn frame(&mut self) -> anyhow::Result<ServerFrame> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Binary(bytes))) => {
                    let frame = ServerFrame::decode(bytes)?;
                    if let Some(server_frame::Body::Closing(failure)) = frame.body {
                        self.closed = Some(0);
                        while let Some(Ok(message)) = self.socket.next().await {
                            if let Message::Close(Some(close)) = message {
                                self.closed = Some(close.code.into());
                            }
                        }
                        return Err(Refused(failure).into());
                    }
                    return Ok(frame);
                }
                Some(Ok(Message::Close(close))) => {
                    self.closed = close.map(|close| close.code.into());
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => bail!("the connection is closed ({:?})", self.closed),
            }
        }
    }

    /// The next pushed frame.
    pub async fn pushed(&mut self) -> anyhow::Result<server_frame::Body> {
        if let Some(body) = self.pushed.pop_front() {
            return Ok(body);
        }
        let frame = tokio::time::timeout(PATIENCE, self.frame())
            .await
            .context("nothing was pushed in time")??;
        frame.body.context("an empty frame")
    }

    /// The next pushed inbox entry; other pushed frames are dropped.
    pub async fn entry(&mut self) -> anyhow::Result<Entry> {
        loop {
            if let server_frame::Body::Entry(entry) = self.pushed().await? {
                return Ok(entry);
            }
        }
    }

    /// Waits until the server closes the connection; returns what it said.
    pub async fn wait_for_close(&mut self) -> Failure {
        loop {
            let frame = tokio::time::timeout(PATIENCE, self.frame()).await;
            if let Err(error) = frame.expect("the connection was not closed") {
                return error.downcast::<Refused>().map(|refused| refused.0).unwrap_or_default();
            }
        }
    }

    /// A direct text message.
    #[must_use]
    pub fn text(to: &str, client_message_id: &str, text: &str) -> client_frame::Body {
        Self::text_in(Channel::direct(to), client_message_id, text)
    }

    /// A text message to a channel.
    #[must_use]
    pub fn text_in(channel: Channel, client_message_id: &str, text: &str) -> client_frame::Body {
        client_frame::Body::SendMessage(SendMessage {
            channel: Some(channel),
            client_message_id: client_message_id.to_owned(),
            r#type: "RC:TxtMsg".to_owned(),
            content: serde_json::json!({ "content": text }).to_string(),
            ..SendMessage::default()
        })
    }

    /// Sends a direct text message and waits for the ack.
    pub async fn send(
        &mut self,
        to: &str,
        client_message_id: &str,
        text: &str,
    ) -> anyhow::Result<MessageSent> {
        self.send_in(Channel::direct(to), client_message_id, text).await
    }

    /// Sends a text message to a channel and waits for the ack.
    pub async fn send_in(
        &mut self,
        channel: Channel,
        client_message_id: &str,
        text: &str,
    ) -> anyhow::Result<MessageSent> {
        match self.call(Self::text_in(channel, client_message_id, text)).await? {
            server_frame::Body::MessageSent(sent) => Ok(sent),
            other => bail!("a message was answered with {other:?}"),
        }
    }

    /// Reads inbox entries after a cursor.
    pub async fn sync(&mut self, after: u64, limit: u32) -> anyhow::Result<SyncPage> {
        match self.call(client_frame::Body::Sync(Sync { after, limit })).await? {
            server_frame::Body::SyncPage(page) => Ok(page),
            other => bail!("a sync was answered with {other:?}"),
        }
    }

    /// Ends the connection without a word, as a cut cable does.
    pub fn cut(self) {
        drop(self);
    }
}
