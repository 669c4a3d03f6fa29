//! The services, each as a process of its own.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use schema::Kind;
use webservice::gobii::LoaderCheck;

use crate::{configuration, network};

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
    let loader = digester_service::Loader::new(&config).context("start the digesting threads")?;
    Ok(digester_service::Service::new(config).with(loader).with(digester_service::Sleep))
}

/// A web service with everything this binary knows of the outside.
pub(crate) fn with_facades(config: webservice::Config) -> anyhow::Result<webservice::Service> {
    let check = LoaderCheck::new(config.roots.clone());
    Ok(webservice::Service::new(config).with_check(Kind::new("loader")?, check))
}
