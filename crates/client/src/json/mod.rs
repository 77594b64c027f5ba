//! Drives a client by lines of JSON, for scripts and for trying out: what `nuncio client` does.
//!
//! One JSON object a line, both ways, each with a single member that says what it is.
//!
//! In:
//!
//! - `{"send":{"ref","to","text"}}` sends a text. Instead of `text`: `type` and `content` (any JSON value;
//!   a string that holds JSON text is passed as that text). Optional: `channelType` (`direct`),
//!   `clientMessageId`, `transient`, `uncounted`, `needsReceipt`, `toUserIds`.
//! - `{"call":{"ref","method","params"}}` calls an operation; [`METHODS`], [`GROUP_METHODS`],
//!   [`RECEIPT_METHODS`], [`CHANNEL_TAG_METHODS`] and [`PUSH_METHODS`] name them.
//! - `{"disconnect":{}}` waits for what is under way, at most ten seconds, and ends. So does the end of
//!   the input.
//!
//! Out:
//!
//! - `{"connected":{"userId"}}`, at each login.
//! - `{"message":{"messageId","from","to","channelType","type","content","sentAt"}}`: a message that was
//!   received, or sent from another device of the user; also `"recalled":true` when it is gone already.
//! - `{"sent":{"ref","messageId","sentAt"}}`, `{"result":{"ref","value"}}`,
//!   `{"error":{"ref","code","name","message"}}`: what came of a line. `ref` is whatever the line gave, and
//!   is left out when it gave none. Errors may also have `until`, `reason`, `retryAfterMs` and `keys`.
//! - `{"disconnected":{"code","name","message","willReconnect"}}`.
//! - `{"event":{"type",...}}`: everything else that happens (`messageRecalled`, `messageEdited`, `channelRead`, `channelSettingsChanged`, `channelTagsChanged`,
//!   `readReceipt`, `readReceipts`, `typing`, `presenceChanged`, `blocklistChanged`, `whitelistChanged`,
//!   `friendApplicationChanged`, `friendAdded`, `friendRemoved`, `friendsCleared`, `friendInfoChanged`,
//!   `profileChanged`, `accountChanged`, `syncCompleted`, `queuedMessageSent`, `queuedMessageFailed`,
//!   `userInfoChanged`).
//!
//! Lines given before the first login wait for it. Sends and calls begin in the order of their lines, but a
//! message waits until the one before it in its channel has been answered, and a call waits for no message:
//! a script that needs the order between them waits for the answer. Answers come as they come.

mod calls;
mod channel_tags;
mod groups;
mod input;
mod output;
mod push;
mod receipts;
mod values;

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};

use crate::client::Client;
use crate::error::ClientError;
use crate::events::{Event, Events};

pub use calls::METHODS;
pub use channel_tags::METHODS as CHANNEL_TAG_METHODS;
pub use groups::METHODS as GROUP_METHODS;
pub use push::METHODS as PUSH_METHODS;
pub use receipts::METHODS as RECEIPT_METHODS;

use input::{Line, Lines};
use output::{Output, Writer};
use values::EditedLine;

/// How a run ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// By `disconnect`, or by the end of the input.
    Disconnected,
    /// The login was refused; the last error line says why.
    RefusedAtLogin,
    /// The connection was ended for good; the last `disconnected` line says why.
    Ended,
}

impl Exit {
    /// The exit status of a command: 0 after `disconnect`, 3 when refused at login, else 1.
    #[must_use]
    pub fn status(self) -> u8 {
        match self {
            Self::Disconnected => 0,
            Self::RefusedAtLogin => 3,
            Self::Ended => 1,
        }
    }
}

/// Lines that wait for the first login, or for their answers; no more are read meanwhile.
const WAITING: usize = 1000;
/// How long `disconnect` waits for answers.
const PATIENCE: Duration = Duration::from_secs(10);

type Answer = Pin<Box<dyn Future<Output = Output> + Send>>;

/// Connects the client and follows the input's lines until the end.
///
/// The caller builds the client and must not have connected it. Reading standard input through tokio keeps
/// a thread busy that only the end of the process stops.
///
/// Errors: the output cannot be written, or the input not read.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use nuncio_client::{Client, json};
///
/// let (client, events) =
///     Client::builder("http://127.0.0.1:8080", "myappkey").token("nct_...").build().await?;
/// let input = tokio::io::BufReader::new(tokio::io::stdin());
/// let exit = json::run(client, events, input, tokio::io::stdout()).await?;
/// std::process::exit(exit.status().into());
/// # }
/// ```
pub async fn run(
    client: Client,
    events: Events,
    input: impl AsyncBufRead + Unpin,
    output: impl AsyncWrite + Unpin,
) -> io::Result<Exit> {
    client.start().map_err(io::Error::other)?;
    let mut run = Run {
        client,
        writer: Writer::new(output),
        answers: FuturesUnordered::new(),
        waiting: VecDeque::new(),
        connected: false,
        leave_at: None,
    };
    run.follow(events, Lines::new(input)).await
}

struct Run<W> {
    client: Client,
    writer: Writer<W>,
    answers: FuturesUnordered<Answer>,
    /// Lines that came before the first login.
    waiting: VecDeque<String>,
    connected: bool,
    /// `disconnect` was asked: until when to wait for answers.
    leave_at: Option<Instant>,
}

impl<W: AsyncWrite + Unpin> Run<W> {
    async fn follow(
        &mut self,
        mut events: Events,
        mut lines: Lines<impl AsyncBufRead + Unpin>,
    ) -> io::Result<Exit> {
        loop {
            if self.leave_at.is_some() && self.answers.is_empty() && self.waiting.is_empty() {
                return self.leave(events).await;
            }
            let leaving = self.leave_at.is_some();
            let may_read = !leaving && self.answers.len() + self.waiting.len() < WAITING;
            let deadline = self.leave_at.unwrap_or_else(Instant::now);
            tokio::select! {
                event = events.next() => {
                    let Some(event) = event else { return Ok(Exit::Ended) };
                    if let Some(exit) = self.event(event).await? {
                        return Ok(exit);
                    }
                }
                line = lines.next(), if may_read => match line? {
                    Line::Text(line) => self.line(line).await?,
                    Line::TooLong => {
                        let limit = input::LINE_BYTES;
                        let error = format!("a line has more than {limit} bytes");
                        self.write(Output::error(None, &ClientError::BadArgument(error))).await?;
                    }
                    Line::End => {
                        if !self.connected {
                            // How the login ends is told all the same.
                            self.waiting.push_back(r#"{"disconnect":{}}"#.to_owned());
                        }
                        self.leave_soon();
                    }
                },
                Some(answer) = self.answers.next() => self.write(answer).await?,
                () = sleep_until(deadline), if leaving => return self.leave(events).await,
            }
        }
    }

    async fn write(&mut self, output: Output) -> io::Result<()> {
        self.writer.write(&output).await
    }

    fn leave_soon(&mut self) {
        // Who was never connected has only those lines under way that wait for the login.
        let idle = !self.connected && self.waiting.is_empty();
        let patience = if idle { Duration::ZERO } else { PATIENCE };
        self.leave_at = Some(Instant::now() + patience);
    }

    async fn leave(&mut self, mut events: Events) -> io::Result<Exit> {
        let client = self.client.clone();
        let disconnecting = tokio::spawn(async move { client.disconnect().await });
        while let Some(event) = events.next().await {
            if self.event(event).await?.is_some() {
                break;
            }
        }
        let _ = disconnecting.await;
        Ok(Exit::Disconnected)
    }

    async fn line(&mut self, line: String) -> io::Result<()> {
        if line.trim().is_empty() {
            return Ok(());
        }
        if !self.connected && !input::is_disconnect(&line) {
            self.waiting.push_back(line);
            return Ok(());
        }
        match input::parse(&line) {
            Ok(input::Input::Send(send)) => self.send(send).await,
            Ok(input::Input::Call(call)) => {
                let client = self.client.clone();
                self.begin(Box::pin(async move {
                    let outcome = calls::call(&client, &call.method, call.params).await;
                    Output::result(call.reference, outcome)
                }))
                .await
            }
            Ok(input::Input::Disconnect(_)) => {
                self.leave_soon();
                Ok(())
            }
            Err((reference, error)) => self.write(Output::error(reference, &error)).await,
        }
    }

    async fn send(&mut self, send: input::Send) -> io::Result<()> {
        let reference = send.reference.clone();
        let transient = send.transient;
        let message = match send.into_message() {
            Ok(message) => message,
            Err(error) => return self.write(Output::error(reference, &error)).await,
        };
        if transient {
            let client = self.client.clone();
            let answer = async move { Output::sent(reference, client.send(message).await) };
            return self.begin(Box::pin(answer)).await;
        }
        match self.client.queue(message).await {
            Ok(handle) => {
                self.begin(Box::pin(async move { Output::sent(reference, handle.await) })).await
            }
            Err(error) => self.write(Output::error(reference, &error)).await,
        }
    }

    /// Begins at once, so that operations reach the connection in the order of their lines.
    async fn begin(&mut self, mut answer: Answer) -> io::Result<()> {
        if let Some(output) = answer.as_mut().now_or_never() {
            return self.write(output).await;
        }
        self.answers.push(answer);
        Ok(())
    }

    /// Tells an event; the last one ends the run.
    async fn event(&mut self, event: Event) -> io::Result<Option<Exit>> {
        match event {
            Event::Connected { user_id, .. } => {
                self.write(Output::Connected { user_id }).await?;
                self.connected = true;
                while let Some(line) = self.waiting.pop_front() {
                    self.line(line).await?;
                }
                Ok(None)
            }
            Event::Disconnected { cause, will_reconnect, at_login } => {
                if will_reconnect {
                    self.write(Output::disconnected(&cause, true)).await?;
                    return Ok(None);
                }
                // Everybody who waited has been answered before this event.
                while let Some(Some(answer)) = self.answers.next().now_or_never() {
                    self.write(answer).await?;
                }
                if at_login {
                    let refused = ClientError::Refused(cause.into());
                    self.write(Output::error(None, &refused)).await?;
                    return Ok(Some(Exit::RefusedAtLogin));
                }
                self.write(Output::disconnected(&cause, false)).await?;
                Ok(Some(Exit::Ended))
            }
            Event::Message(message) => {
                let me = self.client.user_id();
                self.write(Output::message(&message, &me)).await?;
                Ok(None)
            }
            Event::MessageEdited(message) => {
                let me = self.client.user_id();
                self.write(Output::Edited(EditedLine::new(&message, &me))).await?;
                Ok(None)
            }
            other => {
                if let Some(event) = values::event(&other) {
                    self.write(Output::Event(event)).await?;
                }
                Ok(None)
            }
        }
    }
}

/// What a line called itself.
type Reference = Option<Value>;
