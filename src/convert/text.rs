//! Text to UTF-8: from UTF-16LE, from code pages, from UTF-8. A text that PostgreSQL cannot hold is refused;
//! [`super::lenient`] applies the policies that replace parts of it.

mod code_page;
mod utf16;
mod xml;

pub(super) use code_page::{CodedPieces, whole_coded};
pub(super) use utf16::{Utf16Pieces, whole_utf16};
pub(super) use xml::plain_xml;

/// Why a text was not converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextRefusal {
    /// U+0000.
    Nul,
    LoneSurrogate,
    /// Bytes that the code page does not define.
    Undefined,
    /// Half a UTF-16 unit.
    Malformed,
}

pub(super) fn push(out: &mut Vec<u8>, character: char) {
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}
