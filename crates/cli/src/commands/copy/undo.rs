//! `registrar copy --undo`: back to the source after a complete copy.
//!
//! Invariant: the target is closed before the source is opened again; what was accepted on the target is never given up
//! unless the operator says that the target is lost.

use registrar_store_postgres::{CopyTarget, TargetState, Withdrawal};
use registrar_store_sqlite::{CopySource, Relocation};

use super::target::Target;
use crate::failure::{Exit, Failure};
use crate::output;

#[derive(serde::Serialize)]
struct Undone<'a> {
    released: &'a str,
    closed: Option<&'a str>,
}

fn moved(source: &CopySource) -> Result<Relocation, Failure> {
    match source.relocation()? {
        Some(relocation) if relocation.is_moved => Ok(relocation),
        _ => Err(Failure::refused(
            "this installation was not moved",
            "there is nothing to undo; `registrar serve` opens it",
        )),
    }
}

/// Closes the target and releases the source.
pub(super) fn with_target(source: &CopySource, mut target: Target) -> Result<(), Failure> {
    let copy_id = moved(source)?.copy_id;
    match target.persist(CopyTarget::state)? {
        TargetState::Unfinished(found) | TargetState::Finished(found) if found == copy_id => {}
        _ => {
            return Err(Failure::refused(
                "--to is not the database that this installation was moved to",
                "name that one, or say --target-lost if it is gone for good",
            ));
        }
    }
    let counters = source.counters()?;
    match target.persist(|target| target.withdraw(copy_id, &counters))? {
        Withdrawal::Done => Ok(source.forget_move(false)?),
        Withdrawal::Connected(others) => Err(Failure::refused(
            format!("the target has {others} other connections"),
            "stop its servers and end other programs that are connected, then try again",
        )),
        Withdrawal::Outdated => Err(Failure::refused(
            "customers or changes were accepted on the target since, which the source does not know of",
            "stay with the target; going back would lose them",
        )),
    }
}

/// Releases the source without the target.
pub(super) fn without_target(source: &CopySource) -> Result<(), Failure> {
    moved(source)?;
    Ok(source.forget_move(true)?)
}

/// Says what was done.
pub(super) fn told(json: bool, source: &str, target: Option<&str>) -> Result<Exit, Failure> {
    if json {
        output::print_json(&Undone { released: source, closed: target })?;
    } else {
        let closed = target.map(|target| format!("{target} is closed: drop it before you copy again\n"));
        output::print(&format!("{source} can be served again\n{}", closed.unwrap_or_default()))?;
    }
    Ok(Exit::Done)
}
