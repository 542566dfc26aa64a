//! The socket of a connection to the source: which of a name's addresses it is to, and how it notices a server that has
//! vanished.
//!
//! The listener of an availability group in several subnets has an address in each, of which one answers. The others may
//! be silent until all time is over, so they are tried beside each other, as SqlClient does under `MultiSubnetFailover`.
//!
//! An idle connection is asked after 30 s, then every 10 s, and given up after 120 s. So is one whose data are not
//! acknowledged: Linux alone takes about 15 minutes for that (tcp(7), `TCP_USER_TIMEOUT`).

use crate::error::{Error, ErrorKind, Result};
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How long an address is waited for before the next one is tried beside it.
const HEAD_START: Duration = Duration::from_millis(250);

const IDLE: Duration = Duration::from_secs(30);
const INTERVAL: Duration = Duration::from_secs(10);
const COUNT: u32 = 9;
/// As long as the keepalives take, which it bounds as well.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(120);

/// Connects to the address of `host` that answers first.
///
/// # Errors
/// `SourceUnavailable` if the name has no address, or no address answers.
pub(super) async fn connect(host: &str, port: u16) -> Result<TcpStream> {
    let unreachable = |cause| {
        Error::new(ErrorKind::SourceUnavailable, format!("the source at {host}:{port} cannot be reached"))
            .because(cause)
    };
    let addresses = tokio::net::lookup_host((host, port)).await.map_err(unreachable)?;
    let tcp = first_of(addresses, TcpStream::connect).await.map_err(unreachable)?;
    tcp.set_nodelay(true).map_err(unreachable)?;
    notice_a_vanished_server(SockRef::from(&tcp)).map_err(unreachable)?;
    Ok(tcp)
}

/// The connection that is there first. An address that fails, or has had its head start, is followed by the next one. If
/// none answers, the error is that of the last one that failed.
async fn first_of<A, T, F>(addresses: A, connect: impl Fn(SocketAddr) -> F) -> io::Result<T>
where
    A: Iterator<Item = SocketAddr>,
    F: Future<Output = io::Result<T>> + Send + 'static,
    T: Send + 'static,
{
    let mut waiting = addresses.peekable();
    let mut trying = JoinSet::new();
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        if let Some(address) = waiting.next() {
            trying.spawn(connect(address));
        }
        tokio::select! {
            Some(ended) = trying.join_next() => match ended.map_err(io::Error::other).flatten() {
                Ok(connected) => return Ok(connected),
                Err(error) => failed = error,
            },
            () = tokio::time::sleep(HEAD_START), if waiting.peek().is_some() => {}
            else => return Err(failed),
        }
    }
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

    /// Addresses by their last number: 1 is silent for ever, 2 refuses, 3 answers.
    async fn of(numbers: &[u8]) -> io::Result<u8> {
        let addresses = numbers.iter().map(|number| SocketAddr::from(([10, 0, 0, *number], 1433)));
        let connect = |address: SocketAddr| async move {
            match address.ip().to_string().as_str() {
                "10.0.0.1" => std::future::pending().await,
                "10.0.0.2" => Err(io::ErrorKind::ConnectionRefused.into()),
                _ => Ok(3),
            }
        };
        first_of(addresses, connect).await
    }

    #[tokio::test]
    async fn an_address_that_is_silent_or_refuses_does_not_hide_the_one_that_answers() {
        for numbers in [&[3][..], &[1, 3], &[3, 1], &[2, 3], &[1, 1, 2, 3]] {
            let in_time = tokio::time::timeout(Duration::from_secs(30), of(numbers)).await;
            assert_eq!(in_time.expect("not silent").unwrap(), 3, "{numbers:?}");
        }
        assert_eq!(of(&[2, 2]).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(of(&[]).await.unwrap_err().kind(), io::ErrorKind::NotFound);
        let silent = tokio::time::timeout(2 * HEAD_START, of(&[1, 2])).await;
        assert!(silent.is_err(), "one is still waited for");
    }

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
