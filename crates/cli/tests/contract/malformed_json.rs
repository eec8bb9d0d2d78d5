//! What is not one strict JSON object: contract 3.2, with the place that is named (2.2).

use crate::support::answer::Answer;
use crate::support::body::Body;
use crate::support::registrar::Registrar;

fn refused(registrar: &Registrar, body: &[u8]) -> Answer {
    let answer = registrar.submit_bytes(body);
    let shown = String::from_utf8_lossy(body).into_owned();
    assert_eq!((answer.status, &*answer.code()), (400, "malformed_json"), "{shown}: {}", answer.text());
    answer
}

/// An object whose `metadata` brings the nesting to this depth, the outermost object being the first level.
fn nested(name: &str, depth: usize) -> String {
    let arrays = depth - 2;
    let metadata = format!("{{\"a\":{}{}}}", "[".repeat(arrays), "]".repeat(arrays));
    Body::of(name).raw("metadata", &metadata).text()
}

// 3.2
#[test]
fn only_one_object_is_accepted() {
    let registrar = Registrar::start();
    for body in
        ["", " \r\n\t", "null", "true", "1", "\"text\"", "[]", "[{}]", "{}{}", "{},", "{} x", "{}\0", "{}]"]
    {
        refused(&registrar, body.as_bytes());
    }
    let array = format!("[{}]", Body::of("asha").text());
    refused(&registrar, array.as_bytes());
    assert_eq!(registrar.submit_bytes(format!(" \t\r\n{} \n", Body::of("asha").text())).code(), "ok");
}

// 3.2: an array of the fields' values is no object
#[test]
fn an_array_of_values_in_the_order_of_the_fields_is_no_customer() {
    let registrar = Registrar::start();
    refused(&registrar, br#"["7fbab305-2679-4279-808b-9b7a63a55c85","John","Smith","a@example.com"]"#);
}

// 3.2
#[test]
fn what_is_no_json_is_refused() {
    let registrar = Registrar::start();
    for body in [
        "{",
        "}",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":'x'}",
        "{,}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":1.}",
        "{\"a\":1e}",
        "{\"a\":-}",
        "{\"a\":0x1}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":True}",
        "{\"a\":nul}",
        "{\"a\":undefined}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\u00zz\"}",
        "{\"a\":\"x}",
        "{\"a\":[1,]}",
        "{\"a\":[1 2]}",
        "{\"a\":1 \"b\":2}",
        "{/**/}",
        "{\"a\":1}//",
        "first_name=John",
        "<xml/>",
        "{\"a\":\"\u{1}\"}",
        "{\u{a0}}",
    ] {
        refused(&registrar, body.as_bytes());
    }
}

// 3.2
#[test]
fn a_byte_order_mark_is_refused_in_every_encoding() {
    let registrar = Registrar::start();
    let text = Body::of("asha").text();
    refused(&registrar, format!("\u{feff}{text}").as_bytes());
    let little: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    refused(&registrar, &little);
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    refused(&registrar, &big);
}

// 3.2
#[test]
fn bytes_that_are_not_utf_8_are_refused_in_strings_names_and_between() {
    let registrar = Registrar::start();
    for bytes in [
        &b"{\"a\":\"\xe9\"}"[..],
        b"{\"\xff\":1}",
        b"{\"a\":1}\xff",
        b"\x80{}",
        b"{\"a\":\"\xed\xa0\x80\"}",
        b"{\"a\":\"\xc0\x80\"}",
        b"{\"a\":\"\xf4\x90\x80\x80\"}",
        b"{\"a\":\"\xe0\xa4\"}",
    ] {
        refused(&registrar, bytes);
    }
}

// 3.2
#[test]
fn the_same_name_twice_is_refused_at_every_depth_and_in_every_spelling() {
    let registrar = Registrar::start();
    let body = Body::of("asha");
    for text in [
        r#"{"a":1,"a":1}"#.to_owned(),
        r#"{"a":1,"b":2,"\u0061":1}"#.to_owned(),
        r#"{"":1,"":2}"#.to_owned(),
        body.clone().raw("metadata", r#"{"a":{"b":1,"b":2}}"#).text(),
        body.clone().raw("metadata", r#"{"a":[[{"é":1,"\u00e9":2}]]}"#).text(),
        body.clone().raw("unknown", r#"{"a":{"b":{"c":null,"c":null}}}"#).text(),
        format!("{},\"email\":\"other@example.com\"}}", body.text().trim_end_matches('}')),
    ] {
        refused(&registrar, text.as_bytes());
    }
    // The same name in two objects, and two spellings that Unicode alone calls equal, are different names.
    let apart = body.raw("metadata", "{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":1}],\"é\":1,\"e\u{301}\":2}");
    assert_eq!(registrar.submit(&apart).code(), "ok");
}

// 3.2
#[test]
fn half_a_surrogate_pair_is_refused_everywhere_and_a_whole_one_accepted() {
    let registrar = Registrar::start();
    for escape in [
        r"\ud800",
        r"\udc00",
        r"\ud800\ud800",
        r"\udc00\ud800",
        r"\ud83dx\ude42",
        r"\ud83d\n",
        r"\uD83D\u0041",
    ] {
        for body in [
            format!("{{\"first_name\":\"{escape}\"}}"),
            format!("{{\"{escape}\":1}}"),
            format!("{{\"metadata\":{{\"a\":[\"{escape}\"]}}}}"),
        ] {
            refused(&registrar, body.as_bytes());
        }
    }
    let whole = Body::of("asha").raw("metadata", r#"{"a":"\ud83d\ude42"}"#);
    assert_eq!(registrar.submit(&whole).echo("metadata"), "{\"a\":\"🙂\"}");
}

// 3.2
#[test]
fn nesting_of_32_is_accepted_and_33_refused() {
    let registrar = Registrar::start();
    let answer = registrar.submit_bytes(nested("asha", 32));
    assert_eq!(answer.code(), "ok", "{}", answer.text());
    refused(&registrar, nested("usha", 33).as_bytes());
    refused(&registrar, format!("{}1{}", "{\"a\":".repeat(33), "}".repeat(33)).as_bytes());
    refused(&registrar, "[".repeat(60_000).as_bytes());
    refused(&registrar, "{\"a\":".repeat(13_000).as_bytes());
}

// 2.2, 2.3: the place is named, the text is not
#[test]
fn the_place_of_the_fault_is_named_by_line_and_column() {
    let registrar = Registrar::start();
    for (body, line, column) in [
        (&b"{\"a\":1,}"[..], 1, 7),
        (b"{\n  \"a\": 01\n}", 2, 8),
        (b"{\"a\":1,\n\n \"a\":2}", 3, 2),
        ("{\"é\":\"é\" x}".as_bytes(), 1, 10),
        (b"[]", 1, 1),
        (b"{} marker", 1, 4),
        (b"{\"a\":\"\xff\"}", 1, 7),
        (b"\xef\xbb\xbf{}", 1, 1),
    ] {
        let detail = refused(&registrar, body).detail();
        let place = format!("line {line}, column {column} ");
        assert!(detail.contains(&place), "{}: {detail}", String::from_utf8_lossy(body));
        assert!(!detail.contains("marker"));
    }
}
