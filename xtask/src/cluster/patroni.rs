//! What Patroni says of the cluster, and what it is asked to do, over its REST interface.
//!
//! Invariant: every call ends soon, also when the node is frozen or cut off.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::Outcome;

/// The port of Patroni's REST interface.
const PORT: u16 = 8008;

/// How long a node may take to accept a connection.
const CONNECTED_WITHIN: Duration = Duration::from_secs(2);

/// How long a question may take; longer than Patroni waits for etcd.
const ANSWERED_WITHIN: Duration = Duration::from_secs(8);

/// How long a restart or a change of the primary may take until Patroni answers.
const DONE_WITHIN: Duration = Duration::from_mins(2);

/// What a node knows of one member of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// Its name.
    pub(crate) name: String,
    /// `leader`, `sync_standby` or `replica`.
    role: String,
    /// `running` or `streaming` when all is well.
    state: String,
    /// Which history its data belong to.
    timeline: Option<u64>,
}

/// The members as that node sees them by asking etcd; fails where it reaches no majority.
pub(crate) fn members(address: &str) -> Outcome<Vec<Member>> {
    let (status, body) = exchange(address, "GET", "/cluster", "", ANSWERED_WITHIN)?;
    if status != 200 {
        return Err(format!("Patroni answers {status}").into());
    }
    let view: Value = serde_json::from_str(&body)?;
    let members = view.get("members").and_then(Value::as_array).ok_or("no members")?;
    let text =
        |member: &Value, name: &str| member.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let read = |member: &Value| Member {
        name: text(member, "name"),
        role: text(member, "role"),
        state: text(member, "state"),
        timeline: member.get("timeline").and_then(Value::as_u64),
    };
    Ok(members.iter().map(read).collect())
}

/// The leader's name, whatever its state.
pub(crate) fn leader(members: &[Member]) -> Option<&str> {
    members.iter().find(|member| member.role == "leader").map(|member| member.name.as_str())
}

/// The names of those that do not run, or on another history than the leader.
pub(crate) fn strays(members: &[Member]) -> Vec<String> {
    let leader = members.iter().find(|member| member.role == "leader");
    let timeline = leader.and_then(|leader| leader.timeline);
    let strays = members.iter().filter(|member| !runs(member) || member.timeline != timeline);
    strays.filter(|member| member.role != "leader").map(|member| member.name.clone()).collect()
}

fn runs(member: &Member) -> bool {
    ["running", "streaming"].contains(&member.state.as_str())
}

/// Whether all members run on one history, one leads and one is the synchronous replica.
pub(crate) fn are_well(members: &[Member], count: usize) -> bool {
    let of_role = |role: &str| members.iter().filter(|member| member.role == role).count();
    members.len() == count
        && of_role("leader") == 1
        && of_role("sync_standby") == 1
        && members.iter().all(runs)
        && strays(members).is_empty()
}

/// Asks for something to be done and waits until it is.
pub(crate) fn ask(address: &str, path: &str, body: &Value) -> Outcome<()> {
    let (status, answer) = exchange(address, "POST", path, &body.to_string(), DONE_WITHIN)?;
    if (200..300).contains(&status) {
        return Ok(());
    }
    Err(format!("Patroni answers {status} to {path}: {}", answer.trim()).into())
}

fn exchange(address: &str, method: &str, path: &str, body: &str, within: Duration) -> Outcome<(u16, String)> {
    let address = SocketAddr::new(address.parse()?, PORT);
    let mut stream = TcpStream::connect_timeout(&address, CONNECTED_WITHIN)?;
    stream.set_read_timeout(Some(within))?;
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n{body}")?;
    let mut received = String::new();
    stream.read_to_string(&mut received)?;
    let (head, body) = received.split_once("\r\n\r\n").ok_or("Patroni's answer has no end of its head")?;
    let status = head.split_ascii_whitespace().nth(1).and_then(|status| status.parse().ok());
    Ok((status.ok_or("Patroni's answer has no status")?, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three(roles: [&str; 3]) -> Vec<Member> {
        let member = |role: &str| Member {
            name: role.to_owned(),
            role: role.to_owned(),
            state: "running".to_owned(),
            timeline: Some(3),
        };
        roles.map(member).into()
    }

    #[test]
    fn a_cluster_is_well_with_a_leader_a_synchronous_replica_and_one_history() {
        let well = three(["leader", "sync_standby", "replica"]);
        assert!(are_well(&well, 3) && strays(&well).is_empty());
        assert_eq!(leader(&well), Some("leader"));
        assert!(!are_well(&well[..2], 3));
        assert!(!are_well(&three(["leader", "replica", "replica"]), 3));
        for spoil in [
            |member: &mut Member| member.timeline = Some(2),
            |member: &mut Member| member.state = "starting".into(),
        ] {
            let mut members = well.clone();
            spoil(&mut members[2]);
            assert!(!are_well(&members, 3));
            assert_eq!(strays(&members), ["replica"]);
        }
    }
}
