//! Judges recorded histories: what was tried and when, against what had been answered before.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// What was tried.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Deed {
    Login,
    Send,
    /// A message for somebody alone.
    SendTo,
    Edit,
    Receipt,
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

/// The change that was in force during all of a time: answered before it, and the next not asked for until its end.
pub(crate) fn in_force(changes: &[Change], begun: Instant, ended: Instant) -> Option<usize> {
    let index = changes.iter().rposition(|change| change.answered < begun)?;
    changes.get(index + 1).is_none_or(|next| next.asked >= ended).then_some(index)
}

/// Checks that no attempt contradicts the change that was in force during all of it.
pub(crate) fn judge(attempts: &[Attempt], changes: &[Change]) -> Result<Judged, String> {
    let mut judged = Judged::default();
    for attempt in attempts {
        let Some(index) = in_force(changes, attempt.begun, attempt.ended) else { continue };
        let change = &changes[index];
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

/// A rule that is switched on and off while things are tried, and that other rules stand beside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rule {
    /// Codes with which it refuses each deed that it concerns.
    pub(crate) refuses: BTreeMap<Deed, BTreeSet<u32>>,
    /// In the order in which they were asked for; before the first it is off.
    pub(crate) switches: Vec<Switch>,
}

/// A call that switches a rule, from its first try's first byte to its answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Switch {
    pub(crate) asked: Instant,
    /// `None` when there was no answer until the end.
    pub(crate) answered: Option<Instant>,
    pub(crate) on: bool,
}

impl Rule {
    /// Whether it was on, or off, during all of an attempt; `None` when that cannot be said.
    fn state(&self, attempt: &Attempt) -> Option<bool> {
        let before = |switch: &Switch| switch.answered.is_some_and(|at| at < attempt.begun);
        let done = self.switches.iter().take_while(|switch| before(switch)).count();
        let next = self.switches.get(done);
        if next.is_some_and(|next| next.asked < attempt.ended) {
            return None;
        }
        Some(done > 0 && self.switches[done - 1].on)
    }
}

/// Checks attempts against rules where faults may end any attempt without an answer: none may succeed that a
/// rule forbade all the while, and none be refused by a rule that was off all the while.
pub(crate) fn judge_rules(attempts: &[Attempt], rules: &[Rule]) -> Result<Judged, String> {
    let mut judged = Judged::default();
    for attempt in attempts {
        for (index, rule) in rules.iter().enumerate() {
            let Some(codes) = rule.refuses.get(&attempt.deed) else { continue };
            match (rule.state(attempt), attempt.refused) {
                (Some(true), None) => {
                    return Err(format!("rule {index} was on, and let through: {attempt:?}"));
                }
                (Some(false), Some(code)) if codes.contains(&code) => {
                    return Err(format!("rule {index} was off, and refused: {attempt:?}"));
                }
                (Some(true), Some(code)) if codes.contains(&code) => judged.forbidden += 1,
                (Some(false), None) => judged.allowed += 1,
                _ => {}
            }
        }
    }
    Ok(judged)
}

/// Checks what the devices of one user hold, as numbers of the inbox and what stands there: no gap, nothing
/// twice, and all the same.
pub(crate) fn judge_devices(devices: &[Vec<(u64, String)>]) -> Result<(), String> {
    for (index, held) in devices.iter().enumerate() {
        let numbers = held.iter().map(|(number, _)| *number);
        if let Some((expected, found)) = (1..).zip(numbers).find(|(expected, n)| expected != n) {
            return Err(format!("device {index} has entry {found} where {expected} is due"));
        }
        if let Some(place) = (0..held.len().max(devices[0].len()))
            .find(|place| held.get(*place) != devices[0].get(*place))
        {
            let (one, other) = (devices[0].get(place), held.get(place));
            return Err(format!("devices 0 and {index} differ: {one:?} and {other:?}"));
        }
    }
    Ok(())
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

/// A connection, from its login's first byte to the last that came through it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    pub(crate) begun: Instant,
    pub(crate) heard: Instant,
}

/// Checks that no connection that a ban found lived on under it for longer than `grace`. Returns how many bans
/// stood for long enough to tell.
pub(crate) fn judge_lives(
    lives: &[Life],
    bans: &[Switch],
    grace: Duration,
) -> Result<usize, String> {
    let mut judged = 0;
    for (index, ban) in bans.iter().enumerate().filter(|(_, switch)| switch.on) {
        let Some(answered) = ban.answered else { continue };
        let lifted = bans.get(index + 1).map(|next| next.asked);
        if lifted.is_some_and(|lifted| lifted <= answered + grace) {
            continue;
        }
        judged += 1;
        for life in lives.iter().filter(|life| life.begun < answered) {
            // What was heard after the end of the ban says that it lived on all the while.
            if life.heard > answered + grace {
                let late = life.heard - answered;
                return Err(format!("a connection was alive {late:?} after ban {index}"));
            }
        }
    }
    Ok(judged)
}

/// Checks that nothing has come but what was sent to `whom`, which is what their messages' ids begin with.
pub(crate) fn judge_tenancy(whom: &str, received: &[String]) -> Result<(), String> {
    match received.iter().find(|id| !id.starts_with(whom)) {
        Some(foreign) => Err(format!("{whom} has got {foreign}, which is not theirs")),
        None => Ok(()),
    }
}

/// Stands for "the connection went away before the answer": whether it took effect is not known.
pub(crate) const LOST_CONNECTION: u32 = 0;

#[cfg(test)]
mod tests {
    use super::*;

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

    fn rule(start: Instant, switches: &[(u64, Option<u64>, bool)]) -> Rule {
        let at = |ms| start + Duration::from_millis(ms);
        let switches = switches
            .iter()
            .map(|(asked, answered, on)| Switch {
                asked: at(*asked),
                answered: answered.map(at),
                on: *on,
            })
            .collect();
        Rule { refuses: BTreeMap::from([(Deed::Send, BTreeSet::from([405]))]), switches }
    }

    #[test]
    fn a_rule_that_lets_through_or_refuses_at_the_wrong_time_is_found() {
        let start = Instant::now();
        let rule = [rule(start, &[(10, Some(20), true), (50, Some(60), false)])];
        let judged = |begun, ended, refused| {
            judge_rules(&[attempt(Deed::Send, begun, ended, refused, start)], &rule)
        };
        assert!(judged(1, 9, Some(405)).is_err(), "before the rule");
        assert!(judged(21, 30, None).is_err(), "under the rule");
        assert!(judged(61, 70, Some(405)).is_err(), "after the rule");
        for refused in [None, Some(405), Some(LOST_CONNECTION)] {
            judged(15, 30, refused).unwrap();
            judged(40, 55, refused).unwrap();
        }
        assert_eq!(judged(21, 30, Some(405)).unwrap().forbidden, 1);
        assert_eq!(judged(61, 70, None).unwrap().allowed, 1);
        judged(21, 30, Some(LOST_CONNECTION)).unwrap();
    }

    #[test]
    fn a_switch_without_an_answer_leaves_everything_after_it_open() {
        let start = Instant::now();
        let rule = [rule(start, &[(10, None, true)])];
        for refused in [None, Some(405)] {
            let late = [attempt(Deed::Send, 1000, 1001, refused, start)];
            judge_rules(&late, &rule).unwrap();
        }
        assert!(judge_rules(&[attempt(Deed::Send, 1, 2, Some(405), start)], &rule).is_err());
    }

    #[test]
    fn devices_with_gaps_repeats_or_another_order_are_found() {
        let device = |held: &[(u64, &str)]| -> Vec<(u64, String)> {
            held.iter().map(|(number, what)| (*number, (*what).to_owned())).collect()
        };
        let good = device(&[(1, "a"), (2, "b"), (3, "c")]);
        judge_devices(&[good.clone(), good.clone()]).unwrap();
        for bad in [
            device(&[(1, "a"), (3, "c")]),
            device(&[(1, "a"), (2, "b"), (2, "b"), (3, "c")]),
            device(&[(1, "a"), (2, "c"), (3, "b")]),
            device(&[(1, "a"), (2, "b")]),
            device(&[(2, "b"), (3, "c")]),
        ] {
            assert!(judge_devices(&[good.clone(), bad.clone()]).is_err(), "{bad:?}");
            assert!(judge_devices(&[bad, good.clone()]).is_err());
        }
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

    #[test]
    fn a_connection_that_outlives_a_ban_is_found() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let switch =
            |asked, answered, on| Switch { asked: at(asked), answered: Some(at(answered)), on };
        let bans = [switch(10, 20, true), switch(500, 510, false)];
        let judged = |begun, heard| {
            let life = Life { begun: at(begun), heard: at(heard) };
            judge_lives(&[life], &bans, Duration::from_millis(100))
        };
        assert!(judged(5, 121).is_err(), "alive after the grace");
        assert!(judged(5, 600).is_err(), "alive after the ban, and so under it");
        assert_eq!(judged(5, 119), Ok(1), "closed within the grace");
        assert_eq!(judged(505, 600), Ok(1), "begun after it");
        let short = [switch(10, 20, true), switch(60, 70, false)];
        let life = [Life { begun: at(5), heard: at(600) }];
        assert_eq!(
            judge_lives(&life, &short, Duration::from_millis(100)),
            Ok(0),
            "too short to tell"
        );
    }

    #[test]
    fn a_message_of_another_tenant_is_found() {
        let inbox = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert!(judge_tenancy("0.p1.", &inbox(&["0.p1.2-1", "0.p1.3-7"])).is_ok());
        assert!(judge_tenancy("0.p1.", &inbox(&["0.p1.2-1", "1.p1.2-1"])).is_err());
        assert!(judge_tenancy("0.p1.", &inbox(&["0.p2.2-1"])).is_err());
    }
}
