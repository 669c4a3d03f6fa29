//! The regulator of a node, as HTTP shows it.

use std::time::Duration;

use edge::Call;
use reqwest::{
    Method, Response,
    header::{CONTENT_TYPE, HeaderValue},
};
use schema::{Held, Mode, Problem, Regulation, StrategyText};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::json;
use tracing::warn;

use super::Client;

/// How long a node may take to tell how it stands; somebody looks at an empty page.
const LOOK_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a node may take to do as it is told.
const STEER_TIMEOUT: Duration = Duration::from_secs(5);
const TOML: HeaderValue = HeaderValue::from_static("application/toml");

/// Why a node did not tell, or did not do, what was asked of it.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// It refuses, and says why.
    Refused(Problem),
    /// Nothing came back in time that can be read; why, in words.
    Silent(String),
}

impl Client {
    /// How the regulator of a node stands.
    pub(crate) async fn regulation(&self, digester: &str) -> Result<Regulation, Unanswered> {
        answer(self.to(Method::GET, digester, "regulator").timeout(LOOK_TIMEOUT)).await
    }

    /// The foremost jobs that a node holds.
    pub(crate) async fn foremost(
        &self,
        digester: &str,
        limit: usize,
    ) -> Result<Vec<Held>, Unanswered> {
        let path = format!("job?limit={limit}");
        answer(self.to(Method::GET, digester, &path).timeout(LOOK_TIMEOUT)).await
    }

    /// Pauses, drains or resumes.
    pub(crate) async fn set_mode(
        &self,
        digester: &str,
        mode: Mode,
    ) -> Result<Regulation, Unanswered> {
        let request = self.to(Method::PUT, digester, "regulator/mode");
        answer(request.timeout(STEER_TIMEOUT).json(&json!({ "mode": mode }))).await
    }

    /// What the strategy says, if the node understands it.
    pub(crate) async fn read_strategy(
        &self,
        digester: &str,
        toml: String,
    ) -> Result<StrategyText, Unanswered> {
        let request = self.to(Method::PUT, digester, "regulator?dry_run=true");
        answer(request.timeout(STEER_TIMEOUT).header(CONTENT_TYPE, TOML).body(toml)).await
    }

    /// Puts the strategy in force.
    pub(crate) async fn set_strategy(
        &self,
        digester: &str,
        toml: String,
    ) -> Result<(), Unanswered> {
        let request = self.to(Method::PUT, digester, "regulator");
        let request = request.timeout(STEER_TIMEOUT).header(CONTENT_TYPE, TOML).body(toml);
        answer(request).await.map(|IgnoredAny| ())
    }
}

async fn answer<T: DeserializeOwned>(request: Call) -> Result<T, Unanswered> {
    let response = request.send().await.map_err(silent)?;
    if response.status().is_success() {
        return response.json().await.map_err(silent);
    }
    Err(refused(response).await)
}

async fn refused(response: Response) -> Unanswered {
    let status = response.status();
    match response.json().await {
        Ok(problem) => Unanswered::Refused(problem),
        Err(_) => Unanswered::Silent(format!("it answers {status}")),
    }
}

fn silent(error: reqwest::Error) -> Unanswered {
    warn!(error = &error as &dyn std::error::Error, "a node does not tell how it stands");
    let words = match () {
        () if error.is_timeout() => "it does not answer in time",
        () if error.is_connect() => "nobody answers at its address",
        () if error.is_decode() => "its answer cannot be read; its version may be another",
        () => "the connection broke",
    };
    Unanswered::Silent(words.to_owned())
}
