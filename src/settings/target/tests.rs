use super::*;

fn parse(text: &str) -> TargetSettings {
    TargetSettings::parse(text).unwrap()
}

#[test]
fn both_forms_say_the_same() {
    let uri = parse(
        "postgresql://jo%40x:p%40ss%2Fw%27%5C@db.example:5433/my%20db?connect_timeout=3&sslmode=require&application_name=a%26b",
    );
    let keywords = parse(
        r"host = db.example port=5433 user=jo@x password='p@ss/w\'\\' dbname='my db' connect_timeout=3 sslmode=require application_name=a&b",
    );
    assert_eq!(uri, keywords);
    assert_eq!(uri.to_string(), "db.example:5433/my db");
    assert_eq!(uri.ssl_mode(), SslMode::Require);
    assert_eq!(uri.config.get_password(), Some(&b"p@ss/w'\\"[..]));
}

#[test]
fn defaults_are_those_of_libpq() {
    let settings = parse("postgres://jo@[::1]");
    assert_eq!(settings.to_string(), "[::1]:5432/jo");
    assert_eq!((settings.ssl_mode(), settings.roots()), (SslMode::Prefer, &Roots::System));
    assert_eq!(parse("postgres://jo@h/d?sslrootcert=system").ssl_mode(), SslMode::VerifyFull);
    let file = parse("postgres://jo@h/d?sslmode=verify-ca&sslrootcert=/ca.pem");
    assert_eq!(file.roots(), &Roots::File("/ca.pem".into()));
    assert_eq!(parse("postgres://jo@a:1,b,c:3/d").to_string(), "a:1,b:5432,c:3/d");
    assert_eq!(parse("hostaddr=127.0.0.1 user=jo").to_string(), "127.0.0.1:5432/jo");
    assert_eq!(parse("host=/run/postgresql user=jo").to_string(), "/run/postgresql:5432/jo");
}

#[test]
fn no_error_and_no_debug_text_shows_the_password() {
    for text in [
        "mysql://jo:hunter2@h/d",
        "postgres://jo:hunter2@h:port/d",
        "postgres://jo:hun/hunter2@h/d",
        "postgres://jo:hun?hunter2@h/d",
        "postgres://jo:hun?hunter2=x@h/d",
        "postgres://:hunter2@h/d",
        "postgres://jo:hunter2@/d",
        "postgres://jo:hunter2%00@h/d",
        "postgres://jo:hunter2%ff@h/d",
        "postgres://jo:hunter2@h/d?sslmode=hunter2",
        "postgres://jo:hunter2@h/d?hunter2=1",
        "postgres://jo:hunter2@h/d?connect_timeout=hunter2",
        "postgres://jo:hunter2@h/d?sslrootcert=system&sslmode=require",
        "postgres://jo:hunter2@h/d?sslkey=hunter2",
        "postgres://jo:hunter2@h/d?port=hunter2",
        "host=h user=jo password=my hunter2",
        "host=h user=jo password=my hunter2=x",
        "host=h user=jo password='hunter2",
        "user=jo password=hunter2",
        "host=a,b port=1,2,3 user=jo password=hunter2",
        "hunter2",
        "",
    ] {
        let error = TargetSettings::parse(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{text}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    let settings = parse("postgres://jo:hunter2@h/d");
    assert!(!format!("{settings:?} {settings}").contains("hunter2"));
}

#[test]
fn what_is_wrong_is_named() {
    for (text, expected) in [
        ("postgres://jo@h/d?connect_timeout=x", "the value of connect_timeout is not valid"),
        ("postgres://h/d", "the user is missing"),
        ("user=jo", "a host is missing"),
        ("postgres://jo@h/d?sslcert=x", "the option sslcert is not supported"),
        ("host=h user=jo foo=bar", "option 3 is not known"),
    ] {
        let error = TargetSettings::parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

fn network(text: &str) -> [Option<Duration>; 4] {
    let config = parse(text).config;
    let connect = config.get_connect_timeout().copied();
    let idle = Some(config.get_keepalives_idle());
    [connect, config.get_tcp_user_timeout().copied(), idle, config.get_keepalives_interval()]
}

#[test]
fn a_target_that_vanishes_is_noticed_after_150_seconds_unless_the_user_says_otherwise() {
    let seconds = |times: [u64; 4]| times.map(|time| Some(Duration::from_secs(time)));
    assert_eq!(network("postgres://jo@h/d"), seconds([10, 150, 30, 10]));
    assert_eq!(parse("postgres://jo@h/d").config.get_keepalives_retries(), Some(12));
    // Milliseconds, as libpq counts; the driver alone would take them for seconds.
    assert_eq!(network("postgres://jo@h/d?tcp_user_timeout=20000"), seconds([10, 20, 30, 10]));
    assert_eq!(
        network("host=h user=jo tcp_user_timeout=0"),
        [10, 0, 30, 10].map(|time| match time {
            0 => None,
            time => Some(Duration::from_secs(time)),
        })
    );
    let own =
        "postgres://jo@h/d?keepalives_idle=60&keepalives_interval=20&keepalives_count=5&connect_timeout=3";
    assert_eq!(network(own), seconds([3, 160, 60, 20]));
    assert_eq!(parse(own).config.get_keepalives_retries(), Some(5));
    let patient = "postgres://jo@h/d?keepalives_idle=7200";
    assert_eq!(network(patient), seconds([10, 900, 7200, 10]), "no later than the system by itself");
    // As libpq has it, 0 and less are as good as nothing.
    for none in ["0", "-1"] {
        assert_eq!(network(&format!("postgres://jo@h/d?connect_timeout={none}")), seconds([10, 150, 30, 10]));
    }
}

#[test]
fn a_longer_wait_for_a_dead_network_than_for_a_lock() {
    let settings = include_str!("../../postgres/sql/transaction.sql");
    assert!(settings.contains("'lock_timeout', '120s'"), "{settings}");
    assert!(times::TCP_USER_TIMEOUT.default > Duration::from_secs(120));
}
