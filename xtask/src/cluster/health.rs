//! Whether the cluster works as a whole, and what is done until it does.
//!
//! Believes no single node: all must name the same leader, and that one's PostgreSQL must have both replicas.

use std::time::Duration;

use crate::Outcome;
use crate::cluster::network::NODES;
use crate::cluster::node::Node;
use crate::cluster::{Cluster, interruption, patroni, sql, wait_for};

/// How long a cluster may take until all its members run; a loaded machine needs most of it.
pub(crate) const WELL_WITHIN: Duration = Duration::from_mins(5);

/// When a member that does not come back by itself is made anew from the primary, as an operator would do.
const REMADE_AFTER: Duration = Duration::from_secs(75);

impl Cluster {
    /// The leader's name, by the first node that knows it.
    pub(crate) fn leader(&self) -> Outcome<String> {
        let found = self.nodes.iter().find_map(|node| {
            let members = patroni::members(&node.address).ok()?;
            patroni::leader(&members).map(str::to_owned)
        });
        found.ok_or_else(|| "no node knows a leader".into())
    }

    /// Waits until another node than that leads.
    pub(crate) fn wait_for_another_leader(&self, old: &str) -> Outcome<String> {
        wait_for("another leader", WELL_WITHIN, || {
            let others = self.nodes.iter().filter(|node| node.name != old);
            let leaders = others.filter_map(|node| {
                let members = patroni::members(&node.address).ok()?;
                patroni::leader(&members).map(str::to_owned)
            });
            leaders.into_iter().find(|leader| leader != old)
        })
    }

    /// Waits until all nodes agree that all run, and both replicas stream; returns how many had to be made anew.
    pub(crate) fn wait_until_well(&mut self) -> Outcome<u64> {
        let waited = wait_for("a cluster that is well", REMADE_AFTER, || {
            // Patroni ends when it can make no sense of what it finds; its supervisor starts it again.
            self.nodes.iter_mut().try_for_each(Node::start).ok()?;
            self.is_well()
        });
        if waited.is_ok() || interruption::is_wanted() {
            return waited.map(|()| 0);
        }
        let leader = wait_for("a leader", WELL_WITHIN, || self.leader().ok())?;
        let remade = self.remake_strays(&leader)?;
        wait_for("a cluster that is well", WELL_WITHIN, || self.is_well())?;
        Ok(remade)
    }

    fn remake_strays(&self, leader: &str) -> Outcome<u64> {
        let mut remade = 0;
        let address = self.node_address(leader)?;
        let members = wait_for("a list of the members", WELL_WITHIN, || patroni::members(address).ok())?;
        for member in patroni::strays(&members) {
            println!("cluster: {member} does not follow {leader} by itself and is made anew");
            let force = serde_json::json!({ "force": true });
            // Refused while it is under way already, which the next wait shows.
            remade += u64::from(patroni::ask(self.node_address(&member)?, "/reinitialize", &force).is_ok());
        }
        Ok(remade)
    }

    fn is_well(&self) -> Option<()> {
        let mut leaders = Vec::new();
        for node in &self.nodes {
            let members = patroni::members(&node.address).ok()?;
            if !patroni::are_well(&members, NODES) {
                return None;
            }
            leaders.push(patroni::leader(&members)?.to_owned());
        }
        let leader = leaders.first()?;
        let agree = leaders.iter().all(|other| other == leader);
        (agree && sql::is_replicated(self.node_address(leader).ok()?, NODES - 1)).then_some(())
    }
}
