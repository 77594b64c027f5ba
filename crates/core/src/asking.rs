//! Asking an app's server about a message before it is sent.
//!
//! The append says that the server is to be asked, and only when no other rule stands against the message; what
//! was accepted before is recognised there too, and not asked about again. Then the server is asked outside of
//! any transaction, and the append comes again with its answer, all rules looked up anew. A sender's messages
//! wait for each other, so that they keep their order; nobody else waits for them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nuncio_protocol::frames::{Channel, ChannelType};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::Content;
use nuncio_protocol::{MessageId, Refusal, UserId};
use nuncio_store::webhooks::Target;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard, Semaphore};
use tokio::time::{Instant, sleep, timeout_at};

use crate::courier::Reply;
use crate::webhooks::{Event, signing_id};
use crate::{Core, Error};

/// Questions to one app's server at once.
const AT_ONCE: usize = 64;
/// Tries of one question, as far as its time allows.
const TRIES: u32 = 3;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);
/// Bytes of an answer: a content in which every character is escaped.
const ANSWER_BYTES: usize = 1024 * 1024;
/// Characters of what the sender is told.
const EXTRA_CHARS: usize = 1024;

type Sender = (AppId, UserId);

/// Whose turn it is among a sender's messages, and how many take part; by sender.
type Turns = HashMap<Sender, (Arc<Turn<()>>, usize)>;

/// Questions under way on this node.
#[derive(Default)]
pub(crate) struct Asking {
    turns: Mutex<Turns>,
    /// How many places are taken in all turns: nearly always none.
    taken: AtomicUsize,
    apps: Mutex<HashMap<AppId, Arc<Semaphore>>>,
}

/// One of a sender's messages that wait for each other, or whose turn it is.
pub(crate) struct Place {
    asking: Arc<Asking>,
    sender: Sender,
}

/// It is the turn of a message, as long as this is there.
pub(crate) type InTurn = (Place, OwnedMutexGuard<()>);

impl Asking {
    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn app(&self, app: AppId) -> Arc<Semaphore> {
        let mut apps = self.apps.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(apps.entry(app).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))))
    }

    /// Waits for the sender's earlier messages, if there are any that are asked about.
    pub(crate) async fn wait(self: &Arc<Self>, sender: &Sender) -> Option<InTurn> {
        if self.taken.load(Ordering::Acquire) == 0 || !self.turns().contains_key(sender) {
            return None;
        }
        Some(self.begin(sender).await)
    }

    /// The turn that [`Asking::wait`] gave, or else one that is waited for now.
    pub(crate) async fn take(self: &Arc<Self>, given: Option<InTurn>, sender: &Sender) -> InTurn {
        match given {
            Some(turn) => turn,
            None => self.begin(sender).await,
        }
    }

    /// Takes a place behind the sender's earlier messages, and waits for them.
    pub(crate) async fn begin(self: &Arc<Self>, sender: &Sender) -> InTurn {
        let turn = {
            let mut turns = self.turns();
            let (turn, places) = turns.entry(sender.clone()).or_default();
            *places += 1;
            Arc::clone(turn)
        };
        self.taken.fetch_add(1, Ordering::AcqRel);
        let place = Place { asking: Arc::clone(self), sender: sender.clone() };
        (place, turn.lock_owned().await)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut turns = self.asking.turns();
        if let Some((_, places)) = turns.get_mut(&self.sender) {
            *places -= 1;
            if *places == 0 {
                turns.remove(&self.sender);
            }
        }
        self.asking.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What is asked about.
pub(crate) struct Question<'a> {
    pub(crate) app: AppId,
    pub(crate) sender: &'a UserId,
    /// Where it is sent to: the other side of a direct channel, or a group.
    pub(crate) channel: Channel,
    /// Of a message to some members of a group: who they are.
    pub(crate) to: &'a [UserId],
    /// The type's name, where it is known.
    pub(crate) r#type: &'a str,
    pub(crate) content: &'a Content,
    /// The message whose content is to be another one.
    pub(crate) edits: Option<MessageId>,
    /// When the sender began to wait.
    pub(crate) since: Instant,
}

/// The answer, as it comes.
#[derive(Deserialize)]
struct Answer {
    pass: u8,
    #[serde(default)]
    extra: Option<String>,
    #[serde(default)]
    content: Option<Value>,
}

impl Question<'_> {
    /// What the app's server asks to be asked about.
    fn event(&self) -> Event {
        match self.channel.r#type() {
            ChannelType::Group => Event::BeforeGroupMessage,
            _ => Event::BeforeMessage,
        }
    }
}

impl Core {
    /// Shows a message to the app's server. Answers the content to send; refused when the server says so, or says
    /// nothing where that means no.
    pub(crate) async fn ask(&self, question: &Question<'_>) -> Result<Content, Error> {
        let unchanged = || question.content.clone();
        // Nobody is to be asked any more.
        let Some(target) = self.store.asked_webhook(question.app, question.event()).await? else {
            return Ok(unchanged());
        };
        let setup = &target.webhook.setup;
        let deadline = question.since + Duration::from_millis(u64::from(setup.timeout_ms));
        let metrics = &self.parts.deliveries.metrics;
        match timeout_at(deadline, self.answer(&target, question, deadline)).await {
            Ok(Ok(Some(content))) => {
                metrics.question(if content == *question.content { "passed" } else { "changed" });
                Ok(content)
            }
            Ok(Ok(None)) => {
                metrics.question("passed");
                Ok(unchanged())
            }
            Ok(Err(Error::Refused(refusal))) => {
                metrics.question("refused");
                Err(refusal.into())
            }
            outcome => {
                metrics.question("silent");
                let why = match outcome {
                    Ok(Err(error)) => error.to_string(),
                    _ => "no answer in time".to_owned(),
                };
                tracing::debug!(webhook.id = %target.webhook.id, "not answered about a message: {why}");
                self.note_silence(&target, &why);
                if setup.pass_when_silent {
                    Ok(unchanged())
                } else {
                    Err(Refusal::AppServerSilent.into())
                }
            }
        }
    }

    async fn answer(
        &self,
        target: &Target,
        question: &Question<'_>,
        deadline: Instant,
    ) -> Result<Option<Content>, Error> {
        let room = self.parts.asking.app(question.app);
        let _room = room.acquire().await.map_err(|error| Error::Internal(error.to_string()))?;
        let now = self.now();
        let mut data = json!({
            "userId": question.sender.as_str(), "channelId": question.channel.id,
            "channelType": question.channel.r#type,
            "content": question.content.as_str(), "time": now.0, "os": self.store.os().word(),
        });
        if !question.r#type.is_empty() {
            data["messageType"] = json!(question.r#type);
        }
        if let Some(id) = question.edits {
            data["originalMessageId"] = json!(id.to_string());
        }
        if !question.to.is_empty() {
            let to: Vec<&str> = question.to.iter().map(UserId::as_str).collect();
            data["toUserIds"] = json!(to);
        }
        let body = json!({
            "type": question.event().kind(), "id": signing_id(), "time": now.0, "data": [data],
        })
        .to_string();
        let mut why = String::new();
        for _ in 0..TRIES {
            let left = deadline.saturating_duration_since(Instant::now());
            let letter = self.letter(target, body.clone(), left, ANSWER_BYTES)?;
            match self.parts.courier.post(letter).await {
                Ok(reply) if reply.status == 200 => return read(&reply),
                Ok(reply) => why = format!("HTTP status {}", reply.status),
                Err(error) => why = error,
            }
            sleep(PAUSE).await;
        }
        Err(Error::Internal(why))
    }
}

/// Reads an answer: another content, or none, or the refusal.
fn read(reply: &Reply) -> Result<Option<Content>, Error> {
    let bad =
        |why: &dyn std::fmt::Display| Error::Internal(format!("the answer is no answer: {why}"));
    let answer: Answer = serde_json::from_slice(&reply.body).map_err(|e| bad(&e))?;
    match answer.pass {
        0 => {
            let extra: String = answer.extra.unwrap_or_default();
            let extra = extra.chars().filter(|c| !c.is_control()).take(EXTRA_CHARS).collect();
            Err(Refusal::RefusedByAppServer(extra).into())
        }
        1 | 2 => match answer.content {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Content::try_from(text).map(Some).map_err(|e| bad(&e)),
            Some(value) => Content::try_from(value.to_string()).map(Some).map_err(|e| bad(&e)),
        },
        other => Err(bad(&format!("`pass` is {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Result<Option<Content>, Error> {
        read(&Reply { status: 200, body: body.as_bytes().to_vec(), retry_after: None })
    }

    #[test]
    fn an_answer_passes_changes_or_refuses_and_anything_else_is_none() {
        assert_eq!(answer(r#"{"pass":1}"#).unwrap(), None);
        let changed = |body| answer(body).unwrap().unwrap();
        assert_eq!(changed(r#"{"pass":2,"content":"{\"a\":1}"}"#).as_str(), r#"{"a":1}"#);
        assert_eq!(changed(r#"{"pass":1,"content":{"a":1}}"#).as_str(), r#"{"a":1}"#);
        let refused = answer(r#"{"pass":0,"extra":"not here"}"#).unwrap_err();
        assert!(matches!(&refused, Error::Refused(Refusal::RefusedByAppServer(_))));
        assert_eq!(refused.sentence(), "not here");
        assert_eq!(
            answer(r#"{"pass":0}"#).unwrap_err().sentence(),
            "the app's server refused the message"
        );
        for body in ["", "ok", "{}", r#"{"pass":3}"#, r#"{"pass":1,"content":"no json"}"#] {
            assert!(matches!(answer(body), Err(Error::Internal(_))), "{body}");
        }
    }

    #[tokio::test]
    async fn a_senders_questions_wait_for_each_other_and_leave_nothing() {
        let asking = Arc::new(Asking::default());
        let sender = (AppId(1), UserId::try_from("ada").unwrap());
        let other = (AppId(1), UserId::try_from("bob").unwrap());
        assert!(asking.wait(&sender).await.is_none());
        let first = asking.begin(&sender).await;
        assert!(asking.wait(&other).await.is_none());
        let mut second = Box::pin(asking.wait(&sender));
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(first);
        assert!(second.await.is_some());
        assert!(asking.turns().is_empty() && asking.taken.load(Ordering::Acquire) == 0);
    }
}
