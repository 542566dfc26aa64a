#[path = "integration/copy_roundtrip.rs"]
mod copy_roundtrip;
#[path = "integration/decoder_vs_tiberius.rs"]
mod decoder_vs_tiberius;
#[path = "integration/encoded.rs"]
mod encoded;
#[path = "integration/tds_bytes.rs"]
mod tds_bytes;
