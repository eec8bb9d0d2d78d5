//! A registry with one platform and one key, and signed creates for it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use registrar_crypto::keyring::MasterKeys;
use registrar_crypto::signature::{RequestSecret, SignedParts, sign};
use registrar_domain::clock::Clock;
use registrar_domain::entropy::Entropy;
use registrar_domain::ids::TraceId;
use registrar_domain::platform::Permission;
use registrar_domain::reference::ReferenceLists;
use registrar_domain::registry::{
    ApiKeyCredentials, AuthSettings, KeyTerms, Origin, Parts, PlatformSettings, Presented, Registry,
};
use registrar_domain::store::{CreateCustomer, Store};
use registrar_domain::testing::{SeededEntropy, TestClock, block_on, operator_act};

use crate::Outcome;
use crate::sink_store::{KeepLast, SinkStore};

const TARGET: &str = "/participants/customers/new";

/// The nesting that the server allows.
const DEPTH_MAX: usize = 32;

/// A registry and the credentials of its one key.
pub(crate) struct Scene {
    /// The registry.
    pub(crate) registry: Arc<Registry>,
    /// A key of its one platform.
    pub(crate) credentials: ApiKeyCredentials,
}

impl Scene {
    /// Opens a registry on an empty store and makes platform and key.
    pub(crate) async fn open(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Outcome<Self> {
        let act = operator_act(clock.now().0);
        let registry = Registry::open(Parts {
            store,
            master: MasterKeys::parse(&MasterKeys::generate([9; 32]))?,
            lists: ReferenceLists::builtin(),
            clock,
            entropy,
            auth: AuthSettings { clock_skew_seconds: 60, hints_per_second: 20 },
        })
        .await?;
        let settings = PlatformSettings { name: "Acme".to_owned(), sandbox: false, customers_enabled: true };
        let code = registry.create_platform(settings, act.clone()).await?;
        let terms = KeyTerms { label: "bench".to_owned(), ..KeyTerms::default() };
        let credentials = registry.create_api_key(&code, terms, act).await?;
        Ok(Self { registry: Arc::new(registry), credentials })
    }

    /// The same on a store that keeps nothing, with time and randomness that repeat.
    pub(crate) fn repeatable() -> Outcome<(Self, Arc<SinkStore<KeepLast>>)> {
        let store: Arc<SinkStore<KeepLast>> = Arc::default();
        let (clock, entropy) = (Arc::new(TestClock::default()), Arc::new(SeededEntropy::new(1)));
        let scene = block_on(Self::open(Arc::<SinkStore<KeepLast>>::clone(&store), clock, entropy))?;
        Ok((scene, store))
    }

    /// Signs the create of a person like a client.
    pub(crate) fn sign(&self, person: u64) -> Outcome<SignedCreate> {
        let secret = RequestSecret::from_base64(&self.credentials.secret)
            .map_err(|_| "the secret that was just made is not base64")?;
        let (timestamp, body) = (self.registry.now().seconds().to_string(), body(person));
        let signature = sign(&secret, &parts(&timestamp, body.as_bytes()));
        Ok(SignedCreate { timestamp, body, signature })
    }

    /// Does with it what the server does between the HTTP library and the store.
    pub(crate) async fn submit(&self, create: &SignedCreate) -> Outcome<()> {
        let body = create.body.as_bytes();
        self.registry.check_timestamp(&create.timestamp).map_err(|_| "the timestamp is refused")?;
        let presented = Presented {
            api_key: &self.credentials.api_key,
            signature: &create.signature,
            passphrase: &self.credentials.passphrase,
            parts: parts(&create.timestamp, body),
        };
        let caller = self
            .registry
            .authenticate(&presented, Permission::CustomersWrite)
            .map_err(|_| "the signature is refused")?;
        let object = registrar_json::parse_object(body, DEPTH_MAX).map_err(|_| "the body is no JSON")?;
        let trace_id: TraceId = self.registry.new_trace_id();
        let origin = Origin { from: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), trace_id };
        let answer = self.registry.create_customer(&caller, origin, &object).await;
        answer.map(drop).map_err(|refusal| format!("the create is refused: {refusal:?}").into())
    }
}

/// Has the form of a signature.
const FORGED: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// What a client sends.
pub(crate) struct SignedCreate {
    timestamp: String,
    body: String,
    signature: String,
}

impl SignedCreate {
    /// Puts the signature of nothing in the place of its own.
    pub(crate) fn forge(&mut self) {
        FORGED.clone_into(&mut self.signature);
    }
}

fn parts<'a>(timestamp: &'a str, body: &'a [u8]) -> SignedParts<'a> {
    SignedParts { timestamp, method: "POST", target: TARGET, body }
}

/// About 430 bytes like the documented sample.
fn body(person: u64) -> String {
    format!(
        concat!(
            r#"{{"request_id":"6f1c1a5e-0d3b-4c55-8a57-{person:012x}","first_name":"John","last_name":"Smith","#,
            r#""email":"load.{person:010}@mail.example.com","address_one":"1 Main St.","#,
            r#""address_two":"Suite 1000","city":"Chicago","state":"IL","zip":"12345","#,
            r#""country":"United States","date_of_birth":"1985-09-02","id_number_type":"ssn","#,
            r#""id_number":"123{last:06}","signed_timestamp":1603378501286,"prefunded":false,"metadata":{{}}}}"#
        ),
        person = person,
        last = person % 1_000_000,
    )
}

/// A command as the registry makes it, from which others are made by changing what must differ: the sizes are real.
pub(crate) fn sample_command() -> Outcome<CreateCustomer> {
    let (scene, store) = Scene::repeatable()?;
    block_on(scene.submit(&scene.sign(1)?))?;
    store.sink.last().ok_or_else(|| "the registry stored nothing".into())
}
