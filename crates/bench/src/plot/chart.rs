//! Panels with lines, drawn as SVG.

use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

/// A line, and what it is.
pub(super) struct Line {
    pub(super) label: String,
    pub(super) points: Vec<(f64, f64)>,
    /// Which of the colors.
    pub(super) color: usize,
}

/// One chart of a picture.
pub(super) struct Panel {
    pub(super) title: &'static str,
    pub(super) x: &'static str,
    pub(super) y: &'static str,
    pub(super) log_x: bool,
    pub(super) log_y: bool,
    pub(super) lines: Vec<Line>,
}

const WIDTH: u32 = 560;
const HEIGHT: u32 = 400;
const FONT: &str = "sans-serif";
/// Colors that can be told apart by who sees no red or no green.
const COLORS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(90, 90, 90),
];

impl Panel {
    /// The panel without empty lines; `None` where no line is left.
    pub(super) fn with_points(mut self) -> Option<Self> {
        self.lines.retain(|line| !line.points.is_empty());
        (!self.lines.is_empty()).then_some(self)
    }

    /// From where to where one axis goes: a linear one from 0, a logarithmic one with some room around. With `legend`
    /// there is room above the lines for their names.
    fn range(&self, log: bool, legend: bool, of: fn(&(f64, f64)) -> f64) -> Range<f64> {
        let share = if legend { self.lines.len() as f64 * 0.1 } else { 0.0 };
        let values = || self.lines.iter().flat_map(|line| &line.points).map(of);
        let most = values().fold(f64::MIN_POSITIVE, f64::max);
        if log {
            let least = values().filter(|value| *value > 0.0).fold(most, f64::min);
            least / 1.3..most * 1.3 * (most / least * 1.3).powf(share)
        } else {
            0.0..most * (1.08 + share)
        }
    }
}

/// Draws panels beside each other.
pub(super) fn draw(file: &Path, panels: &[Panel]) -> anyhow::Result<()> {
    let count = panels.len();
    let width = WIDTH * u32::try_from(count)?;
    let root = SVGBackend::new(file, (width, HEIGHT)).into_drawing_area();
    root.fill(&WHITE).map_err(failed)?;
    for (area, panel) in root.split_evenly((1, count)).iter().zip(panels) {
        let x = panel.range(panel.log_x, false, |point| point.0);
        let y = panel.range(panel.log_y, true, |point| point.1);
        match (panel.log_x, panel.log_y) {
            (false, false) => paint(area, panel, x, y),
            (true, false) => paint(area, panel, x.log_scale(), y),
            (false, true) => paint(area, panel, x, y.log_scale()),
            (true, true) => paint(area, panel, x.log_scale(), y.log_scale()),
        }?;
    }
    root.present().map_err(failed)
}

fn paint<X, Y>(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    panel: &Panel,
    x: X,
    y: Y,
) -> anyhow::Result<()>
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let mut chart = ChartBuilder::on(area)
        .caption(panel.title, (FONT, 18))
        .margin(14)
        .x_label_area_size(42)
        .y_label_area_size(58)
        .build_cartesian_2d(x, y)
        .map_err(failed)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.12))
        .x_desc(panel.x)
        .y_desc(panel.y)
        .label_style((FONT, 12))
        .axis_desc_style((FONT, 13))
        .x_label_formatter(&|value| label(*value, panel.log_x))
        .y_label_formatter(&|value| label(*value, panel.log_y))
        .draw()
        .map_err(failed)?;
    for line in &panel.lines {
        let color = COLORS[line.color % COLORS.len()];
        let style = color.stroke_width(2);
        let mut points = line.points.clone();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        // So many that they touch are a line.
        let size = if points.len() > 20 { 0 } else { 3 };
        let series = LineSeries::new(points, style).point_size(size);
        chart
            .draw_series(series)
            .map_err(failed)?
            .label(&line.label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.85))
        .label_font((FONT, 12))
        .draw()
        .map_err(failed)
}

/// A number on an axis: without digits that say nothing, and in thousands and millions where it is large. Along a
/// logarithmic one only those that begin with 1, 2 or 5 have room.
fn label(value: f64, log: bool) -> String {
    if log {
        let first = value / 10_f64.powf((value.log10() + 1e-9).floor());
        if ![1.0, 2.0, 5.0].iter().any(|digit| (first - digit).abs() < 1e-6) {
            return String::new();
        }
    }
    let (value, unit) = match value.abs() {
        1e6.. => (value / 1e6, "M"),
        1e4.. => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let text = format!("{value:.2}");
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The drawing library's errors borrow what they are about.
fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow::anyhow!("a picture cannot be drawn: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_short() {
        let labels =
            [0.0, 0.5, 2.0, 1000.0, 40_000.0, 1_000_000.0].map(|value| label(value, false));
        assert_eq!(labels, ["0", "0.5", "2", "1000", "40k", "1M"]);
        let labels = [0.5, 1000.0, 20_000.0, 30_000.0, 1_000_000.0].map(|value| label(value, true));
        assert_eq!(labels, ["0.5", "1000", "20k", "", "1M"]);
    }
}
