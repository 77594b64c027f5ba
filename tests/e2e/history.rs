//! Judges recorded histories: what was tried and when, against what had been answered before.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// What was tried.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Deed {
    Login,
    Send,
}

/// One try, from its first byte to its answer.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) deed: Deed,
    pub(crate) begun: Instant,
    pub(crate) ended: Instant,
    /// The code of the refusal; `None` when it succeeded.
    pub(crate) refused: Option<u32>,
    /// The client message id of a send.
    pub(crate) message: String,
}

/// A change of the rules, from the call's first byte to its answer.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) asked: Instant,
    pub(crate) answered: Instant,
    /// Codes with which each deed must be refused from the answer on; a deed that is missing must succeed.
    pub(crate) forbids: BTreeMap<Deed, BTreeSet<u32>>,
}

/// How many attempts a change was judged by.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Judged {
    pub(crate) forbidden: usize,
    pub(crate) allowed: usize,
}

/// Checks that no attempt contradicts the change that was in force during all of it: begun after its answer,
/// and ended before the next change was asked for.
pub(crate) fn judge(attempts: &[Attempt], changes: &[Change]) -> Result<Judged, String> {
    let mut judged = Judged::default();
    for attempt in attempts {
        let in_force =
            changes.iter().enumerate().rfind(|(_, change)| change.answered < attempt.begun);
        let Some((index, change)) = in_force else { continue };
        if changes.get(index + 1).is_some_and(|next| next.asked < attempt.ended) {
            continue;
        }
        match (change.forbids.get(&attempt.deed), attempt.refused) {
            (None, None) => judged.allowed += 1,
            (Some(codes), Some(code)) if codes.contains(&code) => judged.forbidden += 1,
            (expected, found) => {
                let late = attempt.begun - change.answered;
                return Err(format!(
                    "a {:?} begun {late:?} after change {index} was answered: expected {expected:?}, found {found:?}",
                    attempt.deed
                ));
            }
        }
    }
    Ok(judged)
}

/// Checks what a recipient holds against what senders were told: every accepted message once, no refused one.
pub(crate) fn judge_inbox(attempts: &[Attempt], received: &[String]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    if let Some(twice) = received.iter().find(|id| !seen.insert(id.as_str())) {
        return Err(format!("message {twice} is there twice"));
    }
    for attempt in attempts.iter().filter(|attempt| attempt.deed == Deed::Send) {
        let there = seen.contains(attempt.message.as_str());
        match attempt.refused {
            None if !there => {
                return Err(format!("message {} was accepted and lost", attempt.message));
            }
            Some(code) if there && code != LOST_CONNECTION => {
                return Err(format!(
                    "message {} was refused ({code}) and delivered",
                    attempt.message
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Stands for "the connection went away before the answer": whether it took effect is not known.
pub(crate) const LOST_CONNECTION: u32 = 0;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn attempt(
        deed: Deed,
        begun: u64,
        ended: u64,
        refused: Option<u32>,
        start: Instant,
    ) -> Attempt {
        let at = |ms| start + Duration::from_millis(ms);
        Attempt { deed, begun: at(begun), ended: at(ended), refused, message: format!("m{begun}") }
    }

    fn ban(start: Instant) -> Change {
        Change {
            asked: start + Duration::from_millis(10),
            answered: start + Duration::from_millis(20),
            forbids: BTreeMap::from([(Deed::Send, BTreeSet::from([31009]))]),
        }
    }

    #[test]
    fn a_send_that_overlaps_the_change_may_fall_on_either_side() {
        let start = Instant::now();
        for refused in [None, Some(31009)] {
            let history = [attempt(Deed::Send, 15, 30, refused, start)];
            assert!(judge(&history, &[ban(start)]).is_ok());
        }
    }

    #[test]
    fn a_send_accepted_after_the_answer_is_found() {
        let start = Instant::now();
        let history = [attempt(Deed::Send, 21, 30, None, start)];
        assert!(judge(&history, &[ban(start)]).is_err());
        let wrong_code = [attempt(Deed::Send, 21, 30, Some(405), start)];
        assert!(judge(&wrong_code, &[ban(start)]).is_err());
        let right = [attempt(Deed::Send, 21, 30, Some(31009), start)];
        assert_eq!(judge(&right, &[ban(start)]).unwrap().forbidden, 1);
    }

    #[test]
    fn a_refusal_that_nothing_calls_for_is_found() {
        let start = Instant::now();
        let history = [attempt(Deed::Login, 21, 30, Some(31009), start)];
        assert!(judge(&history, &[ban(start)]).is_err());
    }

    #[test]
    fn lost_doubled_and_smuggled_messages_are_found() {
        let start = Instant::now();
        let sent = [attempt(Deed::Send, 1, 2, None, start)];
        let refused = [attempt(Deed::Send, 1, 2, Some(405), start)];
        let inbox = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert!(judge_inbox(&sent, &inbox(&["m1"])).is_ok());
        assert!(judge_inbox(&sent, &inbox(&[])).is_err());
        assert!(judge_inbox(&sent, &inbox(&["m1", "m1"])).is_err());
        assert!(judge_inbox(&refused, &inbox(&["m1"])).is_err());
    }
}
