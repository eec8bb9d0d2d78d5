//! The commands to try next, as they can be pasted: the program is called as this process was.

use std::path::Path;

use super::data_folder::DataFolder;
use crate::commands::shell::quote;

/// How this process was called: what a shell in the same folder understands, under `cargo run` too.
pub(super) fn invocation() -> String {
    std::env::args_os()
        .next()
        .and_then(|program| program.into_string().ok())
        .map_or_else(|| "registrar".to_owned(), |program| quote(&program))
}

/// What the commands name.
pub(super) struct NextSteps<'a> {
    pub(super) program: String,
    pub(super) folder: &'a DataFolder,
    pub(super) platform_code: &'a str,
    pub(super) base_url: &'a str,
}

impl NextSteps<'_> {
    /// The commands, each with a line that says what it does.
    pub(super) fn text(&self) -> String {
        let path = |path: &Path| quote(&path.display().to_string());
        let (program, base_url, code) = (&self.program, self.base_url, self.platform_code);
        let data = path(self.folder.path());
        let sample = path(&self.folder.sample());
        let credentials = path(&self.folder.credentials());
        format!(
            "Your own platform is {code}, a sandbox. Its credentials are in {credentials}\n\
             and its API reference is at {base_url}/docs\n\n\
             Submit the same customer to it (the file is yours to change):\n\
             {program} customer new {sample} --credentials {credentials}\n\n\
             Do it with curl instead (a signature holds for a minute):\n\
             {program} sign POST /participants/customers/new --body {sample} --credentials {credentials} --curl | sh\n\n\
             Make a second platform, then a key for it by the platform_code that the first command prints:\n\
             {program} platform create Second --sandbox --enable-customers --data {data}\n\
             {program} key create --platform CODE --out second.json --data {data}\n\n"
        )
    }
}
