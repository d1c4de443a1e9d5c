//! Every problem's stable code.
//!
//! A code once published stays. Each has a page in `docs/errors/`, which the host serves under
//! `/errors/<code>`, the address that a problem's `type` gives.

use http::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $status:ident, $title:literal;)*) => {
        /// What kind of problem it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as callers see it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The status it is sent with.
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// The same few words for every problem of this code.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// Its page, as Markdown.
            pub fn page(self) -> &'static str {
                match self {
                    $(Self::$name => include_str!(
                        concat!("../../../docs/errors/", $word, ".md")
                    ),)*
                }
            }
        }
    };
}

codes! {
    /// The arguments of a call do not fit the task's types.
    Arguments = "arguments", UNPROCESSABLE_ENTITY, "The arguments do not fit the task";
    /// No token, or not the host's.
    Unauthorized = "unauthorized", UNAUTHORIZED, "A token is needed";
    /// A browser sent it on behalf of another site.
    ForeignOrigin = "foreign-origin", FORBIDDEN, "The request comes from another site";
    /// No such address.
    NotFound = "not-found", NOT_FOUND, "There is nothing at this address";
    /// Another method is meant.
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "This address takes other methods";
    /// The body is not of the type that is read here.
    MediaType = "media-type", UNSUPPORTED_MEDIA_TYPE, "The body is of another type";
    /// The body is no JSON, or not the JSON that is meant.
    Body = "body", BAD_REQUEST, "The body cannot be read";
    /// A value that cannot be.
    Invalid = "invalid", UNPROCESSABLE_ENTITY, "A value cannot be accepted";
    /// Larger than a limit.
    TooLarge = "too-large", PAYLOAD_TOO_LARGE, "The request is too large";
    /// The bytes are no component that can be used.
    ComponentInvalid = "component-invalid", UNPROCESSABLE_ENTITY, "The component cannot be used";
    /// Imports of the component cannot be bound to other components.
    Bindings = "bindings", UNPROCESSABLE_ENTITY, "The imports cannot be bound";
    /// Other bytes stand under the version.
    VersionExists = "version-exists", CONFLICT, "Another component stands under this version";
    /// No such component.
    ComponentUnknown = "component-unknown", NOT_FOUND, "There is no such component";
    /// No such task.
    TaskUnknown = "task-unknown", NOT_FOUND, "There is no such task";
    /// Several tasks go by that name.
    TaskAmbiguous = "task-ambiguous", UNPROCESSABLE_ENTITY, "Several tasks go by this name";
    /// No such queue.
    QueueUnknown = "queue-unknown", NOT_FOUND, "There is no such queue";
    /// No such schedule.
    ScheduleUnknown = "schedule-unknown", NOT_FOUND, "There is no such schedule";
    /// No such invocation.
    InvocationUnknown = "invocation-unknown", NOT_FOUND, "There is no such invocation";
    /// The invocation has ended.
    InvocationEnded = "invocation-ended", CONFLICT, "The invocation has ended";
    /// The invocation is a task.
    NotAWorkflow = "not-a-workflow", UNPROCESSABLE_ENTITY, "The invocation is not a workflow";
    /// As many messages wait for the workflow as may.
    MessagesFull = "messages-full", TOO_MANY_REQUESTS, "Too many messages wait for the workflow";
    /// Nothing is published under the name.
    NotPublished = "not-published", NOT_FOUND, "Nothing is published under this name";
    /// The workflow has no such step.
    StepUnknown = "step-unknown", NOT_FOUND, "The workflow has no such step";
    /// The invocation has not failed.
    NotFailed = "not-failed", CONFLICT, "The invocation has not failed";
    /// The invocation was not cancelled.
    NotCancelled = "not-cancelled", CONFLICT, "The invocation was not cancelled";
    /// What was to be done would be done to everything.
    MatchesAll = "matches-all", UNPROCESSABLE_ENTITY, "The filter matches everything";
    /// Another invocation has the deduplication key.
    Duplicate = "duplicate", CONFLICT, "Another invocation has this deduplication key";
    /// Another call stands under the id.
    IdTaken = "id-taken", CONFLICT, "Another call stands under this id";
    /// The host has reached a limit of its own; later it may have room.
    Busy = "busy", SERVICE_UNAVAILABLE, "The host has no room for this now";
    /// The database does not answer.
    StoreUnreachable = "store-unreachable", SERVICE_UNAVAILABLE, "The database does not answer";
    /// A failure of ours.
    Internal = "internal", INTERNAL_SERVER_ERROR, "The host failed";
}

impl Code {
    /// The code with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_that_names_it_and_the_way_out() {
        for code in Code::ALL {
            let page = code.page();
            let first = page.lines().next().unwrap_or_default();

            assert_eq!(first, format!("# `{}`", code.as_str()));
            assert!(page.contains(code.title()), "{}: no title", code.as_str());
            assert!(
                page.contains(code.status().as_str()),
                "{}: no status",
                code.as_str()
            );
            for part in ["## What it means", "## Example", "## The way out"] {
                assert!(page.contains(part), "{}: no {part:?}", code.as_str());
            }
        }
    }

    #[test]
    fn no_page_is_left_of_a_code_that_is_gone() {
        let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/errors");
        for entry in std::fs::read_dir(pages).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let word = name.strip_suffix(".md").unwrap();
            assert!(
                word == "README" || Code::from_word(word).is_some(),
                "{name}"
            );
        }
    }
}
