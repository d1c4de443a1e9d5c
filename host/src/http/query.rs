//! Query strings, refused with the name of what does not fit.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::{FromRequestParts, Query as AxumQuery};
use http::request::Parts;
use serde::de::value::{Error as DeError, MapDeserializer, SeqDeserializer, StringDeserializer};
use serde::de::{
    DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::{Answer, Code, Problem};
use crate::model::Moment;

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
    let mut fields: BTreeMap<String, Values> = BTreeMap::new();
    for (name, value) in pairs.0 {
        let is_list = lists.contains(&name.as_str());
        match fields.get_mut(&name) {
            Some(Values::Many(values)) => values.push(value),
            Some(Values::One(_)) => return Err(refuse(format!("duplicate field `{name}`"))),
            None if is_list => drop(fields.insert(name, Values::Many(vec![value]))),
            None => drop(fields.insert(name, Values::One(value))),
        }
    }
    let fields = MapDeserializer::<_, DeError>::new(fields.into_iter());
    T::deserialize(fields).map_err(|error| refuse(error.to_string()))
}

/// What a query string says under a name.
enum Values {
    One(String),
    Many(Vec<String>),
}

impl<'de> IntoDeserializer<'de, DeError> for Values {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

/// Reads a number or a truth from its text.
macro_rules! from_text {
    ($($method:ident $visit:ident $type:ty,)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeError> {
            match &self {
                Self::One(text) => match text.parse::<$type>() {
                    Ok(value) => visitor.$visit(value),
                    Err(_) => Err(DeError::invalid_value(Unexpected::Str(text), &visitor)),
                },
                Self::Many(_) => self.deserialize_any(visitor),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Values {
    type Error = DeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeError> {
        match self {
            Self::One(text) => visitor.visit_string(text),
            Self::Many(texts) => visitor.visit_seq(SeqDeserializer::new(texts.into_iter())),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeError> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DeError> {
        match self {
            Self::One(text) => {
                let text: StringDeserializer<DeError> = text.into_deserializer();
                text.deserialize_enum(name, variants, visitor)
            }
            Self::Many(_) => self.deserialize_any(visitor),
        }
    }

    from_text! {
        deserialize_bool visit_bool bool,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_i64 visit_i64 i64,
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// Reads a moment: RFC 3339, or how long before `now` it was, such as `15m`.
///
/// # Errors
///
/// If it is neither: what would be one.
pub fn moment(text: &str, now: Moment) -> Result<Moment, String> {
    if let Ok(ago) = duration(text) {
        let ago = i64::try_from(ago.as_micros()).unwrap_or(i64::MAX);
        return Ok(now.moved(-ago));
    }
    match text.parse::<jiff::Timestamp>() {
        Ok(timestamp) => Ok(Moment(timestamp.as_microsecond())),
        Err(_) => Err(format!(
            "{text:?} is no moment: write it as 2026-01-31T09:00:00Z, or as how long ago: 15m, 2h, 7d"
        )),
    }
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
    fn numbers_truths_and_words_are_read_beside_lists() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Color {
            Blue,
        }
        #[derive(Debug, PartialEq, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        #[derive(Default)]
        struct Wanted {
            limit: Option<u32>,
            dead: bool,
            task: Option<String>,
            color: Option<Color>,
        }
        let read = |query: &str| repeated::<Wanted>(&format!("/v1?{query}").parse().unwrap(), &[]);

        let wanted = read("limit=7&dead=true&task=7&color=blue").unwrap();

        assert_eq!((wanted.limit, wanted.dead), (Some(7), true));
        assert_eq!(
            (wanted.task.as_deref(), wanted.color),
            (Some("7"), Some(Color::Blue))
        );
        for wrong in ["limit=x", "dead=yes", "color=red", "dead"] {
            assert_eq!(read(wrong).unwrap_err().code(), Code::Invalid, "{wrong}");
        }
    }

    #[test]
    fn a_moment_is_rfc_3339_or_how_long_ago() {
        let now = Moment(1_700_000_000_000_000);

        assert_eq!(moment("1h30m", now), Ok(now.moved(-5_400_000_000)));
        assert_eq!(moment("2023-11-14T22:13:20Z", now), Ok(now));
        assert!(
            moment("yesterday", now)
                .unwrap_err()
                .contains("how long ago")
        );
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
