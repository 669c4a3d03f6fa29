//! The services, each as a process of its own.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use digester_service::{Loader, Role, Sleep};
use schema::Kind;
use webservice::gobii::LoaderCheck;

use crate::{configuration, network};

/// The command by which a node starts the process of a digest.
pub(crate) const DIGEST_APART: &str = "digest-apart";

/// What a service is told.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The configuration file: sections `[webservice]` and `[service]`.
    #[arg(long, short, env = "DIGESTER_CONFIG")]
    config: Option<PathBuf>,
}

/// Runs the web service until it is told to stop.
pub(crate) async fn webservice(args: Args) -> anyhow::Result<ExitCode> {
    let config: webservice::Config = configuration::section(args.config.as_deref(), "webservice")?;
    let listener = network::listen(config.listen, "`webservice.listen`").await?;
    let stop = network::stop_on_signal()?;
    with_facades(config)?.serve(listener, stop).await.context("the web service")?;
    Ok(ExitCode::SUCCESS)
}

/// Runs the digester service until it is told to stop.
pub(crate) async fn service(args: Args) -> anyhow::Result<ExitCode> {
    let config: digester_service::Config =
        configuration::section(args.config.as_deref(), "service")?;
    let listener = network::listen(config.listen, "`service.listen`").await?;
    let stop = network::stop_on_signal()?;
    let service = with_digesters(config)?;
    service.serve(listener, stop).await.context("the digester service")?;
    Ok(ExitCode::SUCCESS)
}

/// A digester service with everything this binary can execute.
pub(crate) fn with_digesters(
    config: digester_service::Config,
) -> anyhow::Result<digester_service::Service> {
    let loader = Loader::new(config.bounds()).context("start the digesting threads")?;
    // The very program that runs, even where an upgrade has replaced its file.
    let mut role = vec!["/proc/self/exe".into(), DIGEST_APART.into()];
    if config.sandbox.as_ref().is_some_and(|sandbox| sandbox.trials) {
        role.push("--trials".into());
    }
    let role = Role(role);
    Ok(digester_service::Service::new(config).with(loader).with(Sleep::default()).with_role(role))
}

/// Executes one order of a node, in a process of its own.
pub(crate) fn digest_apart(is_trial: bool) -> anyhow::Result<ExitCode> {
    digester_service::digest_apart(|kind, bounds| {
        Ok(match kind.as_str() {
            "loader" => Some(Box::new(Loader::new(bounds)?)),
            "sleep" if is_trial => Some(Box::new(Sleep::expendable())),
            "sleep" => Some(Box::new(Sleep::default())),
            _ => None,
        })
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A web service with everything this binary knows of the outside.
pub(crate) fn with_facades(config: webservice::Config) -> anyhow::Result<webservice::Service> {
    let check = LoaderCheck::new(config.roots.clone());
    Ok(webservice::Service::new(config).with_check(Kind::new("loader")?, check))
}
