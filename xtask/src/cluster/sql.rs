//! Questions to PostgreSQL on one node, asked with `psql` as the superuser.
//!
//! Invariant: every question ends soon, also when the node is frozen or cut off.

use std::process::{Command, Stdio};

use crate::Outcome;
use crate::cluster::configuration::PASSWORD;

/// The database that Registrar works on.
pub(crate) const DATABASE: &str = "registrar";

/// Seconds that connecting may take.
const CONNECT_SECONDS: &str = "3";

/// Seconds after which `psql` is killed, whatever it waits for.
const ANSWER_SECONDS: &str = "60";

/// The first line that a statement gives.
pub(crate) fn ask(address: &str, database: &str, statement: &str) -> Outcome<String> {
    let output = Command::new("timeout")
        .args([
            "--signal=KILL",
            ANSWER_SECONDS,
            "psql",
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
        ])
        .args(["--set", "ON_ERROR_STOP=1", "--host", address, "--username", "postgres"])
        .args(["--dbname", database, "--command", statement])
        .env("PGPASSWORD", PASSWORD)
        .env("PGCONNECT_TIMEOUT", CONNECT_SECONDS)
        .stdin(Stdio::null())
        .output()
        .map_err(|why| format!("`timeout` does not start: {why}"))?;
    if !output.status.success() {
        return Err(format!("psql: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The role that owns the tables.
pub(crate) const OWNER: &str = "registrar_owner";

/// Makes the owner and the empty database that an operator makes by hand (docs/clusters.md).
pub(crate) fn make_database(primary: &str) -> Outcome<()> {
    ask(primary, "postgres", &format!("CREATE ROLE {OWNER} LOGIN PASSWORD '{PASSWORD}'"))?;
    ask(primary, "postgres", &format!("CREATE DATABASE {DATABASE} OWNER {OWNER}"))?;
    Ok(())
}

/// Whether so many replicas stream from this primary, one of them synchronously and by its name: after a restart Patroni
/// writes `*` for a moment, and until it names one, none may take over.
pub(crate) fn is_replicated(primary: &str, replicas: usize) -> bool {
    let statement = "SELECT count(*) FILTER (WHERE state = 'streaming') || ' ' || \
                     count(*) FILTER (WHERE sync_state = 'sync' \
                     AND current_setting('synchronous_standby_names') <> '*') FROM pg_stat_replication \
                     WHERE application_name IN ('n1', 'n2', 'n3') AND NOT pg_is_in_recovery()";
    ask(primary, "postgres", statement).is_ok_and(|found| found == format!("{replicas} 1"))
}

/// How many customers a node holds.
pub(crate) fn customers(address: &str) -> Outcome<u64> {
    Ok(ask(address, DATABASE, "SELECT count(*) FROM customers")?.parse()?)
}

/// Up to where the primary has written its log.
pub(crate) fn written(primary: &str) -> Outcome<String> {
    ask(primary, "postgres", "SELECT pg_current_wal_lsn()")
}

/// Whether a replica shows everything that the primary had written up to there.
pub(crate) fn has_replayed(replica: &str, written: &str) -> bool {
    let statement = format!("SELECT pg_last_wal_replay_lsn() >= '{written}'");
    ask(replica, "postgres", &statement).is_ok_and(|found| found == "t")
}
