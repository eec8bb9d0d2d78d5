//! The programs of the guide "Sign a request in your language", each run as a reader would run it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::load::{Customer, Dice, Signer, submit, uuid};
use crate::machine::{fresh_seed, project};
use crate::process::run;
use crate::server::{Credentials, Launch};
use crate::test::{Workplace, tools};

/// A language: the ending of its program, how that is run, and the Debian packages that bring what runs it.
struct Language {
    ending: &'static str,
    run: &'static [&'static str],
    packages: &'static [&'static str],
}

const LANGUAGES: [Language; 6] = [
    Language { ending: "mjs", run: &["node"], packages: &["nodejs"] },
    Language { ending: "py", run: &["python3"], packages: &["python3"] },
    Language { ending: "go", run: &["go", "run"], packages: &["golang-go"] },
    Language { ending: "java", run: &["java"], packages: &["default-jdk-headless"] },
    Language { ending: "php", run: &["php"], packages: &["php-cli"] },
    Language { ending: "sh", run: &["sh"], packages: &["curl", "openssl"] },
];

/// Runs each program on a customer of its own, and asks the server with our own client whether it was created.
pub(crate) fn run_programs(workplace: &Workplace) -> Outcome<()> {
    tools::need("curl", &["curl", "ca-certificates"])?;
    tools::need("openssl", &["openssl"])?;
    let programs = programs(&project().join("docs").join("guides").join("signing"))?;
    let launch = Launch::new(&workplace.binary, &workplace.folder);
    let server = launch.start()?;
    let signer = Signer::new(&Credentials::of(&launch.data)?)?;
    let mut dice = Dice::new(fresh_seed());
    let mut failed = Vec::new();
    for (person, (language, program)) in (0..).zip(programs) {
        let runner = language.run.first().copied().unwrap_or_default();
        let request_id = uuid(dice.next(), dice.next());
        // Letters outside ASCII and a final line end: what is signed must be the bytes that are sent.
        let body =
            Customer { run: 0, person, variant: 0 }.body(Some(&request_id)).replace("John", "आशा") + "\n";
        let file = workplace.folder.join(format!("body-{person}.json"));
        std::fs::write(&file, &body)?;
        let mut command = Command::new(runner);
        command.current_dir(&workplace.folder).env("GOCACHE", workplace.folder.join("go-cache"));
        command.args(language.run.get(1..).unwrap_or_default());
        command.arg(&program).arg(launch.data.join("credentials.json")).arg(&file);
        let outcome = tools::need(runner, language.packages).and_then(|()| {
            run(&mut command)?;
            let (status, head, _) = submit(server.address, &signer, body.as_bytes())?;
            let is_replay = head.to_ascii_lowercase().contains("idempotent-replayed: true");
            if status == 200 && is_replay {
                Ok(())
            } else {
                Err("it ended well but created no customer".into())
            }
        });
        let name = language.ending;
        match outcome {
            Ok(()) => println!("ok      {name}"),
            Err(why) => {
                println!("FAILED  {name}: {why}");
                failed.push(name);
            }
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("guides that do not work: {}", failed.join(", ")).into())
    }
}

/// The program of each language; a language without one, or a program without a language, is an error.
fn programs(folder: &Path) -> Outcome<Vec<(&'static Language, PathBuf)>> {
    let files: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(|why| format!("docs/guides/signing: {why}"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    let has_ending = |path: &Path, wanted: &str| path.extension().is_some_and(|ending| ending == wanted);
    let mut programs = Vec::new();
    for language in &LANGUAGES {
        let program = files.iter().find(|path| has_ending(path, language.ending));
        let program =
            program.ok_or_else(|| format!("docs/guides/signing has no .{} program", language.ending))?;
        programs.push((language, program.clone()));
    }
    let is_known = |path: &&PathBuf| {
        has_ending(path, "md") || LANGUAGES.iter().any(|language| has_ending(path, language.ending))
    };
    match files.iter().find(|path| !is_known(path)) {
        Some(stray) => Err(format!("{}: no test knows how to run it", stray.display()).into()),
        None => Ok(programs),
    }
}
