//! A connection that has logged in: what its one task does, until it ends.
//!
//! [`Connection::poll_event`] waits for whatever happens next: an order to end, mail, an answer, a page, a
//! frame, the clock. Each event is handled without waiting, and what there is to write is queued; the queue is
//! written when nothing else is ready, so that what happens together is written together. While the queue is
//! long nothing is added to it: neither mail nor answers nor new requests.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use nuncio_core::{Claim, Error};
use nuncio_protocol::frames::{
    ClientFrame, Failure, MessageSent, Pong, ProtobufMessage as _, ServerFrame, SyncPage,
    server_frame,
};
use nuncio_protocol::{Code, Refusal};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use crate::close::{bad_frame, come_back};
use crate::delivery::{Delivery, Step};
use crate::gateway::{Gateway, Place};
use crate::handlers::{self, Answer, Asked, Outcome};
use crate::login::{self, Registered};
use crate::mailbox::{Mail, News};
use crate::pace::{Allowed, Pace, SentAway};
use crate::requests::{MOST, Requests};
use crate::serve::{linger, say_goodbye};
use crate::ws::handshake::Io;
use crate::ws::socket::{Broken, Incoming, Socket};

/// Bytes that wait to be written before nothing more is added.
const QUEUED: usize = 64 * 1024;
/// Inbox entries read at once by a session that is behind.
const PAGE: u32 = 50;

/// What a connection is made of after its login.
pub(crate) struct Parts {
    pub(crate) place: Place,
    pub(crate) socket: Socket<Io>,
    pub(crate) registered: Registered,
    pub(crate) inbox_head: u64,
    pub(crate) claim: Claim,
}

/// A connection that has logged in.
pub(crate) struct Connection {
    place: Place,
    socket: Socket<Io>,
    registered: Registered,
    delivery: Delivery,
    requests: Requests,
    /// A page of the inbox on its way.
    page: Option<BoxFuture<'static, Result<SyncPage, Error>>>,
    pace: Pace,
    /// When the client last gave a sign of life.
    heard: Instant,
    /// When the token ends.
    expires: Option<Instant>,
    stalled: Option<Stalled>,
    sent_away: Option<Box<SentAway>>,
    /// Fires when one of the moments above may have come.
    timer: Pin<Box<Sleep>>,
    /// How far a logout has got, once it was asked for.
    leaving: Option<Leaving>,
}

/// A logout on its way.
enum Leaving {
    /// It was asked for under this id; what was asked before is answered first.
    Asked(u64),
    /// It is being done.
    Begun,
}

/// Writing has come to a halt.
struct Stalled {
    since: Instant,
    /// Bytes written since the beginning once all that waited at that moment has been.
    until: u64,
}

enum Event {
    News(News),
    Answer(u64, Outcome),
    Page(Result<SyncPage, Error>),
    Incoming(Result<Incoming, Broken>),
    /// There is room in the queue again.
    Room,
    /// The connection cannot be written to.
    Lost,
    Tick,
}

/// How a connection ends.
pub(crate) enum End {
    /// The server wants it, and tells why.
    Told(Failure),
    /// The client wants it.
    Closed,
    /// There is nobody to tell.
    Lost,
}

impl Connection {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { place, socket, registered, inbox_head, claim } = parts;
        let options = &place.gateway.options;
        let now = Instant::now();
        let per_second = claim.app.settings.client_calls_per_second;
        let expires = login::expiry(&place.gateway, &claim);
        let silent = now + options.silence();
        Self {
            delivery: Delivery::after(inbox_head, registered.session.user.clone()),
            requests: Requests::default(),
            page: None,
            pace: Pace::new(per_second.unwrap_or(options.calls_per_second), now),
            heard: now,
            expires,
            stalled: None,
            sent_away: None,
            timer: Box::pin(sleep_until(expires.unwrap_or(silent).min(silent))),
            leaving: None,
            place,
            socket,
            registered,
        }
    }

    fn gateway(&self) -> &Arc<Gateway> {
        &self.place.gateway
    }

    /// Serves until something ends it.
    pub(crate) async fn run(&mut self) -> End {
        poll_fn(|cx| self.poll_end(cx)).await
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        while let Poll::Ready(event) = self.poll_event(cx) {
            if let Err(end) = self.handle(event) {
                return Poll::Ready(end);
            }
            self.deliver();
            if self.requests.is_empty() {
                match self.leaving {
                    Some(Leaving::Asked(id)) => {
                        self.leaving = Some(Leaving::Begun);
                        self.begin(id, Asked::Logout);
                    }
                    Some(Leaving::Begun) => return Poll::Ready(End::Closed),
                    None => {}
                }
            }
        }
        Poll::Pending
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        let room = self.socket.queued() < QUEUED;
        // First of all, orders to end: nothing may be begun after one was given.
        let mail = room && !self.delivery.is_full();
        if let Poll::Ready(news) = self.registered.session.mailbox.poll(cx, mail) {
            return Poll::Ready(Event::News(news));
        }
        if room {
            if let Poll::Ready((id, outcome)) = self.requests.poll(cx) {
                return Poll::Ready(Event::Answer(id, outcome));
            }
            if let Some(page) = &mut self.page
                && let Poll::Ready(outcome) = page.poll_unpin(cx)
            {
                self.page = None;
                return Poll::Ready(Event::Page(outcome));
            }
            if self.listens()
                && let Poll::Ready(incoming) = self.socket.poll_incoming(cx)
            {
                return Poll::Ready(Event::Incoming(incoming));
            }
        }
        if self.socket.queued() > 0 {
            match self.socket.poll_flush(cx) {
                Poll::Ready(Ok(())) => self.stalled = None,
                Poll::Ready(Err(_)) => return Poll::Ready(Event::Lost),
                Poll::Pending => self.note_stall(),
            }
            if !room && self.socket.queued() < QUEUED {
                return Poll::Ready(Event::Room);
            }
        }
        self.timer.as_mut().poll(cx).map(|()| Event::Tick)
    }

    /// Whether new requests are taken now.
    fn listens(&self) -> bool {
        self.requests.len() < MOST && self.leaving.is_none() && self.deaf_until().is_none()
    }

    fn deaf_until(&self) -> Option<Instant> {
        self.sent_away.as_ref().and_then(|sent_away| sent_away.deaf_until())
    }

    fn handle(&mut self, event: Event) -> Result<(), End> {
        match event {
            Event::News(News::Closing(why)) => Err(End::Told(why)),
            Event::News(News::Mail(mail)) => {
                self.take_mail(mail);
                Ok(())
            }
            Event::Answer(id, outcome) => {
                self.answer(id, outcome);
                Ok(())
            }
            Event::Page(Ok(page)) => {
                self.delivery.page(page);
                Ok(())
            }
            Event::Page(Err(error)) => Err(End::Told(self.cannot_read(&error))),
            Event::Incoming(Ok(incoming)) => {
                self.heard = Instant::now();
                match incoming {
                    Incoming::Message(message) => self.frame(&message),
                    Incoming::Sign => match self.pace.call(self.heard) {
                        Allowed::Never => Err(End::Told(calling_too_fast())),
                        _ => Ok(()),
                    },
                    Incoming::Close => Err(End::Closed),
                }
            }
            Event::Incoming(Err(Broken::Fault(fault))) => Err(End::Told(bad_frame(fault))),
            Event::Incoming(Err(Broken::Lost)) | Event::Lost => Err(End::Lost),
            Event::Room => Ok(()),
            Event::Tick => self.tick(),
        }
    }

    fn take_mail(&mut self, mail: Mail) {
        for frame in mail.told {
            self.gateway().metrics.frames_sent.inc();
            self.socket.push(&frame);
        }
        for (seq, frame) in mail.entries {
            self.delivery.entry(seq, frame);
        }
        if mail.missed {
            self.delivery.missed();
        }
    }

    fn frame(&mut self, message: &[u8]) -> Result<(), End> {
        self.gateway().metrics.frames_received.inc();
        let Ok(ClientFrame { id, body }) = ClientFrame::decode(message) else {
            return Err(End::Told(bad_frame("the frame is not a `ClientFrame`")));
        };
        if id == 0 || self.requests.has(id) {
            return Err(End::Told(bad_frame(
                "a request's id is 0, or that of another open request",
            )));
        }
        let allowed = self.pace.call(self.heard);
        if allowed == Allowed::Never {
            return Err(End::Told(calling_too_fast()));
        }
        match (handlers::read(body), allowed) {
            (Asked::Nothing(why), _) => {
                let failure = bad_frame(why);
                self.write(id, server_frame::Body::Failure(failure.clone()));
                Err(End::Told(failure))
            }
            // A heartbeat is answered in any case; when it comes too fast, with what is known already.
            (Asked::Ping(_), Allowed::After(_)) => {
                self.pong(id, self.delivery.sent());
                Ok(())
            }
            (asked, Allowed::After(wait)) => {
                let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
                if matches!(asked, Asked::Send(_)) {
                    self.refuse_message(id, wait_ms);
                } else {
                    let failure = Refusal::CallingTooFast { wait_ms }.to_failure();
                    self.write(id, server_frame::Body::Failure(failure));
                }
                Ok(())
            }
            (Asked::Send(_), _) if self.is_overloaded() => {
                self.send_away(id);
                Ok(())
            }
            (Asked::Logout, _) => {
                self.leaving = Some(Leaving::Asked(id));
                Ok(())
            }
            (asked, _) => {
                self.begin(id, asked);
                Ok(())
            }
        }
    }

    fn send_away(&mut self, id: u64) {
        let sent_away = SentAway::again(self.sent_away.as_deref().copied(), self.heard);
        self.refuse_message(id, sent_away.wait_ms(self.heard));
        if let Some(until) = sent_away.deaf_until() {
            self.wake_by(until);
        }
        self.sent_away = Some(Box::new(sent_away));
    }

    fn refuse_message(&mut self, id: u64, wait_ms: u64) {
        let failure = Refusal::SendingTooFast { wait_ms }.to_failure();
        self.gateway().metrics.message(Some(&failure));
        let app = self.registered.session.app;
        self.gateway().core.figures().message(app, failure.code, None);
        self.write(id, server_frame::Body::Failure(failure));
    }

    /// Whether more waits for the store already than messages may add to.
    fn is_overloaded(&self) -> bool {
        let gateway = self.gateway();
        gateway.core.store().backlog() >= gateway.options.backlog
    }

    fn begin(&mut self, id: u64, asked: Asked) {
        if let Asked::Send(message) = &asked
            && let Some(client_id) = message.own_entry()
        {
            self.delivery.sending(id, client_id);
        }
        let context = handlers::Context {
            gateway: Arc::clone(self.gateway()),
            session: Arc::clone(&self.registered.session),
        };
        let started = Instant::now();
        self.requests.begin(id, started, handlers::start(context, asked));
        self.wake_by(started + self.gateway().options.request_timeout);
    }

    fn answer(&mut self, id: u64, outcome: Outcome) {
        match outcome {
            Ok(Answer::Sent(answer)) => {
                if let Some(answer) = self.delivery.sent_as(id, answer) {
                    self.sent(id, answer);
                }
            }
            Ok(Answer::Head(head)) => {
                self.delivery.head(head);
                // What is here already goes before, so that the client does not take it for missing.
                self.deliver();
                self.pong(id, head);
            }
            Ok(Answer::Body(body)) => self.write(id, *body),
            Err(failure) => {
                self.delivery.not_sent(id);
                self.write(id, server_frame::Body::Failure(failure));
            }
        }
    }

    fn sent(&mut self, id: u64, answer: MessageSent) {
        self.write(id, server_frame::Body::MessageSent(answer));
    }

    fn pong(&mut self, id: u64, inbox_head: u64) {
        let server_time = self.gateway().core.now().0;
        self.write(id, server_frame::Body::Pong(Pong { server_time, inbox_head }));
    }

    fn write(&mut self, id: u64, body: server_frame::Body) {
        self.gateway().metrics.frames_sent.inc();
        self.socket.push_protobuf(&ServerFrame::new(id, body));
    }

    /// Queues what is due, as far as there is room.
    fn deliver(&mut self) {
        while self.socket.queued() < QUEUED {
            match self.delivery.next() {
                Some(Step::Entry(frame)) => {
                    self.gateway().metrics.frames_sent.inc();
                    self.socket.push(&frame);
                }
                Some(Step::Answer(id, answer)) => self.sent(id, answer),
                Some(Step::Read(after)) => {
                    let core = self.gateway().core.clone();
                    let session = Arc::clone(&self.registered.session);
                    let page = async move {
                        core.sync(session.app, session.user.clone(), after, PAGE).await
                    };
                    self.page = Some(Box::pin(page));
                }
                None => return,
            }
        }
    }

    fn note_stall(&mut self) {
        let written = self.socket.total_written();
        if self.stalled.as_ref().is_some_and(|stalled| written < stalled.until) {
            return;
        }
        let since = Instant::now();
        self.stalled = Some(Stalled { since, until: written + self.socket.queued() as u64 });
        self.wake_by(since + self.gateway().options.write_timeout);
    }

    /// Has the timer fire at `moment` at the latest.
    fn wake_by(&mut self, moment: Instant) {
        if moment < self.timer.deadline() {
            self.timer.as_mut().reset(moment);
        }
    }

    /// Looks at all that may take only so long.
    fn tick(&mut self) -> Result<(), End> {
        let gateway = Arc::clone(self.gateway());
        let options = &gateway.options;
        let now = Instant::now();
        let room = self.socket.queued() < QUEUED;
        self.sent_away.take_if(|sent_away| sent_away.is_over(now));
        if !self.listens() || !room {
            // Who is not listened to cannot be heard.
            self.heard = now;
        }
        let silent = self.heard + options.silence();
        let stalled = self.stalled.as_ref().map(|stalled| stalled.since + options.write_timeout);
        let late = self.requests.oldest().map(|started| started + options.request_timeout);
        let has_come = |moment: Option<Instant>| moment.is_some_and(|moment| moment <= now);
        if has_come(self.expires) {
            return Err(End::Told(Refusal::TokenExpired.to_failure()));
        }
        if has_come(stalled) {
            gateway.metrics.slow_readers.inc();
            return Err(End::Told(come_back("the client reads too slowly", 0)));
        }
        if has_come(late) {
            return Err(End::Told(come_back("a request took too long", 0)));
        }
        if silent <= now {
            return Err(End::Told(come_back("nothing was heard from the client", 0)));
        }
        let moments = [self.expires, stalled, late, self.deaf_until()];
        let next = moments.into_iter().flatten().fold(silent, Instant::min);
        self.timer.as_mut().reset(next);
        Ok(())
    }

    fn cannot_read(&self, error: &Error) -> Failure {
        match error {
            Error::Refused(Refusal::NotRegistered(_) | Refusal::SoftDeleted(_)) => {
                Refusal::UserDeleted.to_failure()
            }
            error => {
                let id = self.registered.session.id;
                tracing::error!(session.id = %id, "session {id} could not read the inbox: {error}");
                come_back("the inbox could not be read", 0)
            }
        }
    }

    /// Ends it: out of the registry, a last word, and the end of the stream.
    pub(crate) async fn end(self: Box<Self>, end: End) {
        let Self { place, mut socket, registered, requests, leaving, .. } = *self;
        let leaves = match &end {
            End::Closed => leaving.is_some(),
            End::Told(why) => why.code == Code::UserDeleted.number(),
            End::Lost => false,
        };
        if leaves {
            registered.session.leaves();
        }
        registered.forget();
        let id = registered.session.id;
        let code = if let End::Told(why) = &end { why.code } else { 0 };
        tracing::debug!(session.id = %id, code, "session {id} ends");
        let why = match end {
            End::Told(why) => {
                // What was submitted to the store is decided there; nothing else may happen any more.
                drop(requests);
                place.gateway.metrics.closed(&why);
                Some(why)
            }
            End::Closed | End::Lost => {
                if !requests.is_empty() {
                    let most = place.gateway.options.request_timeout;
                    place.gateway.tasks.spawn(async move {
                        let _ = timeout(most, requests.finish()).await;
                    });
                }
                if matches!(end, End::Lost) {
                    return;
                }
                None
            }
        };
        say_goodbye(&mut socket, why).await;
        drop(registered);
        linger(socket).await;
    }
}

fn calling_too_fast() -> Failure {
    Failure::new(Code::CallingTooFast, "too fast, and for too long: keep to `retry_after_ms`")
}
