//! Servers of others that are told secrets, as far as that goes: a directory and a mail server.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

/// How much may have happened that the test has not heard of: more than happens.
const UNHEARD: usize = 64;

/// A directory (LDAP) in which everybody has this password: where it listens, and whether those who came
/// had it.
pub(crate) fn directory(password: &'static str) -> (u16, Receiver<bool>) {
    let (tell, came) = sync_channel(UNHEARD);
    (listen(move |caller, _| bind(caller, password, &tell)), came)
}

/// Answers one `bindRequest` as RFC 4511 has it, of fewer than 128 bytes.
fn bind(mut caller: TcpStream, password: &str, tell: &SyncSender<bool>) -> io::Result<()> {
    let mut head = [0; 2];
    caller.read_exact(&mut head)?;
    assert!(head[1] < 128, "a longer request than this directory reads");
    let mut request = vec![0; head[1].into()];
    caller.read_exact(&mut request)?;
    let is_right = request.ends_with(password.as_bytes());
    let (id, success, invalid_credentials) = (request[2], 0, 49);
    let code = if is_right { success } else { invalid_credentials };
    caller.write_all(&[0x30, 12, 2, 1, id, 0x61, 7, 0x0a, 1, code, 4, 0, 4, 0])?;
    let _ = tell.send(is_right);
    // The caller ends it.
    caller.read_to_end(&mut request).map(drop)
}

/// What a mail server was told.
pub(crate) enum Told {
    /// Who somebody is, in the words of SMTP.
    Auth(String),
    Letter,
}

/// A mail server (SMTP) that does not know the first who says who they are, and takes letters from all
/// others.
pub(crate) fn mail_server() -> (u16, Receiver<Told>) {
    let (tell, told) = sync_channel(UNHEARD);
    (listen(move |caller, number| take(caller, number > 0, &tell)), told)
}

fn take(mut caller: TcpStream, is_known: bool, tell: &SyncSender<Told>) -> io::Result<()> {
    let mut lines = BufReader::new(caller.try_clone()?).lines();
    let mut say = |line: &str| caller.write_all(format!("{line}\r\n").as_bytes());
    say("220 here")?;
    while let Some(line) = lines.next().transpose()? {
        match line.split(' ').next().unwrap_or_default() {
            "EHLO" => say("250-here\r\n250 AUTH PLAIN")?,
            "AUTH" => {
                let _ = tell.send(Told::Auth(line));
                say(if is_known { "235 welcome" } else { "535 who?" })?;
            }
            "DATA" => {
                say("354 go on")?;
                lines
                    .by_ref()
                    .take_while(|line| line.as_ref().is_ok_and(|line| line != "."))
                    .count();
                say("250 taken")?;
                let _ = tell.send(Told::Letter);
            }
            _ => say("250 fine")?,
        }
    }
    Ok(())
}

/// Serves those who call, one after the other, each with its number; ends with the test.
fn listen(serve: impl Fn(TcpStream, usize) -> io::Result<()> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for (number, caller) in listener.incoming().enumerate() {
            // Who goes away in the middle is none of our business.
            let _ = serve(caller.unwrap(), number);
        }
    });
    port
}
