//! Figures: what single runs measured, and what lies between them.

use std::time::Duration;

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

/// Times, to be sorted in the end.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn add(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The time, in milliseconds, within which `share` of 1 of them lie; 0 of none.
    pub(crate) fn at(&mut self, share: f64) -> f64 {
        self.0.sort_unstable();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a length is one of its places"
        )]
        let place = (self.0.len() as f64 * share) as usize;
        let place = place.min(self.0.len().saturating_sub(1));
        self.0.get(place).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
    }
}

/// One thing that was measured, once in each run.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    /// Where on a line it lies: a rate, a number of users, a time; `None` for what stands alone.
    pub(crate) at: Option<f64>,
    pub(crate) runs: Vec<f64>,
}

impl Figure {
    fn sorted(&self) -> Vec<f64> {
        let mut runs = self.runs.clone();
        runs.sort_by(f64::total_cmp);
        runs
    }

    pub(crate) fn min(&self) -> f64 {
        self.sorted().first().copied().unwrap_or_default()
    }

    /// The one in the middle; of two in the middle the lower.
    pub(crate) fn median(&self) -> f64 {
        let runs = self.sorted();
        runs.get(runs.len().saturating_sub(1) / 2).copied().unwrap_or_default()
    }

    pub(crate) fn max(&self) -> f64 {
        self.sorted().last().copied().unwrap_or_default()
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Figure", 7)?;
        out.serialize_field("name", &self.name)?;
        out.serialize_field("unit", self.unit)?;
        out.serialize_field("at", &self.at)?;
        out.serialize_field("min", &self.min())?;
        out.serialize_field("median", &self.median())?;
        out.serialize_field("max", &self.max())?;
        out.serialize_field("runs", &self.runs)?;
        out.end()
    }
}

/// What a scenario measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures(pub(crate) Vec<Figure>);

impl Figures {
    /// Adds what one run measured.
    pub(crate) fn add(&mut self, name: &str, unit: &'static str, value: f64) {
        self.put(name, unit, None, value);
    }

    /// Adds what one run measured at a place on a line.
    pub(crate) fn add_at(&mut self, name: &str, unit: &'static str, at: f64, value: f64) {
        self.put(name, unit, Some(at), value);
    }

    fn put(&mut self, name: &str, unit: &'static str, at: Option<f64>, value: f64) {
        match self.0.iter_mut().find(|figure| figure.name == name && figure.at == at) {
            Some(figure) => figure.runs.push(value),
            None => {
                self.0.push(Figure { name: name.to_owned(), unit, at, runs: vec![value] });
            }
        }
    }

    /// Adds all that another run measured.
    pub(crate) fn append(&mut self, others: Self) {
        for figure in others.0 {
            for value in figure.runs {
                self.put(&figure.name, figure.unit, figure.at, value);
            }
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Figure> {
        self.0.iter().find(|figure| figure.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_latencies_lies_within_its_percentile() {
        let mut latencies = Latencies::default();
        assert!(latencies.at(0.5).abs() < f64::EPSILON);
        for ms in (1..=100).rev() {
            latencies.add(Duration::from_millis(ms));
        }
        let at = [0.0, 0.5, 0.99, 1.0].map(|share| latencies.at(share).to_string());
        assert_eq!(at, ["1", "51", "100", "100"]);
    }

    #[test]
    fn a_figure_lies_between_its_runs() {
        let mut figures = Figures::default();
        for value in [3.0, 1.0, 2.0] {
            figures.add("rate", "/s", value);
        }
        let rate = figures.get("rate").unwrap();
        let all = [rate.min(), rate.median(), rate.max()].map(|value| value.to_string());
        assert_eq!(all, ["1", "2", "3"]);
        assert!(figures.get("other").is_none());
    }
}
