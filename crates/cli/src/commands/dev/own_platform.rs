//! A sandbox platform with customers enabled and a key, whose credentials a file keeps.

use std::path::Path;

use registrar_domain::registry::{KeyTerms, PlatformSettings, Registry};
use registrar_domain::store::OperatorAct;
use registrar_wire::Credentials;

use crate::credentials_file::{read_credentials, write_credentials};
use crate::failure::Failure;
use crate::serving::Running;

/// The label of the keys that `dev` makes.
const LABEL: &str = "registrar dev";

/// Takes over the credentials of the file if they still work, else makes what is missing; the file's base_url is that of
/// the running server afterwards.
pub(super) async fn prepare_platform(
    name: &str,
    file: &Path,
    running: &Running,
    act: &dyn Fn() -> OperatorAct,
) -> Result<Credentials, Failure> {
    let kept = read_credentials(Some(file)).ok().filter(|kept| is_live(kept, &running.registry));
    let credentials = match kept {
        Some(kept) => Credentials { base_url: running.base_url.clone(), ..kept },
        None => make_credentials(name, running, act).await?,
    };
    write_credentials(file, &credentials)?;
    Ok(credentials)
}

fn is_live(credentials: &Credentials, registry: &Registry) -> bool {
    let Ok(platform) = registry.platform(&credentials.platform_code) else { return false };
    let now = registry.now();
    let keys = registry.api_keys(platform.platform.number);
    keys.iter().any(|access| access.key.api_key == credentials.api_key && access.key.is_live(now))
}

async fn make_credentials(
    name: &str,
    running: &Running,
    act: &dyn Fn() -> OperatorAct,
) -> Result<Credentials, Failure> {
    let registry = &running.registry;
    let existing = registry.platforms().into_iter().find(|access| access.platform.name == name);
    let code = if let Some(access) = existing {
        access.code.clone()
    } else {
        let settings = PlatformSettings { name: name.to_owned(), sandbox: true, customers_enabled: true };
        registry.create_platform(settings, act()).await?
    };
    let terms = KeyTerms { label: LABEL.to_owned(), ..KeyTerms::default() };
    let made = registry.create_api_key(&code, terms, act()).await?;
    Ok(Credentials {
        base_url: running.base_url.clone(),
        platform_code: made.platform_code.clone(),
        api_key: made.api_key.clone(),
        secret: made.secret.to_string(),
        passphrase: made.passphrase.to_string(),
    })
}
