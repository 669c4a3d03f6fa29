//! A drawing area.

use std::fmt::Write;

const WIDTH: f64 = 1000.0;
const LEFT: f64 = 56.0;

/// A drawing area with its scales: `x` runs over `0..=across`, `y` over `0..=up`.
pub(super) struct Plot {
    pub(super) svg: String,
    height: f64,
    across: f64,
    up: f64,
}

impl Plot {
    pub(super) fn new(height: f64, across: f64, up: f64) -> Self {
        let svg = format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n");
        Self { svg, height, across: across.max(f64::MIN_POSITIVE), up: up.max(f64::MIN_POSITIVE) }
    }

    pub(super) fn x(&self, value: f64) -> f64 {
        LEFT + (WIDTH - LEFT - 14.0) * value / self.across
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        self.height - 26.0 - (self.height - 40.0) * value / self.up
    }

    pub(super) fn grid(&mut self, label: impl Fn(f64) -> String) {
        for step in 0..=4 {
            let value = self.up * f64::from(step) / 4.0;
            let y = self.y(value);
            let _ = writeln!(
                self.svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.0}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - 14.0,
                LEFT - 8.0,
                y + 4.0,
                label(value)
            );
        }
    }

    pub(super) fn across(&mut self, label: impl Fn(f64) -> String) {
        for step in 0..=5 {
            let value = self.across * f64::from(step) / 5.0;
            let anchor = ["start", "middle", "end"][usize::from(step > 0) + usize::from(step == 5)];
            let (x, y) = (self.x(value), self.height - 6.0);
            let text = label(value);
            let _ = writeln!(
                self.svg,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
            );
        }
    }

    pub(super) fn curve(&mut self, points: &[(f64, f64)], colour: &str, filled: bool) {
        let path: Vec<_> =
            points.iter().map(|(x, y)| format!("{:.1} {:.1}", self.x(*x), self.y(*y))).collect();
        let path = path.join("L");
        if let (true, Some(first), Some(last)) = (filled, points.first(), points.last()) {
            let (from, to, floor) = (self.x(first.0), self.x(last.0), self.y(0.0));
            let _ = writeln!(
                self.svg,
                "<path class=\"area\" fill=\"{colour}\" d=\"M{from:.1} {floor:.1}L{path}L{to:.1} {floor:.1}Z\"/>"
            );
        }
        let _ = writeln!(self.svg, "<path class=\"curve\" stroke=\"{colour}\" d=\"M{path}\"/>");
    }

    pub(super) fn done(self) -> String {
        self.svg + "</svg>\n"
    }
}
