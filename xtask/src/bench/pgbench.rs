//! pgbench with the insert that Registrar makes: what PostgreSQL itself gives for one row a transaction.
//!
//! Invariant: the same table, the same indexes and constraints, values of the same sizes; keys are random.

use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::bench::measured::Measured;
use crate::bench::places::Workshop;
use crate::bench::postgres::{Cluster, engine_alone};
use crate::private_postgres::PrivatePostgres;
use crate::process::output;

/// The numbers of clients that are tried.
const CLIENTS: [usize; 5] = [8, 16, 32, 64, 96];

/// Seconds for each trial.
const TRIAL: u64 = 2;

/// The database it works on.
const DATABASE: &str = "pgbench";

/// Makes one insert out of a row that the engine stored: what is random in it stays random, the rest is as it is.
const STATEMENT: &str = r"
    SELECT format('INSERT INTO customers (%s) VALUES (%s);',
        string_agg(quote_ident(key), ', ' ORDER BY place),
        string_agg(CASE
            WHEN key = 'number' THEN 'nextval(''pgbench_numbers'')'
            WHEN value IS NULL THEN 'NULL'
            WHEN value ~ '^\\x[0-9a-f]{32}$' THEN 'uuid_send(gen_random_uuid())'
            ELSE quote_literal(value) END, ', ' ORDER BY place))
    FROM (SELECT * FROM customers LIMIT 1) AS one,
        LATERAL json_each_text(row_to_json(one)) WITH ORDINALITY AS each (key, value, place)";

/// pgbench on a copy of the installation.
pub(crate) struct Pgbench {
    port: String,
    script: PathBuf,
    /// The number of clients that gave the most.
    pub(crate) clients: usize,
}

impl Pgbench {
    /// Makes the copy and finds the best number of clients; no server of the installation runs yet.
    pub(crate) fn new(workshop: &Workshop, cluster: &Cluster) -> Outcome<Self> {
        let url = cluster.copy(DATABASE)?;
        engine_alone(workshop, &url, 1, 1)?;
        let statement = cluster.postgres.sql(DATABASE, STATEMENT)?;
        let sequence = "TRUNCATE customers; CREATE SEQUENCE pgbench_numbers CACHE 1000";
        cluster.postgres.sql(DATABASE, sequence)?;
        let script = workshop.folder.join("pgbench.sql");
        std::fs::write(&script, statement)?;
        let mut pgbench = Self { port: cluster.postgres.port().to_string(), script, clients: 0 };
        let mut best = 0.0;
        for clients in CLIENTS {
            let rate = pgbench.turn_with(clients, TRIAL)?.rate;
            if rate > best {
                (best, pgbench.clients) = (rate, clients);
            }
        }
        Ok(pgbench)
    }

    /// One turn with the best number of clients.
    pub(crate) fn turn(&self, seconds: u64) -> Outcome<Measured> {
        self.turn_with(self.clients, seconds)
    }

    fn turn_with(&self, clients: usize, seconds: u64) -> Outcome<Measured> {
        let mut command = PrivatePostgres::program("pgbench")?;
        command.args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--host=127.0.0.1"]);
        command.args(["--port", &self.port, "--username", PrivatePostgres::USER]);
        command.args(["--client", &clients.to_string(), "--time", &seconds.to_string(), "--file"]);
        let told = output(command.arg(&self.script as &Path).arg(DATABASE))?;
        let after = |label: &str| {
            let line = told.lines().find_map(|line| line.strip_prefix(label))?;
            line.split_ascii_whitespace().next().map(str::to_owned)
        };
        let failed = after("number of failed transactions: ").unwrap_or_default();
        if !["", "0"].contains(&failed.as_str()) {
            return Err(format!("{failed} inserts of pgbench failed").into());
        }
        let answers = after("number of transactions actually processed: ").ok_or("pgbench told no count")?;
        let rate: f64 = after("tps = ").ok_or("pgbench told no rate")?.parse()?;
        let answers = answers.split('/').next().unwrap_or_default().parse()?;
        Ok(Measured { rate, ..Measured::rate_alone(answers, 1.0) })
    }

    /// What the report says of it.
    pub(crate) fn notes(&self, cluster: &Cluster) -> Outcome<Vec<String>> {
        let statement = std::fs::read_to_string(&self.script)?;
        let (columns, values) = (statement.matches(", ").count() / 2 + 1, statement.len());
        let tried = CLIENTS.map(|clients| clients.to_string()).join(", ");
        Ok(vec![
            format!(
                "pgbench: {} clients gave the most of {tried}; {columns} columns, {values} bytes of SQL",
                self.clients
            ),
            cluster.rows(DATABASE)?,
        ])
    }
}
