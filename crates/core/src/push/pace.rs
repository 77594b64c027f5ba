//! How many requests a second a provider of an app is sent: a burst is spread, and whoever is put off keeps the turn it got.
//!
//! Each node counts for itself.

use std::collections::HashMap;

use nuncio_protocol::{Timestamp, UserId};

/// How long a turn that has come is kept for its device.
const KEPT_US: i64 = 5_000_000;
/// Turns that are kept; who comes past it, asks anew when its time has come.
const TURNS: usize = 100_000;

/// The turns of one provider of an app.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// When the next turn is free, in microseconds of Unix time.
    next_us: i64,
    /// Who has been given one.
    given: HashMap<(UserId, String), i64>,
}

impl Turns {
    /// Says whether a device's turn has come, else when that will be.
    pub(super) fn take(
        &mut self,
        user: &UserId,
        device: &str,
        per_second: u32,
        now: Timestamp,
    ) -> Result<(), Timestamp> {
        let now_us = now.0 * 1000;
        if self.next_us <= now_us {
            // Nobody waits whose turn has not come.
            self.given.clear();
            self.next_us = now_us;
        }
        let device = (user.clone(), device.to_owned());
        match self.given.get(&device) {
            Some(at) if *at > now_us => return Err(moment(*at)),
            Some(at) if now_us - at < KEPT_US => {
                self.given.remove(&device);
                return Ok(());
            }
            _ => {}
        }
        let at = self.next_us;
        if at > now_us && self.given.len() >= TURNS {
            return Err(moment(at));
        }
        self.next_us += 1_000_000 / i64::from(per_second.max(1));
        if at <= now_us {
            return Ok(());
        }
        self.given.insert(device, at);
        Err(moment(at))
    }

    /// Nobody is sent to until then; who waits, waits anew, so that they do not all come at once.
    pub(super) fn pause(&mut self, until: Timestamp) {
        self.given.clear();
        self.next_us = until.0 * 1000;
    }
}

/// The first moment at which a turn has come.
fn moment(us: i64) -> Timestamp {
    Timestamp((us + 999).div_euclid(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_800_000_000_000;

    /// How many of so many devices have their turn by each second, when each comes back when it was told to.
    fn run(turns: &mut Turns, devices: usize, per_second: u32, from: i64) -> Vec<usize> {
        let user = UserId::try_from("ada").unwrap();
        let mut waiting: Vec<(i64, usize)> = (0..devices).map(|number| (from, number)).collect();
        let mut sent = Vec::new();
        while !waiting.is_empty() {
            waiting.sort_unstable();
            let (at, number) = waiting.remove(0);
            match turns.take(&user, &number.to_string(), per_second, Timestamp(at)) {
                Ok(()) => sent.push(usize::try_from((at - from) / 1000).unwrap()),
                Err(later) => {
                    assert!(later.0 > at, "it would come back at once");
                    waiting.push((later.0, number));
                }
            }
        }
        let last = sent.last().copied().unwrap_or(0);
        (0..=last).map(|second| sent.iter().filter(|at| **at == second).count()).collect()
    }

    #[test]
    fn a_burst_is_spread_and_each_waits_for_one_turn() {
        assert_eq!(run(&mut Turns::default(), 25, 10, START), [10, 10, 5]);
        assert_eq!(run(&mut Turns::default(), 5, 1, START), [1; 5]);
        assert_eq!(run(&mut Turns::default(), 1000, 1000, START), [1000]);
    }

    #[test]
    fn what_was_not_used_is_not_saved_up() {
        let mut turns = Turns::default();
        run(&mut turns, 1, 10, START);
        assert_eq!(run(&mut turns, 25, 10, START + 3_600_000), [10, 10, 5]);
    }

    #[test]
    fn after_a_pause_those_who_waited_do_not_come_at_once() {
        let mut turns = Turns::default();
        let user = UserId::try_from("ada").unwrap();
        let take = |turns: &mut Turns, number: usize, at: i64| {
            turns.take(&user, &number.to_string(), 10, Timestamp(at))
        };
        for number in 0..20 {
            let _ = take(&mut turns, number, START);
        }
        let until = START + 60_000;
        turns.pause(Timestamp(until));
        assert_eq!(run(&mut turns, 20, 10, until), [10, 10]);
    }

    #[test]
    fn a_turn_is_the_devices_own_for_a_while() {
        let mut turns = Turns::default();
        let user = UserId::try_from("ada").unwrap();
        let mut take = |device: &str, ms: i64| turns.take(&user, device, 1, Timestamp(START + ms));
        assert_eq!(take("a", 0), Ok(()));
        assert_eq!(take("b", 0), Err(Timestamp(START + 1000)));
        assert_eq!(take("b", 500), Err(Timestamp(START + 1000)), "and no second one");
        assert_eq!(take("c", 0), Err(Timestamp(START + 2000)));
        assert_eq!(take("d", 0), Err(Timestamp(START + 3000)));
        assert_eq!(take("b", 2500), Ok(()));
        assert_eq!(take("c", 2500), Ok(()));
        assert_eq!(take("d", 2500), Err(Timestamp(START + 3000)));
    }
}
