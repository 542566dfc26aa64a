//! Values that are understood as a whole: in one piece if they come so, else collected as they are sent and turned
//! into the field's content at their end.

use super::variant::Variant;
use super::{Refusal, spatial, vector};

/// How a spatial value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::convert) enum Spatial {
    Ewkb,
    /// EWKB within what PostGIS's geography holds.
    Geodetic,
    /// EWKT
    Text,
}

/// What the value is.
#[derive(Debug)]
pub(in crate::convert) enum Structured {
    Spatial(Spatial),
    RealArray,
    Vector,
    Variant(Variant),
}

impl Structured {
    /// Appends the content of the field.
    pub(super) fn encode(&self, out: &mut Vec<u8>, raw: &[u8]) -> Result<(), Refusal> {
        match self {
            Self::Spatial(Spatial::Text) => spatial::text(out, raw),
            Self::Spatial(_) => {
                let start = out.len();
                out.extend_from_slice(raw);
                self.collected(out, start)
            }
            Self::RealArray => vector::real_array(out, raw),
            Self::Vector => vector::vector(out, raw),
            Self::Variant(variant) => variant.write(out, raw),
        }
    }

    /// The value's bytes stand at the end of `out`, from `start`: the content of the field comes in their place.
    pub(super) fn collected(&self, out: &mut Vec<u8>, start: usize) -> Result<(), Refusal> {
        if let Self::Spatial(form @ (Spatial::Ewkb | Spatial::Geodetic)) = self {
            return spatial::binary(out, start, *form == Spatial::Geodetic);
        }
        let raw = out.split_off(start);
        self.encode(out, &raw)
    }
}
