//! The whole system, as processes: started, asked, killed and started again.

mod crash;
mod system;
mod up;
