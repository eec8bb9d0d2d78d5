//! Many commands in one commit, and what one of them may do to the others: nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll, Waker};

use registrar_domain::platform::WrappedKey;
use registrar_domain::store::{
    CreateApiKeyOutcome, CreateCustomerOutcome, InstallationKey, Store, StoreFailure, StoreFuture,
};
use registrar_domain::testing::{Contents, block_on, new_api_key, operator_act, scene, stored};

use super::engine::{Place, contents, server};
use crate::SqliteStore;
use crate::limits::{BATCH_COMMANDS_MAX, QUEUE_COMMANDS_MAX};

/// A writer that can be held in its commit.
struct Gate {
    closed: Arc<AtomicBool>,
    reached: Receiver<()>,
    release: Sender<()>,
}

impl Gate {
    fn open(place: &Place) -> (SqliteStore, Self) {
        let closed = Arc::new(AtomicBool::new(false));
        let ((arrives, reached), (release, go_on)) = (channel(), channel());
        let is_closed = Arc::clone(&closed);
        let options = server().with_commit(move |connection| {
            if is_closed.swap(false, Ordering::SeqCst) {
                arrives.send(()).unwrap();
                go_on.recv().unwrap();
            }
            connection.execute_batch("COMMIT")
        });
        (place.open_with(options), Self { closed, reached, release })
    }

    /// Holds the writer in the commit of a command of its own; what comes now waits for the next batch.
    fn close<'a>(&self, store: &'a SqliteStore) -> StoreFuture<'a, ()> {
        self.closed.store(true, Ordering::SeqCst);
        let mut first = store.check_ready();
        submit(&mut first);
        self.reached.recv().unwrap();
        first
    }

    fn release(&self) {
        self.release.send(()).unwrap();
    }
}

/// Puts a command into the queue without waiting for its answer.
fn submit<T>(future: &mut StoreFuture<'_, T>) {
    let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Pending));
}

#[test]
fn commands_that_come_during_a_commit_share_the_next_one() {
    let place = Place::new();
    let (store, gate) = Gate::open(&place);
    let scene = scene(&store, "one");
    let before = store.statistics();
    let first = gate.close(&store);
    let commands: Vec<_> =
        (0..64).map(|n| scene.customer(&store).request(n).email(n).payload(n).build()).collect();
    let mut answers: Vec<_> = commands.iter().map(|c| store.create_customer(c.clone())).collect();
    answers.iter_mut().for_each(submit);
    assert_eq!(store.statistics().queue_depth, 64);
    gate.release();
    block_on(first).unwrap();
    for answer in answers {
        assert_eq!(block_on(answer), Ok(CreateCustomerOutcome::Created));
    }
    let after = store.statistics();
    assert_eq!((after.commits - before.commits, after.commands - before.commands), (2, 65));
    assert_eq!(after.queue_depth, 0);
    let (bound, commits) = after.batch_sizes[6];
    assert_eq!((bound, commits), (64, 1));
}

#[test]
fn later_commands_of_a_batch_see_the_earlier_ones() {
    let place = Place::new();
    let (store, gate) = Gate::open(&place);
    let scene = scene(&store, "one");
    let first = gate.close(&store);
    let commands: Vec<_> =
        (0..3).map(|_| scene.customer(&store).request(1).email(1).payload(1).build()).collect();
    let mut answers: Vec<_> = commands.iter().map(|c| store.create_customer(c.clone())).collect();
    answers.iter_mut().for_each(submit);
    gate.release();
    block_on(first).unwrap();
    let answers: Vec<_> = answers.into_iter().map(|answer| block_on(answer).unwrap()).collect();
    let replayed = || CreateCustomerOutcome::Replayed(stored(&commands[0]));
    assert_eq!(answers, [CreateCustomerOutcome::Created, replayed(), replayed()]);
}

#[test]
fn a_bad_command_harms_none_of_its_batch() {
    let place = Place::new();
    let (store, gate) = Gate::open(&place);
    let scene = scene(&store, "one");
    let good: Vec<_> =
        (1..3).map(|n| scene.customer(&store).request(n).email(n).payload(n).build()).collect();
    let unknown_key = scene.customer(&store).email(7).with(|command| command.key.0 = 99).build();
    let taken = new_api_key(scene.platform, "key-of-one");
    let before = contents(&store, &place.path());
    let first = gate.close(&store);
    let mut a = store.create_customer(good[0].clone());
    let mut bad = store.create_customer(unknown_key);
    let mut bad_key = store.create_api_key(taken, operator_act(1));
    let mut bad_names = store.load_or_store_installation_keys(vec![installation_key(), installation_key()]);
    let mut b = store.create_customer(good[1].clone());
    submit(&mut a);
    submit(&mut bad);
    submit(&mut bad_key);
    submit(&mut bad_names);
    submit(&mut b);
    gate.release();
    block_on(first).unwrap();
    assert_eq!(block_on(a), Ok(CreateCustomerOutcome::Created));
    assert!(matches!(block_on(bad), Err(StoreFailure::Internal(_))));
    assert!(matches!(block_on(bad_key), Err(StoreFailure::Internal(_))));
    assert!(matches!(block_on(bad_names), Err(StoreFailure::Internal(_))));
    assert_eq!(block_on(b), Ok(CreateCustomerOutcome::Created));
    assert_eq!(store.statistics().batch_sizes[3].1, 1);
    assert_eq!(contents(&store, &place.path()), Contents { customers: good, ..before });
}

fn installation_key() -> InstallationKey {
    InstallationKey {
        name: "index".to_owned(),
        wrapped: WrappedKey { master_key_version: 1, bytes: vec![1; 60] },
    }
}

#[test]
fn a_full_queue_is_busy_at_once_and_what_waits_is_done_in_bounded_batches() {
    let place = Place::new();
    let (store, gate) = Gate::open(&place);
    let first = gate.close(&store);
    let mut waiting: Vec<_> = (0..QUEUE_COMMANDS_MAX).map(|_| store.check_ready()).collect();
    waiting.iter_mut().for_each(submit);
    assert_eq!(block_on(store.check_ready()), Err(StoreFailure::Busy));
    assert_eq!(store.statistics().queue_depth, u64::try_from(QUEUE_COMMANDS_MAX).unwrap());
    gate.release();
    block_on(first).unwrap();
    for answer in waiting {
        assert_eq!(block_on(answer), Ok(()));
    }
    let statistics = store.statistics();
    assert_eq!(statistics.commits, u64::try_from(1 + QUEUE_COMMANDS_MAX / BATCH_COMMANDS_MAX).unwrap());
    assert_eq!(statistics.queue_depth, 0);
}

#[test]
fn what_waits_is_carried_out_before_the_store_is_closed_even_if_its_caller_went_away() {
    let place = Place::new();
    let (store, gate) = Gate::open(&place);
    let scene = scene(&store, "one");
    drop(gate.close(&store));
    for n in 0..10 {
        let command = scene.customer(&store).request(n).email(n).payload(n).build();
        submit(&mut store.create_customer(command));
    }
    gate.release();
    drop(store);
    let store = place.open();
    assert_eq!(contents(&store, &place.path()).customers.len(), 10);
}

#[test]
fn keys_made_in_one_batch_do_not_exceed_the_limit() {
    let place = Place::new();
    let (store, gate) = Gate::open(&place);
    let platform = scene(&store, "one").platform;
    let first = gate.close(&store);
    let new = |n| new_api_key(platform, &format!("key-{n}"));
    let mut answers: Vec<_> = (0..12).map(|n| store.create_api_key(new(n), operator_act(1))).collect();
    answers.iter_mut().for_each(submit);
    gate.release();
    block_on(first).unwrap();
    let answers: Vec<_> = answers.into_iter().map(|answer| block_on(answer).unwrap()).collect();
    assert!(answers[..9].iter().all(|answer| matches!(answer, CreateApiKeyOutcome::Created(_))));
    assert!(answers[9..].iter().all(|answer| *answer == CreateApiKeyOutcome::TooManyLiveKeys));
}
