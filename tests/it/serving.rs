//! The server as a process: it can always be stopped.

use crate::support::on_sqlite;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use varco::storage::Store;

/// Tells a process to end in order.
fn tell(server: &Child) {
    let told = Command::new("kill")
        .args(["-TERM", &server.id().to_string()])
        .status()
        .unwrap();
    assert!(told.success());
}

/// The first line that has these words.
fn line_with(lines: &mut impl BufRead, words: &str) -> String {
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "no «{words}»");
    }
    line
}

#[test]
fn a_server_that_is_told_twice_to_stop_ends_and_names_what_it_interrupts() {
    on_sqlite(async |url| {
        let store = Store::open(&url).await.unwrap();
        store.migrate().await.unwrap();
        store.close().await;
        let mut server = Command::new(env!("CARGO_BIN_EXE_varco"))
            .args(["serve", "--listen", "127.0.0.1:0", "--database", &url])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(server.stdout.take().unwrap());
        let mut log = BufReader::new(server.stderr.take().unwrap());
        let line = line_with(&mut said, "http://");
        let (_, address) = line.trim().split_once("http://").unwrap();
        // A form that never comes: the server says that it waits for it.
        let mut stuck = TcpStream::connect(address).unwrap();
        let request = "POST /accedi HTTP/1.1\r\nHost: varco\r\nContent-Length: 9\r\n\
                       Content-Type: application/x-www-form-urlencoded\r\n\
                       Expect: 100-continue\r\n\r\n";
        stuck.write_all(request.as_bytes()).unwrap();
        line_with(&mut BufReader::new(&stuck), "100 Continue");
        tell(&server);
        line_with(&mut log, "told to stop");
        assert!(server.try_wait().unwrap().is_none());
        tell(&server);
        let status = server.wait().unwrap();
        let mut rest = String::new();
        log.read_to_string(&mut rest).unwrap();
        assert!(status.success(), "{status}: {rest}");
        assert!(rest.contains("POST /accedi (1)"), "{rest}");
    });
}
