//! LOGIN7 (MS-TDS 2.2.6.4): fixed part, then strings by offset, then feature extensions.

use std::io;

use super::packet::invalid;
use super::read::Reader;
use crate::codepage;
use crate::results::Login;

/// TDS 7.3B: the first version whose rows look as this server writes them.
pub(crate) const OLDEST_VERSION: u32 = 0x730B_0003;
/// TDS 7.4.
pub(crate) const TDS_74: u32 = 0x7400_0004;
/// TDS 8, strict encryption only.
pub(crate) const TDS_80: u32 = 0x0800_0000;

/// A feature extension that is acknowledged with content.
pub(crate) const FEATURE_UTF8: u8 = 0x0A;

/// The decoded message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Login7 {
    pub(crate) version: u32,
    /// As asked for, in bytes with the header; 0 is the server's choice.
    pub(crate) packet_size: u32,
    pub(crate) login: Login,
    /// Windows authentication was asked for.
    pub(crate) integrated: bool,
    /// `ApplicationIntent=ReadOnly`: fReadOnlyIntent of TypeFlags.
    pub(crate) read_only: bool,
    /// Feature extensions asked for; `None` when the message has none.
    pub(crate) features: Option<Vec<u8>>,
}

/// # Errors
/// Offsets outside the message, a message shorter than the fixed part.
pub(crate) fn decode(body: &[u8]) -> io::Result<Login7> {
    let fixed = body.get(..94).ok_or_else(|| invalid("LOGIN7 is too short"))?;
    let text = |at: usize| -> io::Result<Vec<u8>> {
        let offset = usize::from(u16::from_le_bytes([fixed[at], fixed[at + 1]]));
        let units = usize::from(u16::from_le_bytes([fixed[at + 2], fixed[at + 3]]));
        let bytes = body.get(offset..offset + units * 2);
        bytes.map(<[u8]>::to_vec).ok_or_else(|| invalid("LOGIN7 string outside of the message"))
    };
    let string = |at: usize| -> io::Result<String> {
        Ok(String::from_utf8_lossy(&codepage::decode_utf16(&text(at)?)).into_owned())
    };
    let password: Vec<u8> = text(44)?.into_iter().map(|b| (b ^ 0xA5).rotate_left(4)).collect();
    let login = Login {
        host: string(36)?,
        user: string(40)?,
        password: String::from_utf8_lossy(&codepage::decode_utf16(&password)).into_owned(),
        application: string(48)?,
        database: string(68)?,
    };
    let mut head = Reader::new(&fixed[4..12]);
    let (version, packet_size) = (head.u32()?, head.u32()?);
    let features = if fixed[27] & 0x10 == 0 {
        None
    } else {
        let at = usize::from(u16::from_le_bytes([fixed[56], fixed[57]]));
        Some(features(body, at)?)
    };
    Ok(Login7 {
        version,
        packet_size,
        login,
        integrated: fixed[25] & 0x80 != 0,
        read_only: fixed[26] & 0x20 != 0,
        features,
    })
}

impl Login7 {
    /// By what faults of the login are chosen: database, application, intent.
    pub(crate) fn described(&self) -> String {
        let intent = if self.read_only { "ReadOnly" } else { "ReadWrite" };
        format!("{} {} {intent}", self.login.database, self.login.application)
    }
}

fn features(body: &[u8], at: usize) -> io::Result<Vec<u8>> {
    let outside = || invalid("LOGIN7 feature extensions outside of the message");
    let start = Reader::new(body.get(at..).ok_or_else(outside)?).u32()?;
    let start = usize::try_from(start).map_err(|_| outside())?;
    let mut list = Reader::new(body.get(start..).ok_or_else(outside)?);
    let mut ids = Vec::new();
    loop {
        match list.u8()? {
            0xFF => return Ok(ids),
            id => {
                ids.push(id);
                let length = usize::try_from(list.u32()?).map_err(|_| outside())?;
                list.bytes(length)?;
            }
        }
    }
}

/// The packet size for the client's wish: 512 to `largest`, 4096 when it has none.
pub(crate) fn packet_size(wish: u32, largest: u16) -> u16 {
    match wish {
        0 => 4096.min(largest),
        wish => u16::try_from(wish).unwrap_or(u16::MAX).min(largest).max(512),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Builds a LOGIN7 as a client does.
    fn build(password: &str, features: Option<&[u8]>) -> Vec<u8> {
        let mut body = vec![0_u8; 94];
        body[4..8].copy_from_slice(&TDS_74.to_le_bytes());
        body[8..12].copy_from_slice(&8000_u32.to_le_bytes());
        for (at, text) in [(36, "pod-3"), (40, "sa"), (44, password), (48, "app"), (68, "Sales")] {
            let mut bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            if at == 44 {
                bytes.iter_mut().for_each(|b| *b = b.rotate_left(4) ^ 0xA5);
            }
            let offset = u16::try_from(body.len()).unwrap();
            body[at..at + 2].copy_from_slice(&offset.to_le_bytes());
            body[at + 2..at + 4].copy_from_slice(&u16::try_from(bytes.len() / 2).unwrap().to_le_bytes());
            body.extend_from_slice(&bytes);
        }
        if let Some(features) = features {
            body[27] |= 0x10;
            let at = body.len();
            body[56..58].copy_from_slice(&u16::try_from(at).unwrap().to_le_bytes());
            body[58] = 4;
            body.extend_from_slice(&u32::try_from(at + 4).unwrap().to_le_bytes());
            body.extend_from_slice(features);
        }
        body
    }

    #[test]
    fn a_login_is_decoded_and_its_password_revealed() {
        let login = decode(&build("p@ß wörd", Some(&[0x0A, 1, 0, 0, 0, 1, 4, 1, 0, 0, 0, 1, 0xFF]))).unwrap();
        assert_eq!(login.login.user, "sa");
        assert_eq!(login.login.password, "p@ß wörd");
        assert_eq!(login.login.database, "Sales");
        assert_eq!(login.login.host, "pod-3");
        assert_eq!((login.version, login.packet_size), (TDS_74, 8000));
        assert_eq!(login.features, Some(vec![FEATURE_UTF8, 4]));
        assert_eq!(decode(&build("", None)).unwrap().features, None);
    }

    #[test]
    fn the_password_byte_of_the_specification() {
        // MS-TDS 2.2.6.4: swap the four high bits with the four low bits, then XOR with 0xA5.
        assert_eq!((0xA2_u8 ^ 0xA5).rotate_left(4), b'p');
    }

    #[test]
    fn offsets_outside_of_the_message_are_errors() {
        let mut body = build("x", Some(&[0xFF]));
        body[36] = 0xFF;
        body[37] = 0xFF;
        assert!(decode(&body).is_err());
        assert!(decode(&body[..50]).is_err());
        assert!(decode(&build("x", Some(&[0x0A, 1]))).is_err());
    }

    #[test]
    fn packet_sizes_are_kept_in_bounds() {
        assert_eq!(packet_size(0, 32767), 4096);
        assert_eq!(packet_size(100, 32767), 512);
        assert_eq!(packet_size(70000, 32767), 32767);
        assert_eq!(packet_size(8000, 4096), 4096);
    }
}
