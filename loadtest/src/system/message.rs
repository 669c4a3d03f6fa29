//! HTTP/1.1 messages, read whole: all that a proxy and a fast client need.

use std::io;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::tcp::OwnedReadHalf;

/// The longest head of a message.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// The longest body of a message.
const MAX_BODY_BYTES: usize = 64 << 20;

/// A request or a response.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// First line and headers, with the empty line that ends them.
    pub(super) head: Vec<u8>,
    /// What follows, as it came.
    pub(super) body: Vec<u8>,
}

impl Message {
    /// The next message; none when the other side has closed.
    pub(super) async fn read(from: &mut BufReader<OwnedReadHalf>) -> io::Result<Option<Self>> {
        let mut head = Vec::with_capacity(512);
        loop {
            let before = head.len();
            if from.read_until(b'\n', &mut head).await? == 0 {
                return if head.is_empty() { Ok(None) } else { Err(cut()) };
            }
            if &head[before..] == b"\r\n" {
                break;
            }
            within(head.len(), MAX_HEAD_BYTES)?;
        }
        let mut message = Self { head, body: Vec::new() };
        match message.header("transfer-encoding") {
            Some(_) => message.read_chunks(from).await?,
            None => message.read_counted(from).await?,
        }
        Ok(Some(message))
    }

    async fn read_counted(&mut self, from: &mut BufReader<OwnedReadHalf>) -> io::Result<()> {
        let length = self.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        within(length, MAX_BODY_BYTES)?;
        self.body.resize(length, 0);
        from.read_exact(&mut self.body).await.map(drop)
    }

    /// Chunks are kept as they come: they are only handed on.
    async fn read_chunks(&mut self, from: &mut BufReader<OwnedReadHalf>) -> io::Result<()> {
        loop {
            let begin = self.body.len();
            if from.read_until(b'\n', &mut self.body).await? == 0 {
                return Err(cut());
            }
            let size = std::str::from_utf8(&self.body[begin..]).unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| cut())?;
            within(self.body.len() + size, MAX_BODY_BYTES)?;
            let data = self.body.len();
            self.body.resize(data + size + 2, 0);
            from.read_exact(&mut self.body[data..]).await?;
            if size == 0 {
                return Ok(());
            }
        }
    }

    /// The value of a header, whose name is given in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let head = std::str::from_utf8(&self.head).ok()?;
        let headers = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let mut found = headers.filter(|(header, _)| header.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim())
    }

    /// The status of a response.
    pub(super) fn status(&self) -> io::Result<u16> {
        let digits = self.head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
        digits.and_then(|digits| digits.parse().ok()).ok_or_else(cut)
    }

    /// Everything, in one piece.
    pub(super) fn bytes(&self) -> Vec<u8> {
        [self.head.as_slice(), self.body.as_slice()].concat()
    }
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the message is cut short")
}

fn within(bytes: usize, most: usize) -> io::Result<()> {
    if bytes <= most {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, format!("more than {most} bytes")))
}
