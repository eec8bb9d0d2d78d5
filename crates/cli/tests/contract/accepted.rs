//! What is accepted and how it is echoed: contract 3.1, 3.3 (the page's own bodies), 3.8.

use crate::support::body::{Body, DOCUMENTED_NODE_BODY, DOCUMENTED_SAMPLE};
use crate::support::registrar::Registrar;
use serde_json::json;

/// The keys of the documented answer.
const KEYS: [&str; 19] = [
    "first_name",
    "last_name",
    "email",
    "address_one",
    "address_two",
    "country",
    "state",
    "city",
    "zip",
    "date_of_birth",
    "id_number_type",
    "id_number",
    "non_us_other_type",
    "id_issuing_authority",
    "signed_timestamp",
    "risk_rating",
    "metadata",
    "platform_code",
    "participant_code",
];

// 3.1: the documented answer, byte for byte but for the codes
#[test]
fn the_sample_request_gets_the_sample_response() {
    let registrar = Registrar::start();
    let answer = registrar.submit_bytes(DOCUMENTED_SAMPLE);
    let code = answer.participant_code();
    let expected = format!(
        concat!(
            r#"{{"message":{{"first_name":"John","last_name":"Smith","email":"email-example@mail.com","#,
            r#""address_one":"1 Main St.","address_two":"Suite 1000","country":"United States","state":"IL","#,
            r#""city":"Chicago","zip":"12345","date_of_birth":"1985-09-02","id_number_type":"ssn","#,
            r#""id_number":"123456789","non_us_other_type":null,"id_issuing_authority":null,"#,
            r#""signed_timestamp":1603378501286,"risk_rating":null,"metadata":{{}},"platform_code":"{}","#,
            r#""participant_code":"{}"}}}}"#
        ),
        registrar.own().platform_code,
        code
    );
    assert_eq!(answer.text(), expected);
}

// 3.3: each body of the page is accepted as it stands on a platform that has no customer yet
#[test]
fn the_body_of_the_node_example_is_accepted_as_it_stands() {
    let registrar = Registrar::start();
    let answer = registrar.submit_bytes(DOCUMENTED_NODE_BODY);
    assert_eq!(answer.code(), "ok", "{}", answer.text());
    assert_eq!(answer.echo("signed_timestamp"), "1603378501286", "a number, although digits were sent");
    assert_eq!(answer.echo("id_number_type"), "\"Passport\"", "as sent");
    assert_eq!(answer.echo("state"), "\"MH\"");
}

// 3.3: the page uses one request_id for two payloads
#[test]
fn on_one_platform_the_second_body_of_the_page_is_a_reused_request_id() {
    let registrar = Registrar::start();
    assert_eq!(registrar.submit_bytes(DOCUMENTED_SAMPLE).code(), "ok");
    assert_eq!(registrar.submit_bytes(DOCUMENTED_NODE_BODY).code(), "request_id_reused");
    let other = registrar.platform("Other", &["--sandbox", "--enable-customers"]);
    let request = crate::support::request::Request::post(DOCUMENTED_NODE_BODY);
    assert_eq!(registrar.send_signed_by(&other, request).code(), "ok");
}

// 3.1: exactly these keys in this order, whatever was sent
#[test]
fn the_answer_has_the_documented_keys_in_the_documented_order() {
    let registrar = Registrar::start();
    let full = Body::in_france("full")
        .set("metadata", json!({"a": 1}))
        .set("prefunded", true)
        .set("risk_rating", "HIGH")
        .set("id_issuing_authority", "Préfecture")
        .set("address_two", "2e étage")
        .request_id(1);
    for body in
        [Body::of("plain"), full.clone().reversed(), full.set("email", "other@example.com").request_id(2)]
    {
        let message = registrar.submit(&body).message();
        let object = registrar_json::parse_object(message.as_bytes(), 32).unwrap();
        let keys: Vec<_> = object.members().iter().map(|member| &*member.name).collect();
        assert_eq!(keys, KEYS);
    }
}

// 3.1: what was not given is null
#[test]
fn what_was_not_given_is_null_and_metadata_an_empty_object() {
    let registrar = Registrar::start();
    let body = Body::in_france("asha").without("state").without("zip");
    let answer = registrar.submit(&body);
    for field in ["address_two", "state", "zip", "non_us_other_type", "id_issuing_authority", "risk_rating"] {
        assert_eq!(answer.echo(field), "null", "{field}");
    }
    assert_eq!(answer.echo("metadata"), "{}");
}

// 3.2: null, and for optional fields "" or blanks, mean absent
#[test]
fn null_and_blanks_in_fields_that_need_not_be_there_mean_absent() {
    let registrar = Registrar::start();
    let optional = [
        "address_two",
        "state",
        "zip",
        "non_us_other_type",
        "id_issuing_authority",
        "risk_rating",
        "metadata",
    ];
    for (number, blank) in [json!(null), json!(""), json!(" \u{3000}\t")].into_iter().enumerate() {
        let body = optional
            .iter()
            .fold(Body::in_france(&format!("n{number}")), |body, field| body.set(field, blank.clone()));
        let answer = registrar.submit(&body.set("prefunded", blank.clone()));
        assert_eq!(answer.code(), "ok", "{blank}: {}", answer.text());
        for field in &optional[..6] {
            assert_eq!(answer.echo(field), "null", "{field} {blank}");
        }
        assert_eq!(answer.echo("metadata"), "{}");
    }
    assert_eq!(registrar.submit(&Body::of("null").set("request_id", json!(null))).code(), "ok");
    assert_eq!(
        registrar.submit(&Body::of("empty").set("request_id", "")).violations(),
        ["/request_id format"]
    );
}

// 3.2: where a field is required, null and blanks do not stand for it
#[test]
fn null_and_blanks_do_not_stand_for_a_required_field() {
    let registrar = Registrar::start();
    for field in [
        "first_name",
        "last_name",
        "email",
        "address_one",
        "city",
        "country",
        "date_of_birth",
        "id_number_type",
        "id_number",
        "signed_timestamp",
        "zip",
    ] {
        let null = registrar.submit(&Body::of("asha").set(field, json!(null)));
        assert_eq!(null.violations(), [format!("/{field} required")]);
        for blank in ["", " "] {
            let violations = registrar.submit(&Body::of("asha").set(field, blank)).violations();
            assert!(
                violations.len() == 1 && violations[0].starts_with(&format!("/{field} ")),
                "{violations:?}"
            );
        }
    }
    for blank in [json!(null), json!(""), json!(" ")] {
        let violations = registrar.submit(&Body::in_india("asha").set("state", blank)).violations();
        assert_eq!(violations, ["/state required"]);
    }
}

// 3.1: trimmed (Unicode White_Space) and brought to NFC
#[test]
fn free_text_is_trimmed_and_brought_to_nfc() {
    let registrar = Registrar::start();
    let untidy = "\u{3000}\u{a0} E\u{301}loi\u{308}\u{2003}\n";
    let fields =
        ["first_name", "last_name", "address_one", "address_two", "city", "state", "id_issuing_authority"];
    let body = fields.iter().fold(Body::in_france("asha"), |body, field| body.set(field, untidy));
    let answer =
        registrar.submit(&body.set("id_number_type", "non_us_other").set("non_us_other_type", untidy));
    for field in fields.iter().chain(&["non_us_other_type"]) {
        assert_eq!(answer.echo(field), "\"\u{c9}lo\u{ef}\"", "{field}");
    }
}

// 3.1: never trimmed, surrounding blanks refused
#[test]
fn surrounding_blanks_of_exact_fields_are_refused() {
    let registrar = Registrar::start();
    for field in ["zip", "date_of_birth", "request_id", "email", "id_number"] {
        let body = Body::of("asha").request_id(1);
        let value: serde_json::Value = serde_json::from_str(&body.text()).unwrap();
        let value = value[field].as_str().unwrap().to_owned();
        for untidy in
            [format!(" {value}"), format!("{value} "), format!("{value}\u{a0}"), format!("{value}\t")]
        {
            let violations = registrar.submit(&body.clone().set(field, untidy)).violations();
            assert_eq!(violations.len(), 1, "{field}");
            assert!(violations[0].starts_with(&format!("/{field} ")), "{violations:?}");
        }
    }
}

// 3.1: country by its English name
#[test]
fn a_country_is_echoed_by_its_english_name() {
    let registrar = Registrar::start();
    for (number, (sent, echoed)) in [
        ("US", "United States"),
        ("usa", "United States"),
        ("united states of america", "United States"),
        ("U.S.A.", "United States"),
        ("  India ", "India"),
        ("IND", "India"),
        ("Great Britain", "United Kingdom"),
        ("GB", "United Kingdom"),
        ("Cote d'Ivoire", "Côte d’Ivoire"),
    ]
    .into_iter()
    .enumerate()
    {
        let body = Body::of(&format!("n{number}")).set("country", sent).set("zip", "12345");
        let body = if echoed == "India" { body.set("state", "MH") } else { body };
        let answer = registrar.submit(&body);
        assert_eq!(answer.echo("country"), format!("\"{echoed}\""), "{sent}");
    }
}

// 3.1: a listed state by its current code
#[test]
fn a_listed_state_is_echoed_by_its_current_code() {
    let registrar = Registrar::start();
    for (number, (sent, echoed)) in
        [("Maharashtra", "MH"), ("mh", "MH"), (" Odisha ", "OD"), ("OR", "OD"), ("tamil nadu", "TN")]
            .into_iter()
            .enumerate()
    {
        let answer = registrar.submit(&Body::in_india(&format!("n{number}")).set("state", sent));
        assert_eq!(answer.echo("state"), format!("\"{echoed}\""), "{sent}");
    }
    let answer = registrar.submit(&Body::of("illinois").set("state", "illinois"));
    assert_eq!(answer.echo("state"), "\"IL\"");
}

// 3.1: risk_rating in lower case, signed_timestamp as a number, everything else as accepted
#[test]
fn ratings_are_echoed_in_lower_case_timestamps_as_numbers_and_the_rest_as_sent() {
    let registrar = Registrar::start();
    let body = Body::of("Asha.Mehta+x")
        .set("email", "Asha.Mehta+X@Example.COM")
        .set("risk_rating", "MeDiUm")
        .set("signed_timestamp", "1603378501286")
        .set("id_number_type", "US Passport-Card")
        .set("id_number", "a1-B2 / 3")
        .set("zip", "12345-6789");
    let answer = registrar.submit(&body);
    assert_eq!(answer.echo("risk_rating"), "\"medium\"");
    assert_eq!(answer.echo("signed_timestamp"), "1603378501286");
    assert_eq!(answer.echo("email"), "\"Asha.Mehta+X@Example.COM\"");
    assert_eq!(answer.echo("id_number_type"), "\"US Passport-Card\"");
    assert_eq!(answer.echo("id_number"), "\"a1-B2 / 3\"");
    assert_eq!(answer.echo("zip"), "\"12345-6789\"");
}

// 3.1: metadata with member order and numbers as written and no white space
#[test]
fn metadata_is_echoed_with_its_order_and_numbers_as_written() {
    let registrar = Registrar::start();
    let sent = concat!(
        r#"{ "z" : 1e2 , "a" : 1.0 , "big" : 123456789012345678901234567890, "small": 1E-400, "minus" : -0 ,"#,
        r#" "list" : [ 1 , [ ] , { } , null , true , "x" ], "" : "é\u00e9\/\"\\\u20ac 🙂", "n": {"b": 2, "a": 1} }"#
    );
    let echoed = concat!(
        r#"{"z":1e2,"a":1.0,"big":123456789012345678901234567890,"small":1E-400,"minus":-0,"#,
        r#""list":[1,[],{},null,true,"x"],"":"éé/\"\\€ 🙂","n":{"b":2,"a":1}}"#
    );
    let answer = registrar.submit(&Body::of("asha").raw("metadata", sent));
    assert_eq!(answer.echo("metadata"), echoed);
}

// 3.1: characters that need no escape are not escaped
#[test]
fn what_is_not_ascii_is_echoed_as_it_is() {
    let registrar = Registrar::start();
    let body =
        Body::of("asha").raw("first_name", r#""\u0906\u0936\u093e""#).set("last_name", "Müller \"李\"");
    let answer = registrar.submit(&body);
    assert_eq!(answer.echo("first_name"), "\"आशा\"");
    assert_eq!(answer.echo("last_name"), r#""Müller \"李\"""#);
    assert!(!answer.text().contains("\\u"), "{}", answer.text());
}

// 3.1: prefunded and request_id are stored, not echoed; 3.8: the status of a new customer
#[test]
fn a_new_customer_is_submitted_and_keeps_what_is_not_echoed() {
    let registrar = Registrar::start();
    let answer = registrar.submit(&Body::of("asha").set("prefunded", true).request_id(1));
    assert!(!answer.text().contains("prefunded") && !answer.text().contains("request_id"));
    let (code, platform) = (answer.participant_code(), registrar.own().platform_code.clone());
    let shown =
        registrar.command_json(&["customer", "show", &code, "--platform", &platform, "--reason", "test"]);
    assert_eq!((&shown["status"], &shown["prefunded"]), (&"submitted".into(), &true.into()));
    assert_eq!(registrar.submit(&Body::of("asha").set("prefunded", true).request_id(1)).status, 200);
}

// 3.1: the answer is sent only after the customer is durable
#[test]
fn an_answered_customer_survives_a_crash() {
    let mut registrar = Registrar::start();
    let body = Body::of("asha").request_id(1);
    let answer = registrar.submit(&body);
    registrar.kill();
    registrar.start_again();
    let again = registrar.submit(&body);
    assert_eq!(again.text(), answer.text());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}
