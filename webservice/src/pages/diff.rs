//! What two lists have in common, in their order.

/// How large a comparison may grow; beyond that everything counts as replaced.
const MOST_CELLS: usize = 4_000_000;

/// One step from a list to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Both have it: its places before and after.
    Same(usize, usize),
    /// Only the list before has it.
    Removed(usize),
    /// Only the list after has it.
    Added(usize),
}

/// The fewest steps from one list to the other.
pub(super) fn steps<T: PartialEq>(before: &[T], after: &[T]) -> Vec<Step> {
    let head = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let rest = before[head..].iter().rev().zip(after[head..].iter().rev());
    let tail = rest.take_while(|(a, b)| a == b).count();
    let (old, new) = (&before[head..before.len() - tail], &after[head..after.len() - tail]);
    let mut steps: Vec<_> = (0..head).map(|at| Step::Same(at, at)).collect();
    steps.extend(middle(old, new).into_iter().map(|step| step.moved(head)));
    let ends = (before.len() - tail..before.len()).zip(after.len() - tail..);
    steps.extend(ends.map(|(old, new)| Step::Same(old, new)));
    steps
}

impl Step {
    fn moved(self, by: usize) -> Self {
        match self {
            Self::Same(old, new) => Self::Same(old + by, new + by),
            Self::Removed(old) => Self::Removed(old + by),
            Self::Added(new) => Self::Added(new + by),
        }
    }
}

fn middle<T: PartialEq>(old: &[T], new: &[T]) -> Vec<Step> {
    if old.len().saturating_mul(new.len()) > MOST_CELLS {
        let removed = (0..old.len()).map(Step::Removed);
        return removed.chain((0..new.len()).map(Step::Added)).collect();
    }
    let common = common(old, new);
    let (mut at, mut to) = (0, 0);
    let mut steps = Vec::with_capacity(old.len() + new.len());
    while at < old.len() || to < new.len() {
        if at < old.len() && to < new.len() && old[at] == new[to] {
            steps.push(Step::Same(at, to));
            (at, to) = (at + 1, to + 1);
        } else if to == new.len() || (at < old.len() && common[at + 1][to] >= common[at][to + 1]) {
            steps.push(Step::Removed(at));
            at += 1;
        } else {
            steps.push(Step::Added(to));
            to += 1;
        }
    }
    steps
}

/// How much the ends of both lists have in common, from each pair of places on.
fn common<T: PartialEq>(old: &[T], new: &[T]) -> Vec<Vec<u32>> {
    let mut common = vec![vec![0; new.len() + 1]; old.len() + 1];
    for at in (0..old.len()).rev() {
        for to in (0..new.len()).rev() {
            common[at][to] = match old[at] == new[to] {
                true => common[at + 1][to + 1] + 1,
                false => common[at + 1][to].max(common[at][to + 1]),
            };
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::{Step::*, *};

    #[test]
    fn what_stays_stays_and_the_rest_goes_before_what_comes() {
        assert_eq!(
            steps(&["a", "b", "c", "d"], &["a", "x", "c", "e", "d"]),
            [Same(0, 0), Removed(1), Added(1), Same(2, 2), Added(3), Same(3, 4)]
        );
    }

    proptest! {
        #[test]
        fn the_steps_lead_from_one_list_to_the_other(
            before in vec(0_u8..4, 0..12),
            after in vec(0_u8..4, 0..12),
        ) {
            let steps = steps(&before, &after);
            let old: Vec<_> = steps.iter().filter_map(|step| match step {
                Same(old, _) | Removed(old) => Some(*old),
                Added(_) => None,
            }).collect();
            let new: Vec<_> = steps.iter().filter_map(|step| match step {
                Same(_, new) | Added(new) => Some(*new),
                Removed(_) => None,
            }).collect();
            prop_assert_eq!(old, (0..before.len()).collect::<Vec<_>>());
            prop_assert_eq!(new, (0..after.len()).collect::<Vec<_>>());
            for step in &steps {
                if let Same(old, new) = step {
                    prop_assert_eq!(before[*old], after[*new]);
                }
            }
        }
    }
}
