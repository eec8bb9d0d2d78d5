//! Participant and platform codes: contract 3.7.

use crate::support::body::Body;
use crate::support::registrar::Registrar;
use std::collections::HashSet;

const ALPHABET: &str = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

fn is_code(code: &str) -> bool {
    code.len() == 6 && code.chars().all(|character| ALPHABET.contains(character))
}

// 3.7
#[test]
fn codes_are_six_characters_of_the_alphabet_and_unique_across_both_kinds_and_restarts() {
    let mut registrar = Registrar::start();
    let mut codes = HashSet::new();
    let mut count = 0;
    for round in 0..3 {
        let platforms: Vec<_> =
            (0..3).map(|_| registrar.platform("Other", &["--sandbox", "--enable-customers"])).collect();
        for number in 0..40 {
            let body = Body::of(&format!("r{round}n{number}"));
            let signer = platforms.get(number % 4).unwrap_or_else(|| registrar.own());
            codes.insert(registrar.submit_by(signer, &body).participant_code());
            count += 1;
        }
        codes.extend(platforms.iter().map(|signer| signer.platform_code.clone()));
        count += platforms.len();
        // A restart and a crash: what was handed out is not handed out again.
        if round == 0 {
            registrar.stop();
        } else {
            registrar.kill();
        }
        registrar.start_again();
    }
    codes.insert(registrar.own().platform_code.clone());
    assert_eq!(codes.len(), count + 1);
    assert!(codes.iter().all(|code| is_code(code)), "{codes:?}");
}

// 3.7: not predictable without the installation's key
#[test]
fn two_installations_hand_out_other_codes_for_the_same_customers() {
    let codes = || {
        let registrar = Registrar::start();
        let customers =
            (0..5).map(|number| registrar.submit(&Body::of(&format!("n{number}"))).participant_code());
        customers.chain([registrar.own().platform_code.clone()]).collect::<Vec<_>>()
    };
    let (one, other) = (codes(), codes());
    assert!(one.iter().zip(&other).all(|(one, other)| one != other), "{one:?} {other:?}");
}

// 3.7: neighbours do not look alike
#[test]
fn customers_that_are_created_one_after_the_other_have_codes_far_apart() {
    let registrar = Registrar::start();
    let codes: Vec<_> =
        (0..20).map(|number| registrar.submit(&Body::of(&format!("n{number}"))).participant_code()).collect();
    let firsts: HashSet<_> = codes.iter().map(|code| &code[..1]).collect();
    let lasts: HashSet<_> = codes.iter().map(|code| &code[5..]).collect();
    // Of 20 random letters out of 32 about 15 differ; fewer than 6 is less likely than one in ten thousand million.
    assert!(firsts.len() >= 6 && lasts.len() >= 6, "{codes:?}");
    assert!(!codes.is_sorted());
}
