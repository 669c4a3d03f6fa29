//! The keys that an issuer shows (RFC 7517), and what they signed.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::Value;

use super::token::Algorithm;

/// How many keys of an issuer are looked at.
const MAX_KEYS: usize = 64;

/// A public key.
#[derive(Debug)]
pub(super) struct Key {
    id: Option<String>,
    /// What it is for, if it is for nothing else.
    only: Option<String>,
    material: Material,
}

#[derive(Debug)]
enum Material {
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Shown {
    kty: String,
    kid: Option<String>,
    r#use: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// Those keys of a set that can be used here; an issuer may show others, too.
pub(super) fn read(json: &[u8]) -> serde_json::Result<Vec<Key>> {
    let set: Set = serde_json::from_slice(json)?;
    let shown = set.keys.into_iter().take(MAX_KEYS);
    let shown = shown.filter_map(|key| serde_json::from_value::<Shown>(key).ok());
    Ok(shown.filter_map(Shown::key).collect())
}

impl Shown {
    fn key(self) -> Option<Key> {
        if self.r#use.as_deref().is_some_and(|is| is != "sig") {
            return None;
        }
        let material = self.material()?;
        Some(Key { id: self.kid, only: self.alg, material })
    }

    fn material(&self) -> Option<Material> {
        let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_ref()?).ok();
        let curve = || self.crv.as_deref();
        match self.kty.as_str() {
            "RSA" => {
                let (n, e) = (bytes(&self.n)?, bytes(&self.e)?);
                Some(Material::Rsa(RsaPublicKeyComponents { n, e }))
            }
            "EC" if curve() == Some("P-256") => {
                // A point that is not compressed, as SEC 1 has it.
                let point = [vec![4], bytes(&self.x)?, bytes(&self.y)?].concat();
                Some(Material::P256(point))
            }
            "OKP" if curve() == Some("Ed25519") => bytes(&self.x).map(Material::Ed25519),
            _ => None,
        }
    }
}

impl Key {
    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Whether such signatures are made with such a key.
    pub(super) fn is_for(&self, algorithm: Algorithm) -> bool {
        let (fits, name) = match (algorithm, &self.material) {
            (Algorithm::RS256, Material::Rsa(_)) => (true, "RS256"),
            (Algorithm::PS256, Material::Rsa(_)) => (true, "PS256"),
            (Algorithm::ES256, Material::P256(_)) => (true, "ES256"),
            (Algorithm::EDDSA, Material::Ed25519(_)) => (true, "EdDSA"),
            _ => (false, ""),
        };
        fits && self.only.as_deref().is_none_or(|only| only == name)
    }

    /// Whether it signed this.
    pub(super) fn signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let verified = match (&self.material, algorithm) {
            (Material::Rsa(key), Algorithm::RS256) => {
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            (Material::Rsa(key), Algorithm::PS256) => {
                key.verify(&RSA_PSS_2048_8192_SHA256, message, signature)
            }
            (Material::P256(key), Algorithm::ES256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(message, signature)
            }
            (Material::Ed25519(key), Algorithm::EDDSA) => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature)
            }
            _ => return false,
        };
        verified.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::access::oidc::token::Token;

    /// Made with `openssl`, which made these signatures, too; the private key is gone.
    const MODULUS: &str = "0z-NbXzTG5IQCABD1b6A4GDOyqCYZaCfpf_7DuBWZ_hJHauyMqXH0LnU-imSX5DpfEQWW6lGIGAXbwortq-T\
         7UG2tSvpKTuYypKrAOhOQu7-uJA9fy99U162qL5WHNyQJEik2KxhKH3vhkxxUaVrn94tAuH2_Sb8Qfq65m_l\
         ej1DKA7vZeVmey4NfVoLeBPZigYXi5WrLELHI4BW_-KulDZR8IOQ6doJOSeK7RsCtKKE-MhtFbV6OIdG65Be\
         tytjwU4UwaR-dyv2C4H1tN-LTOtKXmzf5SOkv1lgToAcyYTp0jjpqtaMbn4Wc2lGzluerxeGlgIwr_dE9LQ1\
         jk5gTw";
    const SIGNED: [&str; 2] = [
        "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogInJzYSJ9.eyJpc3MiOiAiaHR0cHM6Ly9pc3N1ZXIiLCAiYXVkIjo\
         gImRpZ2VzdGVyIiwgImV4cCI6IDQxMDI0NDQ4MDAsICJwcmVmZXJyZWRfdXNlcm5hbWUiOiAiYW5uIn0.uto\
         o_dkO0yz6k27pBSHD4NhwoZyFOum86LCGMpnLzzLEKUkpXtH0UtOSTTzj3fc0QQPGwqq8wXvIJr9w67g2HZo\
         Jtb443cOOHDTA_QMGXMtfsOsu1SYUQsVeAQblmVy_gbBPIWkQXJtMOXAGJHtlSXkqP8kZUly0UJKogHON_xn\
         l26HKDQIVH0_d9_xCD80L1Q-dFUDvF73TGPYGgiIzWCInmV8EOi9UouB_xSfs9Pi2AfDWmEClc2ziZMtEpBk\
         tpyYWbTyTroxYDbRtBwqQTG5iE8--75rrBYQgCt3zx3hbx_ZPw8El54DXRz4gu9WGNyLKgdSjbR8ddOPVEYM\
         OSA",
        "eyJhbGciOiAiUFMyNTYiLCAia2lkIjogInJzYSJ9.eyJpc3MiOiAiaHR0cHM6Ly9pc3N1ZXIiLCAiYXVkIjo\
         gImRpZ2VzdGVyIiwgImV4cCI6IDQxMDI0NDQ4MDAsICJwcmVmZXJyZWRfdXNlcm5hbWUiOiAiYW5uIn0.Aof\
         Tu23c3smzuTFHm4gq7KLL-gMvDOX-U9xIlKbS4fHBUNK9C69fauwyY_9ws1JkMYJfmCxtMOOYW2Te0iiHvRk\
         vVpTFhfsBjZJgSgbYS76mqU2Oq5mNzU12wlWU-pEIwTbnTS_FWKIZTt4p23SZj2j6t60QhJanTwwcMlbZ6MQ\
         yBp8_PUXsunR087Q_nX6kVjJWaXDmfruk64Bq2rc2OhfDPxpclLMDLq4nJ6_2fkHCMrkAJ8K69cgNfrRmYWz\
         CT-MCOikfm5rdUZo1YmP0PVJ0oeVc_WQOTIoSSTsKKJauBjKgPmFZllq9YhhCMs14Ad6O8jJYPdpTzIRK3eG\
         nKQ",
    ];

    fn keys(keys: Value) -> Vec<Key> {
        read(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
    }

    fn rsa(more: Value) -> Vec<Key> {
        let mut key = json!({"kty": "RSA", "kid": "rsa", "n": MODULUS, "e": "AQAB"});
        for (name, value) in more.as_object().unwrap() {
            key[name] = value.clone();
        }
        keys(json!([key]))
    }

    #[test]
    fn what_openssl_signed_with_rsa_is_verified_and_nothing_else() {
        for text in SIGNED {
            let believed =
                |text: &str, keys: &[Key]| Token::read(text).unwrap().verified(keys).is_ok();
            assert!(believed(text, &rsa(json!({"use": "sig"}))));
            let (head, rest) = text.split_once('.').unwrap();
            let changed = format!("{head}.{}", rest.replacen("ey", "ez", 1));
            assert!(!believed(&changed, &rsa(json!({}))), "other claims");
            assert!(!believed(text, &rsa(json!({"kid": "other"}))));
            assert!(!believed(text, &rsa(json!({"use": "enc"}))));
            assert!(!believed(text, &rsa(json!({"alg": "RS512"}))));
            assert!(!believed(text, &[]));
        }
    }

    #[test]
    fn a_key_is_for_one_way_of_signing_if_it_says_so() {
        let [rs, ps] = SIGNED.map(|text| Token::read(text).unwrap());
        let only = rsa(json!({"alg": "PS256"}));
        assert!(ps.verified(&only).is_ok());
        assert!(rs.verified(&only).is_err());
    }

    #[test]
    fn keys_that_are_of_no_use_here_are_passed_over() {
        let shown = keys(json!([
            {"kty": "oct", "kid": "shared", "k": "c2VjcmV0"},
            {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"},
            {"kty": "EC", "crv": "P-256", "x": "not base64!", "y": "AA"},
            {"kty": "RSA", "kid": "without numbers"},
            {"kty": "OKP", "crv": "X25519", "x": "AA"},
            {"kty": "OKP", "crv": "Ed25519", "kid": "good", "x": "AA"},
            7, null, {},
        ]));
        assert_eq!(shown.iter().map(Key::id).collect::<Vec<_>>(), [Some("good")]);
        assert!(!shown[0].signed(Algorithm::EDDSA, b"message", &[0; 64]), "it is too short");
        assert!(read(b"{\"keys\": 7}").is_err());
    }

    #[test]
    fn of_a_set_without_end_no_more_is_used_than_an_issuer_needs() {
        let one = json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"});
        assert_eq!(keys(json!(vec![one; MAX_KEYS + 1])).len(), MAX_KEYS);
    }
}
