//! Where everything stands in the drawing.

use crate::mapping::{Mapping, Origin};

/// The height of a line, in the drawing's own units, which are pixels where there is room.
pub(super) const ROW: u32 = 24;
/// What a part of the input takes: two lines of text.
const SOURCE: u32 = 38;
const BETWEEN_TABLES: u32 = 14;
const BELOW_TABLE: u32 = 6;

/// The places of all that is drawn, from top to bottom.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) height: u32,
    /// The middle of each part of the input.
    pub(super) sources: Vec<u32>,
    pub(super) tables: Vec<Table>,
}

/// The places of a table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) top: u32,
    pub(super) height: u32,
    /// The middle of each column's line.
    pub(super) rows: Vec<u32>,
}

impl Places {
    pub(super) fn of(mapping: &Mapping) -> Self {
        let tables = tables(mapping);
        let last = tables.last();
        let bottom = last.map_or(0, |table| table.top + table.height + 1);
        let height = bottom.max(SOURCE * mapping.sources.len() as u32);
        let wanted =
            (0..mapping.sources.len()).map(|source| middle_of_fed(mapping, &tables, source));
        let sources = spread(wanted.collect(), height);
        Self { height, sources, tables }
    }
}

fn tables(mapping: &Mapping) -> Vec<Table> {
    let mut top = 1;
    let place = |columns: usize| {
        let rows = (1..=columns as u32).map(|row| top + row * ROW + ROW / 2).collect();
        let height = (columns as u32 + 1) * ROW + BELOW_TABLE;
        let table = Table { top, height, rows };
        top += height + BETWEEN_TABLES;
        table
    };
    mapping.tables.iter().map(|table| table.columns.len()).map(place).collect()
}

/// The mean place of all that a part of the input feeds: there its lines are shortest.
fn middle_of_fed(mapping: &Mapping, tables: &[Table], source: usize) -> u32 {
    let columns = mapping.tables.iter().flat_map(|table| &table.columns);
    let rows = tables.iter().flat_map(|table| &table.rows);
    let fed = columns.zip(rows).filter(|(column, _)| column.origin == Origin::Source(source));
    let (sum, count) = fed.fold((0, 0), |(sum, count), (_, row)| (sum + row, count + 1));
    sum / count.max(1)
}

/// As near to the wanted places as the order and the room for each allow.
fn spread(mut wanted: Vec<u32>, height: u32) -> Vec<u32> {
    let mut least = SOURCE / 2;
    for place in &mut wanted {
        *place = (*place).max(least);
        least = *place + SOURCE;
    }
    let mut most = height.saturating_sub(SOURCE / 2);
    for place in wanted.iter_mut().rev() {
        *place = (*place).min(most);
        most = place.saturating_sub(SOURCE);
    }
    wanted
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn whatever_is_wanted_everything_keeps_its_order_and_its_room(
            wanted in vec(0_u32..5000, 1..60),
            more in 0_u32..3000,
        ) {
            let height = wanted.len() as u32 * SOURCE + more;
            let places = spread(wanted, height);
            prop_assert!(places[0] >= SOURCE / 2);
            prop_assert!(places[places.len() - 1] + SOURCE / 2 <= height);
            prop_assert!(places.windows(2).all(|two| two[0] + SOURCE <= two[1]), "{places:?}");
        }
    }

    #[test]
    fn who_has_room_gets_what_was_wanted() {
        assert_eq!(spread(vec![50, 200, 260], 400), [50, 200, 260]);
    }
}
