//! How many calls a connection bears at once, told by its answers: it begins with all that are allowed, halves when
//! the provider is overloaded, and grows by one after each round of good answers (AIMD). No clock is in here.
//!
//! A provider is overloaded when it says so, when it answers nothing in time, or when a whole round of calls was slow.
//! Slow is relative to the fastest call of the same kind, so that a login or a large list says nothing of small calls;
//! and it is slow by much, and every judged call of the round is: one slow server, one large page, or a busy machine of
//! our own do not make a healthy run slower. At a limit of one it cannot be we who make it slow: then whatever is seen
//! is the measure from there on.

use std::collections::HashMap;
use std::time::Duration;

/// A call is slow when it takes so many times as long as the fastest of its kind,
const SLOW_FACTOR: u32 = 4;

/// and so much longer at least.
const SLOW_EXCESS: Duration = Duration::from_millis(500);

/// So many kinds are told apart; calls of further ones are not judged by their time.
const MOST_KINDS: usize = 64;

/// How a call ended, seen as a sign of how the provider is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Answered, after so long.
    Answered(Duration),
    /// It asked for fewer calls, or did not answer in time.
    Overloaded,
    /// It says nothing of how busy the provider is: nobody was there, or the connection broke.
    Other,
}

/// The limit of one connection.
#[derive(Debug)]
pub(super) struct Pace {
    most: usize,
    limit: usize,
    epoch: u64,
    round: Round,
    /// The fastest call of each kind.
    fastest: HashMap<u64, Duration>,
}

#[derive(Debug, Default)]
struct Round {
    answers: usize,
    judged: usize,
    slow: usize,
}

impl Pace {
    /// Begins with `most`, which is never exceeded.
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self { most, limit: most, epoch: 0, round: Round::default(), fastest: HashMap::new() }
    }

    /// Calls that may be under way; at least one.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Changes with every cut. What was sent before a cut says nothing of the limit after it.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// A call of this kind, sent in this epoch, has ended.
    pub(super) fn ended(&mut self, kind: u64, epoch: u64, end: End) {
        match end {
            _ if epoch != self.epoch => {}
            End::Overloaded => self.cut(),
            End::Answered(took) => self.answered(kind, took),
            End::Other => {}
        }
    }

    fn answered(&mut self, kind: u64, took: Duration) {
        self.round.answers += 1;
        if self.limit == 1 {
            self.note(kind, took);
        } else if let Some(&fastest) = self.fastest.get(&kind) {
            self.round.judged += 1;
            let bound = (fastest * SLOW_FACTOR).max(fastest + SLOW_EXCESS);
            self.round.slow += usize::from(took > bound);
            self.note(kind, took.min(fastest));
        } else {
            self.note(kind, took);
        }
        if self.round.answers < self.limit {
            return;
        }
        let Round { judged, slow, .. } = std::mem::take(&mut self.round);
        if slow == judged && slow * 2 > self.limit {
            self.cut();
        } else {
            self.limit = (self.limit + 1).min(self.most);
        }
    }

    fn note(&mut self, kind: u64, took: Duration) {
        if self.fastest.len() < MOST_KINDS || self.fastest.contains_key(&kind) {
            self.fastest.insert(kind, took);
        }
    }

    fn cut(&mut self) {
        self.limit = (self.limit / 2).max(1);
        self.epoch += 1;
        self.round = Round::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SMALL: u64 = 1;
    const LARGE: u64 = 2;

    fn ms(ms: u64) -> End {
        End::Answered(Duration::from_millis(ms))
    }

    /// Ends so many calls, each sent when the one before has ended.
    fn end(pace: &mut Pace, count: usize, kind: u64, end: End) {
        for _ in 0..count {
            pace.ended(kind, pace.epoch(), end);
        }
    }

    #[test]
    fn it_begins_with_all_that_is_allowed_and_good_answers_keep_it_there() {
        let mut pace = Pace::new(8);
        assert_eq!(pace.limit(), 8);
        end(&mut pace, 100, SMALL, ms(20));
        assert_eq!((pace.limit(), pace.epoch()), (8, 0));
        assert_eq!(Pace::new(0).limit(), 1);
    }

    #[test]
    fn it_halves_once_for_all_calls_of_a_moment_and_never_below_one() {
        let mut pace = Pace::new(8);
        let epoch = pace.epoch();
        for _ in 0..8 {
            pace.ended(SMALL, epoch, End::Overloaded);
        }
        assert_eq!(pace.limit(), 4, "eight calls that were under way at once are one sign");
        end(&mut pace, 5, SMALL, End::Overloaded);
        assert_eq!(pace.limit(), 1);
    }

    #[test]
    fn it_grows_by_one_a_round_and_stays_within_what_is_allowed() {
        let mut pace = Pace::new(4);
        end(&mut pace, 2, SMALL, End::Overloaded);
        let mut limits = vec![pace.limit()];
        for _ in 0..4 {
            end(&mut pace, *limits.last().unwrap(), SMALL, ms(20));
            limits.push(pace.limit());
        }
        assert_eq!(limits, [1, 2, 3, 4, 4]);
    }

    #[test]
    fn what_was_sent_before_a_cut_does_not_make_it_grow() {
        let mut pace = Pace::new(8);
        let old = pace.epoch();
        pace.ended(SMALL, old, End::Overloaded);
        for _ in 0..100 {
            pace.ended(SMALL, old, ms(20));
        }
        assert_eq!(pace.limit(), 4);
    }

    #[test]
    fn a_round_that_is_slow_throughout_halves_it() {
        let mut pace = Pace::new(8);
        end(&mut pace, 8, SMALL, ms(50));
        end(&mut pace, 8, SMALL, ms(800));
        assert_eq!(pace.limit(), 4);
    }

    #[test]
    fn one_brisk_answer_a_round_or_a_small_delay_are_no_distress() {
        let mut pace = Pace::new(8);
        end(&mut pace, 8, SMALL, ms(50));
        for _ in 0..10 {
            end(&mut pace, 7, SMALL, ms(5_000));
            end(&mut pace, 1, SMALL, ms(60));
        }
        end(&mut pace, 80, SMALL, ms(400));
        let mut slow_by_nature = Pace::new(8);
        end(&mut slow_by_nature, 8, SMALL, ms(1_000));
        end(&mut slow_by_nature, 80, SMALL, ms(3_000));
        assert_eq!((pace.limit(), slow_by_nature.limit()), (8, 8));
    }

    #[test]
    fn a_slow_kind_is_measured_by_itself() {
        let mut pace = Pace::new(8);
        end(&mut pace, 8, SMALL, ms(20));
        end(&mut pace, 80, LARGE, ms(9_000));
        assert_eq!((pace.limit(), pace.epoch()), (8, 0), "large lists beside small calls");
        end(&mut pace, 8, SMALL, ms(900));
        assert_eq!(pace.limit(), 4, "and small calls are measured by small ones");
    }

    #[test]
    fn a_provider_that_is_slow_whatever_we_do_is_taken_as_it_is() {
        let mut pace = Pace::new(8);
        end(&mut pace, 8, SMALL, ms(20));
        end(&mut pace, 8 + 4 + 2, SMALL, ms(900));
        assert_eq!(pace.limit(), 1);
        end(&mut pace, 1 + 2 + 3 + 4 + 5 + 6 + 7, SMALL, ms(900));
        assert_eq!(pace.limit(), 8);
    }

    #[test]
    fn kinds_without_end_are_bounded() {
        let mut pace = Pace::new(8);
        for kind in 0..10_000 {
            end(&mut pace, 1, kind, ms(kind));
        }
        assert_eq!((pace.fastest.len(), pace.limit()), (MOST_KINDS, 8));
    }

    proptest! {
        #[test]
        fn it_is_always_within_its_bounds(
            most in 0_usize..40,
            calls in prop::collection::vec((0_u64..4, 0_u64..3, 0_u64..100_000), 0..400),
        ) {
            let mut pace = Pace::new(most);
            for (kind, what, took) in calls {
                let before = (pace.limit(), pace.epoch());
                let end = match what { 0 => End::Overloaded, 1 => End::Other, _ => ms(took) };
                pace.ended(kind, pace.epoch(), end);
                prop_assert!((1..=most.max(1)).contains(&pace.limit()));
                prop_assert!(pace.limit() <= before.0 + 1, "it grows by one at most");
                prop_assert!(pace.limit() >= before.0 / 2);
                prop_assert!(pace.epoch() > before.1 || pace.limit() >= before.0);
            }
        }
    }
}
