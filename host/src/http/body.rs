//! Request bodies: bounded while they arrive, read once, and refused with the place.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::{Answer, Code, Problem};

/// Collects a JSON body of at most `max` bytes.
///
/// A body must say that it is JSON: a browser sends nothing of that type to another site without
/// asking it first, so no foreign page can enqueue on somebody's host.
///
/// # Errors
///
/// If it says to be something else, is larger, or breaks off.
pub async fn collect(headers: &HeaderMap, body: Body, max: usize) -> Answer<Bytes> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(
            Problem::new(Code::MediaType, format!("the body's type is {kind:?}"))
                .hint("send JSON with `Content-Type: application/json`"),
        );
    }
    bytes(headers, body, max, "a request body").await
}

/// Reads a JSON body of at most `max` bytes; the default where there is no body at all.
///
/// # Errors
///
/// As [`collect`] and [`from_json`].
pub async fn json_or_nothing<T: DeserializeOwned + Default>(
    headers: &HeaderMap,
    body: Body,
    max: usize,
) -> Answer<T> {
    // Without a body there is nothing whose type could be said.
    let body = match headers.contains_key(header::CONTENT_TYPE) {
        true => collect(headers, body, max).await?,
        false => match bytes(headers, body, max, "a request body").await? {
            body if body.is_empty() => body,
            _ => {
                return Err(Problem::new(Code::MediaType, "the body's type is not said")
                    .hint("send JSON with `Content-Type: application/json`"));
            }
        },
    };
    match body.is_empty() {
        true => Ok(T::default()),
        false => from_json(&body),
    }
}

/// Collects a body of at most `max` bytes; `what` it is, for the refusal.
///
/// # Errors
///
/// If it is larger, or breaks off.
pub async fn bytes(headers: &HeaderMap, mut body: Body, max: usize, what: &str) -> Answer<Bytes> {
    let too_large = |has: String| {
        Problem::new(
            Code::TooLarge,
            format!("{what} may have {max} bytes, this one has {has}"),
        )
        .hint("make it smaller, or raise the limit in the host's configuration")
    };
    let announced: Option<usize> = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    if let Some(length) = announced.filter(|length| *length > max) {
        return Err(too_large(length.to_string()));
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|error| Problem::new(Code::Body, format!("the body broke off: {error}")))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if first.len() + rest.len() + data.len() > max {
            return Err(too_large("more".to_owned()));
        }
        // A small body comes in one piece and is not copied.
        match (first.is_empty(), rest.is_empty()) {
            (true, true) => first = data,
            (false, true) => {
                rest.reserve(announced.unwrap_or(0).max(first.len() + data.len()));
                rest.extend_from_slice(&std::mem::take(&mut first));
                rest.extend_from_slice(&data);
            }
            _ => rest.extend_from_slice(&data),
        }
    }
    Ok(match rest.is_empty() {
        true => first,
        false => rest.freeze(),
    })
}

/// Reads a JSON body.
///
/// # Errors
///
/// If it is no JSON, with line and column; if it is not the JSON that is meant, with the field.
pub fn from_json<T: DeserializeOwned>(body: &[u8]) -> Answer<T> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Data => misfit::<T>(body, &error),
        _ => {
            let (place, message) = (position(&error), bare(&error));
            Problem::new(Code::Body, format!("the body at {place}: {message}")).at(place, message)
        }
    })
}

/// The problem of JSON that is not what is meant. Which field it is about is only kept track of
/// once it is known that something is wrong.
fn misfit<T: DeserializeOwned>(body: &[u8], error: &serde_json::Error) -> Problem {
    let mut again = serde_json::Deserializer::from_slice(body);
    let field = serde_path_to_error::deserialize::<_, T>(&mut again)
        .err()
        .map(|error| error.path().to_string())
        .filter(|path| path != ".");
    match field {
        Some(field) => Problem::invalid(&field, bare(error)),
        None => Problem::invalid(&position(error), bare(error)),
    }
}

fn position(error: &serde_json::Error) -> String {
    format!("line {}, column {}", error.line(), error.column())
}

/// What serde says, without the position at its end.
fn bare(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let tail = format!(" at line {} column {}", error.line(), error.column());
    said.strip_suffix(&tail).unwrap_or(&said).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json() -> HeaderMap {
        let kind = http::HeaderValue::from_static("application/json; charset=utf-8");
        [(header::CONTENT_TYPE, kind)].into_iter().collect()
    }

    #[tokio::test]
    async fn a_body_in_pieces_is_put_together() {
        let pieces = ["[1,", "2,", "3]"].map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
        let body = Body::from_stream(futures::stream::iter(pieces));

        let bytes = collect(&json(), body, 7).await.unwrap();

        assert_eq!(&bytes[..], b"[1,2,3]");
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused_though_it_did_not_announce_itself() {
        let pieces = ["[1,", "2,", "3]"].map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
        let body = Body::from_stream(futures::stream::iter(pieces));

        let problem = collect(&json(), body, 6).await.unwrap_err();

        assert_eq!(problem.code().as_str(), "too-large");
    }

    #[tokio::test]
    async fn a_body_that_does_not_say_it_is_json_is_refused() {
        let problem = collect(&HeaderMap::new(), Body::from("[]"), 10)
            .await
            .unwrap_err();

        assert_eq!(problem.code().as_str(), "media-type");
    }

    #[test]
    fn broken_json_is_refused_with_line_and_column() {
        let problem = from_json::<serde_json::Value>(b"{\n  \"a\": }").unwrap_err();

        assert_eq!(problem.code().as_str(), "body");
        assert_eq!(
            problem.clone().into_wire().errors[0].place,
            "line 2, column 8"
        );
        assert_eq!(
            problem.clone().into_wire().errors[0].message,
            "expected value"
        );
    }

    #[test]
    fn json_that_is_not_what_is_meant_is_refused_with_the_field() {
        #[derive(Debug, serde::Deserialize)]
        struct Call {
            #[expect(dead_code, reason = "only its type matters")]
            priority: Option<i32>,
        }

        let problem = from_json::<Vec<Call>>(br#"[{}, {"priority": "high"}]"#).unwrap_err();

        assert_eq!(problem.code().as_str(), "invalid");
        assert_eq!(problem.into_wire().errors[0].place, "[1].priority");
    }
}
