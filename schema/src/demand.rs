//! What an attempt takes of its node.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a job demands of the node that claims it, as its digester judged it before the start.
///
/// Kept with the job, so that a strategy can be tried on the jobs of the past. What a version does
/// not know of it is passed over, and what one did not tell is zero or absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Demand {
    /// Processor cores, in thousandths.
    #[serde(skip_serializing_if = "is_zero")]
    pub cpu_milli: u64,
    /// Bytes of memory.
    #[serde(skip_serializing_if = "is_zero")]
    pub memory: u64,
    /// Bytes of scratch disk.
    #[serde(skip_serializing_if = "is_zero")]
    pub scratch: u64,
    /// Input and output slots: how many heavy streams it keeps the disks busy with.
    #[serde(skip_serializing_if = "is_zero")]
    pub io: u64,
    /// What no two attempts may touch at once: a data set, a folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclusive: Option<String>,
    /// How much work it is, in units of its kind (bytes of input, for a digest).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

const fn is_zero(amount: &u64) -> bool {
    *amount == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_needed_is_not_told() {
        let demand = Demand { io: 1, ..Demand::default() };
        assert_eq!(serde_json::to_string(&demand).unwrap(), r#"{"io":1}"#);
    }

    #[test]
    fn what_another_version_tells_is_understood() {
        let newer = r#"{"memory": 7, "exclusive": "set 7", "phase_of_the_moon": 3}"#;
        let understood: Demand = serde_json::from_str(newer).unwrap();
        let exclusive = Some("set 7".to_owned());
        assert_eq!(understood, Demand { memory: 7, exclusive, ..Demand::default() });
        assert_eq!(serde_json::from_str::<Demand>("{}").unwrap(), Demand::default());
    }
}
