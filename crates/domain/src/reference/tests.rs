use std::collections::HashSet;

use super::*;

const UNSUPPORTED: &str = "BY CD CF CU IQ IR KP LB LY ML RU SD SO SS SY YE ZW";

fn country(text: &str) -> Option<&'static str> {
    ReferenceLists::builtin().countries.find(text).map(Country::alpha2)
}

fn state(of: &str, text: &str) -> Option<&'static str> {
    ReferenceLists::builtin().states.of(of)?.find(text).map(State::code)
}

fn id_type(text: &str) -> Option<&'static str> {
    ReferenceLists::builtin().id_types.find(text).map(IdType::name)
}

#[test]
fn the_builtin_lists_parse_and_are_complete() {
    let lists = ReferenceLists::parse(None, None, None).expect("the built-in lists are valid");
    // ISO 3166-1 has 249 entries; Kosovo is user-assigned.
    assert_eq!(lists.countries.all().len(), 250);
    assert_eq!(lists.states.countries(), ["IN", "US"]);
    assert_eq!(lists.states.of("IN").unwrap().all().len(), 36);
    assert_eq!(lists.states.of("US").unwrap().all().len(), 57);
    assert_eq!(lists.id_types.all().len(), 15);
}

#[test]
fn every_code_is_there_once() {
    let all = ReferenceLists::builtin().countries.all();
    let alpha2: HashSet<_> = all.iter().map(Country::alpha2).collect();
    let alpha3: HashSet<_> = all.iter().map(Country::alpha3).collect();
    let names: HashSet<_> = all.iter().map(Country::name).collect();
    assert_eq!((alpha2.len(), alpha3.len(), names.len()), (250, 250, 250));
}

#[test]
fn exactly_the_countries_of_the_contract_are_not_supported() {
    let mut codes: Vec<_> = ReferenceLists::builtin()
        .countries
        .all()
        .iter()
        .filter(|country| !country.is_supported())
        .map(Country::alpha2)
        .collect();
    codes.sort_unstable();
    assert_eq!(codes.join(" "), UNSUPPORTED);
}

#[test]
fn every_country_is_found_by_its_codes_and_its_name_in_any_case() {
    for known in ReferenceLists::builtin().countries.all() {
        for text in [known.alpha2(), known.alpha3(), known.name()] {
            assert_eq!(country(text), Some(known.alpha2()), "{text}");
            assert_eq!(country(&text.to_lowercase()), Some(known.alpha2()), "{text}");
            assert_eq!(country(&text.to_uppercase()), Some(known.alpha2()), "{text}");
        }
    }
}

#[test]
fn countries_are_found_by_the_names_people_write() {
    for (text, alpha2) in [
        ("United States of America", "US"),
        ("the united states", "US"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("u.s.", "US"),
        ("UK", "GB"),
        ("Great Britain", "GB"),
        ("England", "GB"),
        ("Viet Nam", "VN"),
        ("Vietnam", "VN"),
        ("Bharat", "IN"),
        ("Holland", "NL"),
        ("The Netherlands", "NL"),
        ("Ivory Coast", "CI"),
        ("Cote d'Ivoire", "CI"),
        ("Czech Republic", "CZ"),
        ("Burma", "MM"),
        ("Korea", "KR"),
        ("Korea, Republic of", "KR"),
        ("Korea (the Republic of)", "KR"),
        ("Korea, Democratic People's Republic of", "KP"),
        ("UAE", "AE"),
        ("Turkey", "TR"),
        ("Turkiye", "TR"),
        ("Hong Kong", "HK"),
        ("Macau", "MO"),
        ("Congo", "CG"),
        ("Congo, The Democratic Republic of the", "CD"),
        ("Russian Federation", "RU"),
        ("Iran, Islamic Republic of", "IR"),
        ("Swaziland", "SZ"),
        ("Cabo Verde", "CV"),
        ("East Timor", "TL"),
        ("Palestine", "PS"),
        ("Brunei Darussalam", "BN"),
        ("Saint Kitts and Nevis", "KN"),
        ("St Kitts & Nevis", "KN"),
        ("  sri   lanka ", "LK"),
        ("Bolivia (Plurinational State of)", "BO"),
        ("Holy See", "VA"),
        ("Lao PDR", "LA"),
        ("Kosovo", "XK"),
    ] {
        assert_eq!(country(text), Some(alpha2), "{text}");
    }
    for text in ["", "Atlantis", "Indıa", "I N", "Congo Free State", "XX", "🇮🇳"] {
        assert_eq!(country(text), None, "{text}");
    }
}

#[test]
fn superseded_state_codes_and_old_names_lead_to_the_current_code() {
    for (text, code) in [
        ("MH", "MH"),
        ("mh", "MH"),
        ("IN-MH", "MH"),
        ("in-mh", "MH"),
        ("Maharashtra", "MH"),
        ("MAHARASHTRA", "MH"),
        ("Mahārāshtra", "MH"),
        ("CT", "CG"),
        ("OR", "OD"),
        ("TG", "TS"),
        ("UT", "UK"),
        ("UL", "UK"),
        ("DN", "DH"),
        ("DD", "DH"),
        ("IN-OR", "OD"),
        ("Orissa", "OD"),
        ("Uttaranchal", "UK"),
        ("Pondicherry", "PY"),
        ("NCT of Delhi", "DL"),
        ("Jammu & Kashmir", "JK"),
        ("Tamilnadu", "TN"),
    ] {
        assert_eq!(state("IN", text), Some(code), "{text}");
    }
    for text in ["", "XX", "US-MH", "Illinois", "Mumbai"] {
        assert_eq!(state("IN", text), None, "{text}");
    }
}

#[test]
fn states_of_the_united_states_are_found_by_code_and_name() {
    for (text, code) in [
        ("IL", "IL"),
        ("illinois", "IL"),
        ("US-IL", "IL"),
        ("Washington, D.C.", "DC"),
        ("Washington", "WA"),
        ("Puerto Rico", "PR"),
        ("Guam", "GU"),
    ] {
        assert_eq!(state("US", text), Some(code), "{text}");
    }
    assert!(state("DE", "Bayern").is_none());
}

#[test]
fn id_types_match_without_case_and_with_spaces_or_hyphens() {
    for (text, name) in [
        ("ssn", "ssn"),
        ("SSN", "ssn"),
        ("Passport", "passport"),
        ("US Passport Card", "us_passport_card"),
        ("us-drivers-license", "us_drivers_license"),
        ("aadhar", "aadhaar"),
        ("Aadhar Card", "aadhaar"),
        ("aadhaar_card", "aadhaar"),
        ("PAN", "pan"),
        ("pan card", "pan"),
        ("driving_license", "driving_licence"),
        ("Drivers License", "driving_licence"),
        ("NON_US_OTHER", "non_us_other"),
    ] {
        assert_eq!(id_type(text), Some(name), "{text}");
    }
    for text in ["", " ssn", "s s n", "\u{212a}", "passpor", "pan\u{a0}card"] {
        assert_eq!(id_type(text), None, "{text}");
    }
}

#[test]
fn the_nearest_name_is_found_where_it_looks_like_a_slip() {
    let lists = ReferenceLists::builtin();
    let near = |text| lists.countries.nearest(text).map(Country::name);
    assert_eq!(near("Indai"), Some("India"));
    assert_eq!(near("Untied States"), Some("United States"));
    assert_eq!(near("Phillipines"), Some("Philippines"));
    assert_eq!(near("Slovekia"), None);
    assert_eq!(near("Atlantis"), None);
    let states = lists.states.of("IN").unwrap();
    assert_eq!(states.nearest("Maharastra").map(State::code), Some("MH"));
    assert_eq!(lists.id_types.nearest("Pasport").map(IdType::name), Some("passport"));
}

#[test]
fn an_operators_list_replaces_the_builtin_one() {
    let header = "alpha2\talpha3\tname\tiso_name\talternates\tsupported\n";
    let text = format!("# mine\n{header}\nIN\tIND\tIndia\t\tBharat;Hind\tyes\r\n");
    let lists = ReferenceLists::parse(Some(&text), None, None).unwrap();
    assert_eq!(lists.countries.all().len(), 1);
    assert!(lists.countries.find("hind").is_some());
    assert!(lists.countries.find("US").is_none());
    assert!(lists.states.of("IN").is_some());
    let states = "country\tcode\tname\taliases\nIN\tMH\tMaharashtra\n";
    let lists = ReferenceLists::parse(None, Some(states), None).unwrap();
    assert_eq!(lists.states.of("IN").unwrap().all().len(), 1);
    assert!(lists.states.of("US").is_none());
}

#[test]
fn a_broken_list_is_refused_with_its_kind_and_line() {
    let countries = "alpha2\talpha3\tname\tiso_name\talternates\tsupported\n";
    let states = "country\tcode\tname\taliases\n";
    let id_types = "name\taliases\n";
    let error = |kind, text: String| {
        let text = Some(text.as_str());
        match kind {
            ListKind::Countries => ReferenceLists::parse(text, None, None),
            ListKind::States => ReferenceLists::parse(None, text, None),
            ListKind::IdTypes => ReferenceLists::parse(None, None, text),
        }
        .expect_err("the list is broken")
    };
    for (kind, text, line) in [
        (ListKind::Countries, String::new(), 1),
        (ListKind::Countries, "alpha2\talpha3\n".into(), 1),
        (ListKind::Countries, countries.into(), 1),
        (ListKind::Countries, format!("{countries}in\tIND\tIndia\t\t\tyes"), 2),
        (ListKind::Countries, format!("{countries}IN\tIN\tIndia\t\t\tyes"), 2),
        (ListKind::Countries, format!("{countries}IN\tIND\t\t\t\tyes"), 2),
        (ListKind::Countries, format!("{countries}IN\tIND\tIndia\t\t\tmaybe"), 2),
        (ListKind::Countries, format!("{countries}IN\tIND\tIndia\t\t"), 2),
        (ListKind::Countries, format!("{countries}IN\tIND\tIndia\t\t\tyes\tmore"), 2),
        (ListKind::Countries, format!("{countries}\nIN\tIND\tIndia\t\t\tyes\n#\nUS\tUSA\tIndia\t\t\tyes"), 5),
        (ListKind::Countries, format!("{countries}IN\tIND\tIndia\t\t\tyes\nIN\tUSA\tUS\t\t\tyes"), 3),
        (ListKind::States, format!("{states}XX\tMH\tMaharashtra\t"), 2),
        (ListKind::States, format!("{states}IN\tMAHA\tMaharashtra\t"), 2),
        (ListKind::States, format!("{states}IN\tMH\tMaharashtra\t\nIN\tMH\tMaha\t"), 3),
        (ListKind::States, format!("{states}IN\tMH\tMaharashtra\t\nIN\tGA\tGoa\tMH"), 3),
        (ListKind::IdTypes, format!("{id_types}Passport\t"), 2),
        (ListKind::IdTypes, format!("{id_types}passport\t\npan\tpassport"), 3),
        (ListKind::IdTypes, format!("{id_types}passport\t\npassport\t"), 3),
    ] {
        let found = error(kind, text.clone());
        assert_eq!((found.kind, found.line), (kind, line), "{text:?} {found}");
        assert!(found.to_string().starts_with(&format!("{kind} list, line {line}: ")));
    }
}
