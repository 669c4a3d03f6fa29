//! The web service, from outside.

#[cfg(test)]
mod gobii;
#[cfg(test)]
mod http;
#[cfg(test)]
mod wire;
