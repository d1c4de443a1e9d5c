//! Values as JSON, the way Windlass writes WIT values.
//!
//! What a workflow sends and gets by name travels as JSON: records are objects whose keys are in
//! kebab case, tuples and lists arrays, an option is its value or `null`, a case with a payload
//! `{"name": payload}` and one without `"name"`, a result `{"ok": …}` or `{"err": …}`, a list of
//! bytes base64 text, 64-bit numbers are numbers, and floats numbers or `"NaN"`, `"Infinity"`,
//! `"-Infinity"`.
//!
//! serde is not used: its own forms of options, results, bytes and cases are others, and what it
//! takes to bend them is larger than this module, in the source and in every component.

mod base64;
mod compound;
mod json;
mod mistake;
mod scalar;

pub use json::Json;
pub use mistake::Mistake;

/// A value that can be sent as JSON.
///
/// The public types of a module of [`tasks`](macro@crate::tasks) have it; for other types there is
/// the derive of the same name.
///
/// ```
/// use windlass_guest::Data;
///
/// #[derive(Data, Debug, PartialEq)]
/// struct Approval {
///     approved_by: String,
///     note: Option<String>,
/// }
///
/// let approval = Approval { approved_by: "ada".to_owned(), note: None };
/// assert_eq!(approval.to_json(), r#"{"approved-by":"ada","note":null}"#);
/// assert_eq!(Approval::from_json(r#"{"approved-by":"ada"}"#), Ok(approval));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent as JSON",
    note = "write `#[derive(windlass_guest::Data)]` before a type of your own"
)]
pub trait Data: Sized {
    /// What a task that returns this has as its value: of a result the inside of `Ok`.
    #[doc(hidden)]
    type Value: Data;

    /// Whether `null` is one of the values, so that an option around it needs another form.
    #[doc(hidden)]
    const NULLABLE: bool = false;

    /// Appends the value as JSON.
    fn write(&self, text: &mut String);

    /// Reads the value, or says what it is instead.
    ///
    /// # Errors
    ///
    /// The JSON is not of this type; the mistake names the place in it.
    fn read(json: &Json) -> Result<Self, Mistake>;

    /// The value as JSON.
    fn to_json(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    /// Reads a text.
    ///
    /// # Errors
    ///
    /// The text is not JSON, or not of this type.
    fn from_json(text: &str) -> Result<Self, Mistake> {
        Self::read(&Json::parse(text)?)
    }

    /// What stands for a field of this type that is left out.
    #[doc(hidden)]
    fn missing() -> Option<Self> {
        None
    }

    /// Bytes are written in another form than other lists.
    #[doc(hidden)]
    fn write_list(items: &[Self], text: &mut String) {
        compound::list(items, text);
    }

    #[doc(hidden)]
    fn read_list(json: &Json) -> Result<Vec<Self>, Mistake> {
        compound::read_list(json)
    }

    /// As the arguments of a call: the parts of a tuple, else the one value.
    #[doc(hidden)]
    fn write_arguments(&self, text: &mut String) {
        text.push('[');
        self.write(text);
        text.push(']');
    }

    /// What a task that returned this has become: its value, or the payload of its error.
    #[doc(hidden)]
    fn into_outcome(self) -> Result<String, String> {
        Ok(self.to_json())
    }
}

#[cfg(test)]
mod tests;
