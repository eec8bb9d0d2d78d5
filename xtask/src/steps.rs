//! A command's steps: each named, timed, and run even if one before it failed.

use std::time::Instant;

use crate::Outcome;

/// The steps of one command and how they went.
pub(crate) struct Steps {
    command: &'static str,
    only: Vec<String>,
    lines: Vec<String>,
    passed: usize,
    failed: usize,
}

impl Steps {
    /// Runs all steps, or, where `only` names some, just those.
    pub(crate) fn new(command: &'static str, only: Vec<String>) -> Self {
        Self { command, only, lines: Vec::new(), passed: 0, failed: 0 }
    }

    /// Runs one step.
    pub(crate) fn run(&mut self, name: &str, work: impl FnOnce() -> Outcome<()>) {
        if !self.only.is_empty() && !self.only.iter().any(|wanted| wanted == name) {
            return;
        }
        println!("\n== {}: {name}", self.command);
        let begun = Instant::now();
        let outcome = work();
        let seconds = begun.elapsed().as_secs_f64();
        let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
        self.lines.push(format!("{verdict:<6} {seconds:>6.1} s  {name}"));
        match outcome {
            Ok(()) => self.passed += 1,
            Err(failure) => {
                self.failed += 1;
                eprintln!("{name}: {failure}");
            }
        }
    }

    /// Prints every step with its time, then the counts on a line of their own.
    pub(crate) fn finish(self) -> Outcome<()> {
        let Self { command, lines, passed, failed, .. } = self;
        println!("\n== {command}: all steps");
        for line in lines {
            println!("{line}");
        }
        println!("\n{passed} passed, {failed} failed");
        match (passed, failed) {
            (0, 0) => Err("no step has such a name".into()),
            (_, 0) => Ok(()),
            _ => {
                Err(format!("`cargo xtask {command}` failed in {failed} of {} steps", passed + failed).into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_fails_the_command_and_the_next_step_still_runs() {
        let mut ran = false;
        let mut steps = Steps::new("test", Vec::new());
        steps.run("first", || Err("broken".into()));
        steps.run("second", || {
            ran = true;
            Ok(())
        });
        assert!(steps.finish().is_err());
        assert!(ran);
    }

    #[test]
    fn a_name_that_no_step_has_is_an_error_and_not_a_silent_success() {
        let mut steps = Steps::new("test", vec!["thrid".into()]);
        steps.run("third", || Ok(()));
        assert!(steps.finish().is_err());
    }
}
