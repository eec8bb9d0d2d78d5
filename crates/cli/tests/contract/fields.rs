//! The table of fields, row by row: contract 3.3. What is accepted, and with which rule anything else is refused.

use crate::support::body::{Body, fresh_name};
use crate::support::clock::{now_millis, now_seconds};
use crate::support::registrar::Registrar;
use jiff::civil::Date;
use serde_json::{Value, json};

/// One field of a body that is valid otherwise.
struct Row<'a> {
    registrar: &'a Registrar,
    field: &'static str,
    valid: fn(&str) -> Body,
}

impl<'a> Row<'a> {
    fn of(registrar: &'a Registrar, field: &'static str) -> Self {
        Self { registrar, field, valid: Body::of }
    }

    fn with(self, valid: fn(&str) -> Body) -> Self {
        Self { valid, ..self }
    }

    fn accepts<V: Into<Value>>(&self, values: impl IntoIterator<Item = V>) {
        for value in values {
            let value = value.into();
            let answer = self.registrar.submit(&(self.valid)(&fresh_name()).set(self.field, value.clone()));
            assert_eq!(answer.code(), "ok", "{} {value}: {}", self.field, answer.text());
        }
    }

    fn refuses<V: Into<Value>>(&self, rule: &str, values: impl IntoIterator<Item = V>) {
        for value in values {
            let value = value.into();
            let answer = self.registrar.submit(&(self.valid)(&fresh_name()).set(self.field, value.clone()));
            assert_eq!(answer.violations(), [format!("/{} {rule}", self.field)], "{value}");
        }
    }

    /// Every JSON type but these is refused.
    fn takes_only(&self, types: &[&str]) {
        for value in [json!("x"), json!(1), json!(1.5), json!(true), json!([]), json!({})] {
            let name = match &value {
                Value::String(_) => "string",
                Value::Number(number) if number.is_i64() => "integer",
                Value::Number(_) => "number",
                Value::Bool(_) => "boolean",
                Value::Array(_) => "array",
                Value::Object(_) => "object",
                Value::Null => "null",
            };
            if !types.contains(&name) {
                self.refuses("type", [value]);
            }
        }
    }

    /// Text of `most` characters is accepted, and one more is too long; characters are counted after NFC.
    fn takes_up_to(&self, most: usize) {
        for character in ["a", "é", "e\u{301}", "𝒜"] {
            self.accepts([character.repeat(most)]);
            self.refuses("length", [character.repeat(most + 1)]);
        }
    }

    /// The characters that names, and all other text, do not take.
    fn refuses_control_characters(&self) {
        for character in [
            '\0', '\u{1}', '\n', '\t', '\u{7f}', '\u{85}', '\u{202e}', '\u{2066}', '\u{200e}', '\u{61c}',
            '\u{2028}', '\u{2029}',
        ] {
            self.refuses("characters", [format!("Na{character}me")]);
        }
    }
}

// 3.3 request_id
#[test]
fn request_id_is_a_uuid_in_any_case() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "request_id");
    row.accepts([
        "7fbab305-2679-4279-808b-9b7a63a55c85",
        "8FBAB305-2679-4279-808B-9B7A63A55C85",
        "9Fbab305-2679-4279-808B-9b7a63a55c85",
        "0192f0c1-2b3c-7d4e-8f50-616263646566",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ]);
    row.refuses(
        "format",
        [
            "",
            "1",
            "7fbab30526794279808b9b7a63a55c85",
            "{7fbab305-2679-4279-808b-9b7a63a55c85}",
            "urn:uuid:7fbab305-2679-4279-808b-9b7a63a55c85",
            "7fbab305-2679-4279-808b-9b7a63a55c8",
            "7fbab305-2679-4279-808b-9b7a63a55c855",
            "7fbab305-2679-4279-808b-9b7a63a55c8g",
            "7fbab305_2679_4279_808b_9b7a63a55c85",
            "7fbab3052-679-4279-808b-9b7a63a55c85",
            "７fbab305-2679-4279-808b-9b7a63a55c85",
        ],
    );
    row.refuses("characters", ["7fbab305-2679-4279-808b-9b7a63a55c8\u{0}"]);
    row.takes_only(&["string"]);
}

// 3.3 first_name, last_name
#[test]
fn names_have_1_to_100_characters_with_a_letter_of_any_script() {
    let registrar = Registrar::start();
    for field in ["first_name", "last_name"] {
        let row = Row::of(&registrar, field);
        row.accepts([
            "J",
            "गौरव",
            "李",
            "Ольга",
            "محمد",
            "O’Neill-Śmith",
            "J. R. 3",
            "क्\u{200d}ष",
            "علی\u{200c}رضا",
        ]);
        row.refuses("format", ["1", "-", "...", "😀", "\u{301}"]);
        row.refuses("length", ["", " ", "\u{3000}"]);
        row.takes_up_to(100);
        row.refuses_control_characters();
        row.takes_only(&["string"]);
    }
}

// 3.3 email
#[test]
fn email_has_an_ascii_dot_string_and_a_domain_with_a_dot() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "email");
    row.accepts([
        "a@b.co".to_owned(),
        "first.last+tag@sub.example.in".to_owned(),
        "!#$%&'*+-/=?^_`{|}~@example.com".to_owned(),
        "UPPER@EXAMPLE.ORG".to_owned(),
        "1@2.example".to_owned(),
        format!("{}@example.com", "l".repeat(64)),
        "asha@münchen.de".to_owned(),
        "usha@xn--mnchen-3ya.de".to_owned(),
        "asha@उदाहरण.भारत".to_owned(),
        of_length(254),
    ]);
    row.refuses(
        "format",
        [
            "",
            "a",
            "@",
            "a@",
            "@b.co",
            "a@b",
            "a@localhost",
            "a@b.co.",
            "a@.b.co",
            "a@b..co",
            "a@@b.co",
            "a@b@c.co",
            ".a@b.co",
            "a.@b.co",
            "a..b@c.co",
            "a b@c.co",
            "\"a b\"@c.co",
            "\"a\"@c.co",
            "a@[127.0.0.1]",
            "a@[IPv6:::1]",
            "Asha <a@b.co>",
            "<a@b.co>",
            "mailto:a@b.co,c@d.co",
            "é@b.co",
            "आशा@b.co",
            "a@-b.co",
            "a@b-.co",
            "a@b_c.co",
            "a@b c.co",
            "a(comment)@b.co",
            "a@b.co ",
            " a@b.co",
            "a\\@b.co",
            "a,b@c.co",
        ],
    );
    row.refuses("format", [format!("a@{}.co", "b".repeat(64))]);
    row.refuses("length", [format!("{}@example.com", "l".repeat(65)), of_length(255)]);
    row.refuses("characters", ["a\u{0}@b.co", "a@b\n.co", "a\u{202e}@b.co", "a@b.co\r\n"]);
    row.takes_only(&["string"]);
}

/// An address of this many bytes, whose labels are all within their limits.
fn of_length(bytes: usize) -> String {
    let domain = format!("{}.example.com", ["d".repeat(60), "e".repeat(60)].join("."));
    let rest = bytes - "l@.".len() - domain.len();
    let label = format!("{}.{}", "f".repeat(rest / 2), "g".repeat(rest - rest / 2 - 1));
    format!("l@{label}.{domain}")
}

// 3.3 email: at most 254 bytes with A-labels
#[test]
fn the_length_of_an_email_counts_its_domain_in_ascii_form() {
    let registrar = Registrar::start();
    let labels = ["ü".repeat(40), "ö".repeat(40), "ä".repeat(40), "é".repeat(40), "à".repeat(40)];
    let address = format!("a@{}.example.com", labels.join("."));
    assert!(address.chars().count() < 254);
    let row = Row::of(&registrar, "email");
    row.accepts([format!("a@{}.example.com", labels[..2].join("."))]);
    row.refuses("length", [format!("{}@{}.de", "l".repeat(60), labels.join("."))]);
}

// 3.3 email: unique per platform, local part with A–Z folded, domain as A-labels
#[test]
fn email_is_unique_without_regard_to_case_and_to_the_form_of_the_domain() {
    let registrar = Registrar::start();
    let submit = |email: &str, name: &str| {
        registrar.submit(&Body::of("x").set("email", email).set("first_name", name)).code()
    };
    for (first, same) in [
        ("asha@example.com", "ASHA@EXAMPLE.com"),
        ("Asha@München.de", "asha@xn--mnchen-3ya.de"),
        ("usha@xn--mnchen-3ya.de", "USHA@MÜNCHEN.DE"),
        ("asha@cafe\u{301}.example", "asha@caf\u{e9}.example"),
    ] {
        assert_eq!(submit(first, "One"), "ok", "{first}");
        assert_eq!(submit(same, "Two"), "participant_already_exists", "{same}");
    }
    for other in ["asha+tag@example.com", "a.sha@example.com", "asha@example.org", "asha@cafe.example"] {
        assert_eq!(submit(other, "Three"), "ok", "{other}");
    }
}

/// The spellings of the contract, and what must not be taken for one.
const PO_BOXES: [&str; 17] = [
    "P.O. Box 12",
    "PO BOX",
    "Post Office Box",
    "POB 7",
    "P O Box",
    "pobox 7",
    "Ｐ．Ｏ． Ｂｏｘ １２",
    "P. O. Box 12",
    "p.o.box 12",
    "PO Box 12, Springfield",
    "12 Main Street, P.O. Box 7",
    "Post Box No. 5",
    "P.B. No. 5",
    "GPO Box 5",
    "Post Bag 5",
    "post office box 99",
    "P.O.B. 7",
];
const STREETS: [&str; 11] = [
    "Boxwood Rd",
    "12 Boxwood Rd",
    "12 Potomac Ave",
    "Box Hill",
    "12 Box Hill Road",
    "Post Office Lane",
    "1 Main St.",
    "Near CST",
    "Near Post Office, Fort",
    "P.B. Road",
    "Expo Box Office",
];

// 3.3 address_one
#[test]
fn address_one_has_1_to_200_characters_and_is_no_po_box() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "address_one");
    row.accepts(STREETS);
    row.refuses("not_allowed", PO_BOXES);
    row.refuses("length", ["", " "]);
    row.takes_up_to(200);
    row.refuses_control_characters();
    row.takes_only(&["string"]);
}

// 3.3 address_two
#[test]
fn address_two_has_at_most_200_characters_and_is_no_po_box_either() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "address_two");
    row.accepts(STREETS);
    row.accepts([""]);
    row.refuses("not_allowed", PO_BOXES);
    row.takes_up_to(200);
    row.refuses_control_characters();
    row.takes_only(&["string"]);
}

// 3.3 city
#[test]
fn city_has_1_to_100_characters() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "city");
    row.accepts(["Å", "MUMBAI", "Llanfairpwllgwyngyll", "29 Palms", "東京"]);
    row.refuses("length", ["", " "]);
    row.takes_up_to(100);
    row.refuses_control_characters();
    row.takes_only(&["string"]);
}

/// The states and union territories of India by their current codes.
const INDIAN_STATES: [(&str, &str); 36] = [
    ("AN", "Andaman and Nicobar Islands"),
    ("AP", "Andhra Pradesh"),
    ("AR", "Arunachal Pradesh"),
    ("AS", "Assam"),
    ("BR", "Bihar"),
    ("CG", "Chhattisgarh"),
    ("CH", "Chandigarh"),
    ("DH", "Dadra and Nagar Haveli and Daman and Diu"),
    ("DL", "Delhi"),
    ("GA", "Goa"),
    ("GJ", "Gujarat"),
    ("HP", "Himachal Pradesh"),
    ("HR", "Haryana"),
    ("JH", "Jharkhand"),
    ("JK", "Jammu and Kashmir"),
    ("KA", "Karnataka"),
    ("KL", "Kerala"),
    ("LA", "Ladakh"),
    ("LD", "Lakshadweep"),
    ("MH", "Maharashtra"),
    ("ML", "Meghalaya"),
    ("MN", "Manipur"),
    ("MP", "Madhya Pradesh"),
    ("MZ", "Mizoram"),
    ("NL", "Nagaland"),
    ("OD", "Odisha"),
    ("PB", "Punjab"),
    ("PY", "Puducherry"),
    ("RJ", "Rajasthan"),
    ("SK", "Sikkim"),
    ("TN", "Tamil Nadu"),
    ("TR", "Tripura"),
    ("TS", "Telangana"),
    ("UK", "Uttarakhand"),
    ("UP", "Uttar Pradesh"),
    ("WB", "West Bengal"),
];

// 3.3 state: India
#[test]
fn in_india_state_is_required_and_must_be_on_the_list() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "state").with(Body::in_india);
    row.refuses("required", [json!(null), json!(""), json!("  ")]);
    for (code, name) in INDIAN_STATES {
        row.accepts([code.to_owned(), code.to_lowercase(), name.to_owned(), name.to_uppercase()]);
    }
    row.refuses("one_of", ["IL", "Illinois", "Bombay", "M", "MHH", "Maharashtra State"]);
    row.refuses("characters", ["MH\u{0}"]);
    row.refuses("length", ["a".repeat(101)]);
    row.takes_only(&["string"]);
}

// 3.3 state: superseded codes as aliases (CT→CG, OR→OD, TG→TS, UT and UL→UK, DN and DD→DH)
#[test]
fn superseded_codes_of_indian_states_are_aliases_of_the_current_ones() {
    let registrar = Registrar::start();
    for (old, current) in
        [("CT", "CG"), ("OR", "OD"), ("TG", "TS"), ("UT", "UK"), ("UL", "UK"), ("DN", "DH"), ("DD", "DH")]
    {
        for form in [old.to_owned(), old.to_lowercase()] {
            let answer = registrar.submit(&Body::in_india(&fresh_name()).set("state", form));
            assert_eq!(answer.echo("state"), format!("\"{current}\""), "{old}");
        }
    }
}

// 3.3 state: United States
#[test]
fn in_the_united_states_state_is_optional_and_must_be_on_the_list() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "state");
    row.accepts([json!(null), json!("")]);
    let codes = concat!(
        "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR ",
        "PA RI SC SD TN TX UT VT VA WA WV WI WY DC"
    );
    assert_eq!(codes.split(' ').count(), 51);
    row.accepts(codes.split(' '));
    row.accepts(["il", "Illinois", "NEW YORK", "district of columbia", "Puerto Rico"]);
    row.refuses("one_of", ["MH", "Maharashtra", "XX", "Ontario"]);
}

// 3.3 state: otherwise free text to 100
#[test]
fn elsewhere_state_is_free_text_to_100_characters() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "state").with(Body::in_france);
    row.accepts(["", "Bretagne", "29", "MH", "Île-de-France"]);
    row.takes_up_to(100);
    row.refuses_control_characters();
    row.takes_only(&["string"]);
}

// 3.3 zip: United States
#[test]
fn in_the_united_states_zip_is_required_and_five_digits_or_five_hyphen_four() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "zip");
    row.refuses("required", [json!(null), json!(""), json!(" ")]);
    row.accepts(["12345", "77777-7777", "00501", "00000"]);
    row.refuses(
        "format",
        [
            "1234",
            "123456",
            "12345-",
            "12345-678",
            "12345-67890",
            "12345 6789",
            "123456789",
            "1234a",
            "12345–6789",
            "１２３４５",
            " 12345",
            "12345 ",
            "-12345",
            "400001",
            "SW1A 1AA",
        ],
    );
    row.refuses("characters", ["12345\u{0}", "12345\n"]);
    row.takes_only(&["string"]);
}

// 3.3 zip: India also accepts its PIN
#[test]
fn in_india_zip_is_optional_and_a_zip_or_a_pin() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "zip").with(Body::in_india);
    row.accepts([json!(null), json!("")]);
    row.accepts(["400001", "110001", "999999", "12345", "12345-6789"]);
    row.refuses(
        "format",
        ["012345", "4000", "4000011", "400 001", "400-001", "4000a1", "SW1A 1AA", "４００００１"],
    );
}

// 3.3 zip: countries other than these two also 3 to 10 letters, digits, spaces, hyphens
#[test]
fn elsewhere_zip_is_optional_and_3_to_10_letters_digits_spaces_and_hyphens() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "zip").with(Body::in_france);
    row.accepts([json!(null), json!("")]);
    row.accepts(["12345", "12345-6789", "SW1A 1AA", "K1A-0B1", "101", "ABCDEFGHIJ", "012345"]);
    row.refuses("format", ["12", "ABCDEFGHIJK", "SW1A_1AA", "1000 AÄ", "12.345", " 101", "101 "]);
}

// 3.3 country
#[test]
fn country_is_a_name_or_code_in_any_case() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "country").with(|name| Body::in_france(name).set("zip", "12345"));
    row.accepts([
        "France",
        "FR",
        "fra",
        "FRANCE",
        "Germany",
        "DE",
        "deu",
        "United Kingdom",
        "UK",
        "Great Britain",
        "Netherlands",
        "The Netherlands",
        "Kingdom of the Netherlands",
        "South Korea",
        "Korea, Republic of",
        "KOR",
        "Czechia",
        "Czech Republic",
        "Türkiye",
        "Turkey",
        "Côte d’Ivoire",
        "Ivory Coast",
        "Viet Nam",
        "Vietnam",
        "Bahamas",
        "The Bahamas",
        "Hong Kong",
        "Taiwan",
        "Burma",
        "Myanmar",
        "Swaziland",
        "Eswatini",
        "Cabo Verde",
        "Cape Verde",
        "UAE",
        "United Arab Emirates",
        "Vatican City",
        "Bolivia",
        "Tanzania",
        "Macedonia",
        "GBR",
    ]);
    row.refuses("unknown", ["Atlantis", "XX", "ZZZ", "12", "-", "Frankreich??", "Europe"]);
    row.refuses("characters", ["Fran\u{0}ce"]);
    row.takes_only(&["string"]);
}

// 3.3 country: not supported by default
#[test]
fn seventeen_countries_are_not_supported_under_any_of_their_names() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "country").with(|name| Body::in_france(name).set("zip", "12345"));
    row.refuses(
        "not_supported",
        [
            "BY", "CF", "CD", "CU", "IR", "IQ", "KP", "LB", "LY", "ML", "RU", "SO", "SS", "SD", "SY", "YE",
            "ZW",
        ],
    );
    row.refuses(
        "not_supported",
        [
            "BLR",
            "RUS",
            "PRK",
            "Russia",
            "Russian Federation",
            "North Korea",
            "Iran",
            "Iran, Islamic Republic of",
            "Syria",
            "Syrian Arab Republic",
            "Cuba",
            "Democratic Republic of the Congo",
            "Belarus",
            "zimbabwe",
            "SOUTH SUDAN",
        ],
    );
    row.accepts(["Congo", "Republic of the Congo", "South Korea", "Niger"]);
}

fn today() -> Date {
    let now = jiff::Timestamp::from_second(now_seconds()).unwrap();
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn years_before(date: Date, years: i16) -> Date {
    let year = date.year() - years;
    // Nobody is born on the 29 February of a year without one: the 1 March is the birthday that counts.
    Date::new(year, date.month(), date.day()).unwrap_or_else(|_| Date::new(year, 3, 1).unwrap())
}

// 3.3 date_of_birth
#[test]
fn date_of_birth_is_a_real_date_from_1900_on() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "date_of_birth");
    row.accepts(["1900-01-01", "1985-09-02", "2000-02-29", "1996-02-29", "1999-12-31"]);
    row.refuses(
        "format",
        [
            "",
            "1985",
            "1985-09",
            "85-09-02",
            "1985-9-2",
            "1985/09/02",
            "02-09-1985",
            "02/09/1985",
            "19850902",
            "1985-09-02T00:00:00Z",
            "1985-13-01",
            "1985-00-10",
            "1985-04-31",
            "1985-02-29",
            "1900-02-29",
            "1985-09-00",
            "1985-09-32",
            " 1985-09-02",
            "1985-09-02 ",
            "١٩٨٥-٠٩-٠٢",
            "-985-09-02",
            "+1985-09-02",
            "1985-09-0x",
            "yesterday",
        ],
    );
    row.refuses("range", ["1899-12-31", "1000-01-01", "0001-01-01", "2999-01-01", "9999-12-31"]);
    row.refuses("characters", ["1985-09-02\u{0}"]);
    row.takes_only(&["string"]);
}

// 3.3 date_of_birth: the age by UTC
#[test]
fn a_customer_is_of_age_on_the_eighteenth_birthday_and_not_the_day_before() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "date_of_birth");
    let old_enough = years_before(today(), 18);
    row.accepts([old_enough.to_string(), old_enough.yesterday().unwrap().to_string()]);
    // Should the day end during the test, who was born a day later has come of age: two days later is always too young.
    let too_young = old_enough.tomorrow().unwrap();
    let answer = registrar.submit(&Body::of(&fresh_name()).set("date_of_birth", too_young.to_string()));
    assert!(years_before(today(), 18) != old_enough || answer.violations() == ["/date_of_birth range"]);
    row.refuses(
        "range",
        [too_young.tomorrow().unwrap().to_string(), today().yesterday().unwrap().to_string()],
    );
}

// 3.3 id_number_type
#[test]
fn id_number_type_is_on_the_list_in_any_case_with_blanks_and_hyphens_as_underscores() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "id_number_type");
    for id_type in [
        "ssn",
        "us_drivers_license",
        "us_passport",
        "us_passport_card",
        "us_permanent_resident_card",
        "us_border_crossing_card",
        "us_alien_card",
        "us_id_card",
        "passport",
        "non_us_passport",
        "aadhaar",
        "aadhar",
        "aadhar_card",
        "aadhaar_card",
        "pan",
        "pan_card",
        "voter_id",
        "driving_licence",
        "driving_license",
        "drivers_license",
    ] {
        let forms = [
            id_type.to_owned(),
            id_type.to_uppercase(),
            id_type.replace('_', " "),
            id_type.replace('_', "-"),
            id_type[..1].to_uppercase() + &id_type[1..],
        ];
        for form in forms {
            let answer = registrar.submit(&Body::of(&fresh_name()).set("id_number_type", &*form));
            assert_eq!(answer.echo("id_number_type"), format!("\"{form}\""), "echoed as sent");
        }
    }
    row.refuses(
        "one_of",
        ["", " ", "ss n", "usdriverslicense", "license", "pan__card", "us_passport_", "paßport", "ＳＳＮ"],
    );
    row.refuses("characters", ["ssn\u{0}"]);
    row.takes_only(&["string"]);
}

// 3.3 id_number
#[test]
fn id_number_has_1_to_64_printable_characters() {
    let registrar = Registrar::start();
    let row =
        Row::of(&registrar, "id_number").with(|name| Body::of(name).set("id_number_type", "us_id_card"));
    row.accepts(["1", "MH01 20110012345", "A/12-34", "№ 5", "АБ 123456"]);
    row.refuses("length", [""]);
    row.takes_up_to(64);
    row.refuses_control_characters();
    row.refuses("characters", ["1\u{200b}2", "1\u{a0}2"]);
    row.refuses("format", [" 1", "1 ", " "]);
    row.takes_only(&["string"]);
}

// 3.3 id_number: ssn
#[test]
fn an_ssn_has_nine_digits_and_an_area_that_exists() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "id_number");
    row.accepts(["123456789", "123-45-6789", "001-01-0001", "899999999", "665-12-3456"]);
    row.refuses(
        "format",
        [
            "12345678",
            "1234567890",
            "000123456",
            "000-12-3456",
            "666123456",
            "666-12-3456",
            "111111111",
            "999-99-9999",
            "12-345-6789",
            "123-456789",
            "12345-6789",
            "123 45 6789",
            "12345678a",
            "１２３４５６７８９",
        ],
    );
}

// 3.3 id_number: other formats only with policy.strict_id_numbers
#[test]
fn numbers_of_other_documents_need_no_official_form() {
    let registrar = Registrar::start();
    for id_type in ["aadhaar", "pan", "passport", "voter_id", "us_passport", "driving_licence"] {
        let body =
            Body::in_india(&fresh_name()).set("id_number_type", id_type).set("id_number", "anything 1");
        assert_eq!(registrar.submit(&body).code(), "ok", "{id_type}");
    }
}

// 3.3 non_us_other_type
#[test]
fn non_us_other_type_is_required_with_non_us_other_and_not_allowed_otherwise() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "non_us_other_type")
        .with(|name| Body::of(name).set("id_number_type", "Non-US Other").set("id_number", "1"));
    row.accepts(["Seafarer's book", "身分證"]);
    row.refuses("required", [json!(null), json!(""), json!(" ")]);
    row.takes_up_to(100);
    row.refuses_control_characters();
    row.takes_only(&["string"]);
    let other = Row::of(&registrar, "non_us_other_type");
    other.refuses("not_allowed", ["Seafarer's book"]);
    other.accepts([json!(null), json!(""), json!(" ")]);
}

// 3.3 id_issuing_authority
#[test]
fn id_issuing_authority_has_at_most_100_characters() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "id_issuing_authority");
    row.accepts(["", "RTO Mumbai", "7"]);
    row.takes_up_to(100);
    row.refuses_control_characters();
    row.takes_only(&["string"]);
}

// 3.3 risk_rating
#[test]
fn risk_rating_is_low_medium_or_high_in_any_case() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "risk_rating");
    row.accepts(["low", "medium", "high", "LOW", "Medium", "hIGH"]);
    row.accepts([json!(null), json!("")]);
    row.refuses("one_of", ["none", "middle", "1", " low", "low ", "hıgh"]);
    row.refuses("characters", ["low\u{0}"]);
    row.takes_only(&["string"]);
}

// 3.3 signed_timestamp
#[test]
fn signed_timestamp_is_milliseconds_from_2020_to_five_minutes_ahead() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "signed_timestamp");
    let now = now_millis();
    let minute = 60_000;
    row.accepts([1_577_836_800_000, 1_603_378_501_286, now, now + 4 * minute]);
    row.accepts(["1577836800000".to_owned(), "1603378501286".to_owned(), now.to_string()]);
    row.refuses("range", [1_577_836_799_999, now + 6 * minute, 0, -1, 160_337_850_128_600]);
    row.refuses("range", ["1577836799999".to_owned(), (now + 6 * minute).to_string(), "0".to_owned()]);
    row.refuses("required", [json!(null)]);
    row.refuses(
        "format",
        [
            "2020-10-22T14:55:01Z",
            "1603378501286.0",
            "+1603378501286",
            "-1",
            " 1603378501286",
            "x",
            "１６０３３７８５０１２８６",
        ],
    );
    row.refuses("characters", ["1603378501286\u{0}"]);
    row.takes_only(&["string", "integer"]);
    for written in ["1603378501286.0", "1.603378501286e12", "1603378501286e0"] {
        let answer = registrar.submit(&Body::of(&fresh_name()).raw("signed_timestamp", written));
        assert_eq!(answer.violations(), ["/signed_timestamp type"], "{written}");
    }
    for written in ["99999999999999999999999999", "-99999999999999999999999999"] {
        let answer = registrar.submit(&Body::of(&fresh_name()).raw("signed_timestamp", written));
        assert_eq!(answer.violations(), ["/signed_timestamp range"], "{written}");
    }
}

// 3.3 signed_timestamp: seconds
#[test]
fn a_signed_timestamp_of_ten_digits_gets_the_sentence_about_seconds() {
    let registrar = Registrar::start();
    for value in [json!(1_603_378_501), json!("1603378501")] {
        let answer = registrar.submit(&Body::of("asha").set("signed_timestamp", value));
        assert_eq!(answer.violations(), ["/signed_timestamp range"]);
        let message = answer.message_about("/signed_timestamp");
        assert!(message.contains("seconds were sent where milliseconds are expected"), "{message}");
    }
}

// 3.3 prefunded
#[test]
fn prefunded_is_a_json_boolean() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "prefunded");
    row.accepts([json!(true), json!(false), json!(null)]);
    row.refuses("type", ["true", "false", "yes"]);
    row.takes_only(&["boolean"]);
}

// 3.3 metadata
#[test]
fn metadata_is_an_object_of_at_most_16_kib_as_received() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "metadata");
    row.accepts([json!({}), json!({"a": [1, {"b": null}]}), json!({"क्\u{200d}ष": "علی\u{200c}"})]);
    row.takes_only(&["object"]);
    let submit = |metadata: &str| registrar.submit(&Body::of(&fresh_name()).raw("metadata", metadata));
    let text = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
    assert_eq!(submit(&text(16 * 1024)).code(), "ok");
    assert_eq!(submit(&text(16 * 1024 + 1)).violations(), ["/metadata length"]);
    let blanks = format!("{{{}}}", " ".repeat(16 * 1024 - 1));
    assert_eq!(submit(&blanks).violations(), ["/metadata length"], "as received: white space counts");
    assert_eq!(submit(&blanks.replacen(' ', "", 1)).echo("metadata"), "{}");
}

// 3.3 metadata: keys and strings under the character rule of names
#[test]
fn keys_and_strings_of_metadata_have_the_characters_of_names() {
    let registrar = Registrar::start();
    let row = Row::of(&registrar, "metadata");
    for character in ['\0', '\n', '\u{7f}', '\u{202e}', '\u{2028}'] {
        let text = format!("a{character}");
        row.refuses(
            "characters",
            [
                json!({ "a": text }),
                json!({ text.clone(): 1 }),
                json!({ "a": { "b": [[text]] } }),
                json!({ "a": [{ text.clone(): 1 }] }),
            ],
        );
    }
}
