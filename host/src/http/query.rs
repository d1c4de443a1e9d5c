//! Query strings, refused with the name of what does not fit.

use std::time::Duration;

use axum::extract::{FromRequestParts, Query as AxumQuery};
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Answer, Code, Problem};

/// The parameters of a request.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        match AxumQuery::<T>::try_from_uri(&parts.uri) {
            Ok(AxumQuery(query)) => Ok(Self(query)),
            Err(rejection) => {
                let said = rejection.body_text();
                let message = said.rsplit("string: ").next().unwrap_or(&said).to_owned();
                Err(
                    Problem::new(Code::Invalid, format!("the query string: {message}"))
                        .at("query", message),
                )
            }
        }
    }
}

/// The parameters of a request, of which those in `lists` may be repeated.
///
/// # Errors
///
/// If one is unknown, missing, or repeated that may not be.
pub fn repeated<T: DeserializeOwned>(uri: &http::Uri, lists: &[&str]) -> Answer<T> {
    let refuse = |message: String| {
        Problem::new(Code::Invalid, format!("the query string: {message}")).at("query", message)
    };
    let pairs = AxumQuery::<Vec<(String, String)>>::try_from_uri(uri)
        .map_err(|rejection| refuse(rejection.body_text()))?;
    let mut fields = serde_json::Map::new();
    for (name, value) in pairs.0 {
        if lists.contains(&name.as_str()) {
            let list = fields
                .entry(name)
                .or_insert_with(|| Vec::<Value>::new().into());
            list.as_array_mut()
                .expect("a list is made an array")
                .push(value.into());
        } else if fields.contains_key(&name) {
            return Err(refuse(format!("duplicate field `{name}`")));
        } else {
            fields.insert(name, value.into());
        }
    }
    serde_json::from_value(fields.into()).map_err(|error| refuse(error.to_string()))
}

/// Reads a duration as people write it: `250ms`, `30s`, `5m`, `2h`, or `1h30m`.
///
/// # Errors
///
/// If it is none: what would be one.
pub fn duration(text: &str) -> Result<Duration, String> {
    let fail = || format!("{text:?} is no duration: write it as 250ms, 30s, 5m or 1h30m");
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return Err(fail());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(fail)?;
        let number: u64 = rest[..digits].parse().map_err(|_| fail())?;
        rest = &rest[digits..];
        let letters = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let ms: u64 = match &rest[..letters] {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(fail()),
        };
        rest = &rest[letters..];
        let part = Duration::from_millis(number.checked_mul(ms).ok_or_else(fail)?);
        total = total.checked_add(part).ok_or_else(fail)?;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lists_are_repeated() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Wanted {
            name: String,
            #[serde(default)]
            bind: Vec<String>,
        }
        let read = |query: &str| {
            let uri = format!("/v1?{query}").parse().unwrap();
            repeated::<Wanted>(&uri, &["bind"])
        };

        let wanted = read("name=a&bind=b%3Dc&bind=d").unwrap();

        assert_eq!(
            (&*wanted.name, wanted.bind),
            ("a", vec!["b=c".to_owned(), "d".to_owned()])
        );
        assert_eq!(read("name=a").unwrap().bind, Vec::<String>::new());
        for wrong in ["", "name=a&name=b", "name=a&bound=b"] {
            assert_eq!(read(wrong).unwrap_err().code(), Code::Invalid, "{wrong}");
        }
    }

    #[test]
    fn durations_read_as_people_write_them() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("1h30m"), Ok(Duration::from_secs(5_400)));
        for wrong in ["", "30", "s", "-1s", "1.5s", "3x", "99999999999999999999s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
