//! A real cluster on this machine: three nodes with etcd, Patroni and PostgreSQL 15, built from Debian's packages.
//!
//! Knows how nodes are made, struck and brought back, not what is tested with it. Invariant: everything is gone when the
//! handle is dropped; what a killed run left is removed by the next.

mod configuration;
mod interruption;
mod network;
mod node;
mod patroni;
mod sql;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Outcome;
use crate::server::scratch;
use crate::test::need_cluster_packages;

pub(crate) use interruption::{pause, wait_for, watch};
pub(crate) use network::{NODES, Side};
pub(crate) use sql::{customers, has_replayed, written};

use network::{Network, remove_stale, stale_namespaces};
use node::{Node, end_all};

/// How long a cluster may take until all its members run; a loaded machine needs most of it.
const WELL_WITHIN: Duration = Duration::from_mins(5);

/// When a member that does not come back by itself is made anew from the primary, as an operator would do.
const REMADE_AFTER: Duration = Duration::from_secs(75);

/// `cargo xtask cluster`: a cluster that runs until Ctrl-C.
pub(crate) fn cluster() -> Outcome<()> {
    watch()?;
    let logs = scratch("cluster")?;
    let cluster = Cluster::build(&logs)?;
    println!("cluster: three nodes run; the first primary is {}", cluster.leader()?);
    println!("cluster: data are in {}, logs in {}", cluster.folder.display(), logs.display());
    println!("cluster: psql -h ADDRESS -U postgres, password {}, addresses:", configuration::PASSWORD);
    for node in &cluster.nodes {
        println!("cluster:   {} {}", node.name, node.address);
    }
    println!("\n--database '{}'\n\nCtrl-C ends it.", cluster.address());
    while !interruption::is_wanted() {
        // An interruption is the wanted end here.
        let _ = pause(Duration::from_secs(1));
    }
    Ok(())
}

/// A running cluster.
pub(crate) struct Cluster {
    /// Ended before the network they are in.
    nodes: Vec<Node>,
    network: Network,
    folder: PathBuf,
}

impl Cluster {
    /// Builds one and waits until it is well and has an empty database; the nodes' logs go to an existing folder.
    pub(crate) fn build(logs: &Path) -> Outcome<Self> {
        if !rustix::process::geteuid().is_root() {
            return Err("a cluster needs network namespaces, which only root may make: run this as root".into());
        }
        need_cluster_packages()?;
        remove_what_was_left()?;
        let owner = std::process::id();
        let folder = folder_of(owner);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        let mut cluster = Self { nodes: Vec::new(), network: Network::create(owner)?, folder };
        for node in 0..NODES {
            let folder = cluster.folder.join(configuration::name(node));
            std::fs::create_dir_all(folder.join("data"))?;
            // PostgreSQL refuses a data folder that others may read.
            std::fs::set_permissions(folder.join("data"), std::fs::Permissions::from_mode(0o700))?;
            configuration::write(&cluster.network, node, &folder)?;
            let address = cluster.network.address(Side::Outer, node);
            let namespace = cluster.network.namespace(node);
            cluster.nodes.push(Node::new(configuration::name(node), address, namespace, folder, logs)?);
        }
        for node in &mut cluster.nodes {
            node.start()?;
        }
        cluster.wait_until_well()?;
        sql::make_database(cluster.node_address(&cluster.leader()?)?)?;
        Ok(cluster)
    }

    /// For `--database`.
    pub(crate) fn address(&self) -> String {
        let hosts: Vec<_> = self.nodes.iter().map(|node| node.address.as_str()).collect();
        format!(
            "postgres://registrar:{}@{}/{}?target_session_attrs=read-write&sslmode=disable",
            configuration::PASSWORD,
            hosts.join(","),
            sql::DATABASE
        )
    }

    /// How clients reach each node.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().map(|node| node.address.as_str())
    }

    /// How clients reach the node of that name.
    pub(crate) fn node_address(&self, name: &str) -> Outcome<&str> {
        Ok(&self.node(self.number(name)?)?.address)
    }

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
        for member in patroni::strays(&patroni::members(self.node_address(leader)?)?) {
            println!("cluster: {member} does not follow {leader} by itself and is made anew");
            let force = serde_json::json!({ "force": true });
            patroni::ask(self.node_address(&member)?, "/reinitialize", &force)?;
            remade += 1;
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

    fn number(&self, name: &str) -> Outcome<usize> {
        let number = self.nodes.iter().position(|node| node.name == name);
        number.ok_or_else(|| format!("there is no node {name}").into())
    }

    fn node(&self, number: usize) -> Outcome<&Node> {
        self.nodes.get(number).ok_or_else(|| "there is no such node".into())
    }

    /// Kills PostgreSQL alone on that node.
    pub(crate) fn kill_postgres(&self, name: &str) -> Outcome<()> {
        self.node(self.number(name)?)?.kill_postgres()
    }

    /// Kills everything on that node.
    pub(crate) fn kill(&mut self, name: &str) -> Outcome<()> {
        let number = self.number(name)?;
        self.nodes.get_mut(number).ok_or("there is no such node")?.kill()
    }

    /// Starts a killed node.
    pub(crate) fn start(&mut self, name: &str) -> Outcome<()> {
        let number = self.number(name)?;
        self.nodes.get_mut(number).ok_or("there is no such node")?.start()
    }

    /// Stops everything on that node where it is.
    pub(crate) fn freeze(&self, name: &str) -> Outcome<()> {
        self.node(self.number(name)?)?.freeze()
    }

    /// Lets a frozen node go on.
    pub(crate) fn thaw(&self, name: &str) -> Outcome<()> {
        self.node(self.number(name)?)?.thaw()
    }

    /// Cuts a node off one of the networks.
    pub(crate) fn cut(&self, name: &str, side: Side) -> Outcome<()> {
        self.network.cut(side, self.number(name)?)
    }

    /// Loses what a node sends to the other nodes.
    pub(crate) fn mute(&self, name: &str) -> Outcome<()> {
        self.network.mute(self.number(name)?)
    }

    /// Ends every cut of a node.
    pub(crate) fn join(&self, name: &str) -> Outcome<()> {
        self.network.join(self.number(name)?)
    }

    /// Restarts PostgreSQL on that node in order.
    pub(crate) fn restart(&self, name: &str) -> Outcome<()> {
        patroni::ask(self.node_address(name)?, "/restart", &serde_json::json!({}))
    }

    /// Lets the synchronous replica take over from that node in order.
    pub(crate) fn switch_over(&self, name: &str) -> Outcome<()> {
        patroni::ask(self.node_address(name)?, "/switchover", &serde_json::json!({ "leader": name }))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.nodes.clear();
        // What remains is removed by the next cluster.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Where the data of a process's cluster are: a folder that `postgres` can reach, which a home need not be.
fn folder_of(owner: u32) -> PathBuf {
    std::env::temp_dir().join(format!("registrar-cluster-{owner}"))
}

/// Ends and removes clusters whose process was killed.
fn remove_what_was_left() -> Outcome<()> {
    let is_alive = |owner: u32| {
        let name = std::fs::read_to_string(format!("/proc/{owner}/comm")).unwrap_or_default();
        name.trim() == "xtask" && owner != std::process::id()
    };
    for (owner, namespace) in stale_namespaces(is_alive)? {
        println!("cluster: removing {namespace}, which a killed run left");
        end_all(&namespace)?;
        remove_stale(owner, &namespace)?;
        let folder = folder_of(owner);
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
    }
    Ok(())
}
