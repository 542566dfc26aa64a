use super::*;

fn parse(text: &str) -> SourceSettings {
    SourceSettings::parse(text).unwrap()
}

/// host, port, instance, database, user, password
type Login<'t> = (&'t str, u16, Option<&'t str>, &'t str, &'t str, &'t str);

#[test]
fn the_three_syntaxes_name_server_database_and_login() {
    let cases: [(&str, Login<'_>); 19] = [
        ("mssql://sa:pw@h:1444/shop", ("h", 1444, None, "shop", "sa", "pw")),
        ("sqlserver://sa:pw@h/shop", ("h", 1433, None, "shop", "sa", "pw")),
        ("MSSQL://sa:p%40w%2F%3A%25@h/my%20shop", ("h", 1433, None, "my shop", "sa", "p@w/:%")),
        ("mssql://sa:p@w@h/shop", ("h", 1433, None, "shop", "sa", "p@w")),
        ("mssql://sa:a:b@h/shop", ("h", 1433, None, "shop", "sa", "a:b")),
        ("mssql://sa:@h/shop", ("h", 1433, None, "shop", "sa", "")),
        ("mssql://sa:pw@[::1]:1434/shop", ("::1", 1434, None, "shop", "sa", "pw")),
        ("mssql://h?database=shop&user+id=sa&password=a%26b+c", ("h", 1433, None, "shop", "sa", "a&b+c")),
        ("mssql://sa:pw@h/shop?instance=SQL2", ("h", 1433, Some("SQL2"), "shop", "sa", "pw")),
        ("Server=tcp:h,1433;Database=shop;User Id=sa;Password=pw;", ("h", 1433, None, "shop", "sa", "pw")),
        (
            "data source=h\\SQL2;initial catalog=shop;uid=sa;pwd=pw",
            ("h", 1433, Some("SQL2"), "shop", "sa", "pw"),
        ),
        (
            "Server=.;Database=shop;User Id=sa;Password='a;b''c'",
            ("localhost", 1433, None, "shop", "sa", "a;b'c"),
        ),
        (
            "Server=(local);Database=shop;UID=sa;PWD=\"a=b\"\"c\" ;",
            ("localhost", 1433, None, "shop", "sa", "a=b\"c"),
        ),
        ("Server=h;Database=shop;UID=sa;PWD={a;b}}c}", ("h", 1433, None, "shop", "sa", "a;b}c")),
        ("Server=h;Database=shop;UID=sa;PWD=a'b\"c", ("h", 1433, None, "shop", "sa", "a'b\"c")),
        ("Server=h;Database=shop;UID=sa;PWD=a=b= ", ("h", 1433, None, "shop", "sa", "a=b=")),
        (
            "jdbc:sqlserver://h:1444;databaseName=shop;user=sa;password={p;w}",
            ("h", 1444, None, "shop", "sa", "p;w"),
        ),
        (
            "jdbc:sqlserver://h\\SQL2;databaseName=shop;user=sa;password='x'",
            ("h", 1433, Some("SQL2"), "shop", "sa", "'x'"),
        ),
        (
            "jdbc:sqlserver://;serverName=h;portNumber=5;database=shop;user=sa;password=x",
            ("h", 5, None, "shop", "sa", "x"),
        ),
    ];
    for (text, (host, port, instance, database, user, password)) in cases {
        let settings = parse(text);
        assert_eq!(settings.host, host, "{text}");
        assert_eq!(settings.port, port, "{text}");
        assert_eq!(settings.instance.as_deref(), instance, "{text}");
        assert_eq!(settings.database, database, "{text}");
        assert_eq!(settings.user, user, "{text}");
        assert_eq!(settings.password().expose(), password, "{text}");
    }
}

#[test]
fn encrypt_has_four_values_and_is_on_by_default() {
    assert_eq!(parse("mssql://sa:pw@h/d").encrypt, Encrypt::On);
    for (text, value) in [
        ("off", Encrypt::Off),
        ("False", Encrypt::Off),
        ("no", Encrypt::Off),
        ("disable", Encrypt::Off),
        ("Optional", Encrypt::Off),
        ("login", Encrypt::LoginOnly),
        ("on", Encrypt::On),
        ("true", Encrypt::On),
        ("yes", Encrypt::On),
        ("Mandatory", Encrypt::On),
        ("strict", Encrypt::Strict),
    ] {
        assert_eq!(parse(&format!("mssql://sa:pw@h/d?encrypt={text}")).encrypt, value, "{text}");
    }
}

#[test]
fn the_other_settings_are_read() {
    let settings = parse(
        "Server=h;Database=d;UID=sa;PWD=pw;Trust Server Certificate=yes;HostNameInCertificate=db.example;\
         Packet Size=8192;Application Name=x;Connect Timeout=5;Read Timeout=7;ApplicationIntent=ReadOnly;\
         MultipleActiveResultSets=False;Integrated Security=false;Authentication=Sql Password",
    );
    assert!(settings.trust_certificate);
    assert_eq!(settings.host_name_in_certificate.as_deref(), Some("db.example"));
    assert_eq!(settings.packet_size, 8192);
    assert_eq!(settings.application_name, "x");
    assert_eq!(settings.connect_timeout, Duration::from_secs(5));
    assert_eq!(settings.read_timeout, Duration::from_secs(7));
    assert!(settings.read_only);
    let jdbc = parse(
        "jdbc:sqlserver://h;database=d;user=sa;password=p;serverCertificate=/ca.pem;socketTimeout=1500",
    );
    assert_eq!(jdbc.ca_file, Some(PathBuf::from("/ca.pem")));
    assert_eq!(jdbc.read_timeout, Duration::from_millis(1500));
}

#[test]
fn a_packet_under_tls_fits_its_record() {
    let settings = parse("mssql://sa:pw@h/d");
    assert_eq!((settings.packet_size_for(false), settings.packet_size_for(true)), (32767, 16383));
    let small = parse("mssql://sa:pw@h/d?packet-size=4096");
    assert_eq!((small.packet_size_for(false), small.packet_size_for(true)), (4096, 4096));
}

#[test]
fn what_is_wrong_is_named_and_the_password_never_is() {
    for (text, says) in [
        ("mssql://sa:hunter2@h/d?encript=off", "unknown key; did you mean encrypt? else encode or quote"),
        ("mssql://sa:hunter2@h/d?encrypt=maybe", "`encrypt`"),
        ("mssql://sa:hunter2@h:99999/d", "port"),
        ("mssql://sa:hunter2@h", "names no database"),
        ("mssql://:hunter2@h/d", "names no user"),
        ("mssql://sa@h/d", "no password"),
        ("mssql://sa:hunter2@/d", "names no server"),
        ("mssql://sa:hunter2@h/d/e", "several parts"),
        ("mssql://sa:hunter2/@h/d", "%2F"),
        ("mssql://sa:hunter2#@h/d", "%23"),
        ("mssql://sa:1?hunter2@h/d?encrypt=off", "special characters"),
        ("mssql://sa:hunter2@h/d?database=e", "twice"),
        ("mssql://sa:hunter2@h/d?trustServerCertificate=true&ca-file=/x", "both"),
        ("mssql://sa:hunter2@h/d?trustServerCertificate=true&encrypt=strict", "strict"),
        (
            "Server=h;Database=d;UID=sa;PWD=pa;hunter2=x",
            "has an unknown key; encode or quote special characters",
        ),
        ("Server=h;Database=d;UID=sa;PWD=pa;hunter2='x", "unfinished quotation in its 5. setting"),
        (
            "jdbc:sqlserver://h;database=d;user=sa;password=pa;hunter2=x",
            "has an unknown key; encode or quote",
        ),
        ("mssql://sa:p@ss?hunter2=x@h/d", "has an unknown key; encode or quote"),
        ("mssql://h/d?user=sa&password=pa&hunter2=x", "has an unknown key; encode or quote"),
        ("Server=h;Database=d;UID=sa;PWD='hunter2", "unfinished"),
        ("Server=h;Database=d;UID=sa;PWD='hunter2'x", "unfinished"),
        ("Server=h;Database=d;UID=sa;PWD=x;hunter2", "no `=`"),
        ("Server=h;Database=d;UID=sa;PWD=x;hunter2;Encrypt=on", "no `=`"),
        ("Server=h;Database=d;Integrated Security=SSPI;PWD=hunter2", "integrated security"),
        ("Server=h;Database=d;Authentication=Active Directory Default;PWD=hunter2", "SqlPassword"),
        ("Server=np:h;Database=d;UID=sa;PWD=hunter2", "tcp"),
        ("postgres://sa:hunter2@h/d", "unknown kind"),
        ("hunter2", "is not a URL"),
        ("", "is not a URL"),
    ] {
        let error = SourceSettings::parse(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{text}");
        assert!(error.to_string().contains(says), "{text}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{text}: {error}");
    }
}

#[test]
fn neither_display_nor_debug_shows_the_password() {
    let settings = parse("mssql://sa:hunter2@h/d");
    assert_eq!(settings.to_string(), "h:1433/d");
    assert!(!format!("{settings:?}").contains("hunter2"));
    assert_eq!(parse("mssql://sa:pw@[::1]:5/d").to_string(), "[::1]:5/d");
    assert_eq!(parse("Server=h\\I;Database=d;UID=sa;PWD=x").to_string(), "h\\I/d");
}
