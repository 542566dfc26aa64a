//! PRELOGIN (MS-TDS 2.2.6.5): a list of options, each with its place in the message.

use std::io;

use super::packet::invalid;
use super::read::Reader;

const VERSION: u8 = 0;
const ENCRYPTION: u8 = 1;
const INSTANCE: u8 = 2;
const THREAD: u8 = 3;
const MARS: u8 = 4;
const FED_AUTH: u8 = 6;
const END: u8 = 0xFF;

/// What the client says about encryption, and what is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// Login only.
    Off = 0,
    On = 1,
    NotSupported = 2,
    Required = 3,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Prelogin {
    pub(crate) encryption: Encryption,
    /// The client asks whether federated authentication is required.
    pub(crate) fed_auth: bool,
}

/// # Errors
/// An option that points outside the message, an unknown encryption byte.
pub(crate) fn decode(body: &[u8]) -> io::Result<Prelogin> {
    let mut prelogin = Prelogin { encryption: Encryption::NotSupported, fed_auth: false };
    let mut options = Reader::new(body);
    loop {
        let option = options.u8()?;
        if option == END {
            return Ok(prelogin);
        }
        let start = usize::from(u16::from_be_bytes(options.array()?));
        let length = usize::from(u16::from_be_bytes(options.array()?));
        let data = body
            .get(start..start + length)
            .ok_or_else(|| invalid("PRELOGIN option outside of the message"))?;
        match (option, data) {
            // The client certificate flag (0x80) is not for us.
            (ENCRYPTION, [byte, ..]) => {
                prelogin.encryption = match byte & 0x7F {
                    0 => Encryption::Off,
                    1 => Encryption::On,
                    2 => Encryption::NotSupported,
                    3 => Encryption::Required,
                    _ => return Err(invalid("unknown encryption option")),
                }
            }
            (FED_AUTH, _) => prelogin.fed_auth = true,
            _ => {}
        }
    }
}

/// The answer: version 16.0.4115, one encryption byte, no instance, no MARS.
pub(crate) fn encode(encryption: Encryption, fed_auth: bool) -> Vec<u8> {
    let mut options: Vec<(u8, &[u8])> = vec![
        (VERSION, &[16, 0, 0x10, 0x13, 0, 0]),
        (
            ENCRYPTION,
            std::slice::from_ref(match encryption {
                Encryption::Off => &0,
                Encryption::On => &1,
                Encryption::NotSupported => &2,
                Encryption::Required => &3,
            }),
        ),
        (INSTANCE, &[0]),
        (THREAD, &[]),
        (MARS, &[0]),
    ];
    if fed_auth {
        options.push((FED_AUTH, &[0]));
    }
    let mut out = Vec::new();
    let mut place = options.len() * 5 + 1;
    for (option, data) in &options {
        // The whole message is under a hundred bytes.
        let [_, _, high, low] = u32::try_from(place).unwrap_or(0).to_be_bytes();
        let length = u8::try_from(data.len()).unwrap_or(0);
        out.extend_from_slice(&[*option, high, low, 0, length]);
        place += data.len();
    }
    out.push(END);
    for (_, data) in &options {
        out.extend_from_slice(data);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The client's message of MS-TDS 4.1, without its packet header.
    const EXAMPLE: &[u8] = &[
        0x00, 0x00, 0x1A, 0x00, 0x06, 0x01, 0x00, 0x20, 0x00, 0x01, 0x02, 0x00, 0x21, 0x00, 0x01, 0x03, 0x00,
        0x22, 0x00, 0x04, 0x04, 0x00, 0x26, 0x00, 0x01, 0xFF, 0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00,
        0xB8, 0x0D, 0x00, 0x00, 0x01,
    ];

    #[test]
    fn the_example_of_the_specification_decodes() {
        assert_eq!(decode(EXAMPLE).unwrap(), Prelogin { encryption: Encryption::On, fed_auth: false });
    }

    #[test]
    fn the_answer_decodes_again() {
        for encryption in [Encryption::Off, Encryption::On, Encryption::NotSupported, Encryption::Required] {
            for fed_auth in [false, true] {
                assert_eq!(decode(&encode(encryption, fed_auth)).unwrap(), Prelogin { encryption, fed_auth });
            }
        }
    }

    #[test]
    fn options_outside_of_the_message_are_errors() {
        assert!(decode(&[0x01, 0x00, 0x20, 0x00, 0x01, 0xFF]).is_err());
        assert!(decode(&[0x01, 0x00]).is_err());
    }
}
