//! A client of a hundred lines: packets, PRELOGIN, LOGIN7, batches, and replies as bytes.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use mssim::Server;

/// User and password that the servers of these tests let in.
pub(crate) const USER: &str = "sa";
pub(crate) const PASSWORD: &str = "Sh4rd-ferry!";

pub(crate) struct Client {
    socket: TcpStream,
    /// Descriptor that every batch names.
    pub(crate) transaction: u64,
}

/// A reply: payload of all its packets, and the largest packet.
pub(crate) struct Reply {
    pub(crate) body: Vec<u8>,
    pub(crate) largest: usize,
}

pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

impl Client {
    pub(crate) fn connect(server: &Server) -> std::io::Result<Self> {
        let socket = TcpStream::connect(server.address())?;
        socket.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(Self { socket, transaction: 0 })
    }

    pub(crate) fn login(server: &Server, packet_size: u32) -> (Self, Reply) {
        Self::try_login(server, packet_size).unwrap()
    }

    pub(crate) fn try_login(server: &Server, packet_size: u32) -> std::io::Result<(Self, Reply)> {
        let mut client = Self::connect(server)?;
        client.try_send(0x12, &[0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 0, 0, 0, 0, 0, 0, 2])?;
        let prelogin = client.reply()?;
        assert!(prelogin.body.len() > 20);
        let mut login = vec![0_u8; 94];
        login[4..8].copy_from_slice(&0x7400_0004_u32.to_le_bytes());
        login[8..12].copy_from_slice(&packet_size.to_le_bytes());
        let password: Vec<u8> = utf16(PASSWORD).iter().map(|b| b.rotate_left(4) ^ 0xA5).collect();
        for (at, bytes) in
            [(40, utf16(USER)), (44, password), (48, utf16("wire test")), (68, utf16("matrix"))]
        {
            let offset = u16::try_from(login.len()).unwrap();
            login[at..at + 2].copy_from_slice(&offset.to_le_bytes());
            login[at + 2..at + 4].copy_from_slice(&u16::try_from(bytes.len() / 2).unwrap().to_le_bytes());
            login.extend_from_slice(&bytes);
        }
        let length = u32::try_from(login.len()).unwrap();
        login[..4].copy_from_slice(&length.to_le_bytes());
        client.try_send(0x10, &login)?;
        let reply = client.reply()?;
        Ok((client, reply))
    }

    pub(crate) fn send(&mut self, kind: u8, body: &[u8]) {
        self.try_send(kind, body).unwrap();
    }

    pub(crate) fn try_send(&mut self, kind: u8, body: &[u8]) -> std::io::Result<()> {
        let length = u16::try_from(body.len() + 8).unwrap().to_be_bytes();
        let mut packet = vec![kind, 1, length[0], length[1], 0, 0, 1, 0];
        packet.extend_from_slice(body);
        self.socket.write_all(&packet)
    }

    pub(crate) fn batch(&mut self, sql: &str) {
        let mut body = vec![22, 0, 0, 0, 18, 0, 0, 0, 2, 0];
        body.extend_from_slice(&self.transaction.to_le_bytes());
        body.extend_from_slice(&[1, 0, 0, 0]);
        body.extend_from_slice(&utf16(sql));
        self.send(0x01, &body);
    }

    pub(crate) fn packet(&mut self, into: &mut Vec<u8>) -> std::io::Result<(usize, bool)> {
        let mut header = [0; 8];
        self.socket.read_exact(&mut header)?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let start = into.len();
        into.resize(start + length - 8, 0);
        self.socket.read_exact(&mut into[start..])?;
        Ok((length, header[1] & 1 != 0))
    }

    pub(crate) fn reply(&mut self) -> std::io::Result<Reply> {
        let mut reply = Reply { body: Vec::new(), largest: 0 };
        loop {
            let (length, last) = self.packet(&mut reply.body)?;
            reply.largest = reply.largest.max(length);
            if last {
                return Ok(reply);
            }
        }
    }

    pub(crate) fn ask(&mut self, sql: &str) -> std::io::Result<Reply> {
        self.batch(sql);
        self.reply()
    }
}
