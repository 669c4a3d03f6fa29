//! Where things are on this machine.

use std::net::TcpListener;

/// A port that nobody listens at, most likely.
pub(super) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The same database server, another database.
pub(super) fn with_database(url: &str, name: &str) -> String {
    let (server, parameters) = match url.split_once('?') {
        Some((server, parameters)) => (server, format!("?{parameters}")),
        None => (url, String::new()),
    };
    let base = match server.rfind('/') {
        Some(slash) if !server[..slash].ends_with(":/") => &server[..slash],
        _ => server,
    };
    format!("{base}/{name}{parameters}")
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn the_database_is_exchanged_and_the_rest_kept() {
        let socket = "postgres:///postgres?host=/tmp/x&user=u";
        assert_eq!(with_database(socket, "d"), "postgres:///d?host=/tmp/x&user=u");
        assert_eq!(with_database("postgres://h:1/a", "d"), "postgres://h:1/d");
        assert_eq!(with_database("postgres://h:1", "d"), "postgres://h:1/d");
    }
}
