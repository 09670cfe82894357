//! PBKDF2 by WebCrypto, off the main thread; in Rust where the page is no secure context and the browser offers none.

use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{CryptoKey, SubtleCrypto};
use xmpp_client::api::Token;
use xmpp_stream::sasl::{Kdf, ScramHash};

use super::{Owned, Owner, tell, window};

pub(crate) struct Kdfs {
    owner: Owner,
}

impl Kdfs {
    pub(crate) fn new(owner: Owner) -> Self {
        Self { owner }
    }

    pub(crate) fn derive(&self, token: Token, kdf: Kdf) {
        let owner = self.owner.clone();
        spawn_local(async move {
            let key = match subtle() {
                Some(subtle) => by_web_crypto(&subtle, &kdf).await.unwrap_or_else(|_| by_hand(&kdf)),
                None => by_hand(&kdf),
            };
            tell(&owner, Owned::Derived(token, key));
        });
    }
}

/// Absent outside secure contexts, whatever the type says.
fn subtle() -> Option<SubtleCrypto> {
    let crypto = window().crypto().ok()?;
    Reflect::get(&crypto, &"subtle".into()).ok()?.dyn_into().ok()
}

async fn by_web_crypto(subtle: &SubtleCrypto, kdf: &Kdf) -> Result<Vec<u8>, JsValue> {
    let usages = js_sys::Array::of1(&"deriveBits".into());
    let password = Uint8Array::from(kdf.password.as_bytes());
    let import = subtle.import_key_with_str("raw", &password, "PBKDF2", false, &usages)?;
    let key: CryptoKey = JsFuture::from(import).await?.dyn_into()?;
    let (name, bytes) = hash_of(kdf.hash);
    let algorithm = Object::new();
    Reflect::set(&algorithm, &"name".into(), &"PBKDF2".into())?;
    Reflect::set(&algorithm, &"hash".into(), &name.into())?;
    Reflect::set(&algorithm, &"salt".into(), &Uint8Array::from(kdf.salt.as_slice()))?;
    Reflect::set(&algorithm, &"iterations".into(), &kdf.iterations.into())?;
    let bits = subtle.derive_bits_with_object(&algorithm, &key, bytes * 8)?;
    Ok(Uint8Array::new(&JsFuture::from(bits).await?).to_vec())
}

fn hash_of(hash: ScramHash) -> (&'static str, u32) {
    match hash {
        ScramHash::Sha1 => ("SHA-1", 20),
        ScramHash::Sha256 => ("SHA-256", 32),
        ScramHash::Sha512 => ("SHA-512", 64),
    }
}

fn by_hand(kdf: &Kdf) -> Vec<u8> {
    kdf.hash.hi(kdf.password.as_bytes(), &kdf.salt, kdf.iterations)
}
