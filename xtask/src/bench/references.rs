//! stub
use crate::Outcome;
use crate::bench::Plan;
/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    plan: Plan,
}
pub(crate) fn references(arguments: &Arguments) -> Outcome<()> {
    println!("{}", arguments.plan.rounds);
    Ok(())
}
