//! A client that costs next to nothing, since it shares the machine with what it measures.

use std::{io, time::Duration};

use serde::de::DeserializeOwned;
use tokio::{
    io::{AsyncWriteExt as _, BufReader},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use super::message::Message;

/// How long an answer may take; longer than every patience of the services.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// A connection to a service, made when first needed and whenever it broke.
pub(crate) struct Wire {
    port: u16,
    token: String,
    connection: Option<(BufReader<OwnedReadHalf>, OwnedWriteHalf)>,
}

/// What a service answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// After how many seconds to come back.
    pub(crate) retry_after: Option<String>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body, as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

impl Wire {
    /// A client of the service at this port.
    pub(crate) fn new(port: u16, token: &str) -> Self {
        Self { port, token: token.to_owned(), connection: None }
    }

    /// Asks, and waits for the answer. After an error it is not known whether the request was heard.
    pub(crate) async fn call(
        &mut self,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> io::Result<Answer> {
        match tokio::time::timeout(ANSWER_TIMEOUT, self.exchange(method, path, body)).await {
            Ok(Ok(message)) => answer(message),
            Ok(Err(error)) => {
                self.connection = None;
                Err(error)
            }
            Err(_) => {
                self.connection = None;
                Err(io::ErrorKind::TimedOut.into())
            }
        }
    }

    async fn exchange(&mut self, method: &str, path: &str, body: &[u8]) -> io::Result<Message> {
        let (token, length) = (&self.token, body.len());
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        )
        .into_bytes();
        request.extend_from_slice(body);
        let (read, write) = self.connect().await?;
        write.write_all(&request).await?;
        let response = Message::read(read).await?;
        response.ok_or_else(|| io::ErrorKind::ConnectionReset.into())
    }

    async fn connect(&mut self) -> io::Result<&mut (BufReader<OwnedReadHalf>, OwnedWriteHalf)> {
        if self.connection.is_none() {
            let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
            stream.set_nodelay(true)?;
            let (read, write) = stream.into_split();
            self.connection = Some((BufReader::new(read), write));
        }
        self.connection.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

fn answer(message: Message) -> io::Result<Answer> {
    let status = message.status()?;
    let retry_after = message.header("retry-after").map(str::to_owned);
    Ok(Answer { status, retry_after, body: message.body })
}
