//! One connection that stores customers: takes what waits, stores what is new by one statement, answers after its commit.
//!
//! What met a row is decided by `decide_create_customer` from facts read afterwards, or before by the request_id alone, behind
//! a barrier; rows of customers never go away, so these facts are those of the insert. When an answer was lost the same creates are sent again: the
//! indexes let them in once, and a row that bears the create's own number and record is its own. Invariant: a create is
//! told `Created` or anything about a stored row only after that row is durable, and a failure only if it is not stored;
//! where neither can be known it is told `OutcomeUnknown`.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;

use registrar_domain::rules::create_customer::{CreateCustomerFacts, Decision, decide_create_customer};
use registrar_domain::store::{CreateCustomer, CreateCustomerOutcome, StoreFailure, StoredCustomer};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::address::Address;
use crate::customers::Found;
use crate::experience::{Experience, Manner};
use crate::failure::{Severity, Trouble};
use crate::identity::Identity;
use crate::insert::{Form, Insert};
use crate::limits::{ALONE_MAX, ATTEMPTS_MAX, Patience, TURN_BATCHES, UNMET_MAX};
use crate::queue::{Queue, Waiting};
use crate::scope::connect_for_batches;
use crate::session::Session;
use crate::statistics::Counters;

/// Creates that travel together, and how often they did.
struct Group {
    creates: Vec<Waiting>,
    manner: Manner,
    attempts: u32,
    unsent_until: Instant,
    outcome_until: Instant,
}

impl Group {
    fn new(mut creates: Vec<Waiting>, manner: Manner, patience: Patience) -> Self {
        // Two batches that meet in more than one e-mail wait for each other in one order and not in a circle.
        creates.sort_by_key(|create| (create.command.platform, create.command.email));
        // The time in the queue counts, or callers behind a server that hangs would wait for one batch after the other.
        let since = creates.iter().map(|create| create.since).min().unwrap_or_else(Instant::now);
        Self {
            creates,
            manner,
            attempts: 0,
            unsent_until: since + patience.unsent,
            outcome_until: since + patience.outcome,
        }
    }

    fn with(&self, creates: Vec<Waiting>) -> Self {
        Self {
            creates,
            manner: Manner { looks_first: false, ..self.manner },
            attempts: 0,
            unsent_until: self.unsent_until,
            outcome_until: self.outcome_until,
        }
    }
}

/// The writer.
pub(crate) struct Writer {
    address: Address,
    identity: Arc<Identity>,
    queue: Arc<Queue>,
    counters: Arc<Counters>,
    session: Option<Session>,
    experience: Arc<Experience>,
    connected_before: bool,
}

impl Writer {
    /// A writer that connects when it has something to store.
    pub(crate) fn new(
        address: Address,
        identity: Arc<Identity>,
        queue: Arc<Queue>,
        counters: Arc<Counters>,
        experience: Arc<Experience>,
    ) -> Self {
        Self { address, identity, queue, counters, session: None, experience, connected_before: false }
    }

    /// Serves until the queue is closed and empty.
    pub(crate) async fn run(mut self) {
        let queue = Arc::clone(&self.queue);
        let mut turn = 0;
        while let Some((creates, under_way)) = queue.take().await {
            let mut storing = pin!(self.store(creates));
            let stored = timeout(ALONE_MAX, &mut storing).await;
            drop(under_way);
            if stored.is_err() {
                storing.await;
            }
            turn += 1;
            if turn == TURN_BATCHES {
                turn = 0;
                yield_now().await;
            }
        }
    }

    async fn store(&mut self, creates: Vec<Waiting>) {
        let mut groups = split_by_number(creates, self.experience.manner(), self.address.patience());
        while let Some(group) = groups.pop() {
            groups.extend(self.settle(group).await);
        }
    }

    /// One round for a group; what has to be tried again comes back.
    async fn settle(&mut self, mut group: Group) -> Vec<Group> {
        if Instant::now() >= group.outcome_until {
            // Only parts of a batch come so late; each might wait for the same lock as the part before it.
            refuse(&mut group, &Trouble::Slow);
            return Vec::new();
        }
        let patience_ends = group.outcome_until;
        let Some(session) = self.connected(&mut group).await else { return Vec::new() };
        if group.manner.looks_first {
            return self.decide(group).await;
        }
        let insert = match in_patience(patience_ends, keys_seen(session, &group.creates)).await {
            Ok(insert) => insert,
            // Nothing was sent but requests to prepare and to look.
            Err(trouble) => return self.again(group, &trouble),
        };
        // Where the key is not one of the platform's nothing is stored, but what is in the way is told first.
        let commands = group.creates.iter().map(|create| &create.command);
        let commands: Vec<_> = commands.filter(|command| insert.has_seen(command)).collect();
        let inserted =
            match in_patience(patience_ends, insert.run(session, group.manner.form, &commands)).await {
                Ok(inserted) => inserted,
                Err(trouble) => {
                    let is_lost = trouble.severity() == Severity::Connection;
                    group.creates.iter_mut().for_each(|create| create.sent |= is_lost);
                    return self.again(group, &trouble);
                }
            };
        self.counters.count_commit(commands.len());
        let creates = std::mem::take(&mut group.creates);
        let (stored, met): (Vec<_>, Vec<_>) =
            creates.into_iter().partition(|create| inserted.contains(&create.command.number.0));
        // What was looked up before was noted then, and who sends again after an outage meets himself.
        if stored.iter().chain(&met).all(|create| create.unmet == 0 && !create.sent) {
            self.experience.note_met(met.len(), met.len() + stored.len());
        }
        for create in stored {
            create.answer(Ok(CreateCustomerOutcome::Created));
        }
        if met.is_empty() {
            return Vec::new();
        }
        group.creates = met;
        self.decide(group).await
    }

    /// Answers those that met a row; the others have still to be stored.
    async fn decide(&mut self, mut group: Group) -> Vec<Group> {
        let facts = match &self.session {
            Some(session) => in_patience(group.outcome_until, load_facts(session, &group)).await,
            None => Err(Trouble::Slow),
        };
        let facts = match facts {
            Ok(facts) => facts,
            Err(trouble) => return self.again(group, &trouble),
        };
        if group.manner.looks_first {
            let is_met = |facts: &CreateCustomerFacts| facts.by_request.is_some();
            let met = facts.iter().filter(|facts| facts.as_ref().map_or(true, is_met));
            self.experience.note_met(met.count(), facts.len());
        }
        let mut unmet = Vec::new();
        for (create, facts) in std::mem::take(&mut group.creates).into_iter().zip(facts) {
            unmet.extend(self.tell(create, facts));
        }
        if unmet.is_empty() { Vec::new() } else { vec![group.with(unmet)] }
    }

    /// Answers one create by its facts; gives it back if there are none, to be stored once more.
    fn tell(&self, mut create: Waiting, facts: Result<CreateCustomerFacts, Trouble>) -> Option<Waiting> {
        let facts = match facts {
            Ok(facts) => facts,
            Err(trouble) => {
                let sent = create.sent;
                create.answer(Err(unless_sent(sent, &trouble)));
                return None;
            }
        };
        let rows = [&facts.by_request, &facts.by_email];
        if create.sent && rows.iter().any(|row| row.as_ref().is_some_and(|row| is_own(row, &create.command)))
        {
            self.counters.count_outcome_found();
            create.answer(Ok(CreateCustomerOutcome::Created));
            return None;
        }
        match decide_create_customer(facts, &create.command) {
            Decision::Replay(stored) => create.answer(Ok(CreateCustomerOutcome::Replayed(stored))),
            Decision::Reject(rejection) => create.answer(Ok(CreateCustomerOutcome::Rejected(rejection))),
            Decision::Create if create.unmet < UNMET_MAX => {
                create.unmet += 1;
                return Some(create);
            }
            Decision::Create => {
                let number = create.command.number.0;
                let text =
                    format!("the customer number {number} is taken, or the key is not one of the platform's");
                create.answer(Err(StoreFailure::Internal(text)));
            }
        }
        None
    }

    /// What to do with a group whose statement failed.
    fn again(&mut self, mut group: Group, trouble: &Trouble) -> Vec<Group> {
        if group.manner.form == Form::Quick && trouble.is_taken() {
            self.experience.note_failed();
            group.manner.form = Form::Careful;
            return vec![group];
        }
        if trouble.severity() != Severity::Connection && std::mem::take(&mut group.manner.looks_first) {
            // Perhaps somebody holds the row that the look locks; those who meet none need not wait for it.
            self.experience.note_met(0, group.creates.len());
            return vec![group];
        }
        group.attempts += 1;
        match trouble.severity() {
            Severity::Connection => self.session = None,
            Severity::Conflict if group.attempts < ATTEMPTS_MAX => {}
            _ if group.creates.len() > 1 => {
                // One of them is bad, or several: halves find out which without harm to the others.
                let later = group.creates.split_off(group.creates.len() / 2);
                let later = group.with(later);
                let earlier = std::mem::take(&mut group.creates);
                return vec![later, group.with(earlier)];
            }
            _ => {
                refuse(&mut group, trouble);
                return Vec::new();
            }
        }
        vec![group]
    }

    /// The connection, made again if it was lost; without one the group's creates are answered as their patience ends.
    async fn connected(&mut self, group: &mut Group) -> Option<&Session> {
        if self.session.as_ref().is_some_and(|session| !self.identity.admits(session)) {
            self.session = None;
        }
        if self.session.is_none() && group.attempts > 1 {
            // It connects, but then fails at once, as while a server stops.
            sleep(self.address.patience().pause).await;
        }
        while self.session.is_none() {
            // Boxed, because encryption makes it large and it is under way seldom.
            let connecting = Box::pin(connect_for_batches(&self.address, &self.identity));
            let trouble = match in_patience(group.outcome_until, connecting).await {
                Ok((session, waits)) if Instant::now() < group.outcome_until => {
                    self.counters.note_replicas(waits);
                    if std::mem::replace(&mut self.connected_before, true) {
                        self.counters.count_reconnection();
                    }
                    self.session = Some(session);
                    break;
                }
                Ok(_) => Trouble::Slow,
                Err(trouble) => trouble,
            };
            if let Trouble::OtherDatabase(_) = trouble {
                // It would be asked as often as there are creates.
                refuse(group, &trouble);
                sleep(self.address.patience().pause).await;
                return None;
            }
            give_up(group, &trouble);
            if group.creates.is_empty() {
                return None;
            }
            sleep(self.address.patience().pause).await;
        }
        self.session.as_ref()
    }
}

/// What is not there when the patience ends comes too late: its callers are told so, and it is given up.
async fn in_patience<T>(ends: Instant, work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    timeout_at(ends, work).await.unwrap_or(Err(Trouble::Slow))
}

/// Answers those whose patience has ended.
fn give_up(group: &mut Group, trouble: &Trouble) {
    let now = Instant::now();
    let patience = |sent: bool| if sent { group.outcome_until } else { group.unsent_until };
    let creates = std::mem::take(&mut group.creates);
    let (over, left): (Vec<_>, Vec<_>) = creates.into_iter().partition(|create| now >= patience(create.sent));
    for create in over {
        let sent = create.sent;
        create.answer(Err(unless_sent(sent, trouble)));
    }
    group.creates = left;
}

/// The statement that stores, after this connection has looked for the keys of these creates.
async fn keys_seen<'a>(session: &'a Session, creates: &[Waiting]) -> Result<&'a Insert, Trouble> {
    let insert = &session.statements().await?.insert;
    let commands: Vec<_> = creates.iter().map(|create| &create.command).collect();
    insert.look(session, &commands).await?;
    Ok(insert)
}

/// Answers all of them, however much of their patience is left.
fn refuse(group: &mut Group, trouble: &Trouble) {
    for create in std::mem::take(&mut group.creates) {
        let sent = create.sent;
        create.answer(Err(unless_sent(sent, trouble)));
    }
}

fn unless_sent(sent: bool, trouble: &Trouble) -> StoreFailure {
    if sent { StoreFailure::OutcomeUnknown(trouble.text()) } else { trouble.failure(false) }
}

/// Numbers are unique but for a caller's error; then the returned numbers would not tell who was stored.
fn split_by_number(creates: Vec<Waiting>, manner: Manner, patience: Patience) -> Vec<Group> {
    let mut seen = HashSet::with_capacity(creates.len());
    let (first, again): (Vec<_>, Vec<_>) =
        creates.into_iter().partition(|create| seen.insert(create.command.number));
    let mut groups: Vec<_> =
        again.into_iter().map(|create| Group::new(vec![create], manner, patience)).collect();
    groups.push(Group::new(first, manner, patience));
    groups
}

/// Whether this row is the create itself, stored by a statement whose answer was lost.
fn is_own(row: &StoredCustomer, command: &CreateCustomer) -> bool {
    row.number == command.number && row.sealed == command.sealed
}

/// What is stored under each create's indexes, durably; under its request_id alone if it is looked up first: a row that comes
/// between two statements would be found by its e-mail, and taken for another's.
async fn load_facts(
    session: &Session,
    group: &Group,
) -> Result<Vec<Result<CreateCustomerFacts, Trouble>>, Trouble> {
    let statements = session.statements().await?;
    let commands = || group.creates.iter().map(|create| &create.command);
    let keys: Vec<_> = commands().filter_map(|command| Some((command.platform, command.request?))).collect();
    let mut by_requests = statements.by_requests(session, &keys).await?.into_iter();
    let by_request: Vec<Found> =
        commands().map(|command| command.request.and_then(|_| by_requests.next().flatten())).collect();
    // Where the request_id finds a row the e-mail's row does not matter.
    let undecided = |found: &Found| found.is_none() && !group.manner.looks_first;
    let keys: Vec<_> = commands()
        .zip(&by_request)
        .filter(|(_, found)| undecided(found))
        .map(|(command, _)| (command.platform, command.email))
        .collect();
    let mut by_emails = statements.by_emails(session, &keys).await?.into_iter();
    let facts = by_request.into_iter().map(|found| {
        let by_email = if undecided(&found) { by_emails.next().flatten() } else { None };
        Ok(CreateCustomerFacts { by_request: found.transpose()?, by_email: by_email.transpose()? })
    });
    Ok(facts.collect())
}

#[cfg(test)]
mod tests {
    use registrar_domain::ids::{KeyNumber, PlatformNumber};
    use registrar_domain::testing::CustomerFixture;

    use super::*;

    #[test]
    fn a_create_that_was_sent_is_waited_for_longer_and_ends_as_unknown() {
        let queue = Queue::default();
        let put = |sent| {
            let command = CustomerFixture::new(PlatformNumber(1), KeyNumber(1)).build();
            let answer = queue.put(command).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let mut create = runtime.block_on(queue.take()).unwrap().0.remove(0);
            create.sent = sent;
            (create, answer)
        };
        let ((sent, mut sent_answer), (unsent, mut unsent_answer)) = (put(true), put(false));
        let mut group = Group::new(vec![sent, unsent], Experience::default().manner(), Patience::default());
        group.unsent_until = Instant::now();
        give_up(&mut group, &Trouble::Slow);
        assert!(matches!(unsent_answer.try_recv(), Ok(Err(StoreFailure::Unavailable(_)))));
        assert_eq!(group.creates.len(), 1);
        group.outcome_until = Instant::now();
        give_up(&mut group, &Trouble::Slow);
        assert!(matches!(sent_answer.try_recv(), Ok(Err(StoreFailure::OutcomeUnknown(_)))));
    }

    #[test]
    fn the_time_that_a_create_spent_in_the_queue_counts_as_waiting() {
        let queue = Queue::default();
        let command = CustomerFixture::new(PlatformNumber(1), KeyNumber(1)).build();
        let _answer = queue.put(command).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (creates, _) = runtime.block_on(queue.take()).unwrap();
        let since = creates[0].since;
        let patience = Patience::default();
        let group = Group::new(creates, Experience::default().manner(), patience);
        assert_eq!(group.unsent_until, since + patience.unsent);
        assert_eq!(group.outcome_until, since + patience.outcome);
    }
}
