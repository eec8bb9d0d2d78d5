//! The figures of a run as a table for readers and as JSON for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::bench::round::Measured;

/// All rounds at one number of connections.
pub(crate) struct Row {
    /// Keep-alive connections.
    pub(crate) connections: usize,
    /// Median microseconds of a durable 4 KiB write just before.
    pub(crate) disk_us: f64,
    /// Registrar's rounds.
    pub(crate) registrar: Vec<Measured>,
    /// The echo server's rounds.
    pub(crate) echo: Vec<Measured>,
}

/// A whole run.
#[derive(Default)]
pub(crate) struct Report {
    /// Whether server and load each had a core of their own.
    pub(crate) pinned: bool,
    /// Length of a round.
    pub(crate) seconds: u64,
    /// One for each number of connections.
    pub(crate) rows: Vec<Row>,
}

type Figure = fn(&Measured) -> f64;

/// The figures of a round that are reported, by name.
const FIGURES: [(&str, Figure); 6] = [
    ("per_second", |one| one.rate),
    ("p50_us", |one| one.p50_us),
    ("p99_us", |one| one.p99_us),
    ("server_cpu_us", |one| one.server_cpu_us),
    ("server_cores", |one| one.server_share),
    ("generator_cores", |one| one.generator_share),
];

impl Report {
    /// A table of medians and the ratios that the goals are stated in.
    pub(crate) fn table(&self) -> String {
        let mut text = String::from(
            "\nconn  server        per second    p50 us    p99 us  CPU us/req  server cores  load cores  answers\n",
        );
        for row in &self.rows {
            for (name, rounds) in [("registrar", &row.registrar), ("echo", &row.echo)] {
                let [rate, p50, p99, cpu, server, generator] =
                    FIGURES.map(|(_, figure)| median(rounds.iter().map(figure)));
                let answers: usize = rounds.iter().map(|one| one.answers).sum();
                let _ = writeln!(
                    text,
                    "{:>4}  {name:<10} {rate:>13.0} {p50:>9.0} {p99:>9.0} {cpu:>11.1} {server:>13.2} \
                     {generator:>11.2} {answers:>8}",
                    row.connections
                );
            }
        }
        text.push('\n');
        for row in &self.rows {
            let ratios = row.ratios();
            let _ = writeln!(
                text,
                "{} connections: creates/s ÷ echo {:.2}, server CPU ÷ echo {:.2}, p50 ÷ (echo p50 + durable \
                 4 KiB write of {:.0} us) {:.2}",
                row.connections, ratios.rate, ratios.cpu, row.disk_us, ratios.p50
            );
        }
        let seconds = self.seconds;
        let cores = if self.pinned { "server on core 0, load on core 1" } else { "not pinned" };
        let _ = write!(text, "medians of rounds of {seconds} s, alternating; every answer was 200; {cores}");
        text
    }

    /// Medians, ratios and every single round.
    pub(crate) fn json(&self) -> Value {
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        json!({ "pinned": self.pinned, "seconds": self.seconds, "rows": rows })
    }
}

struct Ratios {
    rate: f64,
    cpu: f64,
    p50: f64,
}

impl Row {
    fn ratios(&self) -> Ratios {
        let of = |rounds: &[Measured], figure: Figure| median(rounds.iter().map(figure));
        let pair = |figure: Figure| of(&self.registrar, figure) / of(&self.echo, figure);
        let reference = of(&self.echo, |one| one.p50_us) + self.disk_us;
        Ratios {
            rate: pair(|one| one.rate),
            cpu: pair(|one| one.server_cpu_us),
            p50: of(&self.registrar, |one| one.p50_us) / reference,
        }
    }

    fn json(&self) -> Value {
        let side = |rounds: &[Measured]| {
            let medians = FIGURES.iter().map(|(name, figure)| {
                ((*name).to_owned(), json!(rounded(median(rounds.iter().map(figure)))))
            });
            let every = rounds.iter().map(|one| {
                let figures =
                    FIGURES.iter().map(|(name, figure)| ((*name).to_owned(), json!(rounded(figure(one)))));
                Value::Object(figures.chain([("answers".to_owned(), json!(one.answers))]).collect())
            });
            json!({ "median": Value::Object(medians.collect()), "rounds": every.collect::<Vec<_>>() })
        };
        let ratios = self.ratios();
        json!({
            "connections": self.connections,
            "durable_write_us": rounded(self.disk_us),
            "registrar": side(&self.registrar),
            "echo": side(&self.echo),
            "ratios": {
                "per_second": rounded(ratios.rate),
                "server_cpu": rounded(ratios.cpu),
                "p50_to_echo_and_durable_write": rounded(ratios.p50),
            },
        })
    }
}

fn rounded(figure: f64) -> f64 {
    (figure * 1000.0).round() / 1000.0
}

/// The middle value, or the mean of the two middle ones; 0 of nothing.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    let lower = sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(0.0);
    f64::midpoint(lower, upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_value_whatever_the_order() {
        assert!((median([3.0, 1.0, 2.0].into_iter()) - 2.0).abs() < 1e-9);
        assert!((median([4.0, 1.0, 2.0, 3.0].into_iter()) - 2.5).abs() < 1e-9);
        assert!(median(std::iter::empty()).abs() < 1e-9);
    }

    #[test]
    fn ratios_compare_medians_of_both_servers() {
        let one =
            |rate: f64, cpu: f64| Measured { rate, server_cpu_us: cpu, p50_us: 100.0, ..Measured::default() };
        let row = Row {
            connections: 64,
            disk_us: 100.0,
            registrar: vec![one(400.0, 30.0), one(500.0, 24.0), one(900.0, 1.0)],
            echo: vec![one(1000.0, 12.0)],
        };
        let json = Report { rows: vec![row], ..Report::default() }.json();
        assert_eq!(json["rows"][0]["ratios"]["per_second"], 0.5);
        assert_eq!(json["rows"][0]["ratios"]["server_cpu"], 2.0);
        assert_eq!(json["rows"][0]["ratios"]["p50_to_echo_and_durable_write"], 0.5);
    }
}
