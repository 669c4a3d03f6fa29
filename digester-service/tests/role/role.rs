//! The process of a digest, as the nodes of the tests start it.

mod rogue;

use digester_service::{Digester, Loader, Sleep, config::Bounds, digest_apart};
use schema::Kind;

fn main() -> anyhow::Result<()> {
    digest_apart(digester)
}

fn digester(kind: &Kind, bounds: Bounds) -> anyhow::Result<Option<Box<dyn Digester>>> {
    Ok(match kind.as_str() {
        "loader" => Some(Box::new(Loader::new(bounds)?)),
        "rogue" => Some(Box::new(rogue::Rogue)),
        "sleep" => Some(Box::new(Sleep::expendable())),
        _ => None,
    })
}
