//! Everything on one machine.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use edge::{CallsConfig, Token};
use schema::NodeId;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use webservice::{
    access::hash_password,
    config::{DatabaseConfig, DatabaseUrl, ForwardConfig, LeaseConfig, RetentionConfig},
    gobii::{Contact, CropConfig, CropId, Crops, Email, GobiiConfig},
};

use crate::{
    data::{self, say},
    network,
    postgres::Cluster,
    roles, secret,
};

/// The user that `--dev` adds, known to everybody from GOBii's own test servers.
const DEV_USER: &str = "USER_READER";
const DEV_PASSWORD: &str = "reader";

/// How often is looked whether the services are ready.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What `up` is told.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where the database, the journal and the crops' files live.
    #[arg(long, env = "DIGESTER_DATA")]
    data: Option<PathBuf>,
    /// Where the web service listens.
    #[arg(long, default_value = "127.0.0.1:8080")]
    webservice: SocketAddr,
    /// Where the digester service listens.
    #[arg(long, default_value = "127.0.0.1:8081")]
    digester: SocketAddr,
    /// Use this database instead of a private one.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// A further folder that instructions may read from and write to; the data folder is one.
    #[arg(long = "root", value_name = "DIR")]
    roots: Vec<PathBuf>,
    /// Add crop `dev` at `/gobii-dev`, with user USER_READER and password `reader`: for trying it
    /// out, on this machine only.
    #[arg(long)]
    dev: bool,
}

/// Runs everything until told to stop.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let stop = network::stop_on_signal()?;
    ensure!(
        !args.dev || args.webservice.ip().is_loopback(),
        "--dev has a password that everybody knows, and so listens on this machine only: give \
         --webservice a loopback address such as 127.0.0.1:8080"
    );
    let folder = data::folder(&args.data.clone().unwrap_or_else(data::default_folder))?;
    let _lock = data::take(&folder)?;
    let web = network::listen(args.webservice, "--webservice").await?;
    let node = network::listen(args.digester, "--digester").await?;
    let cluster = match &args.database_url {
        Some(_) => None,
        None => Some(Cluster::start(&folder).await.context("the private database")?),
    };
    let served = serve(&args, &folder, cluster.as_ref(), web, node, stop).await;
    if let Some(cluster) = cluster {
        cluster.stop().await?;
    }
    served.map(|()| ExitCode::SUCCESS)
}

/// Serves until told to stop: the digester service first, since its last words are for the other.
async fn serve(
    args: &Args,
    folder: &Path,
    cluster: Option<&Cluster>,
    web: TcpListener,
    node: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let web_address = web.local_addr()?;
    let plan = Plan::new(args, folder, cluster, web_address, node.local_addr()?)?;
    let node_service = roles::with_digesters(plan.service)?;
    let web_service = roles::with_facades(plan.webservice)?;
    let (web_stop, node_stop) = (CancellationToken::new(), stop.clone());
    // Whichever ends, ends the other.
    let (web_ended, node_ended) = (stop.clone().drop_guard(), web_stop.clone().drop_guard());
    let web = tokio::spawn(async move {
        let _web_ended = web_ended;
        web_service.serve(web, web_stop).await
    });
    let ready = until_ready(web_address, &stop).await;
    let node = tokio::spawn(async move {
        let _node_ended = node_ended;
        node_service.serve(node, node_stop).await
    });
    for line in plan.welcome.iter().filter(|_| ready) {
        say(line)?;
    }
    let (node, web) = (node.await, web.await);
    node.context("join the digester service")?.context("the digester service")?;
    web.context("join the web service")?.context("the web service")
}

/// Waits until requests can be carried out; `false` when told to stop before that.
async fn until_ready(web: SocketAddr, stop: &CancellationToken) -> bool {
    let url = format!("http://{web}/health/ready");
    let http = edge::client().build().expect("a client that is handed its TLS always builds");
    let ready = async {
        let is_ready = || async {
            let response = http.get(&url).send().await;
            response.is_ok_and(|response| response.status().is_success())
        };
        while !is_ready().await {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    stop.run_until_cancelled(ready).await.is_some()
}

/// What the two services are told, and what the user is.
struct Plan {
    webservice: webservice::Config,
    service: digester_service::Config,
    welcome: Vec<String>,
}

impl Plan {
    fn new(
        args: &Args,
        folder: &Path,
        cluster: Option<&Cluster>,
        web: SocketAddr,
        node: SocketAddr,
    ) -> anyhow::Result<Self> {
        let url = args.database_url.clone().or_else(|| cluster.map(Cluster::url));
        let url = url.context("a database address")?;
        let token = Some(Token::new(secret::keep(&data::token_file(folder))?));
        let roots = roots(args, folder)?;
        let gobii = args.dev.then(|| dev(folder)).transpose()?;
        Ok(Self {
            welcome: welcome(args, folder, web, node),
            webservice: webservice::Config {
                listen: web,
                tls: None,
                calls: CallsConfig::default(),
                nodes: Default::default(),
                database: DatabaseConfig::new(DatabaseUrl::new(url)),
                forward: ForwardConfig {
                    digesters: vec![format!("http://{node}")],
                    ..ForwardConfig::default()
                },
                lease: LeaseConfig::default(),
                retention: RetentionConfig::default(),
                max_streams: webservice::Config::MAX_STREAMS,
                grace_seconds: 0,
                downloads: false,
                notifications: None,
                token: token.clone(),
                access: None,
                max_body_bytes: webservice::Config::MAX_BODY_BYTES,
                roots: roots.clone(),
                gobii,
            },
            service: digester_service::Config {
                listen: node,
                tls: None,
                calls: CallsConfig::default(),
                node: NodeId::new("local").expect("a word is a node's name"),
                advertise: None,
                state: folder.join("node"),
                callback: format!("http://{web}"),
                allowed_callbacks: Vec::new(),
                token,
                keys: Vec::new(),
                key_file: None,
                roots,
                regulator: regulator::Strategy::default(),
                quota: digester_service::config::Quota::default(),
                sandbox: None,
                limits: digester_service::config::Limits::default(),
            },
        })
    }
}

/// Where instructions may read and write: below the data folder, and where the user says.
fn roots(args: &Args, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let named = args.roots.iter().map(|root| {
        root.canonicalize().with_context(|| format!("--root {}: no such folder", root.display()))
    });
    std::iter::once(Ok(folder.to_owned())).chain(named).collect()
}

/// Crop `dev`, as GOBii's own test servers have it.
fn dev(folder: &Path) -> anyhow::Result<GobiiConfig> {
    let email = Email::try_from("reader@example.org".to_owned()).map_err(anyhow::Error::msg)?;
    let password = hash_password(DEV_PASSWORD).try_into().map_err(anyhow::Error::msg)?;
    let mut crop = CropConfig::new("/gobii-dev", folder.join("gobii"));
    crop.users.insert(DEV_USER.to_owned(), password);
    crop.contacts.push(Contact {
        id: 7,
        first_name: "User".to_owned(),
        last_name: "Reader".to_owned(),
        email,
        user_name: DEV_USER.to_owned(),
    });
    let mut crops = Crops::default();
    let id = CropId::try_from("dev".to_owned()).map_err(anyhow::Error::msg)?;
    crops.insert(id, crop)?;
    Ok(GobiiConfig { crops, ..GobiiConfig::default() })
}

fn welcome(args: &Args, folder: &Path, web: SocketAddr, node: SocketAddr) -> Vec<String> {
    let mut lines = vec![
        "digester is up".to_owned(),
        format!("  web service       http://{web}"),
        format!("  digester service  http://{node}"),
        format!("  data              {}", folder.display()),
    ];
    if args.dev {
        lines.push(format!("  GOBii             http://{web}/gobii-dev   (USER_READER, reader)"));
    }
    lines.push("stop it with Ctrl-C".to_owned());
    lines
}
