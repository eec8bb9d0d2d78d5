//! The figures of a run as a table for readers and as JSON for programs.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::Outcome;
use crate::bench::Plan;
use crate::bench::measured::{FIGURES, Measured};
use crate::bench::ratio::Ratio;
use crate::bench::side::Side;

/// What took turns on the same conditions.
pub(crate) struct Section<'a> {
    /// The conditions.
    pub(crate) at: String,
    /// The sides.
    pub(crate) sides: Vec<Side<'a>>,
    /// What of them is compared.
    pub(crate) ratios: Vec<Ratio>,
    /// What else is to be known: row counts, choices made, memory.
    pub(crate) notes: Vec<String>,
}

/// A whole run.
pub(crate) struct Report {
    mode: &'static str,
    text: String,
    sections: Vec<Value>,
}

impl Report {
    /// Nothing measured yet.
    pub(crate) const fn new(mode: &'static str) -> Self {
        Self { mode, text: String::new(), sections: Vec::new() }
    }

    /// Takes in one section; its servers may end afterwards.
    pub(crate) fn add(&mut self, section: &Section<'_>) {
        self.text.push_str(&table(section));
        self.sections.push(json!({
            "at": section.at,
            "sides": section.sides.iter().map(side).collect::<Vec<_>>(),
            "ratios": section.ratios.iter().map(Ratio::json).collect::<Vec<_>>(),
            "notes": section.notes,
        }));
    }

    /// Prints the tables, and writes the JSON where that is wanted.
    pub(crate) fn finish(self, plan: &Plan) -> Outcome<()> {
        let cores = if plan.pin {
            "embedded server on core 0, load on core 1; what uses PostgreSQL on all cores"
        } else {
            "not pinned"
        };
        let how = format!("medians of {} rounds of {} s, alternating; {cores}", plan.rounds, plan.seconds);
        println!("{}\n{how}", self.text);
        if let Some(path) = &plan.json {
            let report = json!({ "mode": self.mode, "how": how, "sections": self.sections });
            std::fs::write(path, format!("{report:#}\n"))?;
        }
        Ok(())
    }
}

fn table(section: &Section<'_>) -> String {
    let mut text = format!("\n{}\n", section.at);
    if !section.sides.is_empty() {
        text.push_str(HEAD);
    }
    for side in &section.sides {
        let [rate, p50, p90, p99, p999, cpu, server, load] =
            FIGURES.map(|(_, figure)| side.median(figure)).map(Shown);
        let answers: usize = side.rounds.iter().map(|one| one.answers).sum();
        let _ = writeln!(
            text,
            "  {:<24} {rate:>10.0} {p50:>8.0} {p90:>8.0} {p99:>8.0} {p999:>8.0} {cpu:>7.1} {server:>6.2} {load:>5.2} {answers:>9}",
            side.name
        );
    }
    for line in section.ratios.iter().map(Ratio::line).chain(section.notes.iter().cloned()) {
        let _ = writeln!(text, "  {line}");
    }
    text
}

/// CPU is the server's, in microseconds for each answer; the next two are cores used.
const HEAD: &str = "  side                     per second   p50 us   p90 us   p99 us p99.9 us  CPU us server  load   answers\n";

/// A figure; a dash where it is missing.
struct Shown(f64);

impl std::fmt::Display for Shown {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_nan() {
            // A precision would cut the dash off.
            return write!(formatter, "{:>1$}", "-", formatter.width().unwrap_or_default());
        }
        self.0.fmt(formatter)
    }
}

fn side(side: &Side<'_>) -> Value {
    let medians = figures(|figure| side.median(figure));
    let every = side.rounds.iter().map(|one| {
        let mut figures = figures(|figure| figure(one));
        figures.insert("answers".to_owned(), json!(one.answers));
        Value::Object(figures)
    });
    json!({ "name": side.name, "median": Value::Object(medians), "rounds": every.collect::<Vec<_>>() })
}

fn figures(value: impl Fn(fn(&Measured) -> f64) -> f64) -> Map<String, Value> {
    FIGURES.iter().map(|(name, figure)| ((*name).to_owned(), json!(rounded(value(*figure))))).collect()
}

/// To three places; JSON has no missing number but null, which this becomes.
pub(crate) fn rounded(figure: f64) -> f64 {
    (figure * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_side_cannot_know_is_a_dash_in_the_table_and_null_in_json() {
        let mut pgbench = Side::new("pgbench", |_| Err("no turn".into()));
        pgbench.rounds = vec![Measured::rate_alone(100, 2.0)];
        assert_eq!(side(&pgbench)["median"]["per_second"], 50.0);
        assert!(side(&pgbench)["median"]["p99_us"].is_null());
        let section =
            Section { at: "64".into(), sides: vec![pgbench], ratios: Vec::new(), notes: Vec::new() };
        assert!(table(&section).lines().last().is_some_and(|line| line.contains(" - ")));
    }
}
