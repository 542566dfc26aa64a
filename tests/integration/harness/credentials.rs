//! A container's credentials endpoint (`AWS_CONTAINER_CREDENTIALS_FULL_URI`), whose keys change when a test says so.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Default)]
struct State {
    access_key: String,
    secret_key: String,
    /// When what is handed out expires.
    expiration: String,
    asked: u64,
    ended: bool,
}

/// Handle of the endpoint; it ends with it.
pub(crate) struct CredentialsServer {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl CredentialsServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
                if state.ended {
                    return;
                }
                state.asked += u64::from(answer(&state, stream).is_ok());
            }
        });
        Self { port, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/credentials", self.port)
    }

    /// What is handed out from now on; `expiration` in RFC 3339.
    pub(crate) fn hand_out(&self, access_key: &str, secret_key: &str, expiration: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.access_key = access_key.to_owned();
        state.secret_key = secret_key.to_owned();
        state.expiration = expiration.to_owned();
    }

    pub(crate) fn asked(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).asked
    }
}

impl Drop for CredentialsServer {
    fn drop(&mut self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

fn answer(state: &State, mut stream: TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    // A token must be there, and one that is not empty would have to be known to the S3 server.
    let body = serde_json::json!({
        "AccessKeyId": state.access_key, "SecretAccessKey": state.secret_key, "Token": "",
        "Expiration": state.expiration,
    })
    .to_string();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
    stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes())
}
