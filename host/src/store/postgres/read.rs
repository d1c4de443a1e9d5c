//! Rows into records.

use std::str::FromStr;

use sqlx::postgres::PgRow;
use sqlx::{ColumnIndex, Decode, Postgres, Row, Type};

use super::Error;

/// A column of a row, or an error that names it.
pub fn get<'r, T>(row: &'r PgRow, column: &'static str) -> Result<T, Error>
where
    T: Decode<'r, Postgres> + Type<Postgres>,
    &'static str: ColumnIndex<PgRow>,
{
    row.try_get(column)
        .map_err(|error| Error::Database(format!("column {column}: {error}")))
}

/// A text column that holds something with a form of its own.
pub fn parse<T>(row: &PgRow, column: &'static str) -> Result<T, Error>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    let text: &str = get(row, column)?;
    text.parse()
        .map_err(|error: T::Err| Error::Database(format!("column {column}: {error}")))
}

/// A text column that holds JSON.
pub fn json<T: serde::de::DeserializeOwned>(row: &PgRow, column: &'static str) -> Result<T, Error> {
    let text: &str = get(row, column)?;
    serde_json::from_str(text).map_err(|error| Error::Database(format!("column {column}: {error}")))
}

/// Postgres keeps no U+0000 in text; it shows as the replacement character.
pub fn without_nul(text: &str) -> std::borrow::Cow<'_, str> {
    match text.contains('\0') {
        true => text.replace('\0', "\u{fffd}").into(),
        false => text.into(),
    }
}
