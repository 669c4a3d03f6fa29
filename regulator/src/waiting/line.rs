use super::Spot;

/// Spots in order, in pieces of bounded length, so that a place in line is told in a moment.
///
/// A place is the sum of the lengths of the pieces before and a binary search within one: a
/// hundred thousand waiting jobs are some three hundred additions.
#[derive(Debug, Default)]
pub(super) struct Line {
    pieces: Vec<Vec<Spot>>,
}

/// How long a piece may grow before it is cut in two.
const LONGEST: usize = 512;

impl Line {
    pub(super) fn len(&self) -> usize {
        self.pieces.iter().map(Vec::len).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// How many stand before a spot.
    pub(super) fn before(&self, spot: Spot) -> usize {
        let at = self.piece(spot);
        let pieces = self.pieces[..at].iter().map(Vec::len).sum::<usize>();
        pieces + self.pieces.get(at).map_or(0, |piece| piece.partition_point(|other| *other < spot))
    }

    pub(super) fn insert(&mut self, spot: Spot) {
        let at = self.piece(spot);
        let Some(piece) = self.pieces.get_mut(at) else {
            return self.pieces.push(vec![spot]);
        };
        if let Err(place) = piece.binary_search(&spot) {
            piece.insert(place, spot);
        }
        if piece.len() > LONGEST {
            let second = piece.split_off(LONGEST / 2);
            self.pieces.insert(at + 1, second);
        }
    }

    pub(super) fn remove(&mut self, spot: Spot) {
        let at = self.piece(spot);
        let Some(piece) = self.pieces.get_mut(at) else { return };
        if let Ok(place) = piece.binary_search(&spot) {
            piece.remove(place);
        }
        if piece.is_empty() {
            self.pieces.remove(at);
        }
    }

    /// The last piece that begins no later than a spot, else the first.
    fn piece(&self, spot: Spot) -> usize {
        self.pieces.partition_point(|piece| piece[0] <= spot).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::sim::Random;

    #[test]
    fn it_counts_as_a_set_would() {
        let (mut line, mut set) = (Line::default(), BTreeSet::new());
        let mut random = Random::new(5);
        for step in 0..6000 {
            let spot = (random.below(900) as i64, random.below(3));
            let grows = step < 4000;
            if random.below(4) > 0 && grows {
                line.insert(spot);
                set.insert(spot);
            } else {
                line.remove(spot);
                set.remove(&spot);
            }
            assert_eq!((line.len(), line.is_empty()), (set.len(), set.is_empty()));
            let spot = (random.below(900) as i64, 1);
            assert_eq!(line.before(spot), set.range(..spot).count());
            assert!(line.pieces.iter().all(|piece| (1..=LONGEST).contains(&piece.len())));
        }
    }
}
