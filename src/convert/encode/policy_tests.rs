//! Policies, masks, the lossiness record and rows that are left out, from TDS bytes to tuples.

use super::super::text::TextRefusal;
use super::tests::{copy_by, table};
use super::*;
use crate::model::bound::Literal;
use crate::model::loss::Loss;
use crate::model::plan::PlannedColumn;
use crate::model::policy::{
    BlanksPolicy, FractionPolicy, InvalidPolicy, Mask, NulPolicy, OffsetPolicy, PaddingPolicy,
};
use crate::tds_bytes::{Chunks, Col, Ty, col, utf16};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const LATIN1: [u8; 5] = [0x09, 0x04, 0xD0, 0x00, 0x34];
const JAPANESE: [u8; 5] = [0x11, 0x04, 0, 0, 0];
const UTF8: [u8; 5] = [0x09, 0x04, 0, 0x24 | 0x04, 0];

/// The fields' contents, and losses.
type Fields = (Vec<Option<Vec<u8>>>, Vec<(Loss, u64)>);
/// The output, the encoder, numbers and reasons of the rows.
type LeftOut = (Vec<u8>, CopyEncoder, Vec<(u64, &'static str, bool)>);

/// One nullable column with such a plan; every way to cut its values gives the same. The fields' contents and losses.
fn fields(ty: &Ty, change: impl Fn(&mut PlannedColumn), values: &[Option<Vec<u8>>]) -> Result<Fields> {
    let columns = [col("Note", ty.clone())];
    let mut planned = table(&columns);
    change(&mut planned.columns[0]);
    let rows: Vec<_> = values.iter().map(|value| vec![value.clone()]).collect();
    let mut results = Vec::new();
    for (chunks, piece, batch) in [
        (Chunks::One, 4096, 1000),
        (Chunks::One, 3, 7),
        (Chunks::Of(1), 1, 5),
        (Chunks::UnknownLength(3), 2, 1),
    ] {
        let fresh = |wire: &[WireColumn]| CopyEncoder::new(&planned, wire, BufferLimits::batches_of(batch));
        let result = copy_by(&fresh, &mut |_| (), &columns, &rows, (chunks, piece));
        results.push(match result {
            Ok((out, encoder)) => {
                let losses = encoder.losses().into_iter().map(|record| (record.loss, record.rows)).collect();
                Ok((cut(&out), losses))
            }
            Err(error) => Err(error),
        });
    }
    let shown: Vec<_> = results.iter().map(|result| format!("{result:?}")).collect();
    assert!(shown.iter().all(|text| *text == shown[0]), "{shown:#?}");
    results.swap_remove(0)
}

/// The contents of tuples of one field.
fn cut(mut out: &[u8]) -> Vec<Option<Vec<u8>>> {
    let mut fields = Vec::new();
    while !out.is_empty() {
        assert_eq!(out[..2], [0, 1]);
        let length = i32::from_be_bytes(out[2..6].try_into().unwrap());
        let length = usize::try_from(length).ok();
        fields.push(length.map(|length| out[6..6 + length].to_vec()));
        out = &out[6 + length.unwrap_or(0)..];
    }
    fields
}

fn text(result: Result<Fields>) -> (String, Vec<(Loss, u64)>) {
    let (mut fields, losses) = result.unwrap();
    (String::from_utf8(fields.swap_remove(0).unwrap()).unwrap(), losses)
}

#[test]
fn a_text_gets_what_its_policies_say_however_it_is_cut() {
    let units: Vec<u8> = [0x61u16, 0, 0xD800, 0x62].iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let both = |nul, surrogate| {
        move |planned: &mut PlannedColumn| {
            planned.policies.nul = nul;
            planned.policies.surrogate = surrogate;
        }
    };
    for ty in [Ty::NVarChar(Some(100)), Ty::NVarChar(None)] {
        let run = |nul, surrogate| fields(&ty, both(nul, surrogate), &[Some(units.clone())]);
        let replaced = text(run(NulPolicy::Replace, InvalidPolicy::Replace));
        assert_eq!(replaced, ("a\u{FFFD}\u{FFFD}b".to_owned(), vec![(Loss::Nul, 1), (Loss::Surrogate, 1)]));
        assert_eq!(text(run(NulPolicy::Strip, InvalidPolicy::Replace)).0, "a\u{FFFD}b");
        for (nul, surrogate, says) in [
            (NulPolicy::Error, InvalidPolicy::Replace, "U+0000"),
            (NulPolicy::Strip, InvalidPolicy::Error, "surrogate"),
        ] {
            let error = run(nul, surrogate).unwrap_err();
            assert!(error.kind() == ErrorKind::Value && error.to_string().contains(says), "{error}");
        }
    }
    for (collation, raw, expected) in [
        (JAPANESE, &b"a\x85\x9F\0\x82\xA0\x82"[..], "a\u{FFFD}\u{FFFD}あ\u{FFFD}"),
        (UTF8, b"a\xC3\0\xE2\x82\xAC\xFF", "a\u{FFFD}\u{FFFD}€\u{FFFD}"),
    ] {
        for ty in [Ty::VarChar(Some(100), collation), Ty::VarChar(None, collation)] {
            let change = |planned: &mut PlannedColumn| {
                planned.policies.nul = NulPolicy::Replace;
                planned.policies.undefined = InvalidPolicy::Replace;
            };
            let got = text(fields(&ty, change, &[Some(raw.to_vec())]));
            assert_eq!(got, (expected.to_owned(), vec![(Loss::Nul, 1), (Loss::Undefined, 1)]));
        }
    }
}

#[test]
fn the_pages_have_every_value_that_a_policy_refuses() {
    let page =
        |name: &str| std::fs::read_to_string(format!("{}/docs/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (types, ways) = (page("reference/type-mapping.md"), page("how-to/table-cannot-be-copied.md"));
    for refusal in [
        Refusal::SeventhDigit,
        Refusal::Offset,
        Refusal::Text(TextRefusal::Nul),
        Refusal::Text(TextRefusal::LoneSurrogate),
        Refusal::Text(TextRefusal::Undefined),
    ] {
        let (kind, policies) = refusal.policy().unwrap();
        assert!(types.contains(&format!("| `{kind}`")), "{kind}");
        for policy in policies.split(" or ") {
            assert!(ways.contains(&format!("`{policy}`")), "{policy}");
        }
    }
}

/// Seen: the stream was said to be broken, and the table was tried again and again.
#[test]
fn a_json_value_gets_what_its_policies_say_and_a_variant_is_refused_for_its_text() {
    let as_jsonb = |planned: &mut PlannedColumn| {
        planned.source_type.name = "json".into();
        (planned.map, planned.target_type) = (Some("jsonb".to_owned()), "jsonb".to_owned());
        planned.policies.nul = NulPolicy::Strip;
    };
    let json = text(fields(&Ty::NVarChar(None), as_jsonb, &[Some(utf16("{\"a\":\0 1}"))]));
    assert_eq!(json, ("\u{1}{\"a\": 1}".to_owned(), vec![(Loss::Nul, 1)]));
    let strip = |planned: &mut PlannedColumn| planned.policies.nul = NulPolicy::Strip;
    let variant = [&[0xE7, 7][..], &LATIN1, &[40, 0], &utf16("a\0")].concat();
    let error = fields(&Ty::Variant, strip, &[Some(variant)]).unwrap_err();
    assert!(error.kind() == ErrorKind::Value && error.to_string().contains("U+0000"), "{error}");
}

#[test]
fn a_large_text_is_refused_late_and_goes_on_from_there() {
    let mut raw = utf16(&"ä😀".repeat(40_000));
    raw.extend([0, 0, 0x00, 0xDC]);
    raw.extend(utf16("ö"));
    let change = |planned: &mut PlannedColumn| {
        planned.policies.nul = NulPolicy::Strip;
        planned.policies.surrogate = InvalidPolicy::Replace;
    };
    let columns = [col("Note", Ty::NVarChar(None))];
    let mut planned = table(&columns);
    change(&mut planned.columns[0]);
    let fresh = |wire: &[WireColumn]| CopyEncoder::new(&planned, wire, BufferLimits::batches_of(1000));
    let (out, encoder) =
        copy_by(&fresh, &mut |_| (), &columns, &[vec![Some(raw)]], (Chunks::Of(8000), 4093)).unwrap();
    let expected = format!("{}\u{FFFD}ö", "ä😀".repeat(40_000));
    assert_eq!(cut(&out), [Some(expected.into_bytes())]);
    assert_eq!(encoder.losses().len(), 2);
}

#[test]
fn a_seventh_digit_and_an_offset_by_their_policies() {
    let night = |units: u64, day: u32| [&units.to_le_bytes()[..5], &day.to_le_bytes()[..3]].concat();
    let at = |policy| move |planned: &mut PlannedColumn| planned.policies.fraction = policy;
    for (policy, units, micros, lost) in [
        (FractionPolicy::Truncate, 19u64, 1i64, 1),
        (FractionPolicy::Round, 15, 2, 1),
        (FractionPolicy::Round, 863_999_999_999, 86_400_000_000, 1),
        (FractionPolicy::Error, 20, 2, 0),
    ] {
        let (got, losses) = fields(&Ty::DateTime2(7), at(policy), &[Some(night(units, 730_119))]).unwrap();
        assert_eq!(got, [Some(micros.to_be_bytes().to_vec())]);
        assert_eq!(losses.len(), lost);
    }
    let (got, _) = fields(
        &Ty::Time(7),
        at(FractionPolicy::Round),
        &[Some(863_999_999_999u64.to_le_bytes()[..5].to_vec())],
    )
    .unwrap();
    assert_eq!(got, [Some(86_399_999_999i64.to_be_bytes().to_vec())]);
    let offset = |offset: i16| Some([night(10, 730_119).as_slice(), &offset.to_le_bytes()].concat());
    let (got, losses) =
        fields(&Ty::DateTimeOffset(7), |_| (), &[offset(0), offset(60), None, offset(-840)]).unwrap();
    assert_eq!((got.len(), losses), (4, vec![(Loss::Offset, 2)]));
    let refused = fields(
        &Ty::DateTimeOffset(7),
        |planned| planned.policies.offset = OffsetPolicy::Error,
        &[offset(0), offset(60)],
    );
    assert!(refused.unwrap_err().to_string().contains("offset other than +00:00"));
}

#[test]
fn padding_is_counted_where_it_grows_and_trimmed_on_request() {
    let nchar = Ty::NChar(8);
    let values = [Some(utf16("ab  ")), Some(utf16("😀  ")), Some(utf16("äöüß"))];
    let (got, losses) = fields(&nchar, |_| (), &values).unwrap();
    assert_eq!(got[1], Some("😀  ".as_bytes().to_vec()));
    assert_eq!(losses, [(Loss::Padding, 1)]);
    let (_, losses) = fields(&Ty::Char(4, JAPANESE), |_| (), &[Some(b"\x82\xA0  ".to_vec())]).unwrap();
    assert_eq!(losses, [(Loss::Padding, 1)]);
    let (_, losses) = fields(&Ty::Char(4, LATIN1), |_| (), &[Some(b"\xE4\xF6  ".to_vec())]).unwrap();
    assert_eq!(losses, []);
    // Of char(n) nothing is trimmed: it would be padded again.
    let trim = |planned: &mut PlannedColumn| planned.policies.padding = PaddingPolicy::Trim;
    let (got, _) = fields(&nchar, trim, &values[..1]).unwrap();
    assert_eq!(got, [Some(b"ab  ".to_vec())]);
}

#[test]
fn trailing_blanks_of_a_text_are_cut_off_and_counted_on_request() {
    let trim = |planned: &mut PlannedColumn| planned.policies.blanks = BlanksPolicy::Trim;
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let values = [Some(utf16("EUR ")), Some(utf16("EUR")), Some(utf16("  ")), Some(utf16("a\u{2020}")), None];
    for ty in [Ty::NVarChar(Some(20)), Ty::NVarChar(None)] {
        let (got, losses) = fields(&ty, trim, &values).unwrap();
        assert_eq!(got, [text("EUR"), text("EUR"), text(""), text("a\u{2020}"), None]);
        assert_eq!(losses, [(Loss::Blanks, 2)]);
    }
    let coded = [text("b \u{20}"), text(" b"), text("b\t")];
    let (got, losses) = fields(&Ty::VarChar(Some(9), LATIN1), trim, &coded).unwrap();
    assert_eq!((got, losses), (vec![text("b"), text(" b"), text("b\t")], vec![(Loss::Blanks, 1)]));
    let (got, losses) = fields(&Ty::VarChar(Some(9), LATIN1), |_| (), &coded).unwrap();
    assert_eq!((got[0].clone(), losses), (text("b  "), vec![]));
}

#[test]
fn masks_show_nothing_of_a_value_and_keep_null() {
    let hash = |bytes: &[u8]| {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        Some(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes())
    };
    let masked = |mask: Mask| {
        move |planned: &mut PlannedColumn| {
            if mask == Mask::Hash {
                planned.target_type = "text".to_owned();
            }
            planned.mask = Some(mask.clone());
        }
    };
    let text = "grün 😀";
    for ty in [Ty::NVarChar(Some(40)), Ty::NVarChar(None)] {
        let (got, losses) = fields(&ty, masked(Mask::Hash), &[Some(utf16(text)), None]).unwrap();
        assert_eq!((got, losses), (vec![hash(text.as_bytes()), None], vec![]));
    }
    // One text has one hash, whatever its code page; and nothing is refused.
    let (got, _) =
        fields(&Ty::VarChar(Some(9), LATIN1), masked(Mask::Hash), &[Some(b"\xE4\0".to_vec())]).unwrap();
    assert_eq!(got, [hash("ä\0".as_bytes())]);
    for ty in [Ty::VarBinary(Some(9)), Ty::VarBinary(None)] {
        let (got, _) = fields(&ty, masked(Mask::Hash), &[Some(vec![1, 2, 3, 4, 5])]).unwrap();
        assert_eq!(got, [hash(&[1, 2, 3, 4, 5])]);
    }
    let (got, _) = fields(&Ty::Int, masked(Mask::Hash), &[Some(vec![7, 0, 0, 0])]).unwrap();
    assert_eq!(got, [hash(&[7, 0, 0, 0])]);
    for ty in [Ty::NVarChar(Some(40)), Ty::NVarChar(None)] {
        let values = [Some(utf16("x\0y")), None];
        let (got, _) = fields(&ty, masked(Mask::Null), &values).unwrap();
        assert_eq!(got, [None, None]);
        let (got, _) = fields(&ty, masked(Mask::Fixed("***".to_owned())), &values).unwrap();
        assert_eq!(got, [Some(b"***".to_vec()), None]);
    }
    for (mask, nullable, target) in [(Mask::Null, false, "varchar(20)"), (Mask::Hash, true, "varchar(20)")] {
        let change = |planned: &mut PlannedColumn| {
            planned.mask = Some(mask.clone());
            planned.nullable = nullable;
            target.clone_into(&mut planned.target_type);
        };
        let error = fields(&Ty::NVarChar(Some(40)), change, &[None]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PlanForeign);
    }
}

fn three() -> [Col; 3] {
    [col("Id", Ty::Int), col("Note", Ty::NVarChar(None)), col("Name", Ty::NVarChar(Some(40)))]
}

fn row(id: i32, note: &str, name: &str) -> Vec<Option<Vec<u8>>> {
    vec![Some(id.to_le_bytes().to_vec()), Some(utf16(note)), Some(utf16(name))]
}

/// Leaves refused rows out: the output, the encoder, numbers and reasons of the rows.
fn left_out(
    rows: &[Vec<Option<Vec<u8>>>],
    skip: &BTreeMap<u64, usize>,
    batch: usize,
    whole: bool,
) -> LeftOut {
    let columns = three();
    let planned = table(&columns);
    let fresh = |wire: &[WireColumn]| {
        let mut encoder = CopyEncoder::new(&planned, wire, BufferLimits::batches_of(batch))?;
        encoder.keep_refused_rows(Keys::Told);
        encoder.reject(skip.clone(), whole);
        Ok(encoder)
    };
    let mut seen = Vec::new();
    let mut look = |encoder: &mut CopyEncoder| {
        if let Some(row) = encoder.refused_row() {
            seen.push((row.number, row.why(), row.torn));
            let key = Bound(vec![Literal::parse(&row.number.to_string()).unwrap()]);
            encoder.count_rejected(&row, Some(&key));
        }
    };
    let (out, encoder) = copy_by(&fresh, &mut look, &columns, rows, (Chunks::Of(10), 11)).unwrap();
    (out, encoder, seen)
}

#[test]
fn refused_rows_leave_nothing_behind() {
    let good = [row(1, "one", "a"), row(3, &"three ".repeat(20), "c"), row(5, "", "e")];
    let bad = [row(2, "bad\0", "b\0"), row(4, &"four ".repeat(20), "d\0"), row(6, "\0", "f")];
    let mixed: Vec<_> = good.iter().zip(&bad).flat_map(|(good, bad)| [good.clone(), bad.clone()]).collect();
    let none = BTreeMap::new();
    let (expected, of_good, _) = left_out(&good, &none, 1 << 20, false);
    for batch in [1, 50, 1 << 20] {
        let (out, encoder, seen) = left_out(&mixed, &none, batch, true);
        assert_eq!(out, expected, "batch {batch}");
        assert_eq!(
            (encoder.rows(), encoder.bytes(), encoder.checksum()),
            (3, of_good.bytes(), of_good.checksum())
        );
        assert_eq!(seen, [(2, "nul", false), (4, "nul", false), (6, "nul", false)]);
        let losses: Vec<_> =
            encoder.losses().into_iter().map(|record| (record.column, record.loss, record.rows)).collect();
        assert_eq!(losses, [("Note".to_owned(), Loss::Rejected, 2), ("Name".to_owned(), Loss::Rejected, 1)]);
    }
    // If rows are not kept whole, one that was sent in part is known.
    let (_, _, seen) = left_out(&mixed, &none, 1, false);
    assert!(seen.contains(&(4, "nul", true)), "{seen:?}");
}

#[test]
fn a_row_that_the_target_refused_is_found_by_its_hash_and_left_out() {
    let rows = [row(1, "one", "a"), row(2, "two", "b"), row(3, "three", "c")];
    let (out, encoder, _) = left_out(&rows, &BTreeMap::new(), 1 << 20, false);
    let hash = encoder.hash_of_row(2).unwrap();
    assert_eq!((encoder.hash_of_row(0), encoder.hash_of_row(4)), (None, None));
    let (shorter, encoder, seen) = left_out(&rows, &BTreeMap::from([(hash, 1)]), 1 << 20, false);
    assert_eq!(seen, [(2, "target", false)]);
    assert_eq!(encoder.rows(), 2);
    let (expected, ..) = left_out(&[rows[0].clone(), rows[2].clone()], &BTreeMap::new(), 1 << 20, false);
    assert!(shorter == expected && shorter.len() < out.len());
}

#[test]
fn samples_are_keys_where_they_are_told_and_few() {
    let columns = [col("Note", Ty::NVarChar(Some(20)))];
    let mut planned = table(&columns);
    planned.columns[0].policies.nul = NulPolicy::Strip;
    let rows: Vec<_> = (0..50).map(|n| vec![Some(utf16(if n % 2 == 0 { "a\0\0" } else { "a" }))]).collect();
    for (keys, first) in [
        (Keys::Unknown, Sample::Row { chunk: None, row: 1 }),
        (Keys::Told, Sample::Key(Bound(vec![Literal::parse("1").unwrap()]))),
        (Keys::Withheld, Sample::withheld()),
    ] {
        let fresh = |wire: &[WireColumn]| {
            let mut encoder = CopyEncoder::new(&planned, wire, BufferLimits::batches_of(1 << 20))?;
            encoder.keep_refused_rows(keys);
            Ok(encoder)
        };
        let mut asked = 0;
        let mut look = |encoder: &mut CopyEncoder| {
            asked += 1;
            assert!(encoder.wants_key());
            let key = Bound(vec![Literal::parse(&encoder.rows().to_string()).unwrap()]);
            encoder.key_of_last_row(Some(&key));
        };
        let (_, encoder) = copy_by(&fresh, &mut look, &columns, &rows, (Chunks::One, 4096)).unwrap();
        let records = encoder.losses();
        assert_eq!((records.len(), records[0].rows), (1, 25));
        assert_eq!(records[0].samples[0], first);
        let (samples, questions) = match keys {
            Keys::Unknown => (20, 0),
            Keys::Told => (20, 20),
            Keys::Withheld => (1, 0),
        };
        assert_eq!((records[0].samples.len(), asked), (samples, questions));
    }
}

#[test]
fn the_error_of_a_refused_row_has_its_key_and_never_its_value() {
    let columns = three();
    let planned = table(&columns);
    let fresh = |wire: &[WireColumn]| {
        let mut encoder = CopyEncoder::new(&planned, wire, BufferLimits::batches_of(1000))?;
        encoder.keep_refused_rows(Keys::Told);
        Ok(encoder)
    };
    let mut error = None;
    let mut look = |encoder: &mut CopyEncoder| {
        if let Some(row) = encoder.refused_row() {
            let key = Sample::Key(Bound(vec![Literal::parse("7").unwrap()]));
            error = Some(encoder.refusal(&row, &key).to_string());
        }
    };
    let rows = [row(7, "secret\0", "x")];
    drop(copy_by(&fresh, &mut look, &columns, &rows, (Chunks::One, 4096)).unwrap());
    let error = error.unwrap();
    for part in ["dbo.Orders", "column Note", "U+0000", "key (7)", "nul=strip", "--rejects"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(!error.contains("secret"), "{error}");
}
