//! `cargo xtask bench sizes`: what a customer takes of PostgreSQL's disk, log and cache, and how that grows.
//!
//! What is counted here (bytes, pages, levels) does not depend on how busy the machine is. Invariant: the model is never
//! mixed with what was measured.

use crate::Outcome;
use crate::bench::Plan;
use crate::bench::measured::count;
use crate::bench::places::Workshop;
use crate::bench::postgres::{Cluster, engine_alone};
use crate::bench::report::{Report, Section};

/// Callers of the engine alone while the database is filled.
const CALLERS: usize = 256;

/// How long they store at a time; the size is looked at in between.
const SECONDS: u64 = 2;

/// Bytes of a page of PostgreSQL.
const PAGE_BYTES: f64 = 8192.0;

/// How full leaves become: keys in no order split full pages, which leaves ln 2 of them full (Yao 1978). Numbers come in the
/// order of the e-mails within a batch, so their index becomes no fuller.
const LEAF_FILL: f64 = std::f64::consts::LN_2;

/// The indexes of customers: bytes of an entry, its header and its place in the page counted.
const INDEXES: [Index; 3] = [
    Index { name: "customers_pkey", entry_bytes: 20.0 },
    Index { name: "customers_by_email", entry_bytes: 44.0 },
    Index { name: "customers_by_request", entry_bytes: 44.0 },
];

/// Customers for which the model is printed.
const MODELLED: [f64; 3] = [1e7, 1e8, 1e9];

/// Arguments of `cargo xtask bench sizes`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// At how many customers the database is looked at.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000_000, 2_000_000, 5_000_000])]
    customers: Vec<u64>,
    #[command(flatten)]
    plan: Plan,
}

/// Fills one database and looks at it at each size.
pub(crate) fn sizes(arguments: &Arguments) -> Outcome<()> {
    let workshop = Workshop::new("sizes", &arguments.plan)?;
    let mut report = Report::new("sizes");
    let cluster = Cluster::new(&workshop, "postgres", &[])?;
    let url = cluster.copy("filled")?;
    let sql = |sql: &str| cluster.postgres.sql("filled", sql);
    sql("CREATE EXTENSION pageinspect")?;
    let look = || -> Outcome<Look> {
        let [stored, log, read] = [COUNT, LOG_BYTES, INDEX_READS].map(sql);
        Ok(Look { stored: stored?.parse()?, log: log?.parse()?, read: read?.parse()? })
    };
    let mut before = look()?;
    for size in &arguments.customers {
        let mut now = look()?;
        while now.stored < *size {
            engine_alone(&workshop, &url, CALLERS, SECONDS)?;
            now = look()?;
        }
        report.add(&section(&before, &now, &sql(SIZES)?)?);
        before = now;
    }
    let notes = MODELLED.iter().map(|customers| modelled(*customers)).collect();
    report.add(&Section { at: "the model".to_owned(), sides: Vec::new(), ratios: Vec::new(), notes });
    report.finish(&arguments.plan)
}

const COUNT: &str = "SELECT count(*) FROM customers";

const LOG_BYTES: &str = "SELECT pg_current_wal_lsn() - '0/0'";

/// Pages that were not among the server's own buffers.
const INDEX_READS: &str = "SELECT sum(idx_blks_read) FROM pg_statio_user_indexes WHERE relname = 'customers'";

const SIZES: &str = "SELECT 'table ' || pg_relation_size('customers') UNION ALL \
    SELECT name || ' ' || pg_relation_size(name::regclass) || ' bytes, levels ' || (bt_metap(name)).level + 1 \
    FROM unnest(ARRAY['customers_pkey', 'customers_by_email', 'customers_by_request']) AS name";

/// What had come to pass at one moment.
struct Look {
    stored: u64,
    log: f64,
    read: f64,
}

fn section(before: &Look, now: &Look, sizes: &str) -> Outcome<Section<'static>> {
    let more = count(usize::try_from(now.stored - before.stored)?);
    let (log, read) = ((now.log - before.log) / more, (now.read - before.read) / more);
    let mut notes: Vec<String> = sizes.lines().map(str::to_owned).collect();
    notes.push(format!(
        "for each customer since the size before, {log:.0} bytes of log and {read:.2} pages of indexes that were not in the \
         server's buffers"
    ));
    let at = format!("{} customers in PostgreSQL", now.stored);
    Ok(Section { at, sides: Vec::new(), ratios: Vec::new(), notes })
}

/// An index as the model sees it.
struct Index {
    name: &'static str,
    entry_bytes: f64,
}

impl Index {
    /// Bytes and levels with so many entries.
    fn at(&self, entries: f64) -> (f64, u32) {
        let (pages, levels) = tree(entries, (PAGE_BYTES * LEAF_FILL / self.entry_bytes).floor());
        (pages * PAGE_BYTES, levels)
    }
}

/// Pages and levels of a tree of so many entries with so many on each page.
fn tree(entries: f64, per_page: f64) -> (f64, u32) {
    let (mut pages, mut below, mut levels) = ((entries / per_page).ceil(), 0.0, 1);
    while pages > 1.0 {
        below += pages;
        pages = (pages / per_page).ceil();
        levels += 1;
    }
    (below + pages, levels)
}

fn modelled(customers: f64) -> String {
    let each = INDEXES.iter().map(|index| {
        let (bytes, levels) = index.at(customers);
        format!("{} {:.1} GB, levels {levels}", index.name, bytes / 1e9)
    });
    format!("{customers:.0} customers: {}", each.collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_of_one_page_has_one_level_and_one_entry_more_than_fits_makes_two() {
        assert_eq!(tree(100.0, 100.0), (1.0, 1));
        assert_eq!(tree(101.0, 100.0), (3.0, 2));
        assert_eq!(tree(10_000.0, 100.0), (101.0, 2));
        assert_eq!(tree(10_001.0, 100.0), (104.0, 3));
    }

    #[test]
    fn the_model_meets_what_was_measured_with_five_million_customers() {
        let measured = [(137_093_120.0, 3), (328_384_512.0, 4), (320_667_648.0, 4)];
        for (index, (bytes, levels)) in INDEXES.iter().zip(measured) {
            let modelled = index.at(5_019_345.0);
            assert!((modelled.0 / bytes - 1.0).abs() < 0.07, "{}: {}", index.name, modelled.0);
            assert_eq!(modelled.1, levels, "{}", index.name);
        }
    }

    #[test]
    fn a_hundred_times_the_customers_take_a_hundred_times_the_bytes_and_one_level_more_or_two() {
        for index in &INDEXES {
            let ((small, few), (large, many)) = (index.at(1e6), index.at(1e8));
            assert!((large / small - 100.0).abs() < 1.0, "{}", index.name);
            assert!(many > few && many <= few + 2, "{}", index.name);
        }
    }
}
