//! What is done to the primary, and how it is undone.
//!
//! Knows nothing of the load. Invariant: after `heal` nothing is left of the fault but what the cluster itself has to repair.

use crate::Outcome;
use crate::cluster::{Cluster, Side};
use crate::load::Dice;

/// What happens to the primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// SIGKILL of the server process of PostgreSQL.
    PostgresKilled,
    /// SIGKILL of everything on its node.
    NodeKilled,
    /// Its node reaches nobody.
    CutOff,
    /// Its node does not reach the other nodes, but Registrar reaches it.
    CutOffFromNodes,
    /// The other nodes do not get what its node sends.
    Mute,
    /// Everything on its node is stopped for longer than its lease, then goes on.
    Frozen,
    /// PostgreSQL is restarted in order.
    Restarted,
    /// Another node takes over in order.
    SwitchedOver,
}

impl Fault {
    /// Every kind.
    pub(crate) const ALL: [Self; 8] = [
        Self::PostgresKilled,
        Self::NodeKilled,
        Self::CutOff,
        Self::CutOffFromNodes,
        Self::Mute,
        Self::Frozen,
        Self::Restarted,
        Self::SwitchedOver,
    ];

    /// For the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PostgresKilled => "PostgreSQL killed",
            Self::NodeKilled => "node killed",
            Self::CutOff => "cut off from all",
            Self::CutOffFromNodes => "cut off from nodes",
            Self::Mute => "one way lost",
            Self::Frozen => "frozen, thawed",
            Self::Restarted => "restarted",
            Self::SwitchedOver => "switched over",
        }
    }

    /// Does it.
    pub(crate) fn strike(self, cluster: &mut Cluster, primary: &str) -> Outcome<()> {
        match self {
            Self::PostgresKilled => cluster.kill_postgres(primary),
            Self::NodeKilled => cluster.kill(primary),
            Self::CutOff => {
                cluster.cut(primary, Side::Outer)?;
                cluster.cut(primary, Side::Inner)
            }
            Self::CutOffFromNodes => cluster.cut(primary, Side::Inner),
            Self::Mute => cluster.mute(primary),
            Self::Frozen => cluster.freeze(primary),
            Self::Restarted => cluster.restart(primary),
            Self::SwitchedOver => cluster.switch_over(primary),
        }
    }

    /// Whether it lasts until it is healed, and so until another node leads.
    pub(crate) fn lasts(self) -> bool {
        match self {
            Self::NodeKilled | Self::CutOff | Self::CutOffFromNodes | Self::Mute | Self::Frozen => true,
            Self::PostgresKilled | Self::Restarted | Self::SwitchedOver => false,
        }
    }

    /// Undoes it.
    pub(crate) fn heal(self, cluster: &mut Cluster, struck: &str) -> Outcome<()> {
        match self {
            Self::NodeKilled => cluster.start(struck),
            Self::CutOff | Self::CutOffFromNodes | Self::Mute => cluster.join(struck),
            Self::Frozen => cluster.thaw(struck),
            Self::PostgresKilled | Self::Restarted | Self::SwitchedOver => Ok(()),
        }
    }
}

/// Faults in an order drawn by the dice: every kind comes before one comes again.
pub(crate) struct Deck {
    dice: Dice,
    left: Vec<Fault>,
}

impl Deck {
    /// Depends on the seed alone.
    pub(crate) fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed), left: Vec::new() }
    }

    /// The next fault.
    pub(crate) fn draw(&mut self) -> Fault {
        if self.left.is_empty() {
            self.left = Fault::ALL.into();
        }
        let chosen = self.dice.below(self.left.len());
        self.left.swap_remove(chosen)
    }

    /// Something from 0 to `bound` - 1.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.dice.below(bound)
    }
}

#[cfg(test)]
mod tests {
    use super::{Deck, Fault};

    #[test]
    fn every_kind_comes_before_one_comes_again() {
        let mut deck = Deck::new(5);
        for _ in 0..3 {
            let mut drawn: Vec<_> = Fault::ALL.iter().map(|_| deck.draw()).collect();
            drawn.sort();
            assert_eq!(drawn, Fault::ALL);
        }
    }
}
