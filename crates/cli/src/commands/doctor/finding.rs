//! One finding: what was looked at, how it is, and the cure where it is not fine.

use serde::Serialize;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Fine.
    Ok,
    /// Works, but should be looked at.
    Warn,
    /// Does not work.
    Fail,
}

impl State {
    const fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(super) check: &'static str,
    pub(crate) state: State,
    pub(crate) detail: String,
    pub(crate) cure: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, state: State::Ok, detail: detail.into(), cure: None }
    }

    pub(super) fn warn(check: &'static str, detail: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { check, state: State::Warn, detail: detail.into(), cure: Some(cure.into()) }
    }

    pub(super) fn fail(check: &'static str, detail: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { check, state: State::Fail, detail: detail.into(), cure: Some(cure.into()) }
    }
}

/// A line for each finding, with its cure below.
pub(super) fn lines(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let cure = finding.cure.as_ref().map(|cure| format!("      cure: {cure}\n")).unwrap_or_default();
        format!("{:4}  {}: {}\n{cure}", finding.state.code(), finding.check, finding.detail)
    };
    findings.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::{Finding, lines};

    #[test]
    fn a_cure_stands_below_its_finding() {
        let findings = [Finding::ok("clock", "fine"), Finding::fail("disk", "full", "free some")];
        assert_eq!(lines(&findings), "ok    clock: fine\nfail  disk: full\n      cure: free some\n");
    }
}
