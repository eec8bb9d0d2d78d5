//! Harm at every message between the engine's writer and a real server: each create is answered rightly or with what is
//! known, one repetition settles it, and the tables hold it once.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use registrar_domain::ids::{CustomerNumber, KeyNumber};
use registrar_domain::store::{
    BlindIndex, CreateCustomer, CreateCustomerOutcome, CreateCustomerRejection, PayloadDigest, StoreFailure,
};
use registrar_domain::testing::{CustomerFixture, Scene, scene, stored};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_postgres::{Client, NoTls};

use super::conflicts::LOCK_WAITS;
use super::engine::server;
use super::faults::until;
use super::proxy::{Harm, Proxy, Trap};
use crate::Address;
use crate::experience::Experience;
use crate::limits::{
    ANSWER_WAIT, CONNECT_TIMEOUT, OUTCOME_PATIENCE, Patience, STATEMENT_TIMEOUT, UNSENT_PATIENCE,
};
use crate::queue::Queue;
use crate::session::Session;
use crate::testing::TestDatabase;
use crate::writer::Writer;

type Answer = Result<CreateCustomerOutcome, StoreFailure>;

/// Enough for a connection on a busy machine, little enough to be waited for a hundred times.
pub(super) const SHORT: Patience = Patience {
    unsent: Duration::from_millis(30),
    outcome: Duration::from_millis(250),
    pause: Duration::from_millis(5),
    ..QUICK
};

/// The program's own patience, but for the pauses.
pub(super) const QUICK: Patience = Patience {
    connect: CONNECT_TIMEOUT,
    answer: ANSWER_WAIT,
    unsent: UNSENT_PATIENCE,
    outcome: OUTCOME_PATIENCE,
    pause: Duration::from_millis(5),
    statement: STATEMENT_TIMEOUT,
};

/// What a busy machine may add to a wait.
pub(super) const MARGIN: Duration = Duration::from_secs(2);

/// Only a failing test waits so long.
pub(super) const TOO_LONG: Duration = Duration::from_secs(40);

/// A database, the way to it through the proxy, and the way to it beside the proxy.
pub(super) struct Wire {
    pub(super) proxy: Proxy,
    pub(super) runtime: Runtime,
    pub(super) scene: Scene,
    beside: Client,
    /// Stores without harm, on a connection that stays.
    settler: Arc<Queue>,
    numbers: AtomicU32,
    pub(super) database: TestDatabase,
}

impl Wire {
    pub(super) fn new() -> Self {
        let database = TestDatabase::new();
        let scene = scene(&server(&database), "one");
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let beside = runtime.block_on(async {
            let (client, connection) = database.address().config().connect(NoTls).await.unwrap();
            tokio::spawn(connection);
            // Only the engine's own commits must be durable.
            client.batch_execute("SET synchronous_commit = off").await.unwrap();
            client
        });
        let proxy = Proxy::new(&database);
        let settler = Arc::new(Queue::default());
        let (address, queue) = (database.address(), Arc::clone(&settler));
        let writer = Writer::new(address, Arc::default(), queue, Arc::default(), Arc::default());
        runtime.spawn(writer.run());
        Self { proxy, runtime, scene, beside, settler, numbers: AtomicU32::new(1), database }
    }

    /// The first column of a query's rows, read beside the proxy.
    pub(super) fn numbers(&self, sql: &str) -> Vec<i64> {
        let rows = self.runtime.block_on(self.beside.query(sql, &[])).unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Statements beside the proxy.
    pub(super) fn run(&self, sql: &str) {
        self.runtime.block_on(self.beside.batch_execute(sql)).unwrap();
    }

    /// A customer that is told from others by `identity`, under a number of its own and sealed anew, as by a server.
    fn customer(&self, identity: u32) -> CreateCustomer {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        CustomerFixture::new(self.scene.platform, self.scene.key)
            .number(number)
            .with(|command| {
                command.request = Some(index(identity));
                command.email = index(identity);
                command.digests = vec![PayloadDigest { version: 1, bytes: index(identity).0 }];
                command.sealed.record = number.to_be_bytes().to_vec();
            })
            .build()
    }

    pub(super) fn a_stored_customer(&self) -> CreateCustomer {
        let customer = self.customer(u32::MAX);
        assert_eq!(self.settle(std::slice::from_ref(&customer)), [Ok(CreateCustomerOutcome::Created)]);
        customer
    }

    /// The numbers of the customers that have this command's e-mail.
    fn stored(&self, command: &CreateCustomer) -> Vec<CustomerNumber> {
        let sql = "SELECT number FROM customers WHERE email_index = $1 ORDER BY number";
        let rows = self.runtime.block_on(self.beside.query(sql, &[&command.email.0.as_slice()])).unwrap();
        rows.iter().map(|row| CustomerNumber(u32::try_from(row.get::<_, i64>(0)).unwrap())).collect()
    }

    /// Stores without harm.
    fn settle(&self, commands: &[CreateCustomer]) -> Vec<Answer> {
        let put = |command: &CreateCustomer| self.settler.put(command.clone()).unwrap();
        let answers: Vec<_> = commands.iter().map(put).collect();
        answers.into_iter().map(|answer| self.runtime.block_on(answer).unwrap()).collect()
    }

    /// Stores a batch by one writer on a new connection.
    fn submit(
        &self,
        address: Address,
        commands: &[CreateCustomer],
        experience: &Arc<Experience>,
    ) -> Vec<Answer> {
        let queue = Arc::new(Queue::default());
        let answers: Vec<_> = commands.iter().map(|command| queue.put(command.clone()).unwrap()).collect();
        queue.close();
        let experience = Arc::clone(experience);
        let writer = Writer::new(address, Arc::default(), queue, Arc::default(), experience);
        self.runtime.block_on(async { timeout(TOO_LONG, writer.run()).await }).unwrap();
        answers.into_iter().map(|mut answer| answer.try_recv().unwrap()).collect()
    }
}

fn index(identity: u32) -> BlindIndex {
    let mut index = [0; 16];
    index[..4].copy_from_slice(&identity.to_le_bytes());
    BlindIndex(index)
}

/// What a create meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    New,
    NewWithoutRequest,
    Replay,
    RequestReused,
    EmailTaken,
    /// By a key that is not the platform's.
    Bad,
}

/// Creates of these kinds, each of new customers where it is one, and what they meet.
struct Batch<'a> {
    wire: &'a Wire,
    met: &'a CreateCustomer,
    kinds: &'a [Kind],
    identity: u32,
    experience: Arc<Experience>,
}

impl Batch<'_> {
    fn commands(&self) -> Vec<CreateCustomer> {
        let command = |(kind, identity): (&Kind, u32)| {
            let command = self.wire.customer(identity);
            let CreateCustomer { request, email, digests, .. } = self.met.clone();
            match kind {
                Kind::New => command,
                Kind::NewWithoutRequest => CreateCustomer { request: None, ..command },
                Kind::Replay => CreateCustomer { request, email, digests, ..command },
                Kind::RequestReused => CreateCustomer { request, ..command },
                Kind::EmailTaken => CreateCustomer { email, ..command },
                Kind::Bad => CreateCustomer { key: KeyNumber(99), ..command },
            }
        };
        self.kinds.iter().zip(self.identity..).map(command).collect()
    }

    /// The only right answer to a kind that is known beforehand.
    fn right(&self, kind: Kind) -> Answer {
        Ok(match kind {
            Kind::New | Kind::NewWithoutRequest => CreateCustomerOutcome::Created,
            Kind::Replay => CreateCustomerOutcome::Replayed(stored(self.met)),
            Kind::RequestReused => {
                CreateCustomerOutcome::Rejected(CreateCustomerRejection::RequestIdReused(stored(self.met)))
            }
            Kind::EmailTaken => CreateCustomerOutcome::Rejected(
                CreateCustomerRejection::ParticipantAlreadyExists(self.met.number),
            ),
            Kind::Bad => return Err(StoreFailure::Internal(String::new())),
        })
    }

    /// Submits the batch with harm done to it, then once more; whether harm was done.
    fn run(&self, trap: Trap, patience: Patience) -> bool {
        let Wire { proxy, .. } = self.wire;
        let first = self.commands();
        proxy.set(trap);
        let answers = self.wire.submit(proxy.address().waited_for(patience), &first, &self.experience);
        let sprung = proxy.lift();
        for ((kind, command), answer) in self.kinds.iter().zip(&first).zip(&answers) {
            let is_right = match (answer, sprung) {
                (Err(StoreFailure::OutcomeUnknown(_)), Some(_)) => trap.stays_down || *kind == Kind::Bad,
                (Err(StoreFailure::Unavailable(_)), Some(_)) => {
                    trap.stays_down && !self.wire.stored(command).contains(&command.number)
                }
                (Err(StoreFailure::Internal(_)), _) => *kind == Kind::Bad,
                _ => *answer == self.right(*kind),
            };
            assert!(is_right, "{trap:?} at {sprung:?}: {kind:?} is told {answer:?}");
        }
        let again = self.commands();
        let settled = self.wire.settle(&again);
        for (place, kind) in self.kinds.iter().enumerate() {
            let attempts = (&first[place], &again[place]);
            self.check(*kind, attempts, &answers[place], &settled[place]);
        }
        sprung.is_some()
    }

    /// The repetition's answer, and what is stored in the end.
    fn check(
        &self,
        kind: Kind,
        (first, again): (&CreateCustomer, &CreateCustomer),
        answer: &Answer,
        settled: &Answer,
    ) {
        let rows = self.wire.stored(first);
        let created = *answer == Ok(CreateCustomerOutcome::Created);
        match kind {
            Kind::New | Kind::NewWithoutRequest => {
                let told = if rows == [again.number] {
                    assert!(!created, "{kind:?}: a created customer is gone");
                    CreateCustomerOutcome::Created
                } else if kind == Kind::New {
                    CreateCustomerOutcome::Replayed(stored(first))
                } else {
                    let met = CreateCustomerRejection::PayloadAlreadySubmitted(first.number);
                    CreateCustomerOutcome::Rejected(met)
                };
                assert!(rows == [again.number] || rows == [first.number], "{kind:?}: {rows:?}");
                assert_eq!(*settled, Ok(told), "{kind:?}");
            }
            Kind::Bad => {
                assert!(matches!(settled, Err(StoreFailure::Internal(_))), "{settled:?}");
                assert!(rows.is_empty(), "{rows:?}");
            }
            Kind::Replay | Kind::RequestReused | Kind::EmailTaken => {
                assert_eq!(*settled, self.right(kind));
                let expected = if kind == Kind::RequestReused { vec![] } else { vec![self.met.number] };
                assert_eq!(rows, expected, "{kind:?}");
            }
        }
    }
}

/// Does harm at every message of a batch, one of these at each in turn.
fn harm_everywhere(kinds: &[Kind], harms: &[Harm], stays_down: bool) {
    harm_everywhere_with(kinds, harms, stays_down, Arc::default);
}

fn harm_everywhere_with(
    kinds: &[Kind],
    harms: &[Harm],
    stays_down: bool,
    experience: fn() -> Arc<Experience>,
) {
    let wire = Wire::new();
    let met = wire.a_stored_customer();
    let patience = if stays_down { SHORT } else { QUICK };
    let after_setup = kinds != [Kind::New];
    for (at, harm) in (1..).zip(harms.iter().cycle()) {
        let batch = Batch { wire: &wire, met: &met, kinds, identity: at * 8, experience: experience() };
        if !batch.run(Trap { at, harm: *harm, stays_down, after_setup }, patience) {
            assert!(at > 35, "a batch has more messages than {at}");
            break;
        }
    }
}

const CUTS: [Harm; 3] = [Harm::CutAfter, Harm::ResetBefore, Harm::CutClient];

#[test]
fn a_new_customer_is_created_once_wherever_the_connection_is_cut() {
    harm_everywhere(&[Kind::New], &[Harm::CutAfter], false);
}

#[test]
fn a_new_customer_is_created_once_wherever_the_connection_is_reset() {
    harm_everywhere(&[Kind::New], &[Harm::ResetBefore], false);
}

#[test]
fn a_new_customer_is_created_once_wherever_the_answer_is_lost() {
    harm_everywhere(&[Kind::New], &[Harm::CutClient], false);
}

#[test]
fn a_new_customer_is_created_once_wherever_an_administrator_ends_the_connection() {
    harm_everywhere(&[Kind::New], &[Harm::Kill], false);
}

#[test]
fn a_new_customer_is_created_once_wherever_the_server_does_not_know_what_it_did() {
    harm_everywhere(&[Kind::New], &[Harm::Answer("40003"), Harm::Answer("57P01")], false);
}

#[test]
fn a_customer_without_a_request_id_is_created_once_wherever_the_connection_is_cut() {
    harm_everywhere(&[Kind::NewWithoutRequest], &CUTS, false);
}

#[test]
fn creates_that_meet_a_row_are_told_so_wherever_the_connection_is_cut() {
    harm_everywhere(&[Kind::Replay, Kind::EmailTaken, Kind::RequestReused], &CUTS, false);
}

#[test]
fn a_new_customer_beside_a_reused_request_id_is_created_once_wherever_the_connection_is_cut() {
    harm_everywhere(&[Kind::New, Kind::RequestReused], &CUTS, false);
}

#[test]
fn every_create_of_a_batch_with_a_bad_one_is_told_its_own_outcome_wherever_the_connection_is_cut() {
    let kinds = [Kind::New, Kind::Bad, Kind::Replay, Kind::NewWithoutRequest];
    harm_everywhere(&kinds, &[Harm::CutAfter, Harm::Answer("40003")], false);
}

#[test]
fn a_server_that_stays_away_leaves_every_create_unavailable_or_unknown_and_a_repetition_settles_it() {
    let kinds = [Kind::New, Kind::NewWithoutRequest, Kind::Replay, Kind::EmailTaken];
    harm_everywhere(&kinds, &[Harm::CutAfter, Harm::CutClient], true);
}

/// That of a writer whose last batch met rows alone.
fn of_rows() -> Arc<Experience> {
    let experience = Arc::<Experience>::default();
    experience.note_met(1, 1);
    experience
}

const LOOKED_UP: [Kind; 6] =
    [Kind::Replay, Kind::New, Kind::EmailTaken, Kind::Bad, Kind::RequestReused, Kind::Replay];

#[test]
fn creates_that_are_looked_up_first_are_told_their_own_outcomes_wherever_the_connection_is_cut() {
    harm_everywhere_with(&LOOKED_UP, &CUTS, false, of_rows);
}

#[test]
fn creates_that_are_looked_up_first_are_settled_by_a_repetition_after_the_server_stayed_away() {
    harm_everywhere_with(&LOOKED_UP, &[Harm::CutClient, Harm::CutAfter], true, of_rows);
}

#[test]
fn few_new_customers_among_repetitions_do_not_end_the_looking_first() {
    let wire = Wire::new();
    let met = wire.a_stored_customer();
    let experience = of_rows();
    for (kinds, looks_first) in [
        ([Kind::Replay, Kind::New, Kind::RequestReused], true),
        ([Kind::New, Kind::Replay, Kind::New], false),
        ([Kind::Replay, Kind::New, Kind::NewWithoutRequest], false),
        ([Kind::Replay, Kind::EmailTaken, Kind::Replay], true),
    ] {
        let identity = 8 * wire.numbers.load(Ordering::Relaxed);
        let batch =
            Batch { wire: &wire, met: &met, kinds: &kinds, identity, experience: Arc::clone(&experience) };
        let answers = wire.submit(wire.database.address(), &batch.commands(), &experience);
        assert_eq!(answers, kinds.map(|kind| batch.right(kind)));
        assert_eq!(experience.manner().looks_first, looks_first, "{kinds:?}");
    }
}

/// A server that hangs is waited for so long.
pub(super) const FROZEN: Patience = Patience {
    connect: Duration::from_millis(150),
    answer: Duration::from_millis(300),
    unsent: Duration::from_millis(100),
    outcome: Duration::from_millis(450),
    pause: Duration::from_millis(5),
    ..QUICK
};

#[test]
fn a_server_that_hangs_is_not_waited_for_longer_than_a_caller_would_wait() {
    let wire = Wire::new();
    let kinds = [Kind::New, Kind::NewWithoutRequest, Kind::Replay];
    let met = wire.a_stored_customer();
    let patience = Patience { answer: TOO_LONG, ..FROZEN };
    for at in (2..80).step_by(9) {
        let batch =
            Batch { wire: &wire, met: &met, kinds: &kinds, identity: at * 8, experience: Arc::default() };
        let begun = Instant::now();
        let trap = Trap { at, harm: Harm::Freeze, stays_down: true, after_setup: false };
        assert!(batch.run(trap, patience), "{at}");
        assert!(begun.elapsed() < patience.outcome + MARGIN, "{at}: {:?}", begun.elapsed());
    }
}

/// As a primary that was frozen and replaced by another does: its kernel still accepts.
#[test]
fn a_host_that_accepts_and_says_nothing_is_passed_over() {
    let wire = Wire::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = wire.database.url_at(silent.local_addr().unwrap());
    let after = wire.proxy.address().hosts()[0].get_ports()[0];
    let url = url.replace("/test_", &format!(",127.0.0.1:{after}/test_"));
    let address = Address::parse(&url).unwrap().waited_for(FROZEN);
    let answers = wire.submit(address, &[wire.customer(1)], &Arc::default());
    assert_eq!(answers, [Ok(CreateCustomerOutcome::Created)]);
}

#[test]
fn a_table_that_stays_locked_does_not_hold_a_batch_up_for_every_half_of_it() {
    let wire = Wire::new();
    let patience = Patience { statement: Duration::from_millis(200), ..FROZEN };
    let commands: Vec<_> = (0..64).map(|identity| wire.customer(identity)).collect();
    wire.run("BEGIN; LOCK TABLE customers");
    let begun = Instant::now();
    let answers = wire.submit(wire.database.address().waited_for(patience), &commands, &Arc::default());
    let waited = begun.elapsed();
    wire.run("ROLLBACK");
    for answer in answers {
        assert!(matches!(answer, Err(StoreFailure::Unavailable(_))), "{answer:?}");
    }
    assert!(waited < patience.outcome + 2 * patience.statement + MARGIN, "{waited:?}");
    assert!(wire.settle(&commands).into_iter().all(|answer| answer == Ok(CreateCustomerOutcome::Created)));
}

#[test]
fn a_row_that_somebody_holds_does_not_hold_up_who_is_new_beside_its_repetition() {
    let wire = Wire::new();
    // The first in the order of the e-mails, so that a batch that is halved has it before the others.
    let met = wire.customer(0);
    assert_eq!(wire.settle(std::slice::from_ref(&met)), [Ok(CreateCustomerOutcome::Created)]);
    // Two such waits are longer than what a batch is given.
    let patience = Patience { statement: Duration::from_millis(250), ..FROZEN };
    let kinds = [Kind::Replay, Kind::New, Kind::NewWithoutRequest];
    let batch = Batch { wire: &wire, met: &met, kinds: &kinds, identity: 8, experience: of_rows() };
    let commands = batch.commands();
    wire.run(&format!("BEGIN; SELECT FROM customers WHERE number = {} FOR UPDATE", met.number.0));
    let answers = wire.submit(wire.database.address().waited_for(patience), &commands, &batch.experience);
    wire.run("ROLLBACK");
    assert!(matches!(answers[0], Err(StoreFailure::Unavailable(_))), "{answers:?}");
    assert_eq!(answers[1..], [Ok(CreateCustomerOutcome::Created), Ok(CreateCustomerOutcome::Created)]);
    assert_eq!(wire.settle(&commands[..1]), [batch.right(Kind::Replay)]);
}

/// Nobody but the owner can delete a customer, by hand.
#[test]
fn a_row_that_is_deleted_while_it_is_read_does_not_hide_the_others() {
    let wire = Wire::new();
    let met = wire.a_stored_customer();
    let other = wire.customer(7);
    assert_eq!(wire.settle(std::slice::from_ref(&other)), [Ok(CreateCustomerOutcome::Created)]);
    let again =
        |command: &CreateCustomer| CreateCustomer { number: wire.customer(9).number, ..command.clone() };
    let repetitions = [again(&met), again(&other)];
    // The first in the order of the e-mails, so the one whose row is locked.
    wire.run(&format!("BEGIN; DELETE FROM customers WHERE number = {}", other.number.0));
    let answers = std::thread::scope(|scope| {
        let answering = scope.spawn(|| wire.submit(wire.database.address(), &repetitions, &of_rows()));
        until(&wire.database, LOCK_WAITS, "1");
        wire.run("COMMIT");
        answering.join().unwrap()
    });
    let expected = [CreateCustomerOutcome::Replayed(stored(&met)), CreateCustomerOutcome::Created];
    assert_eq!(answers, expected.map(Ok));
}

/// The cause is at the first host; the second is as replicas are.
#[test]
fn what_a_host_refuses_is_told_though_a_later_one_cannot_be_used() {
    let wire = Wire::new();
    // Of a listener that is dropped at once.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let open = wire.proxy.address().hosts()[0].get_ports()[0];
    for hosts in
        [format!("127.0.0.1:{open},127.0.0.1:{closed}"), format!("127.0.0.1:{closed},127.0.0.1:{open}")]
    {
        let address = Address::parse(&format!("postgres://registrar@{hosts}/no_such_database")).unwrap();
        let trouble = wire.runtime.block_on(Session::connect(&address)).err().unwrap();
        assert!(trouble.text().contains("3D000"), "{hosts}: {}", trouble.text());
    }
}
