//! What an operator may set of an OpenID provider: the section `[access.oidc]`.

use std::collections::BTreeMap;

use reqwest::Url;
use schema::Grant;
use serde::Deserialize;

/// Stands for every group, and for those who are in none.
const EVERYBODY: &str = "*";

/// Whose tokens are believed, and what they allow.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// Who issues tokens, exactly as they say themselves.
    pub issuer: IssuerUrl,
    /// Whom tokens must be meant for: this service.
    pub audience: String,
    /// Where the issuer shows its keys; asked of the issuer when absent.
    #[serde(default)]
    pub jwks_url: Option<IssuerUrl>,
    /// The claim with the user's name.
    #[serde(default = "default_user")]
    pub user: String,
    /// The claim with the user's groups; dots lead into objects.
    #[serde(default = "default_groups")]
    pub groups: String,
    /// What those of a group may do; those of `*`, everybody.
    #[serde(default)]
    pub grants: BTreeMap<String, Vec<Grant>>,
    /// How many seconds pass at least before the issuer is asked for its keys again.
    #[serde(default = "default_ask_seconds")]
    pub ask_seconds: u64,
}

fn default_user() -> String {
    "preferred_username".to_owned()
}

fn default_groups() -> String {
    "groups".to_owned()
}

const fn default_ask_seconds() -> u64 {
    10
}

impl OidcConfig {
    /// What somebody in these groups may do.
    pub(super) fn grants_of(&self, groups: &[&str]) -> Vec<Grant> {
        let all = groups.iter().chain([&EVERYBODY]);
        all.filter_map(|&group| self.grants.get(group)).flatten().cloned().collect()
    }
}

/// An address of an issuer: by TLS, unless it is on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct IssuerUrl(String);

impl IssuerUrl {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for IssuerUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let url: Url = text.parse().map_err(|error| format!("{text:?} is no address: {error}"))?;
        match url.scheme() {
            "https" => Ok(Self(text)),
            "http" if is_here(&url) => Ok(Self(text)),
            _ => Err(format!("{text:?}: an issuer must be at https://, or on this machine")),
        }
    }
}

fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_asked_by_tls_unless_it_is_on_this_machine() {
        for good in ["https://login.example.org/realms/a", "http://127.0.0.1:8", "http://[::1]:8/a"]
        {
            assert!(IssuerUrl::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["http://login.example.org", "http://127.0.0.1.example.org", "file:///a", "a"] {
            assert!(IssuerUrl::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn groups_add_up_and_everybody_has_what_everybody_has() {
        let config: OidcConfig = toml::from_str(
            r#"
            issuer = "https://login.example.org"
            audience = "digester"
            grants = { breeders = ["submit:rice"], staff = ["operate:*"], "*" = ["read:maize"] }
            "#,
        )
        .unwrap();
        let of = |groups: &[&str]| {
            config.grants_of(groups).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(of(&["staff", "cooks", "breeders"]), ["operate:*", "submit:rice", "read:maize"]);
        assert_eq!(of(&[]), ["read:maize"]);
    }
}
