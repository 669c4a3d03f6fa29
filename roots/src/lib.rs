//! Folders that paths must lie under, whatever links and dots they lead through.
//!
//! A path is resolved first; what it resolves to is then opened from the handle of a root without
//! following any link. So it does not matter what somebody makes of the path in between: either what
//! was allowed is opened, or nothing. What is done in a folder afterwards is done by its handle, too.
//!
//! ```
//! use roots::{Denied, Roots};
//!
//! let home = tempfile::tempdir()?;
//! std::fs::write(home.path().join("markers.txt"), "name\n")?;
//! std::os::unix::fs::symlink("/etc/hostname", home.path().join("link"))?;
//! let roots = Roots::open(&[home.path().to_owned()])?;
//! assert!(roots.file(&home.path().join("markers.txt")).is_ok());
//! let denied = roots.file(&home.path().join("link"));
//! assert!(matches!(denied, Err(Denied::Outside { link: Some(_), .. })));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod beneath;
mod denied;
mod directory;
mod resolve;
mod roots;

pub use denied::Denied;
pub use directory::{Directory, Entry, Kind, Opened};
pub use roots::Roots;
