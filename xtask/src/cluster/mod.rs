//! A real cluster on this machine: three nodes with etcd, Patroni and PostgreSQL 15, built from Debian's packages.
//!
//! Knows how nodes are made, struck and brought back, not what is tested with it. Invariant: everything is gone when the
//! handle is dropped; what a killed run left is removed by the next.

mod configuration;
mod health;
mod interruption;
mod leftovers;
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

use health::WELL_WITHIN;
use leftovers::{folder_of, remove_what_was_left};
use network::Network;
use node::Node;

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
            return Err(
                "a cluster needs network namespaces, which only root may make: run this as root".into()
            );
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
            "postgres://{}:{}@{}/{}?target_session_attrs=read-write&sslmode=disable",
            sql::OWNER,
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

    /// Restarts PostgreSQL on that node in order. Patroni refuses while it is busy, so it is asked until it does.
    pub(crate) fn restart(&self, name: &str) -> Outcome<()> {
        let address = self.node_address(name)?;
        wait_for("a restart by Patroni", WELL_WITHIN, || {
            patroni::ask(address, "/restart", &serde_json::json!({})).ok()
        })
    }

    /// Lets the synchronous replica take over from that node in order.
    pub(crate) fn switch_over(&self, name: &str) -> Outcome<()> {
        let address = self.node_address(name)?;
        wait_for("a new primary made by Patroni", WELL_WITHIN, || {
            let asked = patroni::ask(address, "/switchover", &serde_json::json!({ "leader": name }));
            // The answer may be lost on the way although it was done.
            let is_done = asked.is_ok() || self.leader().is_ok_and(|leader| leader != name);
            is_done.then_some(())
        })
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.nodes.clear();
        // What remains is removed by the next cluster.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
