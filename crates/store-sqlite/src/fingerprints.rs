//! Which blind indexes of customers are taken, in memory: what tells `create_customer` whether there is a row to look at.
//!
//! A random key in a B-tree costs a create more than everything else and more with every customer; here it costs a few
//! bytes. A fingerprint only ever says "look there": the row decides. Invariant: every index that this program stored is here,
//! for only the server's writer stores customers, and its entries are committed with the rows.

use std::panic::resume_unwind;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use hashbrown::HashTable;
use registrar_domain::ids::CustomerNumber;
use registrar_domain::store::BlindIndex;
use rusqlite::types::Type;
use rusqlite::{Connection, params};

use crate::connection::open_reader;
use crate::limits::{
    FINGERPRINT_PARTS, FINGERPRINT_ROWS_IN_PARTS_MIN, FINGERPRINT_SHARDS, FINGERPRINTS_SPREAD_MAX,
};
use crate::open_error::OpenError;

/// Bytes of a stored entry: four of the customer's number, then the fingerprint.
const ENTRY_BYTES: usize = 12;

/// One index of one customer.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Entry {
    number: CustomerNumber,
    /// The first eight bytes of a keyed hash: as good as random.
    fingerprint: u64,
}

/// What is kept of an entry: where it lies tells ten more bits of the fingerprint.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Kept {
    number: u32,
    bits: u32,
}

type Shard = HashTable<Kept>;

/// Two customers one of whose fingerprints is the same, the earlier one first.
type Pair = (CustomerNumber, CustomerNumber);

/// The tables. After the start the writer alone changes them; whoever wants to know whether a look is worth it may ask them.
pub(crate) struct Taken {
    /// Many small tables instead of a large one: growing moves one of them at a time, which no request notices, and nobody
    /// waits for another who asks.
    shards: Vec<Mutex<Shard>>,
}

/// The indexes of all customers, as the writer has them.
pub(crate) struct Fingerprints {
    taken: Arc<Taken>,
    /// The entries of the transaction under way, as they will be stored.
    uncommitted: Vec<u8>,
}

impl Taken {
    fn empty() -> Self {
        Self { shards: (0..FINGERPRINT_SHARDS).map(|_| Mutex::default()).collect() }
    }

    /// The customers whose rows may bear this index: nearly always none or one.
    pub(crate) fn candidates(&self, index: BlindIndex) -> Vec<CustomerNumber> {
        let entry = Entry::new(index, CustomerNumber(0));
        self.shard(entry).map_or_else(Vec::new, |shard| alike_in(&shard, entry.kept().bits).collect())
    }

    fn insert(&self, entry: Entry) {
        if let Some(mut shard) = self.shard(entry) {
            shard.insert_unique(entry.hash(), entry.kept(), |kept| hash(kept.bits));
        }
    }

    fn remove(&self, entry: Entry) {
        let (hash, kept) = (entry.hash(), entry.kept());
        if let Some(Ok(occupied)) =
            self.shard(entry).as_mut().map(|shard| shard.find_entry(hash, |one| *one == kept))
        {
            occupied.remove();
        }
    }

    fn shard(&self, entry: Entry) -> Option<MutexGuard<'_, Shard>> {
        self.shards.get(entry.shard()).map(lock)
    }

    /// The last customer, if one of its indexes is not here. To look at every customer would mean to read all of their rows.
    fn last_customer_not_entered(&self, connection: &Connection) -> rusqlite::Result<Option<CustomerNumber>> {
        let sql = "SELECT number, email_index, request_index FROM customers ORDER BY number DESC LIMIT 1";
        let mut query = connection.prepare(sql)?;
        let mut rows = query.query([])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let number = CustomerNumber(row.get(0)?);
        let indexes = [row.get::<_, Option<[u8; 16]>>(1)?, row.get(2)?];
        let is_here = |index| self.candidates(BlindIndex(index)).contains(&number);
        Ok((!indexes.into_iter().flatten().all(is_here)).then_some(number))
    }

    /// Reads the stored entries, many of them in several parts at once: on the disk they lie apart, and to wait for one after
    /// the other takes longer than everything else at a start. The customers whose fingerprints are alike.
    fn read(&self, connection: &Connection, path: &Path) -> Result<Vec<Pair>, OpenError> {
        let sqlite = |error| OpenError::sqlite(path, &error);
        let last = last_row(connection).map_err(sqlite)?;
        if last < FINGERPRINT_ROWS_IN_PARTS_MIN {
            return self.read_rows(connection, i64::MIN, i64::MAX).map_err(sqlite);
        }
        let bound = |part| match part {
            0 => i64::MIN,
            FINGERPRINT_PARTS => i64::MAX,
            part => last / FINGERPRINT_PARTS * part,
        };
        let read_part =
            |part| self.read_rows(&open_reader(path)?, bound(part), bound(part + 1)).map_err(sqlite);
        thread::scope(|scope| {
            let start = |part| thread::Builder::new().spawn_scoped(scope, move || read_part(part));
            let parts: std::io::Result<Vec<_>> = (0..FINGERPRINT_PARTS).map(start).collect();
            let mut alike = Vec::new();
            for part in parts.map_err(|error| OpenError::io("start a thread for", path, error))? {
                alike.extend(part.join().unwrap_or_else(|panic| resume_unwind(panic))?);
            }
            Ok(alike)
        })
    }

    /// Reads the rows after `from`, `to` the last of them.
    fn read_rows(&self, connection: &Connection, from: i64, to: i64) -> rusqlite::Result<Vec<Pair>> {
        let (mut spread, mut waiting) = (vec![Vec::new(); self.shards.len()], 0);
        let mut alike = Vec::new();
        let mut query =
            connection.prepare("SELECT entries FROM fingerprints WHERE number > ?1 AND number <= ?2")?;
        let mut rows = query.query([from, to])?;
        while let Some(row) = rows.next()? {
            let (entries, torn) = row.get_ref(0)?.as_blob()?.as_chunks();
            if !torn.is_empty() {
                let reason = format!("a row of fingerprints ends with {} bytes of an entry", torn.len());
                return Err(rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, reason.into()));
            }
            for entry in entries.iter().map(Entry::decode) {
                spread.get_mut(entry.shard()).into_iter().for_each(|shard| shard.push(entry.kept()));
            }
            waiting += entries.len();
            if waiting >= FINGERPRINTS_SPREAD_MAX {
                self.gather(&mut spread, &mut alike);
                waiting = 0;
            }
        }
        self.gather(&mut spread, &mut alike);
        Ok(alike)
    }

    /// Fills one table after the other, for one fits into a processor's cache and all of them do not.
    fn gather(&self, spread: &mut [Vec<Kept>], alike: &mut Vec<Pair>) {
        for (shard, waiting) in self.shards.iter().zip(spread) {
            let mut shard = lock(shard);
            for kept in waiting.drain(..) {
                let number = CustomerNumber(kept.number);
                alike.extend(alike_in(&shard, kept.bits).map(|other| (number.min(other), number.max(other))));
                shard.insert_unique(hash(kept.bits), kept, |kept| hash(kept.bits));
            }
        }
    }
}

impl Fingerprints {
    /// Reads what is stored at `path`. Entries that are alike are compared by their rows, so that each start also proves
    /// that no index that is entered is stored twice. A row without entries is not seen, unless it is the last one.
    pub(crate) fn load(connection: &Connection, path: &Path) -> Result<Self, OpenError> {
        let sqlite = |error| OpenError::sqlite(path, &error);
        let all = Taken::empty();
        let mut alike = all.read(connection, path)?;
        alike.sort_unstable();
        if let Some((one, other)) = first_with_the_same_index(connection, &alike).map_err(sqlite)? {
            return Err(OpenError::StoredTwice { one: one.0, other: other.0 });
        }
        match all.last_customer_not_entered(connection).map_err(sqlite)? {
            Some(number) => Err(OpenError::NotEntered(number.0)),
            None => Ok(Self { taken: Arc::new(all), uncommitted: Vec::new() }),
        }
    }

    /// What anybody may ask.
    pub(crate) fn taken(&self) -> Arc<Taken> {
        Arc::clone(&self.taken)
    }

    /// The customers whose rows may bear this index: nearly always none or one.
    pub(crate) fn candidates(&self, index: BlindIndex) -> Vec<CustomerNumber> {
        self.taken.candidates(index)
    }

    /// Takes note of an index whose row was inserted in the transaction under way.
    pub(crate) fn add(&mut self, index: BlindIndex, number: CustomerNumber) {
        let entry = Entry::new(index, number);
        self.taken.insert(entry);
        self.uncommitted.extend_from_slice(&entry.encode());
    }

    /// Stores the entries of the transaction under way, to be committed with the rows.
    pub(crate) fn store(&self, connection: &Connection) -> rusqlite::Result<()> {
        if self.uncommitted.is_empty() {
            return Ok(());
        }
        let mut insert = connection.prepare_cached("INSERT INTO fingerprints (entries) VALUES (?1)")?;
        insert.execute(params![self.uncommitted]).map(|_| ())
    }

    /// The transaction was committed.
    pub(crate) fn committed(&mut self) {
        self.uncommitted.clear();
    }

    /// The transaction was not committed. Entries without a row would do no harm, but fill the memory while a disk is full.
    pub(crate) fn rolled_back(&mut self) {
        for entry in std::mem::take(&mut self.uncommitted).as_chunks().0.iter().map(Entry::decode) {
            self.taken.remove(entry);
        }
    }
}

/// A table is whole between any two changes, so one whose holder panicked can be used.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn alike_in(shard: &Shard, bits: u32) -> impl Iterator<Item = CustomerNumber> {
    let alike = shard.iter_hash(hash(bits)).filter(move |kept| kept.bits == bits);
    alike.map(|kept| CustomerNumber(kept.number))
}

fn last_row(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT coalesce(max(number), 0) FROM fingerprints", [], |row| row.get(0))
}

fn first_with_the_same_index(connection: &Connection, pairs: &[Pair]) -> rusqlite::Result<Option<Pair>> {
    let mut same = connection.prepare(
        "SELECT EXISTS (SELECT 1 FROM customers AS a, customers AS b WHERE a.number = ?1 AND b.number = ?2 \
         AND a.number <> b.number AND a.platform = b.platform \
         AND (a.email_index = b.email_index OR a.request_index = b.request_index))",
    )?;
    for (one, other) in pairs {
        if same.query_row([one.0, other.0], |row| row.get(0))? {
            return Ok(Some((*one, *other)));
        }
    }
    Ok(None)
}

impl Entry {
    fn new(index: BlindIndex, number: CustomerNumber) -> Self {
        let fingerprint = index.0.first_chunk().map_or(0, |first| u64::from_be_bytes(*first));
        Self { number, fingerprint }
    }

    fn encode(self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        let (number, fingerprint) = bytes.split_at_mut(4);
        number.copy_from_slice(&self.number.0.to_be_bytes());
        fingerprint.copy_from_slice(&self.fingerprint.to_be_bytes());
        bytes
    }

    fn decode(bytes: &[u8; ENTRY_BYTES]) -> Self {
        let [a, b, c, d, fingerprint @ ..] = *bytes;
        let number = CustomerNumber(u32::from_be_bytes([a, b, c, d]));
        Self { number, fingerprint: u64::from_be_bytes(fingerprint) }
    }

    fn shard(self) -> usize {
        // The upper half, so that it is independent of the bits that are kept.
        ((self.fingerprint >> 32) as usize) % FINGERPRINT_SHARDS
    }

    const fn kept(self) -> Kept {
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
        Kept { number: self.number.0, bits: self.fingerprint as u32 }
    }

    fn hash(self) -> u64 {
        hash(self.kept().bits)
    }
}

/// The table takes its place from the lower bits and a tag from the upper ones.
fn hash(bits: u32) -> u64 {
    u64::from(bits) << 32 | u64::from(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(first: u64, rest: u8) -> BlindIndex {
        let mut bytes = [rest; 16];
        bytes[..8].copy_from_slice(&first.to_be_bytes());
        BlindIndex(bytes)
    }

    fn candidates(all: &Fingerprints, index: BlindIndex) -> Vec<u32> {
        let mut numbers: Vec<_> = all.candidates(index).into_iter().map(|number| number.0).collect();
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let entry = Entry::new(index(0x0102_0304_0506_0708, 9), CustomerNumber(0xA0B0_C0D0));
        let bytes = entry.encode();
        assert_eq!(bytes, [0xA0, 0xB0, 0xC0, 0xD0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(Entry::decode(&bytes) == entry);
    }

    #[test]
    fn indexes_that_begin_alike_are_all_candidates_and_others_are_not() {
        let mut all = Fingerprints { taken: Arc::new(Taken::empty()), uncommitted: Vec::new() };
        for number in 0..10_000 {
            all.add(index(u64::from(number) << 32 | u64::from(number / 2), 0), CustomerNumber(number));
        }
        all.add(index(7 << 32 | 3, 1), CustomerNumber(10_000));
        assert_eq!(candidates(&all, index(7 << 32 | 3, 2)), [7, 10_000]);
        assert_eq!(candidates(&all, index(8 << 32 | 4, 0)), [8]);
        assert_eq!(candidates(&all, index(8 << 32 | 5, 0)), Vec::<u32>::new());
    }

    #[test]
    fn what_was_rolled_back_is_forgotten_and_what_was_committed_stays() {
        let mut all = Fingerprints { taken: Arc::new(Taken::empty()), uncommitted: Vec::new() };
        all.add(index(1, 0), CustomerNumber(1));
        all.committed();
        all.add(index(1, 0), CustomerNumber(2));
        all.add(index(2, 0), CustomerNumber(2));
        all.rolled_back();
        assert_eq!(candidates(&all, index(1, 0)), [1]);
        assert_eq!(candidates(&all, index(2, 0)), Vec::<u32>::new());
    }
}
