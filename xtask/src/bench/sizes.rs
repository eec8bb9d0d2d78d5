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

/// The indexes of customers: bytes of an entry with its line pointer and header, and how full the leaves become. A key
/// that counts up fills a page to nine tenths; random keys split full pages, which leaves ln 2 of them full (Yao 1978).
const INDEXES: [Index; 3] = [
    Index { name: "customers_pkey", entry_bytes: 20.0, leaf_fill: 0.9 },
    Index { name: "customers_by_email", entry_bytes: 44.0, leaf_fill: std::f64::consts::LN_2 },
    Index { name: "customers_by_request", entry_bytes: 44.0, leaf_fill: std::f64::consts::LN_2 },
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
    for size in &arguments.customers {
        let mut stored: u64 = sql(COUNT)?.parse()?;
        let mut last = Turn::default();
        while stored < *size {
            let (log, read) = (sql(LOG_BYTES)?.parse::<f64>()?, sql(INDEX_READS)?.parse::<f64>()?);
            let rate = engine_alone(&workshop, &url, CALLERS, SECONDS)?.rate;
            let now = sql(COUNT)?.parse()?;
            let more = count(usize::try_from(now - stored)?);
            let (log, read) =
                (sql(LOG_BYTES)?.parse::<f64>()? - log, sql(INDEX_READS)?.parse::<f64>()? - read);
            (stored, last) = (now, Turn { rate, log: log / more, read: read / more });
        }
        report.add(&section(stored, &last, &sql(SIZES)?));
    }
    let notes = MODELLED.iter().map(|customers| modelled(*customers)).collect();
    report.add(&Section { at: "the model".to_owned(), sides: Vec::new(), ratios: Vec::new(), notes });
    report.finish(&arguments.plan)
}

const COUNT: &str = "SELECT count(*) FROM customers";

const LOG_BYTES: &str = "SELECT pg_current_wal_lsn() - '0/0'";

/// Pages that were not among the server's own buffers.
const INDEX_READS: &str =
    "SELECT sum(idx_blks_read) FROM pg_statio_user_indexes WHERE relname = 'customers'";

const SIZES: &str = "SELECT 'table ' || pg_relation_size('customers') UNION ALL \
    SELECT name || ' ' || pg_relation_size(name::regclass) || ' bytes, levels ' || (bt_metap(name)).level + 1 \
    FROM unnest(ARRAY['customers_pkey', 'customers_by_email', 'customers_by_request']) AS name";

/// What the last turn before a size came to.
#[derive(Default)]
struct Turn {
    rate: f64,
    log: f64,
    read: f64,
}

fn section(stored: u64, last: &Turn, sizes: &str) -> Section<'static> {
    let Turn { rate, log, read } = last;
    let mut notes: Vec<String> = sizes.lines().map(str::to_owned).collect();
    notes.push(format!(
        "the last turn: {rate:.0} a second by the engine alone; for each customer {log:.0} bytes of log and {read:.2} pages \
         of indexes that were not in the server's buffers"
    ));
    Section { at: format!("{stored} customers in PostgreSQL"), sides: Vec::new(), ratios: Vec::new(), notes }
}

/// An index as the model sees it.
struct Index {
    name: &'static str,
    entry_bytes: f64,
    leaf_fill: f64,
}

impl Index {
    /// Bytes and levels with so many entries.
    fn at(&self, entries: f64) -> (f64, u32) {
        let per_page = (PAGE_BYTES * self.leaf_fill / self.entry_bytes).floor();
        let (mut pages, mut all, mut levels) = ((entries / per_page).ceil(), 0.0, 1);
        while pages > 1.0 {
            all += pages;
            pages = (pages / per_page).ceil();
            levels += 1;
        }
        ((all + pages) * PAGE_BYTES, levels)
    }
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
    fn an_index_of_one_page_has_one_level_and_one_entry_more_than_fits_makes_two() {
        let index = Index { name: "", entry_bytes: 81.92, leaf_fill: 1.0 };
        assert_eq!(index.at(100.0), (8192.0, 1));
        assert_eq!(index.at(101.0), (3.0 * 8192.0, 2));
        assert_eq!(index.at(10_000.0), (101.0 * 8192.0, 2));
        assert_eq!(index.at(10_001.0), (104.0 * 8192.0, 3));
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
