//! The files that a node is configured with: those that the operator's guide recommends, with this cluster's values.
//!
//! Invariant: nothing but names, addresses, folders and passwords differs from what is recommended.

use std::path::Path;

use crate::Outcome;
use crate::cluster::network::{NODES, Network, Side};
use crate::machine::project;

/// The password of every role of a cluster that only this machine reaches.
pub(crate) const PASSWORD: &str = "for-tests-only";

/// Writes a node's files into its folder.
pub(crate) fn write(network: &Network, node: usize, folder: &Path) -> Outcome<()> {
    for name in ["etcd.yml", "patroni.yml"] {
        let example = project().join("docs").join("examples").join(name);
        let text = std::fs::read_to_string(&example).map_err(|why| format!("docs/examples/{name}: {why}"))?;
        std::fs::write(folder.join(name), filled_in(&text, network, node, folder))?;
    }
    Ok(())
}

fn filled_in(example: &str, network: &Network, node: usize, folder: &Path) -> String {
    let inner = |node| network.address(Side::Inner, node);
    let within = |name: &str| folder.join(name).display().to_string();
    let mut text = example
        // So that this program can ask Patroni over the clients' network.
        .replace("listen: NODE_ADDRESS:8008", "listen: 0.0.0.0:8008")
        .replace("NODE_NAME", &name(node))
        .replace("NODE_ADDRESS", &inner(node))
        .replace("NODE_NETWORK", &network.range(Side::Inner))
        .replace("/var/lib/etcd/registrar", &within("etcd"))
        .replace("/var/lib/postgresql/15/registrar", &within("data"))
        .replace("/var/lib/postgresql/pgpass-of-patroni", &within("pgpass"))
        .replace("/run/postgresql", &folder.display().to_string());
    // The superuser makes role and database and counts rows, from where Registrar runs.
    let client = "    - host registrar registrar_owner,registrar_app CLIENT_NETWORK";
    text = text.replace(client, &format!("    - host all postgres CLIENT_NETWORK scram-sha-256\n{client}"));
    text = text.replace("CLIENT_NETWORK", &network.range(Side::Outer));
    for other in 0..NODES {
        text = text.replace(&format!("ADDRESS_{}", other + 1), &inner(other));
    }
    for password in ["SUPERUSER_PASSWORD", "REPLICATION_PASSWORD", "REWIND_PASSWORD"] {
        text = text.replace(password, PASSWORD);
    }
    text
}

/// What a node is called.
pub(crate) fn name(node: usize) -> String {
    format!("n{}", node + 1)
}
