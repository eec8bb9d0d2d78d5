//! Two networks of three nodes: one that only the nodes share, and one over which clients reach them.
//!
//! Made of network namespaces, veth pairs and bridges, so that a partition loses packets silently, as a real one. Knows
//! nothing of what runs in a node. Invariant: every name carries the number of the process that made it; what no living
//! process owns is removed at the next start.

use std::process::{Command, Stdio};

use crate::Outcome;

/// Nodes of a cluster: the fewest of which one may be lost.
pub(crate) const NODES: usize = 3;

/// The start of every namespace's name.
const NAMESPACE: &str = "registrar-";

/// Where packets are sent that shall be lost: no interface has this address.
const NOWHERE: &str = "02:00:00:00:00:ff";

/// The networks of one cluster.
pub(crate) struct Network {
    owner: u32,
    third: u8,
}

impl Network {
    /// Makes them; what fails halfway is removed by `Drop`.
    pub(crate) fn create(owner: u32) -> Outcome<Self> {
        let network = Self { owner, third: free_third(owner)? };
        for side in [Side::Inner, Side::Outer] {
            let bridge = network.bridge(side);
            ip(&["link", "add", &bridge, "type", "bridge"]).map_err(|why| {
                format!("{why}; a cluster needs network namespaces: run this as root, with the rights to make them")
            })?;
            ip(&["link", "set", &bridge, "up"])?;
        }
        let own = format!("198.18.{}.1/24", network.third);
        ip(&["addr", "add", &own, "dev", &network.bridge(Side::Outer)])?;
        for node in 0..NODES {
            network.add_node(node)?;
        }
        Ok(network)
    }

    fn add_node(&self, node: usize) -> Outcome<()> {
        let namespace = self.namespace(node);
        ip(&["netns", "add", &namespace])?;
        ip(&["-n", &namespace, "link", "set", "lo", "up"])?;
        for side in [Side::Inner, Side::Outer] {
            let (port, name) = (self.port(side, node), side.interface());
            ip(&["link", "add", &port, "type", "veth", "peer", "name", name, "netns", &namespace])?;
            ip(&["link", "set", &port, "master", &self.bridge(side), "up"])?;
            let address = format!("{}/24", self.address(side, node));
            ip(&["-n", &namespace, "addr", "add", &address, "dev", name])?;
            ip(&["-n", &namespace, "link", "set", name, "up"])?;
        }
        Ok(())
    }

    /// The name of a node's namespace.
    pub(crate) fn namespace(&self, node: usize) -> String {
        format!("{NAMESPACE}{}-n{}", self.owner, node + 1)
    }

    /// A node's address on one of the networks.
    pub(crate) fn address(&self, side: Side, node: usize) -> String {
        self.on(side, 11 + node)
    }

    /// A network as PostgreSQL writes it.
    pub(crate) fn range(&self, side: Side) -> String {
        format!("{}/24", self.on(side, 0))
    }

    fn on(&self, side: Side, last: usize) -> String {
        // Set apart for tests of network devices (RFC 2544), so hardly in use where this runs.
        let second = if side == Side::Inner { 19 } else { 18 };
        format!("198.{second}.{}.{last}", self.third)
    }

    fn bridge(&self, side: Side) -> String {
        format!("rg{}{}", self.owner, side.letter())
    }

    fn port(&self, side: Side, node: usize) -> String {
        format!("{}{node}", self.bridge(side))
    }

    /// Loses every packet between a node and that network, both ways.
    pub(crate) fn cut(&self, side: Side, node: usize) -> Outcome<()> {
        ip(&["link", "set", &self.port(side, node), "nomaster"])
    }

    /// Loses every packet from a node to the other nodes; what they send arrives.
    pub(crate) fn mute(&self, node: usize) -> Outcome<()> {
        let namespace = self.namespace(node);
        for other in (0..NODES).filter(|other| *other != node) {
            let address = self.address(Side::Inner, other);
            let wrong = ["neigh", "replace", &address, "lladdr", NOWHERE, "dev", "inner", "nud", "permanent"];
            ip(&[&["-n", &namespace], &wrong[..]].concat())?;
        }
        Ok(())
    }

    /// Ends every cut of a node.
    pub(crate) fn join(&self, node: usize) -> Outcome<()> {
        for side in [Side::Inner, Side::Outer] {
            ip(&["link", "set", &self.port(side, node), "master", &self.bridge(side)])?;
        }
        let namespace = self.namespace(node);
        ip(&["-n", &namespace, "neigh", "flush", "dev", "inner", "nud", "permanent"])
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for node in 0..NODES {
            // Fails where the node was never made.
            let _ = ip(&["netns", "del", &self.namespace(node)]);
        }
        remove_links(self.owner);
    }
}

/// Which of the networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Between the nodes.
    Inner,
    /// From clients to the nodes.
    Outer,
}

impl Side {
    fn letter(self) -> char {
        if self == Self::Inner { 'i' } else { 'o' }
    }

    fn interface(self) -> &'static str {
        if self == Self::Inner { "inner" } else { "outer" }
    }
}

/// Namespaces whose owner is gone, each with the owner's process number.
pub(crate) fn stale_namespaces(is_alive: impl Fn(u32) -> bool) -> Outcome<Vec<(u32, String)>> {
    let listed = ip_output(&["netns", "list"])?;
    let names = listed.lines().filter_map(|line| line.split_ascii_whitespace().next());
    let owned = names.filter_map(|name| Some((owner(name)?, name.to_owned())));
    Ok(owned.filter(|(owner, _)| !is_alive(*owner)).collect())
}

/// Removes a namespace in which nothing runs any more, and its owner's bridges and veth pairs.
pub(crate) fn remove_stale(owner: u32, namespace: &str) -> Outcome<()> {
    ip(&["netns", "del", namespace])?;
    remove_links(owner);
    Ok(())
}

fn owner(namespace: &str) -> Option<u32> {
    namespace.strip_prefix(NAMESPACE)?.split_once("-n")?.0.parse().ok()
}

fn remove_links(owner: u32) {
    for side in [Side::Inner, Side::Outer] {
        let bridge = format!("rg{owner}{}", side.letter());
        // The kernel removes a namespace, and with it the other ends, only some time after it was told to.
        for link in (0..NODES).map(|node| format!("{bridge}{node}")).chain([bridge.clone()]) {
            // Fails where it was never made or is gone already.
            let _ = ip(&["link", "del", &link]);
        }
    }
}

/// The processes in a namespace.
pub(crate) fn processes(namespace: &str) -> Outcome<Vec<i32>> {
    let listed = ip_output(&["netns", "pids", namespace])?;
    Ok(listed.lines().filter_map(|line| line.trim().parse().ok()).collect())
}

/// A third number of an address that no interface of this machine has. Each owner begins to look at another place, so
/// that servers of a run that ended badly do not find another run's nodes.
fn free_third(owner: u32) -> Outcome<u8> {
    let taken = ip_output(&["-o", "-4", "addr"])?;
    let is_free = |third: &u8| !taken.contains(&format!(" 198.18.{third}."));
    let [first, ..] = owner.to_le_bytes();
    let mut numbers = (0..=u8::MAX).map(|step| first.wrapping_add(step));
    numbers.find(is_free).ok_or_else(|| "every network of 198.18.0.0/16 is in use".into())
}

fn ip(arguments: &[&str]) -> Outcome<()> {
    ip_output(arguments).map(|_| ())
}

fn ip_output(arguments: &[&str]) -> Outcome<String> {
    let output = Command::new("ip")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|why| format!("`ip` does not start: {why}"))?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let why = String::from_utf8_lossy(&output.stderr);
    Err(format!("`ip {}` failed: {}", arguments.join(" "), why.trim()).into())
}

#[cfg(test)]
mod tests {
    use super::owner;

    #[test]
    fn only_a_name_made_here_has_an_owner() {
        assert_eq!(owner("registrar-4711-n2"), Some(4711));
        assert_eq!(owner("registrar-n2"), None);
        assert_eq!(owner("other-4711-n2"), None);
    }
}
