//! Encrypted connections to real servers, and to impostors: who is spoken to, who is not, and what is said before.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use registrar_domain::store::{CreateCustomerOutcome, Store, StoreFailure};
use registrar_domain::testing::{CustomerFixture, Scene, TestClock, block_on, scene};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;

use super::faults::until;
use crate::failure::Trouble;
use crate::limits::Patience;
use crate::session::Session;
use crate::testing::certificates::{Authority, Identity};
use crate::testing::{PASSWORD, TestDatabase};
use crate::{Address, OpenError, PostgresStore, Protection, Role, inspect};

const HOST: &str = "db.example";

/// An authority, its certificate in a file, and a server whose certificate it signed for `HOST`.
struct Setting {
    authority: Authority,
    folder: TempDir,
    database: TestDatabase,
}

impl Setting {
    fn new() -> Self {
        let authority = Authority::new();
        let identity = authority.sign_for_hosts(&[HOST]);
        Self::with(authority, Some(&identity))
    }

    fn with(authority: Authority, identity: Option<&Identity>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = TestDatabase::over_tcp(identity);
        let setting = Self { authority, folder, database };
        setting.trust(&setting.authority);
        setting
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn trust(&self, authority: &Authority) {
        std::fs::write(self.file("ca.pem"), authority.certificate()).unwrap();
    }

    /// The parameters for this mode and the authority's file.
    fn verified(&self, mode: &str) -> String {
        format!("sslmode={mode}&sslrootcert={}", self.file("ca.pem").display())
    }

    fn url(&self, parameters: &str) -> String {
        self.database.tcp_url(HOST, parameters)
    }

    fn open(&self) -> Result<PostgresStore, OpenError> {
        open(&self.url(&self.verified("verify-full")))
    }
}

fn open(url: &str) -> Result<PostgresStore, OpenError> {
    PostgresStore::open(&Address::parse(url)?, Role::Server)
}

/// The words with which it is refused; they show nothing of the address, and no cure but the cause's.
fn refusal(url: &str) -> String {
    let text = open(url).err().expect("a refusal").to_string();
    assert!(!text.contains("the role's rights"), "{text}");
    for part in [PASSWORD, "registrar:", "ca.pem", "hostaddr=127"] {
        assert!(!text.contains(part), "{part}: {text}");
    }
    text
}

fn create(store: &PostgresStore, scene: Scene) -> Result<CreateCustomerOutcome, StoreFailure> {
    let number = store.reserve_customer_number()?;
    let fixture = CustomerFixture::new(scene.platform, scene.key).number(number.0);
    block_on(store.create_customer(fixture.build()))
}

#[test]
fn customers_are_created_over_a_verified_connection_that_the_password_is_bound_to() {
    let setting = Setting::new();
    let url = setting.url(&format!("{}&channel_binding=require", setting.verified("verify-full")));
    let store = open(&url).unwrap();
    let scene = scene(&store, "Acme");
    assert_eq!(create(&store, scene), Ok(CreateCustomerOutcome::Created));
    let used = "SELECT count(*) > 0, bool_and(ssl), min(s.version) FROM pg_stat_ssl s JOIN pg_stat_activity USING (pid) \
                WHERE application_name = 'registrar'";
    assert_eq!(setting.database.sql(used), "t|t|TLSv1.3");
    let found = inspect(&Address::parse(&url).unwrap(), &TestClock::default()).unwrap();
    assert_eq!(found.protection, Protection::HostVerified);
}

#[test]
fn a_statement_that_is_given_up_is_cancelled_over_a_verified_connection_too() {
    let setting = Setting::new();
    let address = Address::parse(&setting.url(&setting.verified("verify-full"))).unwrap();
    let patience =
        Patience { answer: Duration::from_secs(1), statement: Duration::from_mins(1), ..Patience::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let session = runtime.block_on(async {
        let session = Session::connect(&address.waited_for(patience)).await.unwrap();
        let trouble = session.batch("SELECT pg_sleep(50)").await.unwrap_err();
        assert!(matches!(trouble, Trouble::Slow), "{}", trouble.text());
        session
    });
    // On a thread that runs no asynchronous work, as the one that copies an installation.
    drop(session);
    until(&setting.database, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'", "0");
}

#[test]
fn a_certificate_for_another_host_is_refused_unless_only_its_authority_is_asked_for() {
    let setting = Setting::new();
    let url = |mode| setting.database.tcp_url("other.example", &setting.verified(mode));
    for mode in ["verify-full", "require"] {
        let text = refusal(&url(mode));
        assert!(text.contains("is for db.example, not for") && !text.contains("other.example"), "{text}");
    }
    open(&url("verify-ca")).unwrap();
}

#[test]
fn an_address_is_verified_as_a_name_is() {
    let setting = Setting::new();
    let host = setting.database.tcp_address().to_string();
    let url = setting.database.tcp_url(&host, &setting.verified("verify-full"));
    assert!(refusal(&url).contains("is for "));
    setting.database.show_certificate(&setting.authority.sign_for_hosts(&[&host]));
    open(&url).unwrap();
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused() {
    let authority = Authority::named("Acme");
    let identity = authority.sign_for_hosts(&[HOST]);
    let setting = Setting::with(authority, Some(&identity));
    setting.trust(&Authority::new());
    for mode in ["verify-full", "verify-ca", "require"] {
        let text = refusal(&setting.url(&setting.verified(mode)));
        assert!(text.contains("that is not trusted") && text.contains("sslrootcert=FILE"), "{text}");
    }
    // One that bears the same name, as an authority that was made anew does.
    setting.trust(&Authority::named("Acme"));
    let text = refusal(&setting.url(&setting.verified("verify-full")));
    assert!(text.contains("signature of another key"), "{text}");
    // This machine's own roots do not know it either.
    let text = refusal(&setting.url("sslmode=verify-full"));
    assert!(text.contains("that is not trusted") || text.contains("ca-certificates"), "{text}");
}

#[test]
fn a_certificate_that_has_expired_is_refused() {
    let authority = Authority::new();
    let expired = authority.sign_expired(&[HOST]);
    let setting = Setting::with(authority, Some(&expired));
    for mode in ["verify-full", "verify-ca"] {
        let text = refusal(&setting.url(&setting.verified(mode)));
        assert!(text.contains("has expired"), "{text}");
    }
}

#[test]
fn an_authoritys_own_certificate_is_refused_with_what_to_do() {
    let authority = Authority::new();
    let identity = authority.identity();
    let setting = Setting::with(authority, Some(&identity));
    let text = refusal(&setting.url(&setting.verified("verify-full")));
    assert!(text.contains("CA:TRUE"), "{text}");
}

#[test]
fn a_server_that_does_not_encrypt_is_refused() {
    let setting = Setting::with(Authority::new(), None);
    for mode in ["verify-full", "verify-ca", "require"] {
        let text = refusal(&setting.url(&setting.verified(mode)));
        assert!(text.contains("does not encrypt"), "{text}");
    }
}

#[test]
fn a_wrong_password_is_said_to_be_the_one_in_the_address() {
    let setting = Setting::new();
    let url = setting.url(&setting.verified("verify-full")).replace(PASSWORD, "another1");
    let text = refusal(&url);
    assert!(
        text.contains("refuses the password (SQLSTATE 28P01)") && text.contains("database.url"),
        "{text}"
    );
    assert!(!text.contains("another1"), "{text}");
}

#[test]
fn a_host_that_cannot_be_reached_is_named_with_its_port() {
    for (place, said) in [("127.0.0.1:1", "Connection refused"), ("nowhere.invalid:5433", "lookup")] {
        let text = refusal(&format!("postgres://registrar:{PASSWORD}@{place}/d?sslmode=disable"));
        assert!(text.contains(&format!("{place}: ")) && text.contains(said), "{text}");
    }
}

#[test]
fn a_file_that_cannot_be_used_is_refused_and_not_done_without() {
    let setting = Setting::new();
    let url = setting.url(&setting.verified("verify-full"));
    std::fs::write(setting.file("ca.pem"), "").unwrap();
    assert!(refusal(&url).contains("sslrootcert names holds no certificate"));
    std::fs::write(setting.file("ca.pem"), "-----BEGIN CERTIFICATE-----\nMIIB").unwrap();
    assert!(refusal(&url).contains("sslrootcert names is damaged"));
    std::fs::remove_file(setting.file("ca.pem")).unwrap();
    assert!(refusal(&url).contains("sslrootcert names cannot be read: No such file"));
}

#[test]
fn each_host_is_verified_against_its_own_name() {
    let setting = Setting::new();
    let posing = TestDatabase::over_tcp(Some(&setting.authority.sign_for_hosts(&["two.example"])));
    let addresses = format!("hostaddr={},{}", posing.tcp_address(), setting.database.tcp_address());
    let name = setting.database.sql("SELECT current_database()");
    let verified = setting.verified("verify-full");
    let url = |hosts| format!("postgres://registrar:{PASSWORD}@{hosts}/{name}?{addresses}&{verified}");
    let store = open(&url(format!("one.example,{HOST}"))).unwrap();
    let scene = scene(&store, "Acme");
    assert_eq!(create(&store, scene), Ok(CreateCustomerOutcome::Created));
    assert!(refusal(&url(format!("{HOST},two.example"))).contains("is for "));
}

#[test]
fn a_connection_made_again_is_verified_again_by_the_file_as_it_is_then() {
    let setting = Setting::new();
    let store = setting.open().unwrap();
    let scene = scene(&store, "Acme");
    assert_eq!(create(&store, scene), Ok(CreateCustomerOutcome::Created));
    let successor = Authority::new();
    setting.database.show_certificate(&successor.sign_for_hosts(&[HOST]));
    setting.database.end_connections();
    let other = CustomerFixture::new(scene.platform, scene.key)
        .number(store.reserve_customer_number().unwrap().0)
        .email(1)
        .build();
    match block_on(store.create_customer(other.clone())) {
        Err(StoreFailure::Unavailable(text)) => assert!(text.contains("not trusted"), "{text}"),
        outcome => panic!("{outcome:?}"),
    }
    setting.trust(&successor);
    assert_eq!(block_on(store.create_customer(other)), Ok(CreateCustomerOutcome::Created));
}

#[test]
fn a_server_may_ask_for_a_certificate() {
    let setting = Setting::new();
    let clients = Authority::new();
    setting.database.trust_clients_of(&clients.certificate());
    setting.database.sql("CREATE ROLE guest LOGIN SUPERUSER");
    let own = clients.sign_for_role("guest");
    write_private(&setting.file("own.crt"), &own.certificate);
    write_private(&setting.file("own.key"), &own.key);
    let verified = setting.verified("verify-full");
    let files = |certificate: &str, key: &str| {
        let (certificate, key) = (setting.file(certificate), setting.file(key));
        let url =
            setting.url(&format!("{verified}&sslcert={}&sslkey={}", certificate.display(), key.display()));
        url.replace(&format!("registrar:{PASSWORD}@"), "guest@")
    };
    open(&files("own.crt", "own.key")).unwrap();
    let without = setting.url(&verified).replace(&format!("registrar:{PASSWORD}@"), "guest@");
    assert!(refusal(&without).contains("valid client certificate"), "{}", refusal(&without));
    write_private(&setting.file("other.key"), &clients.sign_for_role("guest").key);
    assert!(refusal(&files("own.crt", "other.key")).contains("do not belong together"));
    write_private(&setting.file("no.key"), "");
    assert!(refusal(&files("own.crt", "no.key")).contains("holds no key"));
    std::fs::set_permissions(setting.file("own.key"), std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .unwrap();
    assert!(refusal(&files("own.crt", "own.key")).contains("chmod 600"));
}

fn write_private(path: &Path, content: &str) {
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

/// What asks for an encrypted connection (PostgreSQL's manual, "Message Formats", `SSLRequest`).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Somebody in between who answers the request for encryption with this byte and then does as told.
fn impostor<T: Send + 'static>(
    answer: u8,
    then: impl FnOnce(&mut TcpStream) -> T + Send + 'static,
) -> (u16, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let work = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 8];
        stream.read_exact(&mut request).unwrap();
        assert_eq!(request, SSL_REQUEST);
        stream.write_all(&[answer]).unwrap();
        then(&mut stream)
    });
    (port, work)
}

fn url_of_impostor(port: u16, folder: &Path) -> String {
    let roots = folder.join("ca.pem");
    std::fs::write(&roots, Authority::new().certificate()).unwrap();
    format!(
        "postgres://registrar:{PASSWORD}@{HOST}:{port}/d?hostaddr=127.0.0.1&sslrootcert={}",
        roots.display()
    )
}

#[test]
fn nothing_is_said_to_who_says_that_the_server_does_not_encrypt() {
    let folder = tempfile::tempdir().unwrap();
    let (port, heard) = impostor(b'N', |stream| {
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).unwrap();
        heard
    });
    let text = refusal(&url_of_impostor(port, folder.path()));
    assert!(text.contains("does not encrypt"), "{text}");
    assert_eq!(heard.join().unwrap(), b"");
}

#[test]
fn what_is_sent_along_with_the_consent_to_encrypt_is_not_taken_for_the_servers() {
    let folder = tempfile::tempdir().unwrap();
    // AuthenticationCleartextPassword, injected before the handshake (CVE-2021-23222).
    let (port, heard) = impostor(b'S', |stream| {
        stream.write_all(&[b'R', 0, 0, 0, 8, 0, 0, 0, 3]).unwrap();
        let mut heard = Vec::new();
        // It may hang up in the middle.
        let _ = stream.read_to_end(&mut heard);
        heard
    });
    let text = refusal(&url_of_impostor(port, folder.path()));
    assert!(text.contains("does not speak TLS"), "{text}");
    let heard = heard.join().unwrap();
    assert!(!heard.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes()));
}

#[test]
fn nothing_is_said_to_a_server_whose_certificate_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let identity = Authority::new().sign_for_hosts(&[HOST]);
    let (port, heard) = impostor(b'S', move |stream| {
        let mut connection = server_side(&identity);
        while connection.is_handshaking() && connection.complete_io(stream).is_ok() {}
        connection.is_handshaking()
    });
    let text = refusal(&url_of_impostor(port, folder.path()));
    assert!(text.contains("not trusted"), "{text}");
    assert!(heard.join().unwrap(), "the handshake came to its end, after which a password may be sent");
}

fn server_side(identity: &Identity) -> rustls::ServerConnection {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let configuration = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    rustls::ServerConnection::new(Arc::new(configuration)).unwrap()
}
