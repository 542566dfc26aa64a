//! The socket of a connection to the source, and how it notices a server that has vanished.
//!
//! An idle connection is asked after 30 s, then every 10 s, and given up after 120 s. So is one whose data are not
//! acknowledged: Linux alone takes about 15 minutes for that (tcp(7), `TCP_USER_TIMEOUT`).

use crate::error::{Error, ErrorKind, Result};
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;

const IDLE: Duration = Duration::from_secs(30);
const INTERVAL: Duration = Duration::from_secs(10);
const COUNT: u32 = 9;
/// As long as the keepalives take, which it bounds as well.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(120);

/// Connects to the first address of `host` that answers.
///
/// # Errors
/// `SourceUnavailable` if the name has no address, or no address answers.
pub(super) async fn connect(host: &str, port: u16) -> Result<TcpStream> {
    let unreachable = |cause| {
        Error::new(ErrorKind::SourceUnavailable, format!("the source at {host}:{port} cannot be reached"))
            .because(cause)
    };
    let tcp = TcpStream::connect((host, port)).await.map_err(unreachable)?;
    tcp.set_nodelay(true).map_err(unreachable)?;
    notice_a_vanished_server(SockRef::from(&tcp)).map_err(unreachable)?;
    Ok(tcp)
}

fn notice_a_vanished_server(socket: SockRef<'_>) -> io::Result<()> {
    let keepalive = TcpKeepalive::new().with_time(IDLE).with_interval(INTERVAL).with_retries(COUNT);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_source_that_vanishes_is_noticed_after_two_minutes() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = connect("127.0.0.1", listener.local_addr().unwrap().port()).await.unwrap();
        let socket = SockRef::from(&tcp);
        assert!(socket.keepalive().unwrap() && tcp.nodelay().unwrap());
        let (idle, interval) =
            (socket.tcp_keepalive_time().unwrap(), socket.tcp_keepalive_interval().unwrap());
        assert_eq!(idle + interval * socket.tcp_keepalive_retries().unwrap(), Duration::from_secs(120));
        #[cfg(target_os = "linux")]
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(120)));
    }
}
