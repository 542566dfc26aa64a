//! The address of a store that is not AWS: found as the SDK finds it, and checked before anything is sent.

use crate::error::{Error, ErrorKind, Result};
use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use url::Url;

/// The endpoint that was given, by options, environment or profile; without user and password.
///
/// # Errors
/// `Config` if it is not a URL that can be asked: the SDK would try it again and again.
pub(super) fn custom(shared: &SdkConfig) -> Result<Option<String>> {
    let of_s3 = shared.service_config().and_then(|config| {
        let key = ServiceConfigKey::builder()
            .service_id("S3")
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build();
        config.load_config(key.ok()?)
    });
    of_s3.or_else(|| shared.endpoint_url().map(str::to_owned)).map(|text| checked(&text)).transpose()
}

fn checked(text: &str) -> Result<String> {
    // What stands before an `@` may be a password.
    let shown = text.rsplit_once('@').map_or(text, |(_, place)| place);
    let refused = |why: &str| {
        let message = format!("the S3 endpoint {shown} (AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL) {why}");
        Err(Error::new(ErrorKind::Config, message))
    };
    match Url::parse(text) {
        Ok(mut url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
            if url.set_username("").is_err() || url.set_password(None).is_err() {
                return refused("is not understood");
            }
            Ok(url.as_str().trim_end_matches('/').to_owned())
        }
        _ if text.contains("://") => {
            refused("must be a URL like http://minio:9000 or https://s3.example.com")
        }
        _ => refused(&format!("has no scheme: write http://{shown} or https://{shown}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_url_with_a_host() {
        for (text, shown) in [
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
            ("https://s3.example.com/", "https://s3.example.com"),
            ("http://minio.storage:9000/base", "http://minio.storage:9000/base"),
            ("http://key:s3cret@minio:9000", "http://minio:9000"),
        ] {
            assert_eq!(checked(text).unwrap(), shown);
        }
    }

    #[test]
    fn what_cannot_be_asked_is_a_mistake_of_the_configuration() {
        for (text, says) in [
            ("127.0.0.1:9000", "has no scheme: write http://127.0.0.1:9000"),
            ("minio:9000", "has no scheme: write http://minio:9000"),
            ("http://", "must be a URL like"),
            ("ftp://127.0.0.1", "must be a URL like"),
        ] {
            let error = checked(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
            assert!(error.detail().contains(says), "{text}: {error}");
        }
        assert!(!checked("key:s3cret@minio:9000").unwrap_err().detail().contains("s3cret"));
    }
}
