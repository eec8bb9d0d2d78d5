//! stub
use crate::Outcome;
use std::path::PathBuf;
/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Reports.
    reports: Vec<PathBuf>,
}
pub(crate) fn plot(arguments: &Arguments) -> Outcome<()> {
    println!("{}", arguments.reports.len());
    Ok(())
}
