use serde::{Deserialize, Serialize};

/// A sample of the world, handed in by whoever can see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Signal {
    /// How hard pressed the node is.
    Pressure(Pressure),
    /// Units of work done since the last such signal, over all jobs; bytes read will do.
    Work(f64),
}

/// How hard pressed the node is; what cannot be read is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pressure {
    /// Percent of the last ten seconds in which some task waited for a core.
    pub cpu: Option<f64>,
    /// Percent of the last ten seconds in which every task waited for memory.
    pub memory: Option<f64>,
    /// Percent of the last ten seconds in which every task waited for the disks.
    pub io: Option<f64>,
    /// Load average of the last minute, per core.
    pub load: Option<f64>,
    /// Free bytes on the data disk.
    pub disk_free: Option<u64>,
    /// Callbacks that could not be delivered yet.
    pub backlog: Option<u64>,
}

impl Pressure {
    /// Takes the averages of ten seconds out of a Linux pressure file: (some, full).
    ///
    /// ```
    /// let text = "some avg10=1.50 avg60=0.00 avg300=0.00 total=9\n\
    ///             full avg10=0.25 avg60=0.00 avg300=0.00 total=3\n";
    /// assert_eq!(regulator::Pressure::parse(text), (Some(1.5), Some(0.25)));
    /// assert_eq!(regulator::Pressure::parse(""), (None, None));
    /// ```
    pub fn parse(text: &str) -> (Option<f64>, Option<f64>) {
        let average = |line: &str| {
            let number = line.split(' ').find_map(|word| word.strip_prefix("avg10="))?;
            number.parse().ok()
        };
        let find = |name: &str| text.lines().find(|line| line.starts_with(name)).and_then(average);
        (find("some "), find("full "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_kernel_tells_of_the_processor_only_when_some_wait() {
        let text = "some avg10=1.50 avg60=0.00 avg300=0.00 total=9\n";
        assert_eq!(Pressure::parse(text), (Some(1.5), None));
    }
}
