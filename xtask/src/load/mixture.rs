//! What is submitted for one new person: an ordinary customer, or one of the ways in which submissions collide.
//!
//! Invariant: exactly one of a person's submissions may become a customer.

use std::collections::VecDeque;

use crate::load::{Customer, Dice, Ledger, uuid};

/// Submissions sent so often in a row are under way together on several connections.
const COPIES_MAX: usize = 4;

/// Enters a new person with submissions drawn by the dice, and queues each as often as it shall be sent.
pub(crate) fn add_person(ledger: &mut Ledger, dice: &mut Dice, run: u64, queue: &mut VecDeque<usize>) {
    let person = ledger.person();
    let of = |variant| Customer { run, person: person as u64, variant };
    let copies = 2 + dice.below(COPIES_MAX - 1);
    let add = |ledger: &mut Ledger, request_id: Option<&str>, variant: u64| {
        ledger.submission(person, request_id.is_some(), of(variant).body(request_id))
    };
    let mut request_id = || uuid(dice.next(), dice.next());
    let (first, second) = (request_id(), request_id());
    match dice.below(100) {
        // An ordinary customer.
        0..60 => queue.push_back(add(ledger, Some(&first), 0)),
        // The same request several times at once.
        60..72 => {
            let number = add(ledger, Some(&first), 0);
            queue.extend(std::iter::repeat_n(number, copies));
        }
        // The same payload several times at once, never with a request_id.
        72..80 => {
            for _ in 0..copies {
                let copy = add(ledger, None, 0);
                queue.push_back(copy);
            }
        }
        // One payload under two request_ids.
        80..86 => {
            queue.push_back(add(ledger, Some(&first), 0));
            queue.push_back(add(ledger, Some(&second), 0));
        }
        // One request_id for two payloads, of one person so that exactly one may win.
        86..92 => {
            queue.push_back(add(ledger, Some(&first), 0));
            queue.push_back(add(ledger, Some(&first), 1));
        }
        // Two people with one e-mail.
        _ => {
            queue.push_back(add(ledger, Some(&first), 0));
            queue.push_back(add(ledger, Some(&second), 1));
        }
    }
}
