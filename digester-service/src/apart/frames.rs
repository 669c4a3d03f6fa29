//! What a node and the process of a digest say to each other: JSON, each piece behind its length.

use std::{
    io::{self, ErrorKind, Read, Write},
    path::PathBuf,
    time::Duration,
};

use schema::{Key, Kind, Preview, Progress};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::Sandbox;
use crate::{Outcome, digester::Bounds};

/// The longest piece: an instruction or a report, with what is around it.
const MAX_FRAME: u32 = 256 << 20;

/// What is to be done.
#[derive(Serialize, Deserialize)]
pub(super) struct Order {
    /// The process that orders, without which there is nothing to do.
    pub(super) node: u32,
    pub(super) task: Task,
    pub(super) kind: Kind,
    /// Of a look there is none.
    pub(super) key: Option<Key>,
    pub(super) instruction: Box<RawValue>,
    /// The folders that it writes to.
    pub(super) writes: Vec<PathBuf>,
    pub(super) bounds: Bounds,
    pub(super) sandbox: Sandbox,
}

/// What is to be done with the instruction.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Task {
    Digest,
    /// Only tell what would become of it, within so long.
    Look(Duration),
}

/// What the process of a digest says.
#[derive(Serialize, Deserialize)]
pub(super) enum Said {
    Stage {
        stage: String,
        message: String,
    },
    Progress(Progress),
    HeldDisk(u64),
    HeldMemory(u64),
    /// Asks for so many bytes of the disk.
    Hold(u64),
    /// Asks whether outputs may get their names.
    Publish,
    /// The last word of a digest.
    Ended(Outcome),
    /// The last word of a look.
    Seen(Option<Preview>),
}

/// What the node says after its order.
#[derive(Serialize, Deserialize)]
pub(super) enum Answer {
    Hold(Result<(), String>),
    Publish(bool),
    /// Without having been asked.
    Stop,
}

pub(super) fn send(to: &mut impl Write, what: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_vec(what)?;
    let too_long = |_| io::Error::new(ErrorKind::InvalidInput, "too much to say at once");
    let length = u32::try_from(text.len()).map_err(too_long)?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(&text)?;
    to.flush()
}

/// What comes next; nothing if the other side has ended.
pub(super) fn receive<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = u32::from_le_bytes(length);
    if length > MAX_FRAME {
        return Err(io::Error::new(ErrorKind::InvalidData, "more is said than may be"));
    }
    let mut text = Vec::new();
    from.take(u64::from(length)).read_to_end(&mut text)?;
    Ok(Some(serde_json::from_slice(&text)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_received_whatever_is_in_it() {
        let mut pipe = Vec::new();
        let report = RawValue::from_string("{\n\"a\": 1}".to_owned()).unwrap();
        let said = Said::Ended(Outcome::Failed { message: "a\nb".into(), report: Some(report) });
        send(&mut pipe, &said).unwrap();
        send(&mut pipe, &Said::Publish).unwrap();
        let mut pipe = &pipe[..];
        let first = receive(&mut pipe).unwrap();
        let Some(Said::Ended(Outcome::Failed { message, report: Some(report) })) = first else {
            panic!("something else was received")
        };
        assert_eq!((&*message, report.get()), ("a\nb", "{\n\"a\": 1}"));
        assert!(matches!(receive(&mut pipe), Ok(Some(Said::Publish))));
        assert!(matches!(receive::<Said>(&mut pipe), Ok(None)));
    }

    #[test]
    fn more_than_may_be_said_is_not_waited_for() {
        assert!(receive::<Said>(&mut &[255; 8][..]).is_err());
    }
}
