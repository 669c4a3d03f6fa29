//! Others are told by TLS, if somebody vouches for them who is believed.

use std::{fs, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use sqlx::PgPool;
use tempfile::TempDir;
use tokio::{
    io::{
        AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
        BufReader,
    },
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};
use uuid::Uuid;

use crate::world::{GUARD, World, claim, id, patch};

/// Somebody who vouches for a server on this machine.
struct Authority {
    folder: TempDir,
    acceptor: TlsAcceptor,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        Self { folder, acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    fn ca(&self) -> Value {
        json!(self.folder.path().join("ca.pem"))
    }
}

/// What a server was told, each time.
type Told = Arc<watch::Sender<Vec<String>>>;

async fn is_told(told: &Told) -> String {
    let mut told = told.subscribe();
    let told = timeout(GUARD, told.wait_for(|told| !told.is_empty())).await;
    told.expect("it is told").unwrap()[0].clone()
}

/// Answers each connection, one after the other; returns the port.
async fn server<F>(answer: impl Fn(TcpStream, Told) -> F + Send + 'static) -> (u16, Told)
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let told: Told = Arc::new(watch::channel(Vec::new()).0);
    let tell = Arc::clone(&told);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            answer(stream, Arc::clone(&tell)).await;
        }
    });
    (port, told)
}

/// Takes one webhook by TLS.
async fn webhook(acceptor: TlsAcceptor) -> (u16, Told) {
    server(move |stream, told| {
        let acceptor = acceptor.clone();
        async move {
            // Whoever does not believe us goes away.
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let mut request = vec![0; 64 << 10];
            let length = stream.read(&mut request).await.unwrap();
            told.send_modify(|all| all.push(String::from_utf8_lossy(&request[..length]).into()));
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        }
    })
    .await
}

/// Takes letters, by TLS from the first byte on, or once it was asked for.
async fn mail_server(acceptor: TlsAcceptor, at_once: bool) -> (u16, Told) {
    server(move |stream, told| {
        let acceptor = acceptor.clone();
        async move {
            let mut plain = BufReader::new(stream);
            if !at_once {
                plain.write_all(b"220 test\r\n").await.unwrap();
                if !speak(&mut plain, &told).await {
                    return;
                }
            }
            let Ok(stream) = acceptor.accept(plain.into_inner()).await else { return };
            let mut safe = BufReader::new(stream);
            if at_once {
                safe.write_all(b"220 test\r\n").await.unwrap();
            }
            speak(&mut safe, &told).await;
        }
    })
    .await
}

/// Speaks SMTP until the client goes, or wants TLS: then it is told so.
async fn speak<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, told: &Told) -> bool {
    let (mut line, mut letter) = (String::new(), None);
    while stream.read_line(&mut line).await.is_ok_and(|length| length > 0) {
        let said = std::mem::take(&mut line);
        let answer = match (&mut letter, said.trim_end()) {
            (Some(text), ".") => {
                told.send_modify(|all| all.push(std::mem::take(text)));
                letter = None;
                "250 taken\r\n"
            }
            (Some(text), _) => {
                text.push_str(&said);
                continue;
            }
            (None, "DATA") => {
                letter = Some(String::new());
                "354 go on\r\n"
            }
            (None, "STARTTLS") => "220 go on\r\n",
            (None, said) if said.starts_with("EHLO") => "250-test\r\n250 STARTTLS\r\n",
            (None, _) => "250 well\r\n",
        };
        stream.write_all(answer.as_bytes()).await.unwrap();
        if said.trim_end() == "STARTTLS" {
            return true;
        }
    }
    false
}

/// A service that tells these, tries once, and believes this authority, or whom the machine believes.
async fn world(db: &PgPool, ca: Value, more: Value) -> World {
    let mut notifications = json!({"private": true, "max_tries": 1, "ca": ca});
    for (name, value) in more.as_object().unwrap() {
        notifications[name] = value.clone();
    }
    World::with(db, json!({"notifications": notifications})).await
}

/// Takes a job to its end of which somebody is told.
async fn settle(world: &World, notify: Value) {
    let order = json!({"key": "k", "kind": "sleep", "body": 1, "notify": [notify]});
    let reply = world.post("/instruction", &order).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let job: Uuid = id(&reply.json()["job"]);
    assert_eq!(world.say(job, &claim(1, "n1")).await.status, 200);
    assert_eq!(world.say(job, &patch(1, 1, "n1", Some("completed"))).await.status, 200);
}

/// Why it was given up.
async fn dead(world: &World) -> String {
    let look = async {
        loop {
            let all = world.get("/notification?status=dead").await.json();
            if let Some(error) = all["items"][0]["error"].as_str() {
                return error.to_owned();
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(GUARD, look).await.expect("it is given up")
}

#[sqlx::test(migrations = "../migrations")]
async fn a_webhook_is_told_by_tls_if_the_authority_is_believed(db: PgPool) {
    let authority = Authority::new();
    let (port, told) = webhook(authority.acceptor.clone()).await;
    let origin = format!("https://localhost:{port}");
    let hook = json!({"webhook": format!("{origin}/hook")});
    let stranger = world(&db, Value::Null, json!({"webhooks": [origin]})).await;
    settle(&stranger, hook.clone()).await;
    let why = dead(&stranger).await;
    assert!(why.contains("no TLS") && why.contains("certificate"), "{why}");
    assert_eq!(told.borrow().len(), 0, "nothing was said to whom nobody vouches for");
    stranger.stop().await;
    sqlx::query("delete from notification").execute(&db).await.unwrap();
    sqlx::query("delete from instruction").execute(&db).await.unwrap();
    let world = world(&db, authority.ca(), json!({"webhooks": [origin]})).await;
    settle(&world, hook).await;
    assert!(is_told(&told).await.starts_with("POST /hook HTTP/1.1"));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_letter_is_handed_in_by_tls_from_the_first_byte_on_or_from_when_it_is_asked_for(
    db: PgPool,
) {
    let authority = Authority::new();
    for (encryption, at_once) in [("tls", true), ("starttls", false)] {
        let (port, told) = mail_server(authority.acceptor.clone(), at_once).await;
        let smtp = json!({"host": "localhost", "port": port, "encryption": encryption,
                          "from": "digester@example.org"});
        let world = world(&db, authority.ca(), json!({"smtp": smtp})).await;
        settle(&world, json!({"email": "ann@example.org"})).await;
        assert!(is_told(&told).await.contains("To: ann@example.org"), "{encryption}");
        world.stop().await;
        sqlx::query("delete from instruction").execute(&db).await.unwrap();
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_letter_is_handed_in_by_nobody_whom_no_one_vouches_for(db: PgPool) {
    let authority = Authority::new();
    for (encryption, at_once) in [("tls", true), ("starttls", false)] {
        let (port, told) = mail_server(authority.acceptor.clone(), at_once).await;
        let smtp = json!({"host": "localhost", "port": port, "encryption": encryption,
                          "from": "digester@example.org"});
        let world = world(&db, Value::Null, json!({"smtp": smtp, "max_tries": 1})).await;
        settle(&world, json!({"email": "ann@example.org"})).await;
        let why = dead(&world).await;
        assert!(why.contains("certificate"), "{encryption}: {why}");
        assert_eq!(told.borrow().len(), 0, "{encryption}");
        world.stop().await;
        sqlx::query("delete from instruction").execute(&db).await.unwrap();
        sqlx::query("delete from notification").execute(&db).await.unwrap();
    }
}
