//! What the network does to requests.

use std::time::Duration;

use crate::dice::Dice;

/// How often, in a thousand requests, each thing happens. All zero is fair weather.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weather {
    /// The request never arrives.
    pub(crate) lose_request: u16,
    /// The request arrives, its response does not.
    pub(crate) lose_response: u16,
    /// The sender sees a broken connection; the request arrives later, after newer ones.
    pub(crate) late: u16,
    /// The request arrives, and once more later.
    pub(crate) echo: u16,
    /// The request takes its time.
    pub(crate) delay: u16,
    /// The longest that late, echoed and delayed requests take, in milliseconds.
    pub(crate) longest_ms: u16,
}

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Pass,
    LoseRequest,
    LoseResponse,
    Late(Duration),
    Echo(Duration),
    Delay(Duration),
}

impl Weather {
    /// Nothing happens.
    pub(crate) const FAIR: Self =
        Self { lose_request: 0, lose_response: 0, late: 0, echo: 0, delay: 0, longest_ms: 0 };
    /// No request arrives.
    pub(crate) const REQUESTS_LOST: Self = Self { lose_request: 1000, ..Self::FAIR };
    /// Every request arrives, and nobody hears an answer.
    pub(crate) const RESPONSES_LOST: Self = Self { lose_response: 1000, ..Self::FAIR };
    /// Some of everything.
    pub(crate) const STORM: Self = Self {
        lose_request: 30,
        lose_response: 30,
        late: 30,
        echo: 60,
        delay: 500,
        longest_ms: 300,
    };

    pub(super) fn fate(&self, dice: &mut Dice) -> Fate {
        let longest = u64::from(self.longest_ms);
        let mut throw = u16::try_from(dice.below(1000)).expect("below a thousand");
        let mut is = |share: u16| {
            let hit = throw < share;
            throw = throw.saturating_sub(share);
            hit && share > 0
        };
        if is(self.lose_request) {
            return Fate::LoseRequest;
        }
        if is(self.lose_response) {
            return Fate::LoseResponse;
        }
        if is(self.late) {
            return Fate::Late(dice.millis(0, longest));
        }
        if is(self.echo) {
            return Fate::Echo(dice.millis(0, longest));
        }
        if is(self.delay) {
            return Fate::Delay(dice.millis(0, longest));
        }
        Fate::Pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fair_weather_lets_everything_pass_and_a_cut_nothing() {
        let mut dice = Dice::new(3);
        for _ in 0..1000 {
            assert_eq!(Weather::FAIR.fate(&mut dice), Fate::Pass);
            assert_eq!(Weather::REQUESTS_LOST.fate(&mut dice), Fate::LoseRequest);
        }
    }

    #[test]
    fn a_storm_does_some_of_everything() {
        let mut dice = Dice::new(3);
        let fates: Vec<_> = (0..2000).map(|_| Weather::STORM.fate(&mut dice)).collect();
        let count = |is: fn(&Fate) -> bool| fates.iter().filter(|fate| is(fate)).count();
        assert!((20..=110).contains(&count(|fate| *fate == Fate::LoseRequest)));
        assert!((60..=190).contains(&count(|fate| matches!(fate, Fate::Echo(_)))));
        assert!((850..=1150).contains(&count(|fate| matches!(fate, Fate::Delay(_)))));
    }
}
