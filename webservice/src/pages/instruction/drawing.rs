//! Which part of the input feeds which column, drawn; and told as a table.

mod places;

use maud::{Markup, html};

use crate::{
    mapping::{MappedColumn, Mapping, Origin},
    pages::words,
};

use places::{Places, ROW};

/// Where the input ends and the tables begin, in the drawing's own units.
const INPUT_END: u32 = 166;
const TABLES_BEGIN: u32 = 300;
const WIDTH: u32 = 680;
/// Within a table: where the name of a column begins, and where its origin ends.
const NAME: u32 = TABLES_BEGIN + 16;
const ORIGIN_END: u32 = WIDTH - 12;
/// How many letters have room.
const NAME_LETTERS: usize = 28;
const ORIGIN_LETTERS: usize = 22;
/// How many colours lines have.
const COLOURS: usize = 6;

/// With more columns nothing is drawn, since nobody could follow so many lines; and no more are told,
/// since a page is not to be heavy.
const MOST_COLUMNS: usize = 400;

pub(super) fn section(mapping: &Mapping) -> Markup {
    let columns: usize = mapping.tables.iter().map(|table| table.columns.len()).sum();
    html! {
        section #mapping {
            h2 { "What it makes of the input" }
            p.hint {
                (words::counted(mapping.sources.len() as u64, "part")) " of the input become "
                (words::counted(columns as u64, "column")) " of "
                (words::counted(mapping.tables.len() as u64, "table")) "."
            }
            @if columns <= MOST_COLUMNS {
                (figure(mapping))
                details { summary { "The same as a table" } (table(mapping)) }
            } @else {
                p.hint { "That is too much for a drawing. These are the first columns." }
                (table(mapping))
            }
        }
    }
}

fn figure(mapping: &Mapping) -> Markup {
    let places = Places::of(mapping);
    let says = "Lines from the parts of the input to the columns they feed; the table below tells the \
                same";
    html! {
        figure.drawing {
            // For the keyboard, which cannot scroll what it cannot reach.
            div.scroll tabindex="0" role="region" aria-label="What it makes of the input, drawn" {
                svg viewBox={ "0 0 " (WIDTH) " " (places.height) } role="img" aria-label=(says) {
                    @for (at, table) in mapping.tables.iter().enumerate() {
                        (boxed(&table.name, &places.tables[at]))
                    }
                    @for source in 0..mapping.sources.len() { (feed(mapping, &places, source)) }
                    @for (at, table) in mapping.tables.iter().enumerate() {
                        @for (column, y) in table.columns.iter().zip(&places.tables[at].rows) {
                            (row(mapping, column, *y))
                        }
                    }
                }
            }
            figcaption.hint {
                span.key.fed { "from the input" }
                span.key.constant { "always the same" }
                span.key.counter { "counted" }
            }
        }
    }
}

/// The frame of a table, and its name.
fn boxed(name: &str, table: &places::Table) -> Markup {
    html! {
        rect.frame x=(TABLES_BEGIN) y=(table.top) width=(WIDTH - TABLES_BEGIN - 1) height=(table.height) rx="8" {}
        text.table x=(NAME) y=(table.top + ROW - 7) { (name) }
    }
}

/// A part of the input, with the lines to all that it feeds.
fn feed(mapping: &Mapping, places: &Places, source: usize) -> Markup {
    let y = places.sources[source];
    let says = &mapping.sources[source];
    let ends = mapping.tables.iter().zip(&places.tables).flat_map(|(table, placed)| {
        let fed = |column: &MappedColumn| column.origin == Origin::Source(source);
        table.columns.iter().zip(&placed.rows).filter(move |(column, _)| fed(column))
    });
    html! {
        g class={ "feed hue" (source % COLOURS) } {
            text.source x=(INPUT_END - 12) y=(y - 2) text-anchor="end" { (says.name) }
            text.detail x=(INPUT_END - 12) y=(y + 12) text-anchor="end" { (says.detail) }
            circle cx=(INPUT_END) cy=(y) r="4" {}
            @for (_, end) in ends {
                path d=(wire(y, *end)) {}
                circle cx=(TABLES_BEGIN) cy=(end) r="4" {}
            }
        }
    }
}

fn wire(from: u32, to: u32) -> String {
    let bend = (INPUT_END + TABLES_BEGIN) / 2;
    format!("M{INPUT_END} {from}C{bend} {from} {bend} {to} {TABLES_BEGIN} {to}")
}

fn row(mapping: &Mapping, column: &MappedColumn, y: u32) -> Markup {
    let (class, origin) = origin(mapping, column);
    let mark = if column.notes.is_empty() { "" } else { " *" };
    html! {
        g.row {
            title { (column.name) ": " (origin) @for note in &column.notes { ", " (note) } }
            (marker(class, y))
            text x=(NAME) y=(y + 4) { (short(&column.name, NAME_LETTERS)) (mark) }
            text class={ "origin " (class) } x=(ORIGIN_END) y=(y + 4) text-anchor="end" {
                (short(&origin, ORIGIN_LETTERS))
            }
        }
    }
}

/// What stands where a line would end, so that there is no need to see colours.
fn marker(class: &str, y: u32) -> Markup {
    let x = TABLES_BEGIN;
    html! {
        @match class {
            "constant" => rect.mark x=(x - 4) y=(y - 4) width="8" height="8" {},
            "counter" => path.mark d={ "M" (x) " " (y - 5) "l5 5l-5 5l-5 -5z" } {},
            _ => {},
        }
    }
}

/// The class of an origin, and its name.
fn origin(mapping: &Mapping, column: &MappedColumn) -> (&'static str, String) {
    match &column.origin {
        Origin::Source(source) => ("fed", mapping.sources[*source].name.clone()),
        Origin::Constant(text) => ("constant", format!("always “{text}”")),
        Origin::Counter => ("counter", "0, 1, 2, …".to_owned()),
        Origin::Nothing => ("nothing", "a heading only".to_owned()),
    }
}

/// As much of a name as has room; all of it can be read in the table.
fn short(name: &str, letters: usize) -> String {
    match name.char_indices().nth(letters) {
        Some(_) => name.chars().take(letters - 1).chain(['…']).collect(),
        None => name.to_owned(),
    }
}

fn table(mapping: &Mapping) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="What it makes of the input, as a table" {
            table.list.mapping {
                thead { tr {
                    th scope="col" { "Table" }
                    th scope="col" { "Column" }
                    th scope="col" { "Comes from" }
                    th scope="col" { "What is done to it" }
                } }
                @for (name, columns) in first_columns(mapping) {
                    tbody {
                        @for (at, column) in columns.iter().enumerate() {
                            tr {
                                @if at == 0 {
                                    th scope="rowgroup" rowspan=(columns.len()) { (name) }
                                }
                                td { (column.name) }
                                td { (whole_origin(mapping, column)) }
                                td.muted { (column.notes.join("; ")) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// As many columns as are told, by their tables.
fn first_columns(mapping: &Mapping) -> impl Iterator<Item = (&str, &[MappedColumn])> {
    let mut room = MOST_COLUMNS;
    mapping.tables.iter().map(move |table| {
        let told = table.columns.len().min(room);
        room -= told;
        (&*table.name, &table.columns[..told])
    })
}

fn whole_origin(mapping: &Mapping, column: &MappedColumn) -> Markup {
    html! {
        (origin(mapping, column).1)
        @if let Origin::Source(source) = column.origin {
            span.muted { ", " (mapping.sources[source].detail) }
        }
    }
}
