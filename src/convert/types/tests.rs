use super::*;

fn ty(name: &str, max_length: i16, precision: u8, scale: u8) -> SourceType {
    SourceType { name: name.into(), alias: None, max_length, precision, scale, collation: None }
}

fn mapped(name: &str, alternative: Option<&str>) -> Mapping {
    map(&ty(name, 8, 18, 0), alternative).unwrap()
}

#[test]
fn every_default_has_its_row() {
    for (name, length, precision, scale, target, encoding) in [
        ("bit", 1, 1, 0, "boolean", Encoding::Bool),
        ("tinyint", 1, 3, 0, "smallint", Encoding::Int2),
        ("smallint", 2, 5, 0, "smallint", Encoding::Int2),
        ("int", 4, 10, 0, "integer", Encoding::Int4),
        ("bigint", 8, 19, 0, "bigint", Encoding::Int8),
        ("decimal", 17, 38, 38, "numeric(38,38)", Encoding::Numeric),
        ("numeric", 9, 18, 4, "numeric(18,4)", Encoding::Numeric),
        ("money", 8, 19, 4, "numeric(19,4)", Encoding::Numeric),
        ("smallmoney", 4, 10, 4, "numeric(10,4)", Encoding::Numeric),
        ("real", 4, 24, 0, "real", Encoding::Float4),
        ("float", 8, 53, 0, "double precision", Encoding::Float8),
        ("char", 10, 0, 0, "char(10)", Encoding::Text),
        ("nchar", 10, 0, 0, "char(5)", Encoding::Text),
        ("varchar", 8000, 0, 0, "varchar(8000)", Encoding::Text),
        ("nvarchar", 8000, 0, 0, "varchar(4000)", Encoding::Text),
        ("varchar", -1, 0, 0, "text", Encoding::Text),
        ("nvarchar", -1, 0, 0, "text", Encoding::Text),
        ("binary", 16, 0, 0, "bytea", Encoding::Bytea),
        ("varbinary", -1, 0, 0, "bytea", Encoding::Bytea),
        ("timestamp", 8, 0, 0, "bytea", Encoding::Bytea),
        ("date", 3, 10, 0, "date", Encoding::Date),
        ("time", 5, 16, 7, "time(6)", Encoding::Time),
        ("time", 3, 8, 0, "time(0)", Encoding::Time),
        ("smalldatetime", 4, 16, 0, "timestamp(0)", Encoding::Timestamp),
        ("datetime", 8, 23, 3, "timestamp(3)", Encoding::Timestamp),
        ("datetime2", 8, 27, 7, "timestamp(6)", Encoding::Timestamp),
        ("datetime2", 6, 21, 1, "timestamp(1)", Encoding::Timestamp),
        ("datetimeoffset", 10, 34, 7, "timestamptz(6)", Encoding::TimestampTz),
        ("uniqueidentifier", 16, 0, 0, "uuid", Encoding::Uuid),
        ("xml", -1, 0, 0, "xml", Encoding::Xml),
        ("sql_variant", 8016, 0, 0, "text", Encoding::VariantText),
    ] {
        let ty = ty(name, length, precision, scale);
        let mapping = map(&ty, None).unwrap();
        assert_eq!((mapping.target_type.as_str(), mapping.encoding), (target, encoding), "{name}");
        assert_eq!((mapping.select, mapping.sent), (SelectForm::AsIs, ty));
    }
}

#[test]
fn what_the_server_converts_comes_back_as_another_type() {
    for (name, target, sent) in [
        ("text", "text", "varchar(max)"),
        ("ntext", "text", "nvarchar(max)"),
        ("image", "bytea", "varbinary(max)"),
        ("hierarchyid", "text", "nvarchar(4000)"),
        ("geometry", "bytea", "varbinary(max)"),
        ("geography", "bytea", "varbinary(max)"),
        ("json", "json", "nvarchar(max)"),
        ("vector", "real[]", "nvarchar(max)"),
    ] {
        let mapping = mapped(name, None);
        assert_eq!((mapping.target_type.as_str(), mapping.sent.to_string().as_str()), (target, sent));
        let SelectForm::Cast(pattern) = mapping.select else { panic!("{name} is read as it is") };
        assert!(pattern.contains("{}"), "{name}");
    }
}

#[test]
fn every_alternative_that_is_listed_is_there_and_the_first_is_the_default() {
    for (_, name, max_length, precision, scale, _) in page::ROWS {
        let ty = ty(name, max_length, precision, scale);
        for chosen in alternatives(&name.into()) {
            match map(&ty, Some(chosen)) {
                Ok(mapping) => assert!(mapping.target_type.starts_with(chosen), "{name}: {mapping:?}"),
                Err(refused) => assert!(refused.reason.contains("only whole numbers"), "{refused}"),
            }
        }
        if let (Some(first), Ok(default)) = (alternatives(&name.into()).first(), map(&ty, None)) {
            let text = max_length == -1 && default.target_type == "text";
            assert!(text || default == map(&ty, Some(first)).unwrap(), "{name}");
        }
    }
}

#[test]
fn an_alternative_that_is_not_there_says_which_are() {
    let reason = map(&ty("bit", 1, 1, 0), Some("text")).unwrap_err().reason;
    assert_eq!(reason, "bit cannot become text; there are: boolean, smallint, integer");
    assert!(map(&ty("cursor", 0, 0, 0), Some("text")).unwrap_err().reason.contains("cursor"));
    let reason = map(&ty("decimal", 9, 18, 2), Some("bigint")).unwrap_err().reason;
    assert!(reason.contains("decimal(18,2) cannot become bigint"), "{reason}");
    assert_eq!(mapped("decimal", Some("bigint")).encoding, Encoding::Int8);
}

#[test]
fn an_alternative_of_an_extension_names_it() {
    assert_eq!(mapped("varchar", Some("citext")).needs, Some("citext"));
    assert_eq!(mapped("geography", Some("geography")).needs, Some("postgis"));
    assert_eq!(mapped("vector", Some("vector")).needs, Some("vector"));
    assert_eq!(mapped("vector", None).needs, None);
    let there = ["postgis".to_owned()];
    assert_eq!(preferred(&BaseType::Geometry, &there), Some("geometry"));
    assert_eq!((preferred(&BaseType::Vector, &there), preferred(&BaseType::Int, &there)), (None, None));
}

#[test]
fn what_cannot_be_copied_says_why() {
    for name in ["cursor", "table", "MyClrType"] {
        let reason = map(&ty(name, 16, 0, 0), None).unwrap_err().reason;
        assert!(reason.contains(name), "{reason}");
    }
    let bytes = mapped("MyClrType", Some("bytea"));
    assert_eq!(bytes.select, SelectForm::Cast("CAST({} AS varbinary(max))"));
}

#[test]
fn an_impossible_length_is_refused_instead_of_made_up() {
    assert!(map(&ty("nvarchar", 0, 0, 0), None).is_err());
    assert!(map(&ty("char", -2, 0, 0), None).is_err());
}
