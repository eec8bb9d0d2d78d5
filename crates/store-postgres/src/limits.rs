//! Every bound of the engine with its reason.

use std::time::Duration;

/// The oldest PostgreSQL this engine is tested with, as `server_version_num` tells it.
pub const POSTGRES_VERSION_MIN: i32 = 150_000;

/// Creates that may wait for a writer. Several times the connections a server is meant for, each of which waits for one
/// create; at about 1 KiB a create it also bounds the memory to a few MiB. A full queue answers `Busy` at once.
pub const QUEUE_COMMANDS_MAX: usize = 4096;

/// Creates in one statement. More would hardly save anything, for one commit is shared by all of them already, but the
/// first of the batch waits for the last.
pub const BATCH_COMMANDS_MAX: usize = 256;

/// Batches that are stored carefully after a quick statement failed: a caller that sends one request_id for many people
/// fails few statements, each of which leaves dead rows and a line in PostgreSQL's log.
pub const CAREFUL_BATCHES: u32 = 256;

/// Connections that store customers: one, and another for when many wait or the first one is held up. More make smaller batches.
pub const WRITERS: usize = 2;

/// Creates that must wait for a batch of them to begin beside one that is under way. With fewer it is cheaper to let them gather: two small
/// batches at once cost more than a larger one afterwards.
pub const BESIDE_MIN: usize = 64;

/// How long a batch is alone. Most take a millisecond; one that takes longer waits for a replica, a slow disk, or a row
/// that somebody holds, and nobody else need wait with it.
pub const ALONE_MAX: Duration = Duration::from_millis(2);

/// Batches after which a writer lets the other one go first, so that both find out early when their connections are lost. To take
/// turns at each batch costs a tenth: every backend has caches of its own.
pub const TURN_BATCHES: u32 = 64;

/// Connections for everything else: reads of platforms and keys, look-ups, operators' acts.
pub const DESK_SESSIONS: usize = 2;

/// Commands other than creates that may wait for one of those connections.
pub const DESK_QUEUE_MAX: usize = 1024;

/// Customer numbers held in memory. More are taken when half of them are left, which is as many as creates can be under way:
/// numbers do not run out before the queue is full, however long the database takes to give more. A server that ends
/// leaves at most so many unused; an installation has room for 130,000 such ends.
pub const NUMBERS_AHEAD: u32 = 8192;

/// Numbers given back that are remembered: as many as creates can be under way at once.
pub const RETURNED_NUMBERS_MAX: usize = QUEUE_COMMANDS_MAX;

/// How long the server works on one statement before it gives up. Statements take milliseconds; this is for a row that
/// another program has locked.
pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(6);

/// How long an answer is waited for; longer than the statement's own bound, so that it is passed only when the server or
/// the network hangs, or a commit waits for a replica that does not answer.
pub const ANSWER_WAIT: Duration = Duration::from_secs(8);

/// How long one host is tried when the address says nothing of it.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long what was never sent waits for a connection; short, for its caller may repeat it at once.
pub const UNSENT_PATIENCE: Duration = Duration::from_secs(2);

/// How long the outcome of a create that was sent is looked for before its caller is told that it is unknown. Its caller
/// would wait about so long for an answer.
pub const OUTCOME_PATIENCE: Duration = Duration::from_secs(10);

/// The pause before the next attempt to connect.
pub const RECONNECT_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause between two attempts to take numbers: what fails for good, such as codes that have run out, is not asked for ten
/// times a second for ever.
pub const NUMBERS_PAUSE_MAX: Duration = Duration::from_secs(2);

/// How often a transaction is tried that meets others (SQLSTATE 40001, 40P01) or loses its connection before its commit.
pub const ATTEMPTS_MAX: u32 = 5;

/// The pause before such a transaction is tried again, so that the one it met gets the lock that it waits for.
pub const CONFLICT_PAUSE: Duration = Duration::from_millis(20);

/// How often it may be found that no row is in the way of a create, before it is stored once more: because it was looked up
/// first, or met a row that then was not there.
pub const UNMET_MAX: u32 = 3;

/// How long a batch of a copy may take to be stored or read back, over slow networks and while a cluster is busy.
pub const COPY_WAIT: Duration = Duration::from_mins(1);

/// How long connections that were closed may still be listed by the server.
pub const LINGER: Duration = Duration::from_secs(1);

/// How long a server is waited for: the bounds above, which tests shorten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    /// `CONNECT_TIMEOUT`; what the address says of it goes before.
    pub(crate) connect: Duration,
    /// `ANSWER_WAIT`
    pub(crate) answer: Duration,
    /// `UNSENT_PATIENCE`
    pub(crate) unsent: Duration,
    /// `OUTCOME_PATIENCE`
    pub(crate) outcome: Duration,
    /// `RECONNECT_PAUSE`
    pub(crate) pause: Duration,
    /// `STATEMENT_TIMEOUT`
    pub(crate) statement: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: CONNECT_TIMEOUT,
            answer: ANSWER_WAIT,
            unsent: UNSENT_PATIENCE,
            outcome: OUTCOME_PATIENCE,
            pause: RECONNECT_PAUSE,
            statement: STATEMENT_TIMEOUT,
        }
    }
}

/// How long a migration waits for another process that migrates.
pub const MIGRATION_WAIT: Duration = Duration::from_mins(1);

/// How long one step of a migration waits for its lock on a table before it lets the others pass and tries again: creates
/// wait behind it, and must not wait longer than their own bound.
pub const MIGRATION_LOCK_WAIT: Duration = Duration::from_secs(1);

/// The pause before a step of a migration is tried again; creates that waited behind it pass meanwhile.
pub const MIGRATION_PAUSE: Duration = Duration::from_millis(500);
