//! SQL Browser: the TCP port of a named instance (MS-SQLR: CLNT_UCAST_INST and SVR_RESP over UDP 1434).

use crate::error::{Error, ErrorKind, Result};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::timeout;

const PORT: u16 = 1434;
const ATTEMPTS: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(1);

/// Asks the host for the port of its instance.
pub(super) async fn port_of(host: &str, instance: &str) -> Result<u16> {
    ask(host, PORT, instance).await
}

async fn ask(host: &str, browser: u16, instance: &str) -> Result<u16> {
    let failed = || {
        Error::new(
            ErrorKind::SourceUnavailable,
            format!(
                "SQL Browser at {host}:{browser} (UDP) does not say the port of instance {instance}; give the port instead"
            ),
        )
    };
    let broke = |cause: std::io::Error| failed().because(cause);
    let address = tokio::net::lookup_host((host, browser)).await.map_err(broke)?.next().ok_or_else(failed)?;
    let socket =
        UdpSocket::bind(if address.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" }).await.map_err(broke)?;
    socket.connect(address).await.map_err(broke)?;
    let mut question = vec![0x04];
    question.extend_from_slice(instance.as_bytes());
    question.push(0);
    let mut answer = vec![0; 4096];
    for _ in 0..ATTEMPTS {
        socket.send(&question).await.map_err(broke)?;
        if let Ok(received) = timeout(PATIENCE, socket.recv(&mut answer)).await {
            let count = received.map_err(broke)?;
            return port_in(&answer[..count]).ok_or_else(failed);
        }
    }
    Err(failed())
}

/// `\x05`, length, `ServerName;…;InstanceName;…;tcp;1433;;`
fn port_in(answer: &[u8]) -> Option<u16> {
    let text = String::from_utf8_lossy(answer.strip_prefix(&[0x05])?.get(2..)?).into_owned();
    let mut fields = text.split(';');
    while let Some(name) = fields.next() {
        let value = fields.next()?;
        if name.eq_ignore_ascii_case("tcp") {
            return value.parse().ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] =
        b"\x05\x5a\x00ServerName;DB1;InstanceName;SQL2;IsClustered;No;Version;16.0.1;tcp;51433;np;x;;";

    #[test]
    fn the_port_is_found_in_the_answer() {
        assert_eq!(port_in(ANSWER), Some(51433));
        assert_eq!(port_in(b"\x05\x00\x00ServerName;DB1;;"), None);
        assert_eq!(port_in(b"\x04"), None);
        assert_eq!(port_in(b""), None);
    }

    #[tokio::test]
    async fn a_browser_is_asked_by_udp() {
        let browser = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = browser.local_addr().unwrap().port();
        let answer = async {
            let mut question = [0; 64];
            let (count, from) = browser.recv_from(&mut question).await.unwrap();
            browser.send_to(ANSWER, from).await.unwrap();
            question[..count].to_vec()
        };
        let (question, found) = tokio::join!(answer, ask("127.0.0.1", port, "SQL2"));
        assert_eq!(question, b"\x04SQL2\0");
        assert_eq!(found.unwrap(), 51433);
    }
}
