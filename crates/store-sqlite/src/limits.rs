//! Every bound of the engine with its reason.

use std::time::Duration;

/// The oldest SQLite this engine works with, as `sqlite3_libversion_number` tells it: below 3.51.3 a WAL reset can
/// corrupt the database.
pub const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// Commands that may wait for the writer. Several times the connections a server is meant for, each of which waits for
/// one command; at about 1 KiB a command it also bounds the memory to a few MiB. A full queue answers `Busy` at once.
pub const QUEUE_COMMANDS_MAX: usize = 4096;

/// Commands in one transaction. More would hardly save anything, for one sync is shared by all of them already, but
/// the first of the batch waits for the last.
pub const BATCH_COMMANDS_MAX: usize = 512;

/// Reader threads of a server: they read what servers read again and again, platforms and keys; customers are looked up by the
/// writer. More would only take memory.
pub const SERVER_READERS: usize = 2;

/// Reads that may wait for a reader; as for the writer's queue.
pub const READ_QUEUE_MAX: usize = 4096;

/// How long a transaction waits for another process, such as an operator's command beside the server, before the
/// answer is `Unavailable`. Their transactions take milliseconds; this is for a machine that is very busy.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long opening waits for other processes that open or use the database. Operator commands end within a second.
pub const ATTACH_WAIT: Duration = Duration::from_secs(5);

/// How often opening looks again while it waits.
pub const ATTACH_POLL: Duration = Duration::from_millis(20);

/// Bytes in a page. SQLite's default: a commit of one customer writes few of them, and a larger one would write more.
pub const PAGE_BYTES: u32 = 4096;

/// Pages by which the log has grown when the next piece of it is copied into the database, beside the writer (2 MiB).
/// Fewer would sync more often; with more, a commit waits longer for the disk that the copy keeps busy.
pub const CHECKPOINT_PAGES: u64 = 512;

/// Pages in the log from which on the writer copies the last bit itself, so that the log starts over (16 MiB): while creates go on only a
/// writer that stands still can end it. A start after a crash reads the log, which takes some 10 ms.
pub const LOG_PAGES: u64 = 4096;

/// Pages that may be left to copy for it to be the last bit: some 100 us. As a piece ends, about 40 are left.
pub const LAST_PAGES_MAX: u64 = 128;

/// Pages in the log from which on the writer waits and copies everything itself (32 MiB), should the copying beside it
/// ever be too slow.
pub const LOG_PAGES_MAX: u64 = 8192;

/// The log file is cut back to this size when it starts over (64 MiB), should it ever have grown past it because a
/// reader kept a checkpoint from ending.
pub const LOG_BYTES_KEPT: u32 = 64 << 20;

/// The page cache of the writer, and of the thread that copies the log, in KiB: the ends of the tables that grow, and whatever
/// look-ups of single rows pass through.
pub const WRITER_CACHE_KIB: i32 = 16 << 10;

/// Each reader's page cache in KiB.
pub const READER_CACHE_KIB: i32 = 2 << 10;

/// Prepared statements that a connection keeps: more than the engine has.
pub const STATEMENTS_CACHED: usize = 48;

/// Numbers given back that are remembered: as many as creates can be under way at once.
pub const RETURNED_NUMBERS_MAX: usize = QUEUE_COMMANDS_MAX;

/// How far ahead the mark of handed-out numbers is moved at a time. Each move is a sync, shared by as many creates; a
/// crash skips at most so many of the thousand million numbers.
pub const NUMBERS_MARKED_AHEAD: u32 = 16_384;

/// Numbers skipped when the database was put back from a copy: safe as long as fewer customers were accepted since the
/// copy, and it can happen a thousand times.
pub const NUMBERS_SKIPPED_AFTER_A_COPY: u32 = 1 << 20;

/// Platform numbers skipped in the same case: platforms are made by hand, and this too can happen a thousand times.
pub const PLATFORM_NUMBERS_SKIPPED_AFTER_A_COPY: u32 = 1 << 10;

/// Tables among which the fingerprints in memory are spread. Each grows by itself, and to move one of 10,000,000 / 1024
/// entries takes microseconds; empty, all of them take 40 KiB.
pub const FINGERPRINT_SHARDS: usize = 1024;

/// Parts of the stored fingerprints that a start reads at once: with 8, the reading alone of 30,000 scattered pages takes a quarter
/// of its time, the start a half. More gain little, and each takes some MiB.
pub const FINGERPRINT_PARTS: i64 = 8;

/// Rows of fingerprints below which they are read in one part: so few take milliseconds.
pub const FINGERPRINT_ROWS_IN_PARTS_MIN: i64 = 1_000;

/// Fingerprints that each part spreads over the tables at once: 256 Ki of 8 bytes, of which each table gets some hundreds.
pub const FINGERPRINTS_SPREAD_MAX: usize = 256 << 10;
