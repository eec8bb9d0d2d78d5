//! `cargo xtask bench servers`: what one, two and three servers on one PostgreSQL give.

use std::time::Duration;

use crate::Outcome;
use crate::bench::Plan;
use crate::bench::places::Workshop;
use crate::bench::postgres::Cluster;
use crate::bench::ratio::Ratio;
use crate::bench::report::{Report, Section};
use crate::bench::side::{Side, alternate};

/// Load before the first round.
const WARM_UP: Duration = Duration::from_secs(1);

/// Arguments of `cargo xtask bench servers`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Servers at most.
    #[arg(long, default_value_t = 3)]
    servers: usize,
    /// Connections, spread over the servers.
    #[arg(long, value_delimiter = ',', default_values_t = [64, 256])]
    connections: Vec<usize>,
    #[command(flatten)]
    plan: Plan,
}

/// Runs the benchmark.
pub(crate) fn servers(arguments: &Arguments) -> Outcome<()> {
    let workshop = Workshop::new("servers", &arguments.plan)?;
    let mut report = Report::new("servers");
    for connections in &arguments.connections {
        let at = format!("servers on one PostgreSQL, {connections} connections");
        let mut cluster = Cluster::new(&workshop, "postgres", &[])?;
        cluster.serve(arguments.servers)?;
        let mut sides = Vec::new();
        for servers in 1..=arguments.servers {
            let mut load = cluster.load(servers, *connections)?;
            load.warm_up(WARM_UP)?;
            let name = if servers == 1 { "1 server".to_owned() } else { format!("{servers} servers") };
            sides.push(Side::new(&name, move |span| load.turn(span)));
        }
        alternate(&mut sides, &arguments.plan, &at)?;
        let mut ratios = Vec::new();
        if let [one, more @ ..] = sides.as_slice() {
            for side in more {
                let what = format!("per second, {} ÷ 1 server", side.name);
                ratios.push(Ratio::between(&what, side, one, |round| round.rate));
            }
        }
        report.add(&Section { at, sides, ratios, notes: vec![cluster.own_rows()?] });
    }
    report.finish(&arguments.plan)
}
