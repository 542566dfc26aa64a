use super::*;

async fn open(options: S3Options) -> S3Store {
    S3Store::open_with("bucket", "a/b", options).await.unwrap()
}

fn options(endpoint: &str) -> S3Options {
    S3Options {
        endpoint: Some(endpoint.to_owned()),
        region: Some("us-east-1".to_owned()),
        credentials: Some(("key".to_owned(), "hunter2".to_owned())),
    }
}

#[test]
fn the_date_header_is_read() {
    let date = http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
    assert_eq!(date.to_string(), "1994-11-06T08:49:37Z");
    assert_eq!(http_date("yesterday"), None);
}

#[tokio::test]
async fn nobody_listening_is_unavailable_and_tells_no_secret() {
    // A port that was just free: bound and closed again.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let store = open(options(&format!("http://127.0.0.1:{port}"))).await;
    let error = store.get("plan.json").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StoreUnavailable, "{error}");
    assert!(error.to_string().contains("cannot read s3://bucket/a/b/plan.json"), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
}

/// Reads one request whole: its head, and as much of a body as the head announces.
async fn request(stream: &mut tokio::net::TcpStream) -> String {
    use tokio::io::AsyncReadExt;
    let mut text = String::new();
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let announced = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= announced.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        let mut part = vec![0; 16_384];
        match stream.read(&mut part).await.unwrap() {
            0 => return text,
            size => text.push_str(std::str::from_utf8(&part[..size]).unwrap()),
        }
    }
}

/// A server that answers each request by this function, and keeps what was asked.
async fn server(
    mut answer: impl FnMut(&str) -> String + Send + 'static,
) -> (String, Arc<Mutex<Vec<String>>>) {
    use tokio::io::AsyncWriteExt;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = request(&mut stream).await;
            let answer = answer(&request);
            log.lock().unwrap().push(request);
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    (endpoint, asked)
}

async fn canned(answer: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    server(|_| answer.to_owned()).await
}

/// A put takes effect but is answered 500; the SDK repeats it, and is answered 412
/// because of its own first try.
#[tokio::test]
async fn a_put_that_the_sdk_repeated_is_not_lost_to_itself() {
    let mut stored: Option<String> = None;
    let (endpoint, asked) = server(move |request| {
        const HEAD: &str = "Date: Sun, 06 Nov 1994 08:49:39 GMT\r\nConnection: close\r\n";
        let body = request.split_once("\r\n\r\n").unwrap().1;
        match (&stored, request.starts_with("PUT ")) {
            (None, true) => {
                stored = Some(body.to_owned());
                format!("HTTP/1.1 500 Internal Server Error\r\n{HEAD}Content-Length: 0\r\n\r\n")
            }
            (Some(_), true) => format!("HTTP/1.1 412 Precondition Failed\r\n{HEAD}Content-Length: 0\r\n\r\n"),
            (stored, false) => {
                let body = stored.as_deref().unwrap();
                let times = "ETag: \"t\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
                format!("HTTP/1.1 200 OK\r\n{HEAD}{times}Content-Length: {}\r\n\r\n{body}", body.len())
            }
        }
    })
    .await;
    let store = open(options(&endpoint)).await;
    let run = crate::model::location::RunId::parse("r").unwrap();
    let checkpoints =
        crate::checkpoint::Checkpoints::with_store(Arc::new(store), "s3://bucket/a/b".to_owned(), run, "p");
    let (_, ours) = checkpoints.create_plan(&crate::checkpoint::tests::plan(3)).await.unwrap();
    assert!(ours);
    let asked = asked.lock().unwrap();
    let methods: Vec<_> = asked.iter().map(|request| request.split(' ').next().unwrap()).collect();
    assert_eq!(methods, ["PUT", "PUT", "GET"]);
}

#[tokio::test]
async fn conditions_are_sent_and_addresses_are_path_style() {
    let (endpoint, asked) =
        canned("HTTP/1.1 200 OK\r\nETag: \"t\"\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
    let store = open(options(&endpoint)).await;
    let outcome = store.create("r/plan.json", Bytes::from_static(b"{}")).await.unwrap();
    let now: Timestamp = "1994-11-06T08:49:37Z".parse().unwrap();
    assert_eq!(outcome, PutOutcome::Stored { tag: Tag("\"t\"".to_owned()), now });
    store.replace("r/plan.json", Bytes::from_static(b"{}"), &Tag("\"s\"".to_owned())).await.unwrap();
    let asked = asked.lock().unwrap();
    assert!(asked[0].starts_with("PUT /bucket/a/b/r/plan.json?"), "{asked:?}");
    assert!(asked[0].contains("\r\nif-none-match: *\r\n"), "{asked:?}");
    assert!(asked[1].contains("\r\nif-match: \"s\"\r\n"), "{asked:?}");
    assert!(!asked[0].contains("x-amz-checksum"), "{asked:?}");
}

#[tokio::test]
async fn a_conflict_is_no_error_and_is_not_repeated() {
    let (endpoint, asked) =
        canned("HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
    let store = open(options(&endpoint)).await;
    let outcome = store.create("r/plan.json", Bytes::from_static(b"{}")).await.unwrap();
    assert_eq!(outcome, PutOutcome::Conflict);
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_store_without_conditional_writes_says_so() {
    let (endpoint, _) = canned(
        "HTTP/1.1 501 Not Implemented\r\nContent-Length: 44\r\nConnection: close\r\n\r\n<Error><Code>NotImplemented</Code></Error>\r\n",
    )
    .await;
    let error = open(options(&endpoint)).await.create("k", Bytes::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StoreUnconditional, "{error}");
}

#[tokio::test]
async fn a_server_that_is_no_s3_server_is_refused_and_its_404_proves_nothing() {
    let (endpoint, _) =
        canned("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\nConnection: close\r\n\r\nnot here\n").await;
    let error = open(options(&endpoint)).await.get("plan.json").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StoreRefused, "{error}");
}
