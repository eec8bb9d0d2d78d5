//! What holds for bodies of any content: nothing submitted is told, nothing panics, one violation a field.

use proptest::prelude::*;

use super::*;

/// Marked text of many shapes: long enough that no message contains it by chance.
fn marked() -> impl Strategy<Value = String> {
    (
        "[a-z]{0,6}",
        prop_oneof!["", " ", "@", "-", "\u{202e}", "\0", "1", ".", "PO Box 1", "\u{e9}"],
        0..3usize,
    )
        .prop_map(|(noise, other, repeat)| {
            format!("{noise}ZQXJ{other}{}KWVZ{other}", "qj7".repeat(repeat * 50))
        })
}

fn json_of(text: &str) -> String {
    let mut json = String::new();
    registrar_json::write_string(text, &mut json);
    json
}

proptest! {
    #[test]
    fn no_violation_contains_what_was_submitted(
        values in proptest::collection::vec((marked(), 0..4u8), Field::COUNT),
        unknown in marked(),
        country in proptest::sample::select(vec!["", "\"IN\"", "\"US\"", "\"FR\"", "\"CU\""]),
    ) {
        let mut members: Vec<_> = FIELDS
            .iter()
            .zip(&values)
            .map(|(spec, (text, shape))| {
                let text = json_of(text);
                let json = match shape {
                    0 | 1 => text,
                    2 => format!("[{text}]"),
                    _ => format!("{{{text}:{text}}}"),
                };
                format!("\"{}\":{json}", spec.name)
            })
            .collect();
        if !country.is_empty() {
            members[Field::Country.index()] = format!("\"country\":{country}");
        }
        members.push(format!("{}:1", json_of(&format!("{unknown} "))));
        let body = format!("{{{}}}", members.join(","));
        let violations = parse(&body).expect_err("the unknown field alone is refused");
        for violation in violations {
            for mark in ["ZQXJ", "KWVZ", "zqxj", "kwvz"] {
                prop_assert!(!violation.message.contains(mark), "{violation:?}");
                prop_assert!(!violation.field.contains(mark), "{violation:?}");
            }
        }
    }

    #[test]
    fn any_value_in_any_field_is_answered_without_harm(
        at in 0..Field::COUNT,
        text in "\\PC{0,40}|[\\x00-\\x7f]{0,40}",
    ) {
        let result = with(&[(FIELDS[at].name, &json_of(&text))]);
        if let Ok(customer) = result {
            let answer = customer.write_answer("A", "B");
            prop_assert!(parse_object(answer.as_bytes(), 32).is_ok());
        } else {
            prop_assert!(found(result).iter().all(|(field, _)| FIELDS.iter().any(|spec| spec.name == field)));
        }
    }

    #[test]
    fn there_is_at_most_one_violation_for_each_field_in_the_tables_order(
        values in proptest::collection::vec(proptest::sample::select(vec!["", "null", "1", "\"\"", "\"x\"", "[]", "true", "\"non_us_other\""]), Field::COUNT)
    ) {
        let members: Vec<_> = FIELDS
            .iter()
            .zip(&values)
            .filter(|(_, json)| !json.is_empty())
            .rev()
            .map(|(spec, json)| format!("\"{}\":{json}", spec.name))
            .collect();
        let fields: Vec<_> = found(parse(&format!("{{{}}}", members.join(","))))
            .into_iter()
            .map(|(field, _)| Field::find(&field).unwrap())
            .collect();
        prop_assert!(fields.is_sorted_by(|one, next| one < next), "{fields:?}");
    }
}
