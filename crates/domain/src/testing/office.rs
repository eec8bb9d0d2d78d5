//! A registry on a store, with one platform whose requests are signed as a client signs them.
//!
//! Invariant: everything random in it repeats from one office to the next.

use std::sync::Arc;

use registrar_crypto::keyring::MasterKeys;
use registrar_crypto::signature::{RequestSecret, SignedParts, sign};
use registrar_json::parse_object;

use crate::ids::TraceId;
use crate::platform::Permission;
use crate::reference::ReferenceLists;
use crate::registry::{
    ApiKeyCredentials, AuthSettings, Caller, CreateCustomerError, CustomerAnswer, KeyTerms, Origin, Parts,
    PlatformSettings, Presented, Registry,
};
use crate::store::Store;
use crate::testing::{SeededEntropy, TestClock, block_on, operator_act};

/// A registry on a store, with a platform and an authenticated caller.
pub(crate) struct Office {
    /// The registry.
    pub(crate) registry: Registry,
    /// The platform's key.
    pub(crate) credentials: ApiKeyCredentials,
}

impl Office {
    /// Opens one.
    #[expect(clippy::expect_used, reason = "an office that cannot be opened ends the test")]
    pub(crate) fn open(store: Arc<dyn Store>) -> Self {
        let parts = Parts {
            store,
            master: MasterKeys::parse(&MasterKeys::generate([9; 32])).expect("a master key"),
            lists: ReferenceLists::builtin(),
            clock: Arc::new(TestClock::default()),
            entropy: Arc::new(SeededEntropy::new(1)),
            auth: AuthSettings { clock_skew_seconds: 60, hints_per_second: 20 },
        };
        let registry = block_on(Registry::open(parts)).expect("a registry");
        let settings = PlatformSettings { name: "Acme".to_owned(), sandbox: true, customers_enabled: true };
        let platform = block_on(registry.create_platform(settings, operator_act(0))).expect("a platform");
        let key = registry.create_api_key(&platform, KeyTerms::default(), operator_act(0));
        Self { credentials: block_on(key).expect("a key"), registry }
    }

    /// Signs a body and has it authenticated.
    #[expect(clippy::expect_used, reason = "credentials that do not work end the test")]
    pub(crate) fn caller(&self, body: &str) -> Caller {
        let timestamp = self.registry.now().seconds().to_string();
        let target = "/participants/customers/new";
        let parts = SignedParts { timestamp: &timestamp, method: "POST", target, body: body.as_bytes() };
        let secret = RequestSecret::from_base64(&self.credentials.secret).expect("a secret");
        let presented = Presented {
            api_key: &self.credentials.api_key,
            signature: &sign(&secret, &parts),
            passphrase: &self.credentials.passphrase,
            parts,
        };
        let caller = self.registry.authenticate(&presented, Permission::CustomersWrite);
        caller.expect("an authenticated caller")
    }

    /// Submits a body.
    #[expect(clippy::expect_used, reason = "a body that is no JSON ends the test")]
    pub(crate) fn submit(&self, body: &str) -> Result<CustomerAnswer, CreateCustomerError> {
        let caller = self.caller(body);
        let origin = Origin { from: None, trace_id: TraceId::new(self.registry.now(), [7; 10]) };
        let body = parse_object(body.as_bytes(), 32).expect("JSON");
        block_on(self.registry.create_customer(&caller, origin, &body))
    }
}
