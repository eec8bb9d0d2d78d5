//! Tables of texts that are accepted and refused, by category.

use registrar_json::SyntaxErrorKind::{self, *};
use registrar_json::{DEPTH_CEILING, SyntaxError, Value, parse_object, parse_value};

const DEPTH_MAX: usize = 32;

fn kind(bytes: &[u8]) -> Option<SyntaxErrorKind> {
    parse_object(bytes, DEPTH_MAX).err().map(|error| error.kind)
}

fn refused(cases: &[(&[u8], SyntaxErrorKind, usize)]) {
    for (bytes, kind, offset) in cases {
        let shown = bytes.escape_ascii();
        let found = parse_object(bytes, DEPTH_MAX).err().map(|error| (error.kind, error.offset));
        assert_eq!(found, Some((*kind, *offset)), "{shown}");
    }
}

fn accepted(texts: &[&str]) {
    for text in texts {
        assert_eq!(kind(text.as_bytes()), None, "{text}");
    }
}

/// The value of the one member `v`.
fn member(text: &str) -> Result<Value<'_>, SyntaxError> {
    let object = parse_object(text.as_bytes(), DEPTH_MAX)?;
    assert_eq!(object.members().len(), 1, "{text}");
    Ok(object.into_members().remove(0).value)
}

fn nested(open: &str, close: &str, depth: usize) -> String {
    format!("{}{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn well_formed_objects_are_accepted() {
    accepted(&[
        "{}",
        " \t\r\n{ \t\r\n} \t\r\n",
        r#"{"a":1}"#,
        r#"{"":0}"#,
        r#"{"a":{},"b":[],"c":[1,"2",null,true,false,{"a":[[]]}]}"#,
        "{ \"a\" : [ 1 , 2 ] , \"b\" : { \"c\" : null } }",
        r#"{"a":{"x":1},"b":{"x":1}}"#,
        r#"{"a":1,"A":2,"a ":3}"#,
    ]);
}

#[test]
fn whatever_is_not_one_object_is_refused() {
    refused(&[
        (b"", Empty, 0),
        (b" \r\n\t", Empty, 4),
        (b"[]", NotAnObject, 0),
        (b"[{}]", NotAnObject, 0),
        (b" \"text\"", NotAnObject, 1),
        (b"1", NotAnObject, 0),
        (b"null", NotAnObject, 0),
        (b"nonsense", NotAnObject, 0),
        (b"{}{}", TrailingBytes, 2),
        (b"{} x", TrailingBytes, 3),
        (b"{}\0", TrailingBytes, 2),
        (b"{},", TrailingBytes, 2),
        (b"{}}", TrailingBytes, 2),
        (b"{}// done", TrailingBytes, 2),
    ]);
}

#[test]
fn broken_structure_is_refused_where_it_breaks() {
    refused(&[
        (b"{", UnexpectedEnd, 1),
        (b"{\"a", UnexpectedEnd, 3),
        (b"{\"a\"", UnexpectedEnd, 4),
        (b"{\"a\":", UnexpectedEnd, 5),
        (b"{\"a\":1", UnexpectedEnd, 6),
        (b"{\"a\":1,", UnexpectedEnd, 7),
        (b"{\"a\":[", UnexpectedEnd, 6),
        (b"{\"a\":[1", UnexpectedEnd, 7),
        (b"{\"a\":\"x\\", UnexpectedEnd, 8),
        (b"{\"a\":\"\\u00", UnexpectedEnd, 10),
        (b"{a:1}", ExpectedName, 1),
        (b"{'a':1}", ExpectedName, 1),
        (b"{1:1}", ExpectedName, 1),
        (b"{null:1}", ExpectedName, 1),
        (b"{,}", ExpectedName, 1),
        (b"{\"a\":1,,\"b\":2}", ExpectedName, 7),
        (b"{\"a\":1,/**/\"b\":2}", ExpectedName, 7),
        (b"{\"a\"}", ExpectedColon, 4),
        (b"{\"a\",\"b\"}", ExpectedColon, 4),
        (b"{\"a\"=1}", ExpectedColon, 4),
        (b"{\"a\"::1}", ExpectedValue, 5),
        (b"{\"a\":}", ExpectedValue, 5),
        (b"{\"a\":,}", ExpectedValue, 5),
        (b"{\"a\":'x'}", ExpectedValue, 5),
        (b"{\"a\":x}", ExpectedValue, 5),
        (b"{\"a\":[,1]}", ExpectedValue, 6),
        (b"{\"a\":[1,,2]}", ExpectedValue, 8),
        (b"{\"a\":[:]}", ExpectedValue, 6),
        (b"{\"a\":1]", ExpectedCommaOrEnd, 6),
        (b"{\"a\":[1}", ExpectedCommaOrEnd, 7),
        (b"{\"a\":[1 2]}", ExpectedCommaOrEnd, 8),
        (b"{\"a\":1 \"b\":2}", ExpectedCommaOrEnd, 7),
        (b"{\"a\":1;\"b\":2}", ExpectedCommaOrEnd, 6),
        (b"{\"a\":\"x\"\"y\"}", ExpectedCommaOrEnd, 8),
        (b"{\"a\":1,}", TrailingComma, 6),
        (b"{\"a\":[1, ]}", TrailingComma, 7),
        (b"{\"a\":[1,}", TrailingComma, 7),
        (b"{\x0b\"a\":1}", ExpectedName, 1),
        (b"{\"a\":\x0c1}", ExpectedValue, 5),
        ("{\u{a0}\"a\":1}".as_bytes(), ExpectedName, 1),
        ("{\u{2028}}".as_bytes(), ExpectedName, 1),
    ]);
}

#[test]
fn literals_are_lower_case_and_whole() {
    for (text, value) in [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)] {
        assert!(member(&format!("{{\"v\":{text}}}")).unwrap() == value);
    }
    refused(&[
        (b"{\"a\":True}", ExpectedValue, 5),
        (b"{\"a\":NULL}", ExpectedValue, 5),
        (b"{\"a\":None}", ExpectedValue, 5),
        (b"{\"a\":undefined}", ExpectedValue, 5),
        (b"{\"a\":tru}", ExpectedValue, 5),
        (b"{\"a\":nul", ExpectedValue, 5),
        (b"{\"a\":trues}", ExpectedCommaOrEnd, 9),
        (b"{\"a\":nullnull}", ExpectedCommaOrEnd, 9),
    ]);
}

#[test]
fn numbers_are_kept_as_written() {
    for number in [
        "0",
        "-0",
        "7",
        "-1",
        "10",
        "1603378501286",
        "123456789012345678901234567890",
        "0.0",
        "-0.10",
        "1.50",
        "1e5",
        "1E5",
        "1e+05",
        "1E-400",
        "0e0",
        "0E+00",
        "9.99e999999",
        "0.000000000000000000000000000001",
    ] {
        let text = format!("{{\"v\":{number}}}");
        assert!(member(&text).unwrap() == Value::Number(number), "{number}");
        let object = parse_object(text.as_bytes(), DEPTH_MAX).unwrap();
        assert_eq!(object.members()[0].raw, number);
    }
}

#[test]
fn numbers_that_json_does_not_have_are_refused() {
    refused(&[
        (b"{\"a\":01}", LeadingZero, 5),
        (b"{\"a\":00}", LeadingZero, 5),
        (b"{\"a\":-01}", LeadingZero, 5),
        (b"{\"a\":012.5}", LeadingZero, 5),
        (b"{\"a\":-}", InvalidNumber, 6),
        (b"{\"a\":--1}", InvalidNumber, 6),
        (b"{\"a\":- 1}", InvalidNumber, 6),
        (b"{\"a\":-x}", InvalidNumber, 6),
        (b"{\"a\":-Infinity}", InvalidNumber, 6),
        (b"{\"a\":-.5}", InvalidNumber, 6),
        (b"{\"a\":1.}", InvalidNumber, 7),
        (b"{\"a\":1.e5}", InvalidNumber, 7),
        (b"{\"a\":1.-5}", InvalidNumber, 7),
        (b"{\"a\":1e}", InvalidNumber, 7),
        (b"{\"a\":1e+}", InvalidNumber, 8),
        (b"{\"a\":1e+-1}", InvalidNumber, 8),
        (b"{\"a\":1", UnexpectedEnd, 6),
        (b"{\"a\":1.", InvalidNumber, 7),
        (b"{\"a\":+1}", ExpectedValue, 5),
        (b"{\"a\":.5}", ExpectedValue, 5),
        (b"{\"a\":NaN}", ExpectedValue, 5),
        (b"{\"a\":Infinity}", ExpectedValue, 5),
        (b"{\"a\":0x1F}", ExpectedCommaOrEnd, 6),
        (b"{\"a\":1_000}", ExpectedCommaOrEnd, 6),
        (b"{\"a\":1.2.3}", ExpectedCommaOrEnd, 8),
        (b"{\"a\":1e5.0}", ExpectedCommaOrEnd, 8),
        (b"{\"a\":1n}", ExpectedCommaOrEnd, 6),
        ("{\"a\":１}".as_bytes(), ExpectedValue, 5),
        ("{\"a\":1٣}".as_bytes(), ExpectedCommaOrEnd, 6),
    ]);
}

#[test]
fn strings_are_decoded() {
    for (written, meant) in [
        (r#""""#, ""),
        (r#""plain""#, "plain"),
        (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r#""a\nb""#, "a\nb"),
        (r#""\u0041\u00e9\u0906\uFFFF""#, "Aé\u{906}\u{ffff}"),
        (r#""\u0000""#, "\0"),
        (r#""\uD834\uDD1E""#, "\u{1d11e}"),
        (r#""\ud800\udc00\uDBFF\uDFFF""#, "\u{10000}\u{10ffff}"),
        (r#""\u005cn""#, "\\n"),
        (r#""\\u0041""#, r"\u0041"),
        (r#""/""#, "/"),
        ("\"आशा 🙂\"", "आशा 🙂"),
        ("\"\u{feff}\u{7f}\u{80}\u{2028}\u{fffe}\"", "\u{feff}\u{7f}\u{80}\u{2028}\u{fffe}"),
    ] {
        let text = format!("{{\"v\":{written}}}");
        assert!(member(&text).unwrap() == Value::String(meant.into()), "{written}");
        let text = format!("{{{written}:1}}");
        assert_eq!(parse_object(text.as_bytes(), DEPTH_MAX).unwrap().members()[0].name, meant);
    }
}

#[test]
fn strings_without_escapes_borrow_from_the_text() {
    let object = parse_object(br#"{"name":"value"}"#, DEPTH_MAX).unwrap();
    let member = &object.members()[0];
    assert!(matches!(member.name, std::borrow::Cow::Borrowed("name")));
    assert!(matches!(member.value, Value::String(std::borrow::Cow::Borrowed("value"))));
}

#[test]
fn broken_strings_are_refused() {
    refused(&[
        (b"{\"a\":\"x}", UnexpectedEnd, 8),
        (b"{\"a\":\"x\n\"}", ControlCharacter, 7),
        (b"{\"a\":\"\t\"}", ControlCharacter, 6),
        (b"{\"a\":\"\0\"}", ControlCharacter, 6),
        (b"{\"a\":\"\x1f\"}", ControlCharacter, 6),
        (b"{\"a\":\"\\n\x01\"}", ControlCharacter, 8),
        (b"{\"a\x01\":1}", ControlCharacter, 3),
        (b"{\"a\":\"\\x41\"}", InvalidEscape, 6),
        (b"{\"a\":\"\\'\"}", InvalidEscape, 6),
        (b"{\"a\":\"\\N\"}", InvalidEscape, 6),
        (b"{\"a\":\"\\0\"}", InvalidEscape, 6),
        (b"{\"a\":\"\\U0041\"}", InvalidEscape, 6),
        (b"{\"a\":\"\\u\"}", InvalidEscape, 6),
        (b"{\"a\":\"\\u004\"}", InvalidEscape, 6),
        (b"{\"a\":\"\\u00g0\"}", InvalidEscape, 6),
        (b"{\"a\":\"\\u+041\"}", InvalidEscape, 6),
        (b"{\"a\":\"\\u{41}\"}", InvalidEscape, 6),
        (b"{\"a\":\"x\\\n\"}", InvalidEscape, 7),
        ("{\"a\":\"\\é\"}".as_bytes(), InvalidEscape, 6),
        ("{\"a\":\"\\u00é0\"}".as_bytes(), InvalidEscape, 6),
        (b"{\"a\":\"\\u1\"", InvalidEscape, 6),
    ]);
}

#[test]
fn lone_surrogates_are_refused() {
    refused(&[
        (b"{\"a\":\"\\ud800\"}", LoneSurrogate, 6),
        (b"{\"a\":\"\\uDBFF\"}", LoneSurrogate, 6),
        (b"{\"a\":\"\\udc00\"}", LoneSurrogate, 6),
        (b"{\"a\":\"\\uDFFF\"}", LoneSurrogate, 6),
        (b"{\"a\":\"x\\ud834y\"}", LoneSurrogate, 7),
        (b"{\"a\":\"\\ud834\\n\"}", LoneSurrogate, 6),
        (b"{\"a\":\"\\ud834\\u0041\"}", LoneSurrogate, 6),
        (b"{\"a\":\"\\ud834\\ud834\"}", LoneSurrogate, 6),
        (b"{\"a\":\"\\udd1e\\ud834\"}", LoneSurrogate, 6),
        (b"{\"a\":\"\\ud834\\udd1e\\udd1e\"}", LoneSurrogate, 18),
        (b"{\"\\ud800\":1}", LoneSurrogate, 2),
        (b"{\"a\":\"\\ud834\\uzzzz\"}", InvalidEscape, 12),
    ]);
}

#[test]
fn bytes_that_are_not_utf8_are_refused_anywhere() {
    refused(&[
        (b"{\"a\":\"\xff\"}", NotUtf8, 6),
        (b"{\"a\":\"\x80\"}", NotUtf8, 6),
        (b"{\"a\":\"\xe9\"}", NotUtf8, 6),
        (b"{\"a\":\"\xc3\"}", NotUtf8, 6),
        (b"{\"a\":\"\xc0\xaf\"}", NotUtf8, 6),
        (b"{\"a\":\"\xe0\x80\xaf\"}", NotUtf8, 6),
        (b"{\"a\":\"\xed\xa0\x80\"}", NotUtf8, 6),
        (b"{\"a\":\"\xf4\x90\x80\x80\"}", NotUtf8, 6),
        (b"{\"\xfe\":1}", NotUtf8, 2),
        (b"{}\xff", NotUtf8, 2),
        (b"\xff{}", NotUtf8, 0),
        (b"\xff\xfe{\0}\0", NotUtf8, 0),
        (b"\xfe\xff\0{\0}", NotUtf8, 0),
        (b"{\0}\0", ExpectedName, 1),
    ]);
}

#[test]
fn a_byte_order_mark_is_refused() {
    refused(&[
        (b"\xef\xbb\xbf{}", ByteOrderMark, 0),
        (b"\xef\xbb\xbf", ByteOrderMark, 0),
        (b" \xef\xbb\xbf{}", NotAnObject, 1),
        (b"{}\xef\xbb\xbf", TrailingBytes, 2),
    ]);
}

#[test]
fn a_name_twice_in_one_object_is_refused_at_any_depth() {
    refused(&[
        (b"{\"a\":1,\"a\":1}", DuplicateName, 7),
        (b"{\"\":1,\"\":1}", DuplicateName, 6),
        (b"{\"a\":1,\"\\u0061\":1}", DuplicateName, 7),
        (b"{\"\\/\":1,\"/\":1}", DuplicateName, 8),
        (b"{\"x\":{\"a\":1,\"b\":2,\"a\":3}}", DuplicateName, 18),
        (b"{\"x\":[{\"a\":1,\"a\":1}]}", DuplicateName, 13),
        (b"{\"\\ud834\\udd1e\":1,\"\xf0\x9d\x84\x9e\":1}", DuplicateName, 18),
    ]);
    accepted(&["{\"é\":1,\"e\u{301}\":2}"]);
}

#[test]
fn a_name_twice_among_many_is_refused_whatever_their_number() {
    for count in [2, 31, 32, 33, 34, 100, 3000] {
        let names: Vec<String> = (0..count).map(|number| format!("\"name{number}\":0")).collect();
        let all = names.join(",");
        assert_eq!(kind(format!("{{{all}}}").as_bytes()), None, "{count}");
        for again in [0, count / 2, count - 1] {
            let text = format!("{{{all},\"n\\u0061me{again}\":0}}");
            assert_eq!(kind(text.as_bytes()), Some(DuplicateName), "{again} of {count}");
        }
    }
}

#[test]
fn nesting_is_accepted_up_to_the_limit_and_refused_beyond() {
    let arrays = |depth: usize| format!("{{\"a\":{}}}", nested("[", "]", depth - 1));
    let objects = |depth: usize| format!("{}{{}}{}", "{\"a\":".repeat(depth - 1), "}".repeat(depth - 1));
    assert_eq!(kind(arrays(32).as_bytes()), None);
    assert_eq!(kind(objects(32).as_bytes()), None);
    assert_eq!(kind(arrays(33).as_bytes()), Some(TooDeep));
    assert_eq!(kind(objects(33).as_bytes()), Some(TooDeep));
    assert_eq!(parse_object(b"{}", 1), Ok(parse_object(b"{ }", 1).unwrap()));
    assert_eq!(parse_object(b"{}", 0).unwrap_err().kind, TooDeep);
    assert_eq!(parse_object(b"{\"a\":[]}", 1).unwrap_err().offset, 5);
}

#[test]
fn nesting_side_by_side_does_not_add_up() {
    let branch = nested("[", "]", 31);
    accepted(&[&format!("{{\"a\":{branch},\"b\":{branch},\"c\":[[],[{{}}],{{}}]}}")]);
}

#[test]
fn no_caller_can_allow_nesting_that_exhausts_the_stack() {
    let deepest = nested("[", "]", DEPTH_CEILING);
    assert!(parse_value(deepest.as_bytes(), usize::MAX).is_ok());
    let deeper = nested("[", "]", 1_000_000);
    assert_eq!(parse_value(deeper.as_bytes(), usize::MAX).unwrap_err().kind, TooDeep);
    assert_eq!(kind("{\"a\":".repeat(100_000).as_bytes()), Some(TooDeep));
}

#[test]
fn any_value_can_be_read_where_the_caller_wants_one() {
    assert_eq!(parse_value(b" 12 ", DEPTH_MAX), Ok(Value::Number("12")));
    assert!(matches!(parse_value(b"[1]", DEPTH_MAX), Ok(Value::Array(items)) if items.len() == 1));
    assert_eq!(parse_value(b"", DEPTH_MAX).unwrap_err().kind, Empty);
    assert_eq!(parse_value(b"1 2", DEPTH_MAX).unwrap_err().kind, TrailingBytes);
}

#[test]
fn members_keep_their_order_and_their_text() {
    let text = "{ \"b\" : [ 1 , {\"x\": \"\\u0041\"} ] , \"a\":\"\\n\",\"c\" :1.0 }";
    let object = parse_object(text.as_bytes(), DEPTH_MAX).unwrap();
    let seen: Vec<_> = object.members().iter().map(|member| (&*member.name, member.raw)).collect();
    assert_eq!(seen, [("b", "[ 1 , {\"x\": \"\\u0041\"} ]"), ("a", "\"\\n\""), ("c", "1.0")]);
    assert_eq!(object.get("a").map(|member| member.raw), Some("\"\\n\""));
    assert!(object.get("d").is_none());
}

#[test]
fn a_fault_is_placed_by_line_and_by_character() {
    let error = parse_object("{\r\n  \"आशा\": \"é🙂\" x\n}".as_bytes(), DEPTH_MAX).unwrap_err();
    assert_eq!((error.kind, error.offset), (ExpectedCommaOrEnd, 27));
    assert_eq!((error.line, error.column), (2, 15));
    let error = parse_object(b"{\"a\":\n\n\"\xc3\xa9\xff\"}", DEPTH_MAX).unwrap_err();
    assert_eq!((error.kind, error.offset, error.line, error.column), (NotUtf8, 10, 3, 3));
    let error = parse_object(b"{\n", DEPTH_MAX).unwrap_err();
    assert_eq!((error.kind, error.offset, error.line, error.column), (UnexpectedEnd, 2, 2, 1));
}

#[test]
fn every_kind_has_a_sentence_of_its_own_that_says_what_to_do() {
    let sentences: std::collections::HashSet<_> =
        SyntaxErrorKind::ALL.iter().map(|kind| kind.sentence()).collect();
    assert_eq!(sentences.len(), SyntaxErrorKind::ALL.len());
    for sentence in sentences {
        assert!(sentence.ends_with('.') && sentence.contains("; "), "{sentence}");
    }
}

#[test]
fn no_error_and_no_debug_output_contains_any_of_the_text() {
    let error = parse_object(b"{\"Canary\":\"Canary\" Canary}", DEPTH_MAX).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("Canary"));
    let object =
        parse_object(br#"{"Canary":"Canary","n":123,"o":{"Canary":true},"l":["Canary"]}"#, DEPTH_MAX)
            .unwrap();
    assert_eq!(format!("{object:?}"), "Object(4 members)");
    assert_eq!(
        format!("{:?}", object.members()),
        "[Member(String), Member(Number), Member(Object(1 members)), Member(Array(1 items))]"
    );
}
