//! `cargo xtask bench plot`: creates per second of reports as bars, with the spread of the rounds, as an SVG.
//!
//! Draws what the JSON says and nothing else. Invariant: bars of one section share a scale that begins at zero.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::Value;

use crate::Outcome;

/// Arguments of `cargo xtask bench plot`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Reports that `--json` wrote.
    #[arg(required = true)]
    reports: Vec<PathBuf>,
    /// Where the drawing goes.
    #[arg(long, default_value = "docs/performance.svg")]
    out: PathBuf,
    /// Draws only the sections whose conditions contain one of these texts.
    #[arg(long)]
    only: Vec<String>,
}

/// Widths and heights, in pixels.
const WIDTH: f64 = 820.0;
const LABELS: f64 = 210.0;
const VALUES: f64 = 90.0;
const BAR: f64 = 18.0;
const ROW: f64 = 26.0;
const HEADING: f64 = 34.0;

/// Readable on white, and told apart by those who see few colours.
const OWN: &str = "#1b6ca8";
const OTHERS: &str = "#b5bcc4";

/// One bar: its name, the median, and the least and most of the rounds.
struct Bar {
    name: String,
    median: f64,
    least: f64,
    most: f64,
}

/// Draws the reports.
pub(crate) fn plot(arguments: &Arguments) -> Outcome<()> {
    let mut drawing = String::new();
    let mut y = 12.0;
    for path in &arguments.reports {
        let report: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
        for section in report.get("sections").and_then(Value::as_array).into_iter().flatten() {
            let at = section.get("at").and_then(Value::as_str).unwrap_or_default();
            let is_wanted = arguments.only.is_empty() || arguments.only.iter().any(|text| at.contains(text));
            let bars = bars(section);
            if is_wanted && !bars.is_empty() {
                y = draw(&mut drawing, at, &bars, y);
            }
        }
    }
    if drawing.is_empty() {
        return Err("these reports have no such section with rates".into());
    }
    std::fs::write(&arguments.out, whole(&drawing, y))?;
    Ok(())
}

fn bars(section: &Value) -> Vec<Bar> {
    let bar = |side: &Value| {
        let rate = |round: &Value| round.get("per_second").and_then(Value::as_f64);
        let rounds = || side.get("rounds").and_then(Value::as_array).into_iter().flatten().filter_map(rate);
        Some(Bar {
            name: side.get("name")?.as_str()?.to_owned(),
            median: rate(side.get("median")?)?,
            least: rounds().fold(f64::INFINITY, f64::min),
            most: rounds().fold(0.0, f64::max),
        })
    };
    let sides = section.get("sides").and_then(Value::as_array);
    sides.into_iter().flatten().filter_map(bar).collect()
}

/// Returns where the next section begins.
fn draw(drawing: &mut String, at: &str, bars: &[Bar], top: f64) -> f64 {
    let longest = bars.iter().map(|bar| bar.most).fold(1.0, f64::max);
    let scale = |rate: f64| rate / longest * (WIDTH - LABELS - VALUES);
    let _ = writeln!(
        drawing,
        r#"<text x="12" y="{:.0}" font-weight="bold">{}, per second</text>"#,
        top + 18.0,
        escaped(at)
    );
    let mut y = top + HEADING;
    for bar in bars {
        let is_own = ["embedded", "PostgreSQL", "filled", "create", "server"];
        let colour = if is_own.iter().any(|own| bar.name.contains(own)) { OWN } else { OTHERS };
        let middle = y + BAR / 2.0;
        let _ = writeln!(
            drawing,
            concat!(
                r#"<text x="{label:.0}" y="{text:.0}" text-anchor="end">{name}</text>"#,
                r#"<rect x="{left:.0}" y="{y:.0}" width="{width:.1}" height="{height:.0}" fill="{colour}"/>"#,
                r##"<path d="M{least:.1} {middle:.1}H{most:.1}" stroke="#222" stroke-width="1.5"/>"##,
                r#"<text x="{value:.1}" y="{text:.0}">{median}</text>"#
            ),
            label = LABELS - 10.0,
            text = y + 13.5,
            name = escaped(&bar.name),
            left = LABELS,
            y = y,
            width = scale(bar.median),
            height = BAR,
            colour = colour,
            least = LABELS + scale(bar.least),
            most = LABELS + scale(bar.most),
            middle = middle,
            value = LABELS + scale(bar.most) + 8.0,
            median = in_thousands(bar.median),
        );
        y += ROW;
    }
    y + 10.0
}

fn whole(drawing: &str, height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" width=\"{WIDTH:.0}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"#222\">\n\
         <title>Creates per second: medians, with the least and the most of the rounds as lines</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{drawing}</svg>\n"
    )
}

/// With a comma before the last three digits.
fn in_thousands(rate: f64) -> String {
    let text = format!("{rate:.0}");
    match text.len().checked_sub(3).and_then(|place| text.split_at_checked(place)) {
        Some((thousands, rest)) if !thousands.is_empty() => format!("{thousands},{rest}"),
        _ => text,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_has_the_median_and_the_extremes_of_its_rounds() {
        let section = serde_json::json!({ "at": "64", "sides": [
            { "name": "a & b", "median": { "per_second": 20.0 },
              "rounds": [{ "per_second": 10.0 }, { "per_second": 20.0 }, { "per_second": 45.0 }] },
            { "name": "none", "median": { "per_second": null }, "rounds": [] },
        ]});
        let bars = bars(&section);
        assert_eq!(bars.len(), 1);
        assert!((bars[0].median - 20.0).abs() < 0.1 && (bars[0].most - 45.0).abs() < 0.1);
        let mut drawing = String::new();
        draw(&mut drawing, "64 < 65", &bars, 0.0);
        assert!(drawing.contains("a &amp; b") && drawing.contains("64 &lt; 65"), "{drawing}");
    }

    #[test]
    fn rates_are_written_with_a_comma() {
        assert_eq!(in_thousands(999.4), "999");
        assert_eq!(in_thousands(12_345.6), "12,346");
    }
}
