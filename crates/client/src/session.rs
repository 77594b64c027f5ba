//! One logged-in connection, from its welcome to its end.
//!
//! A single task reads frames, writes requests, and settles: commits what has arrived, then answers and
//! tells events. Nothing is told before its commit.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use nuncio_protocol::Code;
use nuncio_protocol::frames::{
    ChannelStates, ClientFrame, Entry, Failure, GetChannels, Message, MessageSent, Ping,
    ProfileChanged, ProtobufMessage as _, SendMessage, ServerFrame, Sync, Welcome, client_frame,
    entry, server_frame,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::{self, Message as WsMessage};
use tokio_util::sync::CancellationToken;

use crate::connection::{Ended, LOGIN_ID};
use crate::db::{self, apply, people};
use crate::error::{Cause, ClientError, LocalCode};
use crate::events::Event;
use crate::inbox::{Inbox, Reset};
use crate::outbox::Sent;
use crate::shared::{Answer, Request, Shared, State, SyncState, lock};
use crate::transport::Socket;

/// Sends and operations without an answer. A server takes 16; the rest is for heartbeats and syncs.
const UNANSWERED: usize = 12;
/// Entries asked for at once.
const PAGE: u32 = 100;
/// Frames read, and entries committed, in one go.
const GO: usize = 64;
/// Channels read anew after a reset: pages of [`PAGE`].
const CHANNEL_PAGES: u32 = 10;

/// What an answer is for.
enum Purpose {
    Ping,
    Sync,
    /// The message with this client message id.
    Send(String),
    /// The n-th page of channels after a reset.
    Channels(u32),
    Operation(oneshot::Sender<Answer>),
}

struct Unanswered {
    purpose: Purpose,
    deadline: Instant,
}

/// News that the next settling takes care of.
#[derive(Default)]
struct News {
    reset: Option<Reset>,
    acks: Vec<apply::Ack>,
    refused: Vec<(String, Cause)>,
    channels: Vec<(u32, ChannelStates)>,
    hints: Vec<Event>,
}

pub(crate) struct Session<'a> {
    shared: &'a Shared,
    socket: Socket,
    requests: &'a mut mpsc::Receiver<Request>,
    stop: &'a CancellationToken,
    me: String,
    unanswered: HashMap<u64, Unanswered>,
    last_id: u64,
    inbox: Inbox,
    news: News,
    /// Entries were gone: the channels must be read anew once the inbox is complete.
    was_reset: bool,
    /// The page of channels to ask for next, and from which time.
    next_channels: Option<(u32, i64)>,
    heartbeat: Duration,
    next_ping: Instant,
}

impl<'a> Session<'a> {
    /// Takes over after the welcome; returns when the connection has ended.
    pub(crate) async fn begin(
        shared: &'a Shared,
        socket: Socket,
        requests: &'a mut mpsc::Receiver<Request>,
        welcome: Welcome,
        stop: &'a CancellationToken,
    ) -> Ended {
        let me = welcome.user_id.clone();
        let app_key = shared.options.app_key.clone();
        let user = me.clone();
        let cursor = shared.db.run(move |db| db::bind(db, app_key.as_str(), &user)).await;
        let cursor = match cursor {
            Ok(cursor) => cursor,
            Err(error) => return error.into(),
        };
        let (inbox, reset) = Inbox::new(cursor, welcome.inbox_head, welcome.inbox_floor);
        let heartbeat = Duration::from_millis(u64::from(welcome.heartbeat_ms).max(10));
        let mut session = Session {
            shared,
            socket,
            requests,
            stop,
            me,
            unanswered: HashMap::new(),
            last_id: LOGIN_ID,
            inbox,
            news: News { reset, ..News::default() },
            was_reset: false,
            next_channels: None,
            heartbeat,
            next_ping: Instant::now() + heartbeat,
        };
        session.welcomed(welcome);
        let Err(mut ended) = session.serve().await;
        if let Err(worse @ Ended::Fatal(_)) = session.settle().await {
            ended = worse;
        }
        session.clean_up();
        ended
    }

    fn welcomed(&self, welcome: Welcome) {
        let mut me = lock(&self.shared.me);
        me.user_id.clone_from(&welcome.user_id);
        me.account = welcome.account.unwrap_or_default();
        me.server_time = Some((welcome.server_time, Instant::now()));
        drop(me);
        // Before the event, for whoever calls an operation as soon as the event is there.
        self.shared.set_state(State::Connected);
        self.shared.events.push_state(Event::Connected {
            user_id: welcome.user_id,
            session_id: welcome.session_id,
        });
    }

    /// Says what is held here, so that it is not pushed, and closes the connection.
    async fn say_goodbye(&mut self) {
        let ping = client_frame::Body::Ping(Ping { cursor: self.inbox.cursor() });
        if self.write(Purpose::Ping, ping).await.is_ok() {
            let _ = self.socket.close(None).await;
        }
    }

    async fn serve(&mut self) -> Result<Infallible, Ended> {
        let shared = self.shared;
        loop {
            self.settle().await?;
            self.ask_for_entries().await?;
            self.send_messages().await?;
            let wake = self.next_wake();
            let may_ask = self.unanswered.len() < UNANSWERED;
            let held_back = self.inbox.has_ready();
            tokio::select! {
                () = self.stop.cancelled() => {
                    let _ = timeout(Duration::from_secs(1), self.say_goodbye()).await;
                    return Err(Ended::ByApp);
                }
                message = self.socket.next() => {
                    self.receive(message)?;
                    for _ in 0..GO {
                        let Some(message) = self.socket.next().now_or_never() else { break };
                        self.receive(message)?;
                    }
                }
                Some(request) = self.requests.recv(), if may_ask => {
                    // A message that was queued before the operation goes before it.
                    self.send_messages().await?;
                    self.write(Purpose::Operation(request.answer), request.body).await?;
                }
                () = shared.outbox_changed.notified() => {}
                () = shared.events.freed(), if held_back => {}
                () = tokio::time::sleep_until(wake) => self.on_time().await?,
            }
        }
    }

    fn receive(&mut self, message: Option<tungstenite::Result<WsMessage>>) -> Result<(), Ended> {
        match message {
            Some(Ok(WsMessage::Binary(bytes))) => {
                let frame = ServerFrame::decode(bytes).map_err(|e| {
                    Ended::lost(LocalCode::ConnectionLost, format!("a frame cannot be read: {e}"))
                })?;
                let Some(body) = frame.body else { return Ok(()) };
                if frame.id == 0 { self.pushed(body) } else { self.answered(frame.id, body) }
            }
            Some(Ok(WsMessage::Close(close))) => {
                let (code, text) = close.map_or((1005, String::new()), |frame| {
                    (frame.code.into(), frame.reason.as_str().to_owned())
                });
                Err(Ended::closed(code, &text))
            }
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(Ended::lost(LocalCode::ConnectionLost, error.to_string())),
            None => Err(Ended::lost(LocalCode::ConnectionLost, "the connection was closed")),
        }
    }

    fn pushed(&mut self, body: server_frame::Body) -> Result<(), Ended> {
        match body {
            server_frame::Body::Entry(Entry { seq: 0, body, .. }) => self.passing(body),
            server_frame::Body::Entry(entry) => self.inbox.pushed(entry),
            server_frame::Body::Typing(typing) => self.news.hints.push(Event::Typing(typing)),
            server_frame::Body::PresenceChanged(presence) => {
                self.news.hints.push(Event::PresenceChanged(presence.states));
            }
            server_frame::Body::Closing(failure) => {
                return Err(Ended::Lost(Box::new(failure.into())));
            }
            // A later version's push.
            _ => {}
        }
        Ok(())
    }

    /// What is told to connected devices only and has no place in the inbox: a transient message, a friend's new
    /// profile, or who has read messages of a group.
    fn passing(&mut self, body: Option<entry::Body>) {
        let hint = match body {
            Some(entry::Body::Message(message)) => Event::Message(message),
            Some(entry::Body::ProfileChanged(ProfileChanged {
                profile: Some(profile), ..
            })) => Event::ProfileChanged(profile),
            Some(entry::Body::ReadReceipts(receipts)) => Event::ReadReceipts(receipts),
            _ => return,
        };
        self.news.hints.push(hint);
    }

    fn answered(&mut self, id: u64, body: server_frame::Body) -> Result<(), Ended> {
        // An answer after its time limit has nobody waiting for it.
        let Some(Unanswered { purpose, .. }) = self.unanswered.remove(&id) else { return Ok(()) };
        match (purpose, body) {
            (Purpose::Ping, server_frame::Body::Pong(pong)) => {
                self.inbox.saw_head(pong.inbox_head);
                lock(&self.shared.me).server_time = Some((pong.server_time, Instant::now()));
            }
            (Purpose::Ping, _) => {}
            (Purpose::Sync, server_frame::Body::SyncPage(page)) => {
                let reset = self.inbox.page(page);
                self.news.reset = reset.or(self.news.reset);
            }
            (Purpose::Sync, _) => self.inbox.page_failed(),
            (Purpose::Send(id), server_frame::Body::MessageSent(sent)) => self.accepted(id, sent),
            (Purpose::Send(id), server_frame::Body::Failure(failure)) => self.refused(id, failure),
            (Purpose::Send(_), _) => {
                let message = "a message was answered with something else";
                return Err(Ended::lost(LocalCode::ConnectionLost, message));
            }
            (Purpose::Channels(n), server_frame::Body::ChannelStates(channels)) => {
                self.news.channels.push((n, channels));
            }
            (Purpose::Channels(n), _) => {
                tracing::warn!("the server refuses to list channels");
                self.news.channels.push((n, ChannelStates::default()));
            }
            (Purpose::Operation(answer), server_frame::Body::Failure(failure)) => {
                let _ = answer.send(Err(ClientError::Refused(Box::new(failure.into()))));
            }
            (Purpose::Operation(answer), body) => {
                let _ = answer.send(Ok(body));
            }
        }
        Ok(())
    }

    fn accepted(&mut self, client_message_id: String, sent: MessageSent) {
        self.inbox.acknowledged(sent.seq);
        let outbox = lock(&self.shared.outbox);
        let Some(queued) = outbox.get(&client_message_id) else { return };
        let SendMessage { channel, r#type, content, uncounted, needs_receipt, to_user_ids, .. } =
            queued.message.clone();
        drop(outbox);
        self.news.acks.push(apply::Ack {
            message: Message {
                id: sent.message_id.clone(),
                channel,
                sender_id: self.me.clone(),
                r#type,
                content,
                sent_at: sent.sent_at,
                client_message_id: client_message_id.clone(),
                counted: !uncounted,
                needs_receipt,
                to_user_ids,
                ..Message::default()
            },
            sent: Sent { client_message_id, message_id: sent.message_id, sent_at: sent.sent_at },
        });
    }

    fn refused(&mut self, client_message_id: String, failure: Failure) {
        let cause = Cause::from(failure);
        let passing = [Code::Timeout, Code::Unavailable, Code::OutcomeUnknown];
        if passing.iter().any(|code| code.number() == cause.code) {
            let mut outbox = lock(&self.shared.outbox);
            outbox.retry(&client_message_id, Instant::now(), cause.retry_after);
        } else {
            self.news.refused.push((client_message_id, cause));
        }
    }

    /// Commits the news and as many entries as there is room for, then tells.
    async fn settle(&mut self) -> Result<(), Ended> {
        let News { reset, mut acks, refused, channels, hints } = std::mem::take(&mut self.news);
        if let Some(Reset { cursor }) = reset {
            self.shared.db.run(move |db| apply::reset(db, cursor)).await?;
            self.was_reset = true;
        }
        for (id, cause) in refused {
            let gone = id.clone();
            self.shared.db.run(move |db| db::drop_send(db, &gone)).await?;
            self.tell_outcome(&id, Err(ClientError::Refused(cause.into())));
        }
        let keep = self.shared.options.keep;
        loop {
            let steps = self.inbox.ready(self.shared.events.room().min(GO));
            if steps.is_empty() && acks.is_empty() {
                break;
            }
            let batch = std::mem::take(&mut acks);
            let sent: Vec<Sent> = batch.iter().map(|ack| ack.sent.clone()).collect();
            let me = self.me.clone();
            let commit = move |db: &mut _| apply::commit(db, &me, batch, steps, keep);
            let applied = self.shared.db.run(commit).await?;
            for sent in sent.into_iter().chain(applied.accepted) {
                let id = sent.client_message_id.clone();
                self.tell_outcome(&id, Ok(sent));
            }
            for event in applied.events {
                if let Event::AccountChanged(account) = &event {
                    lock(&self.shared.me).account = account.clone();
                }
                self.shared.events.push(event);
            }
            self.shared.people_changed(applied.people).await?;
        }
        for hint in hints {
            if let Event::ProfileChanged(profile) = &hint {
                let (profile, user) = (profile.clone(), profile.user_id.clone());
                let store = move |db: &mut _| people::store_profiles(db, &[profile], keep);
                self.shared.db.run(store).await?;
                self.shared.people_changed(vec![user]).await?;
            }
            self.shared.events.offer(hint);
        }
        for (n, page) in channels {
            self.settle_channels(n, page).await?;
        }
        let now = SyncState { cursor: self.inbox.cursor(), head: self.inbox.head() };
        self.shared.sync_state.send_if_modified(|state| std::mem::replace(state, now) != now);
        if self.inbox.take_completed() {
            if self.was_reset {
                self.next_channels = Some((0, 0));
            } else {
                self.shared.events.push_state(Event::SyncCompleted { reset: false });
            }
        }
        Ok(())
    }

    async fn settle_channels(&mut self, n: u32, page: ChannelStates) -> Result<(), Ended> {
        let me = self.me.clone();
        let keep = self.shared.options.keep;
        let oldest = page.channels.last().map_or(0, |channel| channel.updated_at);
        let more = page.has_more && n + 1 < CHANNEL_PAGES && oldest > 0;
        let store = move |db: &mut _| apply::store_channels(db, &me, &page.channels, keep);
        self.shared.db.run(store).await?;
        if more {
            self.next_channels = Some((n + 1, oldest));
        } else {
            self.was_reset = false;
            self.shared.events.push_state(Event::SyncCompleted { reset: true });
        }
        Ok(())
    }

    /// Answers whoever waits for a message's outcome; of one from an earlier run an event tells.
    fn tell_outcome(&self, client_message_id: &str, outcome: Result<Sent, ClientError>) {
        let Some(queued) = lock(&self.shared.outbox).take(client_message_id) else { return };
        match (queued.answer, outcome) {
            (Some(answer), outcome) => drop(answer.send(outcome)),
            (None, Ok(sent)) => self.shared.events.offer(Event::QueuedMessageSent(sent)),
            (None, Err(error)) => self.shared.events.offer(Event::QueuedMessageFailed {
                client_message_id: client_message_id.to_owned(),
                error,
            }),
        }
    }

    async fn ask_for_entries(&mut self) -> Result<(), Ended> {
        if let Some(after) = self.inbox.ask_after() {
            let sync = client_frame::Body::Sync(Sync { after, limit: PAGE });
            self.write(Purpose::Sync, sync).await?;
        }
        if let Some((n, before)) = self.next_channels.take() {
            let ask = GetChannels { before, limit: PAGE, ..GetChannels::default() };
            self.write(Purpose::Channels(n), client_frame::Body::GetChannels(ask)).await?;
        }
        Ok(())
    }

    async fn send_messages(&mut self) -> Result<(), Ended> {
        while self.unanswered.len() < UNANSWERED {
            let Some(message) = lock(&self.shared.outbox).next(Instant::now()) else { break };
            let purpose = Purpose::Send(message.client_message_id.clone());
            self.write(purpose, client_frame::Body::SendMessage(message)).await?;
        }
        Ok(())
    }

    async fn write(&mut self, purpose: Purpose, body: client_frame::Body) -> Result<(), Ended> {
        self.last_id += 1;
        let frame = ClientFrame { id: self.last_id, body: Some(body) };
        let patience = self.shared.options.request_timeout;
        let deadline = Instant::now() + patience;
        self.unanswered.insert(self.last_id, Unanswered { purpose, deadline });
        let message = WsMessage::binary(frame.encode_to_vec());
        let failed = match timeout(patience, self.socket.send(message)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("the server has read nothing for {patience:?}"),
        };
        // What the server said before it closed is worth more than that writing failed.
        while let Ok(Some(message)) = timeout(LAST_WORDS, self.socket.next()).await {
            self.receive(Some(message))?;
        }
        Err(Ended::lost(LocalCode::ConnectionLost, failed))
    }

    fn next_wake(&self) -> Instant {
        let deadlines = self.unanswered.values().map(|u| u.deadline);
        let retry = lock(&self.shared.outbox).next_retry();
        // One that is due may still have to wait for a free place.
        let retry = retry.map(|at| at.max(Instant::now() + Duration::from_millis(20)));
        deadlines.chain(retry).fold(self.next_ping, Instant::min)
    }

    async fn on_time(&mut self) -> Result<(), Ended> {
        let now = Instant::now();
        let late = |u: &Unanswered| u.deadline <= now;
        let patience = self.shared.options.request_timeout;
        for (_, late) in self.unanswered.extract_if(|_, u| late(u)) {
            let code = match late.purpose {
                // Its caller has stopped waiting too.
                Purpose::Operation(_) => continue,
                Purpose::Ping => LocalCode::HeartbeatTimeout,
                _ => LocalCode::ConnectionLost,
            };
            return Err(Ended::lost(code, format!("no answer within {patience:?}")));
        }
        if self.next_ping <= now {
            self.next_ping = now + self.heartbeat;
            let ping = Ping { cursor: self.inbox.cursor() };
            self.write(Purpose::Ping, client_frame::Body::Ping(ping)).await?;
        }
        Ok(())
    }

    fn clean_up(&mut self) {
        lock(&self.shared.outbox).connection_lost();
        for (_, unanswered) in self.unanswered.drain() {
            if let Purpose::Operation(answer) = unanswered.purpose {
                let _ = answer.send(Err(ClientError::ConnectionLost));
            }
        }
    }
}

/// How long to go on reading after writing has failed.
const LAST_WORDS: Duration = Duration::from_millis(500);
