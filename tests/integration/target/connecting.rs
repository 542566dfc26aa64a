//! Connection strings, TLS and refusals.

use super::{Database, connect_to, environment, one, url};
use shardferry::error::{Error, ErrorKind};
use shardferry::postgres::client::Client;
use shardferry::settings::target::TargetSettings;

async fn refusal(url: &str) -> Error {
    match Client::connect(&TargetSettings::parse(url).unwrap(), "").await {
        Ok(_) => panic!("connected"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_lazy_commit_does_not_wait_and_a_flushed_question_does() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    client.batch("CREATE TABLE public.t (a int)").await.unwrap();
    let settings =
        "SELECT current_setting('synchronous_commit') || ', ' || current_setting('application_name')";
    let (transaction, rows) = client.begin_lazily("shardferry r 1 2", settings, &[]).await.unwrap();
    assert_eq!(rows[0].get::<_, String>(0), "off, shardferry r 1 2");
    transaction.batch("INSERT INTO public.t VALUES (1)").await.unwrap();
    transaction.commit().await.unwrap();
    let written = one::<String>(&client, "SELECT pg_current_wal_insert_lsn()::text").await;
    let seen = client
        .query_flushed("SELECT a, current_setting('synchronous_commit') FROM public.t", &[])
        .await
        .unwrap();
    assert_eq!((seen[0].get::<_, i32>(0), seen[0].get::<_, String>(1)), (1, "on".to_owned()));
    let flushed = format!("SELECT (pg_current_wal_flush_lsn() >= '{written}')::text");
    assert_eq!(one::<String>(&client, &flushed).await, "true");
    // Dropped: rolled back, before whatever comes next.
    let (transaction, _) = client.begin_lazily("shardferry r 1 2", "SELECT", &[]).await.unwrap();
    transaction.batch("INSERT INTO public.t VALUES (2)").await.unwrap();
    drop(transaction);
    assert_eq!(one::<String>(&client, "SELECT string_agg(a::text, ',') FROM public.t").await, "1");
    // And where the question itself is wrong.
    assert!(client.begin_lazily("shardferry r 1 2", "SELECT nothing", &[]).await.is_err());
    assert_eq!(one::<String>(&client, settings).await.split(',').next(), Some("on"));
}

#[tokio::test]
async fn a_transaction_has_its_own_settings() {
    let database = Database::create().await;
    let admin = database.connect().await;
    for setting in [
        "datestyle = 'German'",
        "timezone = 'Asia/Tokyo'",
        "statement_timeout = '1s'",
        "search_path = public",
        "quote_all_identifiers = on",
        "extra_float_digits = 0",
        "bytea_output = 'escape'",
        "intervalstyle = 'sql_standard'",
        "xmlbinary = 'hex'",
        "xmloption = 'document'",
        "lc_monetary = 'C.UTF-8'",
        "lc_numeric = 'C.UTF-8'",
        "array_nulls = off",
        "transform_null_equals = on",
        "default_transaction_read_only = on",
    ] {
        admin.batch(&format!("ALTER DATABASE {} SET {setting}", database.name)).await.unwrap();
    }
    let client = database.connect_as("shardferry x 1 1").await;
    for (setting, expected) in [
        ("datestyle", "ISO, YMD"),
        ("timezone", "UTC"),
        ("statement_timeout", "0"),
        ("search_path", "pg_catalog, pg_temp"),
        ("quote_all_identifiers", "off"),
        ("extra_float_digits", "1"),
        ("bytea_output", "hex"),
        ("intervalstyle", "postgres"),
        ("xmlbinary", "base64"),
        ("xmloption", "content"),
        ("lc_monetary", "C"),
        ("lc_numeric", "C"),
        ("array_nulls", "on"),
        ("transform_null_equals", "off"),
        ("transaction_read_only", "off"),
        ("client_encoding", "UTF8"),
        ("application_name", "shardferry x 1 1"),
        ("synchronous_commit", "on"),
    ] {
        assert_eq!(
            one::<String>(&client, &format!("SELECT current_setting('{setting}')")).await,
            expected,
            "{setting}"
        );
    }
    assert_eq!(client.version().to_string(), one::<String>(&client, "SHOW server_version_num").await);
    // A batch has them too, and so has a transaction, with a setting of the user's own where it is about waiting.
    admin.batch(&format!("ALTER DATABASE {} SET lock_timeout = '7s'", database.name)).await.unwrap();
    client.batch("CREATE TABLE public.seen AS SELECT current_setting('search_path') AS path").await.unwrap();
    assert_eq!(one::<String>(&client, "SELECT path FROM public.seen").await, "pg_catalog, pg_temp");
    assert_eq!(one::<String>(&client, "SELECT current_setting('lock_timeout')").await, "2min");
    let mut other = database.connect_as("shardferry x 1 1").await;
    let transaction = other.transaction().await.unwrap();
    let rows = transaction
        .query("SELECT current_setting('lock_timeout') || ' ' || current_setting('timezone')", &[])
        .await
        .unwrap();
    assert_eq!(rows[0].get::<_, String>(0), "7s UTC");
    transaction.rollback().await.unwrap();
    other.close().await;
    client.close().await;
    drop(admin);
    database.drop().await;
}

#[tokio::test]
async fn refusals_have_their_kinds_and_show_no_password() {
    let good = url();
    let (server, database) = good.rsplit_once('/').unwrap();
    let wrong_password = good.replace(":postgres@", ":hunter2@");
    let unreachable = "postgres://postgres:hunter2@127.0.0.1:1/postgres?connect_timeout=2".to_owned();
    for (url, kind) in [
        (wrong_password, ErrorKind::TargetLogin),
        (good.replace("postgres:postgres@", "nobody:hunter2@"), ErrorKind::TargetLogin),
        (format!("{server}/missing_database"), ErrorKind::TargetMissing),
        (unreachable, ErrorKind::TargetUnavailable),
        (format!("{server}/{database}?options=-c%20no_such_setting%3D1"), ErrorKind::Config),
        (format!("{server}/{database}?sslmode=require"), ErrorKind::Config),
    ] {
        let error = refusal(&url).await;
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn a_database_that_is_not_utf8_is_refused() {
    let database = Database::create_as("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0").await;
    let error = refusal(&database.url()).await;
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("LATIN1"), "{error}");
    database.drop().await;
}

#[tokio::test]
async fn a_role_without_permissions_is_told_so() {
    let database = Database::create().await;
    let admin = database.connect().await;
    let role = format!("poor_{}", database.name);
    admin
        .batch(&format!("CREATE ROLE {role} LOGIN PASSWORD 'x'; CREATE TABLE public.t (a int)"))
        .await
        .unwrap();
    let mut poor = connect_to(&database.url().replace("postgres:postgres@", &format!("{role}:x@"))).await;
    assert_eq!(poor.batch("CREATE SCHEMA s").await.unwrap_err().kind(), ErrorKind::TargetPermission);
    assert_eq!(
        poor.query("SELECT FROM public.t", &[]).await.unwrap_err().kind(),
        ErrorKind::TargetPermission
    );
    let error = shardferry::postgres::ledger::install(&mut poor).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TargetPermission);
    // Installed by somebody else, it is enough to find it there.
    let mut admin = admin;
    shardferry::postgres::ledger::install(&mut admin).await.unwrap();
    admin.batch(&format!("GRANT USAGE ON SCHEMA shardferry TO {role}")).await.unwrap();
    shardferry::postgres::ledger::install(&mut poor).await.unwrap();
    drop(poor);
    admin.batch(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.unwrap();
    drop(admin);
    database.drop().await;
}

#[tokio::test]
async fn dropping_the_client_ends_the_session() {
    let database = Database::create().await;
    let watcher = database.connect().await;
    let client = database.connect_as("shardferry gone 1 1").await;
    client.query("SELECT pg_advisory_lock(42)", &[]).await.unwrap();
    drop(client);
    // Waits until the server has noticed; fails by the session's lock_timeout if it never does.
    watcher.query("SELECT pg_advisory_lock(42)", &[]).await.unwrap();
    drop(watcher);
    database.drop().await;
}

#[tokio::test]
async fn a_terminated_session_is_a_target_that_is_unavailable() {
    let database = Database::create().await;
    let (client, killer) = (database.connect().await, database.connect().await);
    let pid: i32 = one(&client, "SELECT pg_backend_pid()").await;
    killer.query("SELECT pg_terminate_backend($1, 5000)", &[&pid]).await.unwrap();
    let error = client.query("SELECT 1", &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TargetUnavailable, "{error}");
    drop(client);
    drop(killer);
    database.drop().await;
}

/// Against the server with TLS: what each sslmode accepts, and whether the session is encrypted.
#[tokio::test]
async fn every_sslmode_does_what_libpq_does() {
    let server = environment("SHARDFERRY_TEST_PG_TLS_URL");
    let named = server.replace("127.0.0.1", "localhost");
    let dir = environment("SHARDFERRY_TEST_PG_TLS_DIR");
    let (ca, other) = (format!("{dir}/ca.pem"), format!("{dir}/other-ca.pem"));
    // The certificate is for localhost and 127.0.0.1; this name resolves to the same server and is not in it.
    let wrong_name = format!(
        "hostaddr=127.0.0.1 host=wrong.example port={} user=postgres password=postgres dbname=postgres",
        { server.rsplit_once('/').unwrap().0.rsplit_once(':').unwrap().1 }
    );
    for (url, encrypted) in [
        (format!("{server}?sslmode=disable"), Some(false)),
        (format!("{server}?sslmode=allow"), Some(false)),
        (server.clone(), Some(true)),
        (format!("{server}?sslmode=require"), Some(true)),
        (format!("{server}?sslmode=require&sslrootcert={ca}"), Some(true)),
        (format!("{server}?sslmode=require&sslrootcert={other}"), None),
        (format!("{server}?sslmode=require&channel_binding=require"), Some(true)),
        (format!("{server}?sslmode=verify-ca&sslrootcert={ca}"), Some(true)),
        (format!("{server}?sslmode=verify-ca&sslrootcert={other}"), None),
        (format!("{server}?sslmode=verify-full&sslrootcert={ca}"), Some(true)),
        (format!("{named}?sslmode=verify-full&sslrootcert={ca}"), Some(true)),
        (format!("{named}?sslmode=verify-full&sslrootcert={other}"), None),
        (format!("{named}?sslmode=verify-full"), None),
        (format!("{named}?sslrootcert=system"), None),
        (format!("{named}?sslmode=verify-full&sslrootcert={dir}/tls/server.crt"), None),
        (format!("{named}?sslmode=verify-ca&sslrootcert=/nowhere.pem"), None),
        (format!("{wrong_name} sslmode=verify-ca sslrootcert={ca}"), Some(true)),
        (format!("{wrong_name} sslmode=verify-full sslrootcert={ca}"), None),
    ] {
        match (Client::connect(&TargetSettings::parse(&url).unwrap(), "").await, encrypted) {
            (Ok(client), Some(encrypted)) => {
                let found: bool =
                    one(&client, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").await;
                assert_eq!(found, encrypted, "{url}");
            }
            (Err(error), None) => assert_eq!(error.kind(), ErrorKind::Config, "{url}: {error}"),
            (Ok(_), None) => panic!("{url}: connected"),
            (Err(error), Some(_)) => panic!("{url}: {error}"),
        }
    }
}

/// A server that offers TLS and speaks no version of it that the client does.
#[tokio::test]
async fn a_target_without_a_common_version_of_tls_is_refused_for_good() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut request = [0; 8];
        client.read_exact(&mut request).await.unwrap();
        client.write_all(b"S").await.unwrap();
        let mut hello = [0; 4096];
        assert!(client.read(&mut hello).await.unwrap() > 0);
        // Alert, TLS 1.1, two bytes: fatal, protocol_version (RFC 5246, 7.2).
        client.write_all(&[0x15, 3, 2, 0, 2, 2, 70]).await.unwrap();
        let _ = client.read(&mut hello).await;
    });
    let error = refusal(&format!("postgres://u:hunter2@127.0.0.1:{port}/d?sslmode=require")).await;
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.detail().contains("it must speak TLS 1.2 or 1.3"), "{error}");
    server.await.unwrap();
}
