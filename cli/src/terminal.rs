//! How things look: tables that fit the terminal, colours only where somebody sees them.

use console::{Style, Term, measure_text_width, style, truncate_str};
use schema::Severity;

/// What stands between two columns.
const GAP: &str = "  ";

/// How wide the terminal is, if standard output is one.
pub(crate) fn width() -> Option<usize> {
    let terminal = Term::stdout();
    terminal.is_term().then(|| usize::from(terminal.size().1))
}

/// A sentence that is good news or bad.
pub(crate) fn verdict(fine: bool, text: &str) -> String {
    let colour = if fine { Style::new().green() } else { Style::new().red() };
    colour.apply_to(text).to_string()
}

/// What was found, after a word on how grave it is.
pub(crate) fn found(severity: Severity, text: &str) -> String {
    let (word, colour) = match severity {
        Severity::Error => ("error", Style::new().red().bold()),
        Severity::Warning => ("warning", Style::new().yellow().bold()),
    };
    format!("{}: {text}", colour.apply_to(word))
}

/// Something that matters less.
pub(crate) fn faint(text: &str) -> String {
    style(text).dim().to_string()
}

/// A text in one line, without anything that a terminal might obey.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A column of a table.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    head: &'static str,
    /// How narrow it may become where there is little room.
    least: Option<usize>,
    /// Whether, and how early, it is left out where there is even less: the lowest first.
    dispensable: Option<u8>,
}

impl Column {
    /// One that is always there, as wide as it is.
    pub(crate) const fn plain(head: &'static str) -> Self {
        Self { head, least: None, dispensable: None }
    }

    /// The same, whose cells may be cut to so many characters.
    pub(crate) const fn at_least(mut self, characters: usize) -> Self {
        self.least = Some(characters);
        self
    }

    /// The same, which may be left out: the lowest first.
    pub(crate) const fn left_out(mut self, order: u8) -> Self {
        self.dispensable = Some(order);
        self
    }
}

/// A cell, perhaps in a colour.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub(crate) fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { style, ..text.into().into() }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text: plain(&text), style: Style::new() }
    }
}

/// Rows in columns.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with only its head.
    pub(crate) fn new(columns: Vec<Column>) -> Self {
        let head = columns.iter().map(|column| Cell::styled(column.head, Style::new().bold()));
        Self { rows: vec![head.collect()], columns }
    }

    /// The same without a head.
    pub(crate) fn headless(mut self) -> Self {
        self.rows.clear();
        self
    }

    /// Adds a row; cells that are missing are empty.
    pub(crate) fn row(&mut self, mut cells: Vec<Cell>) {
        cells.resize(self.columns.len(), Cell::default());
        self.rows.push(cells);
    }

    /// The rows as lines no wider than that.
    pub(crate) fn lines(&self, room: Option<usize>) -> Vec<String> {
        let widths = self.widths(room.unwrap_or(usize::MAX));
        let line = |row: &Vec<Cell>| {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let Some(width) = *width else { continue };
                line += if line.is_empty() { "" } else { GAP };
                let text = truncate_str(&cell.text, width, "…");
                let rest = " ".repeat(width.saturating_sub(measure_text_width(&text)));
                line += &format!("{}{rest}", cell.style.apply_to(text));
            }
            let line = line.trim_end();
            truncate_str(line, room.unwrap_or(usize::MAX), "…").into_owned()
        };
        self.rows.iter().map(line).collect()
    }

    /// How wide each column becomes; none for those that are left out.
    fn widths(&self, room: usize) -> Vec<Option<usize>> {
        let widest =
            |at: usize| self.rows.iter().map(|row| measure_text_width(&row[at].text)).max();
        let mut widths: Vec<_> = (0..self.columns.len()).map(|at| widest(at).or(Some(0))).collect();
        loop {
            let too_much = total(&widths).saturating_sub(room);
            if too_much <= self.slack(&widths) {
                self.shrink(&mut widths, too_much);
                return widths;
            }
            let order =
                |at: &usize| self.columns[*at].dispensable.filter(|_| widths[*at].is_some());
            let next = (0..widths.len()).filter(|at| order(at).is_some()).min_by_key(order);
            let Some(next) = next else {
                self.shrink(&mut widths, too_much);
                return widths;
            };
            widths[next] = None;
        }
    }

    /// By how much a column may be narrowed.
    fn give(&self, at: usize, width: Option<usize>) -> usize {
        let least = self.columns[at].least;
        width.zip(least).map_or(0, |(width, least)| width.saturating_sub(least))
    }

    fn slack(&self, widths: &[Option<usize>]) -> usize {
        widths.iter().enumerate().map(|(at, width)| self.give(at, *width)).sum()
    }

    /// Narrows columns, the last one first.
    fn shrink(&self, widths: &mut [Option<usize>], mut by: usize) {
        for at in (0..widths.len()).rev() {
            let given = self.give(at, widths[at]).min(by);
            widths[at] = widths[at].map(|width| width - given);
            by -= given;
        }
    }
}

fn total(widths: &[Option<usize>]) -> usize {
    let there = widths.iter().flatten();
    there.clone().sum::<usize>() + GAP.len() * there.count().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(vec![
            Column::plain("job").left_out(1),
            Column::plain("status"),
            Column::plain("kind").left_out(0),
            Column::plain("message").at_least(6),
        ]);
        let cells = ["0123456789", "failed", "loader", "the disk is full"];
        table.row(cells.map(|cell| cell.to_owned().into()).to_vec());
        table
    }

    fn at(width: usize) -> Vec<String> {
        table().lines(Some(width))
    }

    #[test]
    fn with_room_every_column_is_as_wide_as_its_widest_cell() {
        let lines =
            ["job         status  kind    message", "0123456789  failed  loader  the disk is full"];
        assert_eq!(table().lines(None), lines);
        assert_eq!(at(44), lines);
    }

    #[test]
    fn with_less_room_what_may_be_cut_is_cut_before_anything_is_left_out() {
        assert_eq!(at(40)[1], "0123456789  failed  loader  the disk is…");
    }

    #[test]
    fn with_little_room_columns_are_left_out_one_after_the_other() {
        assert_eq!(at(33), ["job         status  message", "0123456789  failed  the disk is …"]);
        assert_eq!(at(14), ["status  messa…", "failed  the d…"]);
        assert!(at(5).iter().all(|line| measure_text_width(line) <= 5));
    }

    #[test]
    fn a_cell_stays_on_its_line_and_gives_the_terminal_no_orders() {
        let mut table = Table::new(vec![Column::plain("a")]).headless();
        table.row(vec!["x\n\u{1b}[31my".to_owned().into()]);
        assert_eq!(table.lines(None), ["x  [31my"]);
    }

    #[test]
    fn wide_characters_take_two_places() {
        let mut table = Table::new(vec![Column::plain("a"), Column::plain("b")]).headless();
        for cell in ["稻", "ab"] {
            table.row(vec![cell.to_owned().into(), "|".to_owned().into()]);
        }
        assert_eq!(table.lines(None), ["稻  |", "ab  |"]);
    }
}
