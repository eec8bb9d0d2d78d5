//! A private PostgreSQL with an installation in it, and databases that are copies of it.
//!
//! Invariant: a copy has the same tables, indexes and constraints, whatever the migrations are.

use std::path::PathBuf;

use crate::Outcome;
use crate::bench::http_load::{HttpLoad, Target};
use crate::bench::measured::{Measured, count};
use crate::bench::places::Workshop;
use crate::fleet::{Installation, Member};
use crate::load::Signer;
use crate::private_postgres::PrivatePostgres;
use crate::test::POSTGRES;
use crate::test::tools::need;

/// The installation's database.
const DATABASE: &str = "registrar";

/// The server and what runs on it.
pub(crate) struct Cluster {
    // Ends before the server it is connected to.
    members: Vec<Member>,
    installation: Installation,
    /// The private server.
    pub(crate) postgres: PrivatePostgres,
}

impl Cluster {
    /// Starts PostgreSQL and makes an installation, of which no server runs yet.
    pub(crate) fn new(workshop: &Workshop, name: &str, settings: &[&str]) -> Outcome<Self> {
        need(POSTGRES, &["postgresql-15"])?;
        let folder = workshop.folder(name)?;
        let postgres = PrivatePostgres::start(&folder, settings)?;
        let url = postgres.database(DATABASE)?;
        let installation = Installation::create(&workshop.binary, &folder, &url)?;
        Ok(Self { members: Vec::new(), installation, postgres })
    }

    /// Copies the installation, while none of its servers runs; the copy's name is its database's.
    pub(crate) fn copy(&self, name: &str) -> Outcome<String> {
        self.postgres.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {DATABASE}"))?;
        Ok(self.postgres.url(name))
    }

    /// Starts so many servers.
    pub(crate) fn serve(&mut self, servers: usize) -> Outcome<()> {
        self.members = self.installation.start(servers, |_, _| {})?;
        Ok(())
    }

    /// The first so many servers, with PostgreSQL.
    pub(crate) fn target(&self, servers: usize) -> Outcome<Target> {
        let members = || self.members.iter().take(servers);
        let mut processes: Vec<u32> = members().filter_map(Member::pid).collect();
        processes.push(self.postgres.pid()?);
        Ok(Target { addresses: members().map(|member| member.address).collect(), processes })
    }

    /// The first server.
    pub(crate) fn first(&self) -> Outcome<&Member> {
        self.members.first().ok_or_else(|| "no server runs".into())
    }

    /// Signs requests for the installation.
    pub(crate) fn signer(&self) -> Outcome<Signer> {
        self.installation.signer()
    }

    /// The file of the credentials that the signer uses.
    pub(crate) fn credentials_file(&self) -> PathBuf {
        self.installation.folder.join("credentials.json")
    }

    /// A load on the first so many servers.
    pub(crate) fn load(&self, servers: usize, connections: usize) -> Outcome<HttpLoad> {
        Ok(HttpLoad::new(self.target(servers)?, &self.signer()?, connections, false))
    }

    /// How many customers a database holds, for the report.
    pub(crate) fn rows(&self, database: &str) -> Outcome<String> {
        let rows = self.postgres.sql(database, "SELECT count(*) FROM customers")?;
        Ok(format!("{database}: {rows} rows in the end"))
    }

    /// How many the installation itself holds.
    pub(crate) fn own_rows(&self) -> Outcome<String> {
        self.rows(DATABASE)
    }
}

/// One turn of the engine alone: as many callers, each one create after the other, no HTTP and nothing to seal.
pub(crate) fn engine_alone(
    workshop: &Workshop,
    url: &str,
    callers: usize,
    seconds: u64,
) -> Outcome<Measured> {
    let told = workshop.engine(&["backend", url, &callers.to_string(), &seconds.to_string()])?;
    let words: Vec<&str> = told.split_ascii_whitespace().collect();
    let ["stored", stored, "in", elapsed] = words.as_slice() else {
        return Err(format!("the engine's program said `{}`", told.trim()).into());
    };
    let (stored, elapsed): (usize, f64) = (stored.parse()?, elapsed.parse()?);
    if count(stored) < 1.0 {
        return Err("the engine stored nothing".into());
    }
    Ok(Measured::rate_alone(stored, elapsed))
}
