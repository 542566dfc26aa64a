use super::*;

fn nothing() -> Environment {
    Environment::default()
}

#[test]
fn a_range_is_two_numbers_in_order_from_1() {
    assert_eq!(range("101-200").unwrap(), Selection::Range { first: 101, last: 200 });
    assert_eq!(range("7-7").unwrap(), Selection::Range { first: 7, last: 7 });
    for (text, said) in [
        ("0-5", "0-5 begins at 0: "),
        ("5-3", "5-3 ends before it begins"),
        ("a-b", "a is not a table's number"),
        ("1-9999999999", "9999999999 is more than any plan has"),
        ("-5", "\"\" is not a table's number"),
        ("5", "5 is not a range"),
        ("+1-5", "+1 is not a table's number"),
        ("1-5-9", "5-9 is not a table's number"),
        ("", "\"\" is not a range"),
    ] {
        let error = range(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        let detail = error.detail();
        assert!(
            detail.starts_with("--range: ") && detail.contains(said) && detail.contains("like 101-200"),
            "{text}: {detail}"
        );
    }
}

#[test]
fn a_shard_is_one_of_so_many() {
    assert_eq!(shard("3/10").unwrap(), Selection::Shard { number: 3, count: 10 });
    for text in ["0/3", "4/3", "3", "a/b", "-1/3", "1/0", "1/2/3", ""] {
        let detail = shard(text).unwrap_err().detail();
        assert!(detail.starts_with("--shard: ") && detail.contains("like 3/10"), "{text}: {detail}");
    }
    assert_eq!(
        shard("4/3").unwrap_err().detail(),
        "--shard: 4/3 is not a shard: there is no shard 4 of 3; write which one of how many, like 3/10; shards are numbered \
         from 1"
    );
}

#[test]
fn an_indexed_job_needs_no_index() {
    let job = |index: &str| Environment::from_pairs(&[("JOB_COMPLETION_INDEX", index)]);
    let choice =
        |count, index| SelectionArgs { shard_count: count, shard_index: index, ..SelectionArgs::default() };
    assert_eq!(
        selection(&choice(Some(10), None), &job("2")).unwrap(),
        Selection::Shard { number: 3, count: 10 }
    );
    assert_eq!(
        selection(&choice(Some(10), Some(0)), &job("2")).unwrap(),
        Selection::Shard { number: 1, count: 10 }
    );
    assert_eq!(selection(&choice(None, None), &job("2")).unwrap(), Selection::All);
    for (count, index, environment, said) in [
        (Some(10), None, nothing(), "--shard-count: needs --shard-index, or JOB_COMPLETION_INDEX"),
        (Some(10), Some(10), nothing(), "--shard-index: 10 is not below --shard-count 10"),
        (Some(10), None, job("10"), "JOB_COMPLETION_INDEX: 10 is not below"),
        (Some(10), None, job("x"), "JOB_COMPLETION_INDEX: x is not a number"),
        (Some(0), Some(0), nothing(), "--shard-count: 0 shards"),
        (None, Some(1), nothing(), "--shard-index: needs --shard-count"),
    ] {
        let detail = selection(&choice(count, index), &environment).unwrap_err().detail();
        assert!(detail.contains(said), "{detail}");
    }
}

#[test]
fn tables_are_named_once_each() {
    let names = |names: &[&str]| SelectionArgs {
        table: names.iter().map(|name| (*name).to_owned()).collect(),
        ..SelectionArgs::default()
    };
    let chosen = selection(&names(&["dbo.A", "[my schema].[b.c]", "dbo.A"]), &nothing()).unwrap();
    assert_eq!(
        chosen,
        Selection::Tables(vec![TableName::new("dbo", "A"), TableName::new("my schema", "b.c")])
    );
    let detail = selection(&names(&["Orders"]), &nothing()).unwrap_err().detail();
    assert!(detail.contains("--table: `Orders` is not a table name; write schema.table"), "{detail}");
}

#[test]
fn consistency_is_said_in_words() {
    let of = |words: &[&str]| consistency(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    assert_eq!(of(&[]).unwrap(), Consistency::SnapshotIfAllowed);
    assert_eq!(of(&["snapshot"]).unwrap(), Consistency::Snapshot);
    assert_eq!(of(&["snapshot-table"]).unwrap(), Consistency::SnapshotTable);
    assert_eq!(of(&["read-committed"]).unwrap(), Consistency::ReadCommitted);
    assert_eq!(
        of(&["database-snapshot", "Monday"]).unwrap(),
        Consistency::DatabaseSnapshot("Monday".to_owned())
    );
    for words in
        [&["nolock"][..], &["database-snapshot"], &["snapshot", "x"], &["snapshot", "read-committed"]]
    {
        assert!(of(words).unwrap_err().detail().starts_with("--consistency: "), "{words:?}");
    }
}

#[test]
fn schemas_are_mapped_once() {
    let of = |pairs: &[&str]| {
        let mut mistakes = Mistakes::default();
        let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        let map = schema_map(&pairs, &mut mistakes);
        mistakes.told().map(|()| map)
    };
    assert_eq!(
        of(&["dbo=public", "a = b"]).unwrap(),
        [("dbo", "public"), ("a", "b")].map(|(a, b)| (a.to_owned(), b.to_owned())).into()
    );
    for pairs in [&["dbo"][..], &["=x"], &["dbo="], &["dbo=a", "dbo=b"]] {
        assert!(of(pairs).unwrap_err().detail().starts_with("--schema-map: "), "{pairs:?}");
    }
}

#[test]
fn patterns_are_checked() {
    let of = |flag: &str, texts: &[&str]| {
        let mut mistakes = Mistakes::default();
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        let patterns = patterns(flag, texts, &mut mistakes);
        mistakes.told().map(|()| patterns)
    };
    assert!(of("include", &["dbo.*", "*.Log?", "{a,b}.C"]).is_ok());
    for pattern in ["dbo.[", "Orders", "{a.b"] {
        let detail = of("exclude", &[pattern]).unwrap_err().detail();
        assert!(detail.starts_with("--exclude: ") && detail.contains(pattern), "{detail}");
    }
}

#[test]
fn lists_split_outside_brackets() {
    assert_eq!(split_list("dbo.A, dbo.B\n[a,b].C,,{x,y}.Z"), ["dbo.A", "dbo.B", "[a,b].C", "{x,y}.Z"]);
    assert!(split_list(" , ").is_empty());
}

#[test]
fn a_url_comes_from_its_flag_or_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("url");
    std::fs::write(&path, "postgres://me:secret@host/db\n").unwrap();
    let read = url("target-url", None, Some(&path)).unwrap();
    assert_eq!(read.as_deref(), Some("postgres://me:secret@host/db"));
    assert_eq!(url("target-url", None, None).unwrap(), None);
    assert!(
        url("target-url", Some(" ".to_owned()), None).unwrap_err().detail().contains("--target-url is empty")
    );
    let missing = url("target-url", None, Some(Path::new("/nowhere"))).unwrap_err().detail();
    assert!(missing.contains("--target-url-file /nowhere: cannot be read"), "{missing}");
}

#[test]
fn a_pod_is_named_by_flag_then_pod_name_then_host() {
    let named = Environment::from_pairs(&[
        ("POD_NAME", "pod-7"),
        ("HOSTNAME", "host"),
        ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
    ]);
    assert_eq!(pod_name(Some("mine".to_owned()), &named).unwrap(), "mine");
    assert_eq!(pod_name(None, &named).unwrap(), "pod-7");
    let kubernetes =
        Environment::from_pairs(&[("HOSTNAME", "job-0-abcde"), ("KUBERNETES_SERVICE_HOST", "10.0.0.1")]);
    assert_eq!(pod_name(None, &kubernetes).unwrap(), "job-0-abcde");
    let machine = Environment::from_pairs(&[("HOSTNAME", "laptop")]);
    assert_eq!(pod_name(None, &machine).unwrap(), format!("laptop-{}", std::process::id()));
    assert!(pod_name(None, &nothing()).unwrap().ends_with(&format!("-{}", std::process::id())));
    assert!(pod_name(Some("a\nb".to_owned()), &nothing()).is_err());
}

#[test]
fn sizes_have_units_and_a_least() {
    for (text, bytes) in [("1048576", 1 << 20), ("1MiB", 1 << 20), ("64 MB", 64_000_000), ("1GiB", 1 << 30)] {
        assert_eq!(size("chunk-size", text, 1024).unwrap(), bytes, "{text}");
    }
    for text in ["", "x", "12 parsecs", "-1MB", "10"] {
        assert!(size("chunk-size", text, 1024).unwrap_err().detail().starts_with("--chunk-size: "), "{text}");
    }
}
