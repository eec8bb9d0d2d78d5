//! What the writers write, character by character.

use registrar_json::{Style, parse_object, write_string};

const DEPTH_MAX: usize = 32;

fn styled(text: &str, style: Style) -> String {
    let mut out = String::new();
    if let Ok(object) = parse_object(text.as_bytes(), DEPTH_MAX) {
        object.write_styled(style, &mut out);
    }
    out
}

fn compact(text: &str) -> String {
    let mut out = String::new();
    if let Ok(object) = parse_object(text.as_bytes(), DEPTH_MAX) {
        object.write_compact(&mut out);
    }
    out
}

fn string(text: &str) -> String {
    let mut out = String::new();
    write_string(text, &mut out);
    out
}

#[test]
fn compact_text_keeps_order_and_numbers_and_drops_white_space() {
    assert_eq!(
        compact(
            " { \"b\" : [ 1.50 , -0 , 1E+2 , { } , [ ] ] , \"a\" : { \"z\" : null , \"y\" : true , \"x\" : false } } "
        ),
        r#"{"b":[1.50,-0,1E+2,{},[]],"a":{"z":null,"y":true,"x":false}}"#
    );
    assert_eq!(compact("{ }"), "{}");
}

#[test]
fn compact_text_has_no_needless_escape() {
    assert_eq!(
        compact(
            r#"{"\u0041\/":"\u00e9\ud83d\ude42\u0000\u001F\u0008\u000c\u000a\u000d\u0009\u0022\u005c\u007f\u2028"}"#
        ),
        "{\"A/\":\"é🙂\\u0000\\u001f\\b\\f\\n\\r\\t\\\"\\\\\u{7f}\u{2028}\"}"
    );
}

#[test]
fn strings_are_written_as_json_stringify_writes_them() {
    assert_eq!(string(""), r#""""#);
    assert_eq!(
        string("plain आशा 🙂 / \u{7f}\u{80}\u{2028}\u{feff}"),
        "\"plain आशा 🙂 / \u{7f}\u{80}\u{2028}\u{feff}\""
    );
    assert_eq!(string("\"é\\"), "\"\\\"é\\\\\"");
    assert_eq!(string("\u{1}\u{7}\u{b}\u{e}\u{1f} "), r#""\u0001\u0007\u000b\u000e\u001f ""#);
    assert_eq!(string("\u{8}\u{c}\n\r\t"), r#""\b\f\n\r\t""#);
}

#[test]
fn a_style_can_put_a_space_after_commas_and_colons_only() {
    let spaced = Style { spaced: true, ..Style::default() };
    assert_eq!(
        styled(r#"{"a,b":"c:d","e":[1,2,{"f":null}],"g":{},"h":[]}"#, spaced),
        r#"{"a,b": "c:d", "e": [1, 2, {"f": null}], "g": {}, "h": []}"#
    );
}

#[test]
fn a_style_can_sort_members_by_code_point_at_every_depth() {
    let sorted = Style { sorted_keys: true, ..Style::default() };
    assert_eq!(
        styled(r#"{"b":{"z":1,"y":[{"d":1,"c":2}]},"a":[2,1],"B":0,"":0,"aa":0}"#, sorted),
        r#"{"":0,"B":0,"a":[2,1],"aa":0,"b":{"y":[{"c":2,"d":1}],"z":1}}"#
    );
    // By UTF-16 code units the last two would be the other way round.
    assert_eq!(styled("{\"🙂\":1,\"\u{ffee}\":2,\"z\":3}", sorted), "{\"z\":3,\"\u{ffee}\":2,\"🙂\":1}");
}

#[test]
fn a_style_can_keep_to_printable_ascii() {
    let ascii = Style { ascii: true, ..Style::default() };
    assert_eq!(
        styled("{\"आ\":\"Müller 🙂~\u{7f}\\u0000\\n\\\"\\\\/\"}", ascii),
        r#"{"\u0906":"M\u00fcller \ud83d\ude42~\u007f\u0000\n\"\\/"}"#
    );
}

#[test]
fn the_styles_combine() {
    let python = Style { spaced: true, sorted_keys: true, ascii: true };
    assert_eq!(styled(r#"{"b":"é","a":{"d":1,"c":2}}"#, python), r#"{"a": {"c": 2, "d": 1}, "b": "\u00e9"}"#);
}
