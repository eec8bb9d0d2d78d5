//! One connection: how it is set up, how statements are sent, and how a commit that was not waited for is noticed.
//!
//! A cancelled wait for synchronous replication ends the commit with success and a warning; it is also only a warning when
//! the server ends the connection then. So every warning that comes during a durable statement makes its outcome unknown.
//! Invariant: `query_durably` and `commit` return `Ok` only for what is as durable as the server is configured to make it.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::tls::{MakeTlsConnect, TlsStream};
use tokio_postgres::types::{BorrowToSql, ToSql, Type};
use tokio_postgres::{
    AsyncMessage, Client, Config, Connection, NoTls, Row, SimpleQueryMessage, Socket, ToStatement,
};

use crate::address::{Address, places};
use crate::customers::Statements;
use crate::encryption::{Connector, unreached};
use crate::failure::{Severity, Trouble};
use crate::limits::{CONNECT_TIMEOUT, COPY_WAIT, MIGRATION_WAIT};

/// Warnings must arrive, whatever the role's settings; a commit must be flushed and replicated as the server is configured.
/// Each statement must see what was committed before it: a stricter isolation only ends transactions that wait for each
/// other by design, and with more attempts than a caller should wait for.
const SET_UP: &str = "SET client_min_messages = warning; SET default_transaction_isolation = 'read committed'; \
    SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') \
        WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)";

/// Every statement is a look-up by an index. A plan made while a table was small would read the whole table until
/// PostgreSQL counts its rows again. Where there is no index such a plan then looks dear, and compiling it would take longer
/// than running it. Engines that do not know the settings have no such plans.
const PREFER_INDEXES: &str = "SET enable_seqscan = off; SET jit = off";

/// Whoever needs a buffer writes what is in it, and the kernel keeps that until the checkpoint syncs the table: 100 ms and
/// more, in which the log's syncs, and so the creates, wait for the disk too. With this it begins to write after 2 MB,
/// the most there is. What anybody has set stays. Refused where the system cannot.
const WRITE_EARLY: &str = "SELECT set_config(name, '256', false) FROM pg_settings \
    WHERE name = 'backend_flush_after' AND source = 'default'";

/// A connection.
pub(crate) struct Session {
    client: Client,
    warnings: Arc<AtomicU64>,
    statements: OnceCell<Statements>,
    answer_wait: Duration,
    /// Statements that were sent and whose answers have not come, or were not waited for to the end.
    unanswered: AtomicUsize,
    connector: Option<Connector>,
    runtime: Handle,
    driver: JoinHandle<()>,
    /// Whether the database has shown that it is the installation's.
    pub(crate) is_vouched_for: bool,
}

impl Session {
    /// Connects to the first host that writes.
    pub(crate) async fn connect(address: &Address) -> Result<Self, Trouble> {
        let session = match Connector::prepare(address.encryption()).await.map_err(Trouble::Unconnected)? {
            Some(connector) => {
                let reached = reach(address, connector.clone()).await?;
                Self::drive(address, reached, Some(connector))
            }
            None => Self::drive(address, reach(address, NoTls).await?, None),
        };
        session.batch(SET_UP).await?;
        let millis = address.patience().statement.as_millis();
        session
            .batch(&format!(
                "SET statement_timeout = {millis}; SET lock_timeout = {millis}; \
                 SET idle_in_transaction_session_timeout = {millis}"
            ))
            .await?;
        for wish in [PREFER_INDEXES, WRITE_EARLY] {
            match session.batch(wish).await {
                Err(trouble) if trouble.severity() == Severity::Connection => return Err(trouble),
                // Refused by engines that do not have it.
                Ok(()) | Err(_) => {}
            }
        }
        Ok(session)
    }

    fn drive<T>(
        address: &Address,
        (client, mut connection): (Client, Connection<Socket, T>),
        connector: Option<Connector>,
    ) -> Self
    where
        T: TlsStream + Send + Unpin + 'static,
    {
        let warnings = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&warnings);
        let driver = tokio::spawn(async move {
            // Counted before the connection is polled again, so before the statement's own end is seen.
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if matches!(message, AsyncMessage::Notice(_)) {
                    count.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        Self {
            client,
            warnings,
            statements: OnceCell::new(),
            answer_wait: address.patience().answer,
            unanswered: AtomicUsize::new(0),
            connector,
            runtime: Handle::current(),
            driver,
            is_vouched_for: false,
        }
    }

    /// The same connection, whose answers are waited for so long.
    pub(crate) fn waited_for(mut self, answer_wait: Duration) -> Self {
        self.answer_wait = answer_wait;
        self
    }

    /// Whether the connection has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// The statements of customers, prepared when they are first needed.
    pub(crate) async fn statements(&self) -> Result<&Statements, Trouble> {
        self.statements.get_or_try_init(|| Statements::prepare(self)).await
    }

    /// Prepares a statement that is used again and again.
    pub(crate) async fn prepare(&self, sql: &str) -> Result<tokio_postgres::Statement, Trouble> {
        self.in_time(self.answer_wait, self.client.prepare(sql)).await
    }

    /// Statements without parameters or rows.
    pub(crate) async fn batch(&self, sql: &str) -> Result<(), Trouble> {
        self.in_time(self.answer_wait, self.client.batch_execute(sql)).await
    }

    /// The first column of a query whose rows are text, in one round trip.
    pub(crate) async fn texts(&self, sql: &str) -> Result<Vec<String>, Trouble> {
        let messages = self.in_time(self.answer_wait, self.client.simple_query(sql)).await?;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row.try_get(0)),
            _ => None,
        });
        Ok(rows.map(|text| text.map(|text| text.unwrap_or_default().to_owned())).collect::<Result<_, _>>()?)
    }

    /// The same for what may take as long as a migration.
    pub(crate) async fn batch_patiently(&self, sql: &str) -> Result<(), Trouble> {
        self.in_time(MIGRATION_WAIT, self.client.batch_execute(sql)).await
    }

    /// Rows by `COPY` in its binary form, a transaction of its own; returns when its commit is durable.
    pub(crate) async fn copy_in_durably<R>(
        &self,
        copy: &str,
        types: &[Type],
        rows: impl Iterator<Item = R>,
    ) -> Result<(), Trouble>
    where
        R: IntoIterator<Item: BorrowToSql, IntoIter: ExactSizeIterator>,
    {
        let warnings = self.warnings.load(Ordering::SeqCst);
        let work = async {
            let mut writer = pin!(BinaryCopyInWriter::new(self.client.copy_in(copy).await?, types));
            for row in rows {
                writer.as_mut().write_raw(row).await?;
            }
            writer.finish().await
        };
        self.in_time(COPY_WAIT, work).await?;
        self.check_warnings(warnings)
    }

    /// A statement inside a transaction, or one whose durability nobody relies on.
    pub(crate) async fn query<S: ToStatement + ?Sized>(
        &self,
        statement: &S,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Trouble> {
        self.in_time(self.answer_wait, self.client.query(statement, parameters)).await
    }

    /// A statement that is a transaction of its own; returns when its commit is durable. When its answer is lost it may have
    /// been carried out.
    pub(crate) async fn query_durably<S: ToStatement + ?Sized>(
        &self,
        statement: &S,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Trouble> {
        let warnings = self.warnings.load(Ordering::SeqCst);
        let rows = self.query(statement, parameters).await.map_err(unless_answered)?;
        self.check_warnings(warnings)?;
        Ok(rows)
    }

    /// Runs `work` between `begin` and a commit; returns when the commit is durable.
    pub(crate) async fn transaction<T>(
        &self,
        begin: &str,
        work: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        self.batch(begin).await?;
        match work.await {
            Ok(value) => {
                self.commit().await?;
                Ok(value)
            }
            Err(trouble) => {
                // A connection that is lost is closed, and with it the transaction; a server that hangs is not waited for
                // a second time. One that cannot roll back is lost too, and must not be used with the transaction open.
                if trouble.severity() == Severity::Connection {
                    return Err(trouble);
                }
                match self.batch("ROLLBACK").await {
                    Err(lost) if lost.severity() == Severity::Connection => Err(lost),
                    Ok(()) | Err(_) => Err(trouble),
                }
            }
        }
    }

    async fn commit(&self) -> Result<(), Trouble> {
        let warnings = self.warnings.load(Ordering::SeqCst);
        self.batch("COMMIT").await.map_err(unless_answered)?;
        self.check_warnings(warnings)
    }

    async fn in_time<T>(
        &self,
        wait: Duration,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Trouble> {
        self.unanswered.fetch_add(1, Ordering::SeqCst);
        let result = timeout(wait, work).await.map_err(|_| Trouble::Slow)?;
        // Neither here nor where the caller itself has stopped waiting.
        self.unanswered.fetch_sub(1, Ordering::SeqCst);
        Ok(result?)
    }

    fn check_warnings(&self, before: u64) -> Result<(), Trouble> {
        if self.warnings.load(Ordering::SeqCst) == before {
            return Ok(());
        }
        Err(Trouble::Unknown("the server warned that the commit may not be replicated".to_owned()))
    }
}

/// A commit whose answer was lost with the connection.
fn unless_answered(trouble: Trouble) -> Trouble {
    match trouble.severity() {
        Severity::Connection => Trouble::Unknown(trouble.text()),
        _ => trouble,
    }
}

/// A commit that waits for a replica notices neither that its connection has ended nor that its time is up: the server would
/// keep one backend for each that was given up. Cancelled, it is there for all to see but not durable, which whoever meets
/// it finds out (`crate::customers`).
impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
        if self.unanswered.load(Ordering::SeqCst) == 0 {
            return;
        }
        let (token, connector) = (self.client.cancel_token(), self.connector.take());
        // A timer is made where the runtime runs it: a session may be dropped on any thread.
        self.runtime.spawn(async move {
            let cancelled = timeout(CONNECT_TIMEOUT, async move {
                match connector {
                    Some(connector) => token.cancel_query(connector).await,
                    None => token.cancel_query(NoTls).await,
                }
            });
            // A server that cannot be reached is as far away as the one that was given up.
            let _ = cancelled.await;
        });
    }
}

/// Connects to the first host that writes. A host that accepts and then says nothing, as a frozen one does, is given up as
/// one that does not accept: the time to connect covers everything until it is ready (libpq's meaning of `connect_timeout`).
async fn reach<T>(address: &Address, tls: T) -> Result<(Client, Connection<Socket, T::Stream>), Trouble>
where
    T: MakeTlsConnect<Socket> + Clone,
{
    let mut last = None;
    for host in address.hosts() {
        let wait = host.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT);
        let trouble = match in_time(wait, host.connect(tls.clone())).await {
            Ok(reached) => return Ok(reached),
            Err(trouble) => with_host(trouble, &host),
        };
        // Replicas never write: what the host that might have written said is not hidden by them.
        let is_unreachable = |trouble: &Trouble| matches!(trouble, Trouble::Unreachable(_));
        if last.as_ref().is_none_or(is_unreachable) || !is_unreachable(&trouble) {
            last = Some(trouble);
        }
    }
    let last = last.unwrap_or(Trouble::Slow);
    let is_refusal = last.severity() == Severity::Command;
    Err(match last {
        Trouble::Postgres(error) if is_refusal => Trouble::NotLetIn(error),
        trouble => trouble,
    })
}

/// Says which host it was, where that is what the operator must look at.
fn with_host(trouble: Trouble, host: &Config) -> Trouble {
    let said = match &trouble {
        Trouble::Slow => Some(trouble.text()),
        Trouble::Postgres(error) => unreached(error),
        _ => None,
    };
    said.map_or(trouble, |said| Trouble::Unreachable(format!("{}: {said}", places(host))))
}

async fn in_time<T>(
    wait: Duration,
    work: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Trouble> {
    match timeout(wait, work).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(Trouble::Slow),
    }
}
