//! A private server that is reached over TCP on a loopback address of its own and encrypts.

#![expect(clippy::panic, clippy::expect_used, reason = "a server that cannot be set up ends the test")]

use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};

use super::certificates::Identity;
use super::{Server, TestDatabase, chown_to_server};

/// The password of the role over TCP.
pub const PASSWORD: &str = "hunter2-of-the-database";

/// Over TCP the role needs its password, and only encrypted; other roles a certificate.
const ACCESS: &str = "local all all trust\n\
    hostssl all registrar 127.0.0.0/8 scram-sha-256\n\
    hostssl all all 127.0.0.0/8 cert\n";

impl TestDatabase {
    /// Makes an empty database on a server of its own that encrypts, if it is given a certificate.
    ///
    /// # Panics
    /// When PostgreSQL cannot be started.
    pub fn over_tcp(identity: Option<&Identity>) -> Self {
        let database = Self::on_its_own_server_at(Some(own_loopback_address()));
        database.sql(&format!("ALTER ROLE registrar PASSWORD '{PASSWORD}'"));
        std::fs::write(database.data_folder().join("pg_hba.conf"), ACCESS).expect("pg_hba.conf");
        match identity {
            Some(identity) => {
                database.show_certificate(identity);
                database.set_on_its_own_server("ssl = on");
            }
            None => database.set_on_its_own_server("ssl = off"),
        }
        database
    }

    /// Lets such a server show another certificate to whoever connects from now on.
    ///
    /// # Panics
    /// When its files cannot be written.
    pub fn show_certificate(&self, identity: &Identity) {
        self.write_for_server("server.crt", &identity.certificate);
        self.write_for_server("server.key", &identity.key);
        self.reload();
    }

    /// Lets such a server ask for certificates of clients.
    ///
    /// # Panics
    /// When its file cannot be written.
    pub fn trust_clients_of(&self, authority: &str) {
        self.write_for_server("clients.crt", authority);
        self.set_on_its_own_server("ssl_ca_file = 'clients.crt'");
    }

    /// The loopback address on which such a server listens, at port 5432.
    ///
    /// # Panics
    /// If the server listens on none.
    pub fn tcp_address(&self) -> Ipv4Addr {
        match &*self.server {
            Server::Private { listens: Some(address), .. } => *address,
            _ => panic!("the server listens on a socket only"),
        }
    }

    /// The URL of such a server under a host's name, with further parameters.
    pub fn tcp_url(&self, host: &str, parameters: &str) -> String {
        let (name, address) = (&self.name, self.tcp_address());
        format!("postgres://registrar:{PASSWORD}@{host}/{name}?hostaddr={address}&{parameters}")
    }

    fn data_folder(&self) -> PathBuf {
        self.server.folder().join("data")
    }

    fn write_for_server(&self, name: &str, content: &str) {
        let path = self.data_folder().join(name);
        std::fs::write(&path, content).expect("a file of the server");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("its mode");
        chown_to_server(&[&path]);
    }
}

/// All of 127.0.0.0/8 is this machine: an address of the process's own needs no free port to be found, which another
/// process could take meanwhile.
fn own_loopback_address() -> Ipv4Addr {
    static NEXT: AtomicU8 = AtomicU8::new(0);
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    // Process numbers have 22 bits; three servers a process at most.
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    assert!(high < 64 && number < 3, "too many servers of one process");
    Ipv4Addr::new(127, (number + 1) << 6 | high, middle, low)
}
