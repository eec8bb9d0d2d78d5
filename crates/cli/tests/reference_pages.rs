//! The generated pages of `docs/` say what the program says.

mod support;

use std::path::Path;

fn check(page: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let printed = support::run(&root, &["reference", page]).stdout;
    let kept = std::fs::read_to_string(root.join(format!("docs/{page}.md"))).unwrap_or_default();
    assert!(
        printed == kept,
        "docs/{page}.md is stale; write it anew: cargo run -- reference {page} > docs/{page}.md"
    );
}

#[test]
fn the_configuration_page_is_fresh() {
    check("configuration");
}

#[test]
fn the_page_of_commands_is_fresh() {
    check("commands");
}

#[test]
fn a_command_that_does_not_exist_is_not_in_the_help() {
    let help = support::run(Path::new("."), &["--help"]).stdout;
    for command in
        ["dev", "serve", "master-key", "platform", "key", "customer", "sign", "doctor", "migrate", "lists"]
    {
        assert!(help.contains(&format!("  {command} ")), "{command}");
    }
    for command in ["backup", "restore", "verify", "reference"] {
        assert!(!help.contains(&format!("  {command}")), "{command}");
    }
    assert_eq!(support::run(Path::new("."), &["backup"]).code, Some(2));
    assert_eq!(support::run(Path::new("."), &[]).code, Some(2));
}
