//! Harm at every message of everything but creates: reads and repeatable writes come out right, an operator's act is done
//! once or not at all, and when that is not known it is said and nothing is repeated.

use std::sync::Arc;
use std::time::{Duration, Instant};

use registrar_domain::clock::UnixMillis;
use registrar_domain::ids::{CustomerNumber, PlatformNumber};
use registrar_domain::platform::WrappedKey;
use registrar_domain::store::{
    BlindIndex, CreateApiKeyOutcome, CreateCustomer, CustomerEvent, InstallationKey, NewApiKey,
    PlatformChange, RevokeApiKeyOutcome, Store, StoreFailure,
};
use registrar_domain::testing::{block_on, new_api_key, new_platform, operator_act, stored};

use super::proxy::{Harm, Trap};
use super::wire::{FROZEN, QUICK, SHORT, TOO_LONG, Wire};
use crate::desk::Desk;
use crate::failure::{Severity, Trouble};
use crate::limits::{DESK_SESSIONS, Patience};
use crate::numbers::Numbers;
use crate::session::Session;
use crate::{PostgresStore, Role};

/// What acts change: platforms, keys, revoked keys, events, the version, the sum of last uses, installation keys. Read after
/// whoever is still at work has ended.
type State = Vec<i64>;

const STATE: &str = "SELECT count(*) FROM platforms UNION ALL SELECT count(*) FROM api_keys \
    UNION ALL SELECT count(revoked_at) FROM api_keys UNION ALL SELECT count(*) FROM audit_events \
    UNION ALL SELECT value FROM settings WHERE name = 'access_version' \
    UNION ALL SELECT coalesce(sum(last_used_at), 0)::bigint FROM api_keys \
    UNION ALL SELECT count(*) FROM installation_keys";

fn state(wire: &Wire) -> State {
    wire.run("BEGIN; SELECT 1 FROM settings ORDER BY name FOR UPDATE; COMMIT");
    wire.numbers(STATE)
}

fn change(before: &State, after: &State) -> State {
    before.iter().zip(after).map(|(before, after)| after - before).collect()
}

/// Everything that an act needs.
struct Stage {
    wire: Wire,
    /// Acts through the proxy.
    store: PostgresStore,
    /// Acts beside it.
    beside: PostgresStore,
    customer: CreateCustomer,
}

impl Stage {
    fn new(patience: Patience) -> Self {
        let wire = Wire::new();
        let customer = wire.a_stored_customer();
        let open = |address| PostgresStore::open(&address, Role::Operator).unwrap();
        let store = open(wire.proxy.address().waited_for(patience));
        let beside = open(wire.database.address());
        Self { wire, store, beside, customer }
    }
}

/// An act, told from others of its kind by a number, and whether it was told rightly.
type Act = fn(&PostgresStore, &Stage, i64) -> Result<bool, StoreFailure>;

/// One kind of act.
struct Kind {
    name: &'static str,
    /// Makes what it needs.
    prepare: fn(&Stage, i64),
    act: Act,
    /// What doing it once changes.
    once: [i64; 7],
    /// Whether the engine may repeat it.
    repeatable: bool,
}

fn nothing(_: &Stage, _: i64) {}

fn name(n: i64) -> String {
    format!("name-{n}")
}

/// One that does not count towards the limit of live keys.
fn expired_key(stage: &Stage, n: i64) -> NewApiKey {
    NewApiKey { expires_at: Some(UnixMillis(1)), ..new_api_key(stage.wire.scene.platform, &name(n)) }
}

const CREATE_PLATFORM: Kind = Kind {
    name: "create_platform",
    prepare: nothing,
    act: |store, _, n| {
        block_on(store.create_platform(new_platform(&name(n)), operator_act(5)))
            .map(|it| it > PlatformNumber(1))
    },
    once: [1, 0, 0, 1, 1, 0, 0],
    repeatable: false,
};

const CHANGE_PLATFORM: Kind = Kind {
    name: "change_platform",
    prepare: nothing,
    act: |store, stage, n| {
        let change = PlatformChange { name: Some(name(n)), ..PlatformChange::default() };
        block_on(store.change_platform(stage.wire.scene.platform, change, operator_act(5)))
    },
    once: [0, 0, 0, 1, 1, 0, 0],
    repeatable: false,
};

const CREATE_API_KEY: Kind = Kind {
    name: "create_api_key",
    prepare: nothing,
    act: |store, stage, n| {
        let made = block_on(store.create_api_key(expired_key(stage, n), operator_act(5)))?;
        Ok(matches!(made, CreateApiKeyOutcome::Created(_)))
    },
    once: [0, 1, 0, 1, 1, 0, 0],
    repeatable: false,
};

const REVOKE_API_KEY: Kind = Kind {
    name: "revoke_api_key",
    prepare: |stage, n| drop(block_on(stage.beside.create_api_key(expired_key(stage, n), operator_act(5)))),
    act: |store, stage, n| {
        let revoked = block_on(store.revoke_api_key(stage.wire.scene.platform, name(n), operator_act(5)))?;
        Ok(revoked == RevokeApiKeyOutcome::Revoked)
    },
    once: [0, 0, 1, 1, 1, 0, 0],
    repeatable: false,
};

const SHOW_CUSTOMER: Kind = Kind {
    name: "show_customer",
    prepare: nothing,
    act: |store, stage, _| {
        let event = CustomerEvent {
            platform: stage.wire.scene.platform,
            customer: stage.customer.number,
            what: "customer.shown",
            reason: "a complaint".to_owned(),
            act: operator_act(5),
        };
        Ok(block_on(store.show_customer(event))? == Some(stored(&stage.customer)))
    },
    once: [0, 0, 0, 1, 0, 0, 0],
    repeatable: false,
};

const RECORD_KEY_USE: Kind = Kind {
    name: "record_key_use",
    prepare: |stage, n| stage.wire.run(&format!("UPDATE api_keys SET last_used_at = {}", n - 1)),
    act: |store, stage, n| {
        block_on(store.record_key_use(vec![(stage.wire.scene.key, UnixMillis(n))])).map(|()| true)
    },
    once: [0, 0, 0, 0, 0, 1, 0],
    repeatable: true,
};

const INSTALLATION_KEYS: Kind = Kind {
    name: "load_or_store_installation_keys",
    prepare: |stage, _| {
        stage.store.forget_installation();
        stage.wire.run("DELETE FROM installation_keys");
    },
    act: |store, _, n| {
        let key = |name: &str| InstallationKey {
            name: name.to_owned(),
            wrapped: WrappedKey { master_key_version: 1, bytes: n.to_be_bytes().to_vec() },
        };
        let keys = vec![key("digest"), key("index")];
        Ok(block_on(store.load_or_store_installation_keys(keys.clone()))? == keys)
    },
    once: [0, 0, 0, 0, 0, 0, 2],
    repeatable: true,
};

const fn read(name: &'static str, act: Act) -> Kind {
    Kind { name, prepare: nothing, act, once: [0; 7], repeatable: true }
}

const READS: [Kind; 4] = [
    read("load_access", |store, stage, _| {
        let access = block_on(store.load_access())?;
        Ok(access.platforms.len() == 1 && access.keys[0].number == stage.wire.scene.key)
    }),
    read("load_access_version", |store, _, _| block_on(store.load_access_version()).map(|it| it == 2)),
    read("find_customer_by_request", |store, stage, _| {
        let Some(request) = stage.customer.request else { return Ok(false) };
        let other = block_on(store.find_customer_by_request(stage.wire.scene.platform, BlindIndex([9; 16])))?;
        let found = block_on(store.find_customer_by_request(stage.wire.scene.platform, request))?;
        Ok(other.is_none() && found == Some(stored(&stage.customer)))
    }),
    read("check_ready", |store, _, _| block_on(store.check_ready()).map(|()| true)),
];

/// Does harm at every message of an act, one of these at each in turn.
fn harm_everywhere(kind: &Kind, stage: &Stage, (harms, stays_down): (&[Harm], bool)) {
    let proxy = &stage.wire.proxy;
    for (at, harm) in (1..).zip(harms.iter().cycle()) {
        let n = i64::from(at);
        (kind.prepare)(stage, n);
        let before = state(&stage.wire);
        // A connection that is there already, as most often.
        block_on(stage.store.check_ready()).unwrap();
        proxy.set_on_open_connections(Trap { at, harm: *harm, stays_down, after_setup: false });
        let told = (kind.act)(&stage.store, stage, n);
        let sprung = proxy.lift();
        let case = format!("{} {harm:?} {stays_down} at {at} {sprung:?} is told {told:?}", kind.name);
        check(kind, stage, (&told, sprung.is_some(), stays_down), &before, &case);
        if told.is_err() {
            settle(kind, stage, n, &before, &case);
        }
        if sprung.is_none() {
            assert!(at > 5, "{case}");
            return;
        }
    }
}

/// What was told is what was done.
fn check(
    kind: &Kind,
    stage: &Stage,
    (told, sprung, stays_down): (&Result<bool, StoreFailure>, bool, bool),
    before: &State,
    case: &str,
) {
    let changed = change(before, &state(&stage.wire));
    match told {
        Ok(is_right) => {
            assert!(is_right, "{case}");
            assert_eq!(changed, kind.once, "{case}");
        }
        Err(StoreFailure::OutcomeUnknown(_)) => {
            assert!(sprung && kind.once != [0; 7] && (stays_down || !kind.repeatable), "{case}");
            assert!(changed == kind.once || changed == [0; 7], "{case}: {changed:?}");
        }
        Err(failure) => {
            assert!(matches!(failure, StoreFailure::Unavailable(_)), "{case}");
            assert!(sprung && stays_down, "{case}");
            assert_eq!(changed, [0; 7], "{case}");
        }
    }
}

/// What was told as failed or unknown is looked up, and done if it was not.
fn settle(kind: &Kind, stage: &Stage, n: i64, before: &State, case: &str) {
    if kind.repeatable || change(before, &state(&stage.wire)) == [0; 7] {
        assert_eq!((kind.act)(&stage.store, stage, n), Ok(true), "{case}");
    }
    assert_eq!(change(before, &state(&stage.wire)), kind.once, "{case}");
}

fn harm_all(kinds: &[Kind], harms: &[Harm], stays_down: bool) {
    for kind in kinds {
        let stage = Stage::new(if stays_down { SHORT } else { QUICK });
        harm_everywhere(kind, &stage, (harms, stays_down));
        let events = stage.wire.numbers("SELECT count(*) - max(number) FROM audit_events");
        assert_eq!(events, [0], "the events are not numbered without gaps");
    }
}

const CUTS: [Harm; 3] = [Harm::CutAfter, Harm::ResetBefore, Harm::CutClient];

const ALL: [Harm; 5] =
    [Harm::CutAfter, Harm::ResetBefore, Harm::CutClient, Harm::Answer("40003"), Harm::Kill];

#[test]
fn a_platform_is_created_once_or_not_at_all_wherever_the_connection_is_cut() {
    harm_all(&[CREATE_PLATFORM], &CUTS, false);
}

#[test]
fn a_platform_is_created_once_or_not_at_all_when_the_server_stays_away() {
    harm_all(&[CREATE_PLATFORM], &CUTS, true);
}

#[test]
fn a_platform_is_changed_once_or_not_at_all_wherever_the_connection_is_cut() {
    harm_all(&[CHANGE_PLATFORM], &ALL, false);
}

#[test]
fn a_key_is_made_once_or_not_at_all_wherever_the_connection_is_cut() {
    harm_all(&[CREATE_API_KEY], &ALL, false);
}

#[test]
fn a_key_is_revoked_once_or_not_at_all_wherever_the_connection_is_cut() {
    harm_all(&[REVOKE_API_KEY], &ALL, false);
}

#[test]
fn a_customer_is_shown_with_one_event_or_not_at_all_wherever_the_connection_is_cut() {
    harm_all(&[SHOW_CUSTOMER], &ALL, false);
    harm_all(&[SHOW_CUSTOMER], &CUTS, true);
}

#[test]
fn reads_are_right_wherever_the_connection_is_cut() {
    harm_all(&READS, &ALL, false);
}

#[test]
fn reads_are_right_or_unavailable_when_the_server_stays_away() {
    harm_all(&READS, &CUTS, true);
}

#[test]
fn what_may_be_repeated_ends_the_same_wherever_the_connection_is_cut() {
    harm_all(&[RECORD_KEY_USE, INSTALLATION_KEYS], &ALL, false);
}

#[test]
fn what_may_be_repeated_is_unknown_only_if_it_may_have_been_done() {
    harm_all(&[RECORD_KEY_USE, INSTALLATION_KEYS], &CUTS, true);
}

#[test]
fn numbers_are_never_handed_out_twice_wherever_the_connection_is_cut() {
    let wire = Wire::new();
    let mut seen = Vec::new();
    for stays_down in [false, true] {
        for (at, harm) in (1..).zip(CUTS.iter().cycle()) {
            let address = wire.proxy.address().waited_for(if stays_down { SHORT } else { QUICK });
            let (desk, numbers) = (Desk::new(address, Arc::default()), Numbers::default());
            wire.proxy.set(Trap { at, harm: *harm, stays_down, after_setup: true });
            let filled = wire.runtime.block_on(numbers.fill(&desk));
            let sprung = wire.proxy.lift();
            if filled.is_err() {
                assert!(sprung.is_some() && stays_down, "{filled:?}");
                assert_eq!(numbers.reserve().err(), filled.err());
                wire.runtime.block_on(numbers.fill(&desk)).unwrap();
            }
            seen.push(numbers.reserve().unwrap());
            if sprung.is_none() {
                assert!(at > 5);
                break;
            }
        }
    }
    // Each begins a block of its own.
    let mut starts: Vec<_> = seen.iter().map(|CustomerNumber(number)| number).collect();
    starts.sort_unstable();
    let size = i64::from(crate::limits::NUMBERS_AHEAD);
    assert!(starts.is_sorted_by(|one, other| i64::from(**other) - i64::from(**one) >= size), "{starts:?}");
}

/// Longer than what a busy machine adds, so that one answer waited for is told from two.
const HANGING: Patience = Patience { answer: Duration::from_millis(1500), ..FROZEN };

#[test]
fn an_act_waits_for_one_answer_of_a_server_that_hangs() {
    let stage = Stage::new(HANGING);
    for (kind, at) in [(&CREATE_PLATFORM, 20), (&CREATE_PLATFORM, 70), (&READS[0], 2), (&READS[0], 36)] {
        let before = state(&stage.wire);
        block_on(stage.store.check_ready()).unwrap();
        let begun = Instant::now();
        let trap = Trap { at, harm: Harm::Freeze, stays_down: true, after_setup: false };
        stage.wire.proxy.set_on_open_connections(trap);
        let told = (kind.act)(&stage.store, &stage, 1);
        let waited = begun.elapsed();
        assert!(told.is_err() && stage.wire.proxy.lift().is_some(), "{} at {at}: {told:?}", kind.name);
        assert!(waited < 2 * HANGING.answer, "{} at {at}: {waited:?}", kind.name);
        let changed = change(&before, &state(&stage.wire));
        assert_eq!(changed, [0; 7], "{} at {at}", kind.name);
    }
}

#[test]
fn nobody_waits_for_a_connection_behind_others_longer_than_for_one_of_its_own() {
    let stage = Stage::new(HANGING);
    let begun = Instant::now();
    let trap = Trap { at: 1, harm: Harm::Freeze, stays_down: false, after_setup: false };
    stage.wire.proxy.set_on_open_connections(trap);
    let told = std::thread::scope(|scope| {
        let read = || (block_on(stage.store.load_access_version()), begun.elapsed());
        let reads: Vec<_> = (0..40 * DESK_SESSIONS).map(|_| scope.spawn(read)).collect();
        reads.into_iter().map(|read| read.join().unwrap()).collect::<Vec<_>>()
    });
    drop(stage);
    let closed = begun.elapsed();
    for (told, waited) in told {
        assert!(matches!(told, Err(StoreFailure::Unavailable(_))), "{told:?}");
        assert!(waited < 2 * HANGING.answer, "{waited:?}");
    }
    assert!(closed < 3 * HANGING.answer, "{closed:?}");
}

/// While no number is there nobody is served, and so nobody asks for one.
#[test]
fn numbers_that_ran_out_during_an_outage_come_back_without_being_asked_for() {
    let wire = Wire::new();
    let address = wire.proxy.address().waited_for(SHORT);
    let (desk, numbers) = (Desk::new(address, Arc::default()), Numbers::default());
    wire.proxy.set(Trap { at: 1, harm: Harm::CutAfter, stays_down: true, after_setup: false });
    wire.runtime.block_on(async {
        let filling = numbers.keep_filled(&desk);
        let back = async {
            // Once.
            assert!(numbers.reserve().is_err());
            while numbers.failure().is_none() {
                tokio::task::yield_now().await;
            }
            assert!(wire.proxy.lift().is_some());
            while numbers.failure().is_some() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            () = filling => {}
            back = tokio::time::timeout(TOO_LONG, back) => back.unwrap(),
        }
    });
    assert!(numbers.reserve().is_ok());
}

#[test]
fn a_connection_that_cannot_roll_back_is_not_used_again() {
    let wire = Wire::new();
    let address = wire.proxy.address().waited_for(FROZEN);
    let trouble = wire.runtime.block_on(async {
        let session = Session::connect(&address).await.unwrap();
        let refuse = async {
            wire.proxy.set_on_open_connections(Trap {
                at: 1,
                harm: Harm::Freeze,
                stays_down: true,
                after_setup: false,
            });
            Err::<(), _>(Trouble::internal("refused"))
        };
        session.transaction("BEGIN", refuse).await.unwrap_err()
    });
    assert_eq!(trouble.severity(), Severity::Connection, "{}", trouble.text());
}
