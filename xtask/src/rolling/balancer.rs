//! HAProxy with the operator's example configuration, on loopback ports of its own.
//!
//! Invariant: but for addresses, TLS, user and log it runs what `docs/examples/haproxy.cfg` shows; a line of that file that
//! is not found any more is an error.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::fleet::Member;
use crate::machine::{free_port, project};

/// Where Debian's haproxy has its program, which is not in every user's search path.
pub(crate) const HAPROXY: &str = "/usr/sbin/haproxy";

/// How long HAProxy may take to listen, and to find out how a server is.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// The places of the example's three servers.
const PLACES: [&str; 3] =
    ["192.0.2.11:8080 port 9090", "192.0.2.12:8080 port 9090", "192.0.2.13:8080 port 9090"];

/// Their names.
const NAMES: [&str; 3] = ["one", "two", "three"];

/// How many servers the example has.
pub(super) const SERVERS: usize = PLACES.len();

/// A running HAProxy.
pub(super) struct Balancer {
    child: Child,
    /// Where clients connect.
    pub(super) address: SocketAddr,
    statistics: SocketAddr,
}

impl Balancer {
    /// Starts it in front of three servers and waits until it finds all of them up.
    pub(super) fn start(folder: &Path, members: &[Member]) -> Outcome<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let statistics = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let example = std::fs::read_to_string(project().join("docs").join("examples").join("haproxy.cfg"))?;
        let file = folder.join("haproxy.cfg");
        std::fs::write(&file, configuration(&example, address, statistics, members)?)?;
        let log = File::create(folder.join("haproxy.log"))?;
        let mut command = Command::new(HAPROXY);
        command.arg("-db").arg("-f").arg(&file).stdin(Stdio::null());
        let child = command.stdout(log.try_clone()?).stderr(log).spawn();
        let child = child.map_err(|why| format!("HAProxy does not start: {why}"))?;
        let mut balancer = Self { child, address, statistics };
        for number in 0..members.len() {
            balancer.wait_until(number, "UP").map_err(|why| {
                let said = std::fs::read_to_string(folder.join("haproxy.log")).unwrap_or_default();
                format!("{why}; it said:\n{said}")
            })?;
        }
        Ok(balancer)
    }

    /// Waits until it finds that server `UP`, so that it sends requests there, or `DOWN`.
    pub(super) fn wait_until(&mut self, number: usize, wanted: &str) -> Outcome<()> {
        let name = NAMES.get(number).ok_or("the example has no such server")?;
        let until = Instant::now() + READY_WITHIN;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("HAProxy ended: {status}").into());
            }
            // While it starts it does not answer yet.
            if self.figure(name, "status").is_ok_and(|status| status == wanted) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(format!("HAProxy does not find server {name} {wanted} within {READY_WITHIN:?}").into())
    }

    /// A figure of all servers together, such as `wretr`, the requests that were sent again.
    pub(super) fn total(&self, figure: &str) -> Outcome<u64> {
        Ok(self.figure("BACKEND", figure)?.parse()?)
    }

    /// A column of `show stat` in the backend's row of that name.
    fn figure(&self, row: &str, column: &str) -> Outcome<String> {
        let mut stream = TcpStream::connect(self.statistics)?;
        stream.set_read_timeout(Some(READY_WITHIN))?;
        stream.write_all(b"show stat\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        find(&text, row, column).ok_or_else(|| format!("`show stat` has no {column} of {row}").into())
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        // Both fail only where the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(
    example: &str,
    address: SocketAddr,
    statistics: SocketAddr,
    members: &[Member],
) -> Outcome<String> {
    let mut places = HashMap::from([
        ("    user haproxy\n    group haproxy\n", String::new()),
        ("/dev/log local0", "stderr format raw local0 notice".to_owned()),
        ("/run/haproxy/admin.sock mode 660", format!("ipv4@{statistics}")),
        (":443 ssl crt /etc/haproxy/registrar.pem alpn h2,http/1.1", address.to_string()),
    ]);
    for (place, member) in PLACES.iter().zip(members) {
        places.insert(place, format!("{} port {}", member.address, member.private.port()));
    }
    let mut own = example.to_owned();
    for (place, replacement) in places {
        if own.matches(place).count() != 1 {
            return Err(format!("docs/examples/haproxy.cfg does not hold `{}` once", place.trim()).into());
        }
        own = own.replace(place, &replacement);
    }
    Ok(own)
}

fn find(statistics: &str, row: &str, column: &str) -> Option<String> {
    let mut lines = statistics.lines();
    let place = lines.next()?.split(',').position(|name| name == column)?;
    let line = lines.find(|line| {
        let mut fields = line.split(',');
        fields.next() == Some("registrar") && fields.next() == Some(row)
    })?;
    line.split(',').nth(place).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_figure_is_found_by_the_names_of_its_row_and_column() {
        let text = "# pxname,svname,status,wretr,\nregistrar,FRONTEND,OPEN,,\nregistrar,one,UP,3,\n";
        assert_eq!(find(text, "one", "wretr").as_deref(), Some("3"));
        assert_eq!(find(text, "one", "status").as_deref(), Some("UP"));
        assert_eq!(find(text, "two", "status"), None);
        assert_eq!(find(text, "one", "nothing"), None);
    }
}
