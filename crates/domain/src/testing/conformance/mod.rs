//! The behaviour that every engine must show, one function per behaviour; `conformance_suite!` makes named tests of them.
//!
//! Knows only the port. Each function expects an empty store and panics, as tests do, where the store behaves otherwise.
#![expect(clippy::unwrap_used, reason = "these are the bodies of tests; a panic is how they fail")]

mod access;
mod api_keys;
mod create_customer;
mod customers;
mod platforms;
mod races;

pub use access::*;
pub use api_keys::*;
pub use create_customer::*;
pub use customers::*;
pub use platforms::*;
pub use races::*;

/// One named test for every behaviour of the port. `$make` is called once per test and gives something that
/// dereferences to an empty store and keeps it alive.
#[macro_export]
macro_rules! conformance_suite {
    ($make:expr) => {
        $crate::with_every_behaviour! { conformance_tests $make }
    };
}

/// Hands the names of all behaviours, after `$given`, to a macro of this crate.
#[doc(hidden)]
#[macro_export]
macro_rules! with_every_behaviour {
    ($receiver:ident $($given:expr)?) => {
        $crate::$receiver! { $($given)?;
            a_new_customer_is_created_and_found_by_its_request_id
            a_customer_without_a_request_id_is_created
            everything_of_a_customer_comes_back_as_it_was_stored
            the_same_request_id_and_payload_are_a_replay_of_the_stored_customer
            a_reused_request_id_with_another_payload_is_refused
            a_reused_request_id_is_refused_before_the_email_is_looked_at
            the_same_payload_under_another_request_id_is_refused
            the_same_payload_without_a_request_id_is_refused
            the_same_payload_with_a_request_id_after_one_without_is_refused
            the_same_payload_twice_without_a_request_id_is_refused
            another_payload_with_the_same_email_is_refused
            a_refused_create_consumes_nothing
            platforms_never_see_each_others_customers
            a_replay_is_recognised_by_an_older_version_of_the_digest
            a_digest_of_the_version_that_a_row_bears_is_asked_for
            a_create_without_a_digest_is_a_failure
            a_number_that_is_taken_is_a_failure_and_stores_nothing
            a_create_by_a_key_of_another_platform_is_a_failure_and_stores_nothing
            no_customer_is_found_under_an_unknown_request_id
            a_shown_customer_is_the_stored_one
            a_customer_is_not_shown_on_another_platform
            a_customer_is_not_shown_without_a_reason
            numbers_are_never_reserved_twice
            a_new_platform_has_the_default_policy_and_its_own_number
            every_setting_of_a_platform_can_be_changed_alone
            every_policy_is_kept
            a_platform_that_does_not_exist_cannot_be_changed
            a_new_key_is_stored_with_everything_it_has
            a_key_for_an_unknown_platform_is_refused
            the_eleventh_live_key_is_refused
            a_revoked_key_makes_room_for_another
            an_expired_key_makes_room_for_another
            an_api_key_that_is_taken_is_a_failure_and_stores_nothing
            a_key_is_revoked_once
            a_key_cannot_be_revoked_through_another_platform
            the_last_use_of_a_key_never_goes_back
            the_use_of_an_unknown_key_is_ignored
            the_access_version_grows_with_every_change_and_only_then
            the_access_version_is_that_of_the_snapshot
            the_first_installation_keys_win
            installation_keys_of_one_name_are_a_failure_and_store_nothing
            an_open_store_is_ready
            identical_requests_at_once_make_one_customer_and_replays
            identical_payloads_without_a_request_id_at_once_make_one_customer
            many_payloads_with_one_request_id_at_once_make_one_customer
            many_people_with_one_email_at_once_make_one_customer
            different_customers_at_once_are_all_created
            keys_made_at_once_never_exceed_the_limit
            installation_keys_stored_at_once_are_those_of_one_caller
        }
    };
}

/// Makes a test of every behaviour.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    ($make:expr; $($behaviour:ident)*) => {
        $(
            #[test]
            fn $behaviour() {
                let held = ($make)();
                $crate::testing::conformance::$behaviour(&*held);
            }
        )*
    };
}

/// Makes a list of the names of the behaviours.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_names {
    (; $($behaviour:ident)*) => {
        [$(stringify!($behaviour)),*]
    };
}

#[cfg(test)]
mod tests {
    crate::conformance_suite!(|| Box::new(crate::testing::ModelStore::new()));

    #[test]
    fn every_behaviour_is_in_the_suite() {
        let sources = [
            include_str!("access.rs"),
            include_str!("api_keys.rs"),
            include_str!("create_customer.rs"),
            include_str!("customers.rs"),
            include_str!("platforms.rs"),
            include_str!("races.rs"),
        ];
        let mut written: Vec<_> = sources
            .iter()
            .flat_map(|source| source.lines())
            .filter_map(|line| line.strip_prefix("pub fn ")?.split('(').next())
            .collect();
        let mut listed = crate::with_every_behaviour!(conformance_names).to_vec();
        written.sort_unstable();
        listed.sort_unstable();
        assert_eq!(written, listed);
    }
}
