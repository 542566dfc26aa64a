//! What an XML text says of its own encoding.

/// Takes the byte order mark and the encoding declaration off an XML text that starts at `text` in `out`: they describe
/// the UTF-16 that it was, and `xml_recv` would believe them.
pub(in crate::convert) fn plain_xml(out: &mut Vec<u8>, text: usize) {
    const MARK: &[u8] = "\u{FEFF}".as_bytes();
    if out.get(text..).is_some_and(|xml| xml.starts_with(MARK)) {
        out.drain(text..text + MARK.len());
    }
    if let Some(encoding) = out.get(text..).and_then(encoding_declaration) {
        out.drain(text + encoding.start..text + encoding.end);
    }
}

/// Where ` encoding="…"` stands in the XML declaration (XML 1.0, production 23).
fn encoding_declaration(xml: &[u8]) -> Option<std::ops::Range<usize>> {
    let declaration =
        xml.strip_prefix(b"<?xml").filter(|rest| rest.first().is_some_and(u8::is_ascii_whitespace))?;
    let end = declaration.windows(2).take(1024).position(|two| two == b"?>")?;
    let declaration = xml.get(..5 + end)?;
    let name = declaration.windows(8).position(|word| word == b"encoding")?;
    let start = declaration[..name].iter().rposition(|byte| !byte.is_ascii_whitespace())? + 1;
    let open = name + declaration.get(name..)?.iter().position(|byte| matches!(byte, b'"' | b'\''))?;
    let close = declaration.get(open + 1..)?.iter().position(|byte| *byte == declaration[open])?;
    (start < name).then_some(start..open + close + 2)
}
