//! Server-sent events, as a browser reads them.

use reqwest::{Method, Response};
use serde_json::Value;
use tokio::time::timeout;

use crate::world::{GUARD, World};

/// A stream of messages, read one at a time.
pub(crate) struct Stream {
    pub(crate) response: Response,
    text: String,
}

/// One message.
#[derive(Debug, PartialEq)]
pub(crate) struct Message {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) data: String,
}

impl Message {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap()
    }
}

impl Stream {
    /// Follows what is told at this path, after the last message that was seen.
    pub(crate) async fn open(world: &World, path: &str, last: Option<&str>) -> Self {
        let mut request = world.request(Method::GET, path).header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        Self { response: request.send().await.unwrap(), text: String::new() }
    }

    /// The next message; `None` at the stream's end.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let (message, rest) = (message.to_owned(), rest.to_owned());
                self.text = rest;
                match parse(&message) {
                    Some(message) => return Some(message),
                    None => continue,
                }
            }
            let chunk =
                timeout(GUARD, self.response.chunk()).await.expect("something comes").unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

/// What has no data is no message.
fn parse(message: &str) -> Option<Message> {
    let field = |name: &str| {
        let found = message.lines().find_map(|line| line.strip_prefix(name));
        found.map(|value| value.trim().to_owned())
    };
    Some(Message {
        name: field("event:").unwrap_or_else(|| "message".to_owned()),
        id: field("id:").unwrap_or_default(),
        data: field("data:")?,
    })
}
