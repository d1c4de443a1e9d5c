//! The answer that is a refusal: RFC 9457, with a stable code, the place of every mistake, and the
//! way out.

use std::any::Any;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use windlass_client::wire;

use super::Code;

/// What was refused, why, and what to do (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    code: Code,
    detail: String,
    hint: Option<String>,
    errors: Vec<wire::Mistake>,
}

impl Problem {
    /// A problem of this code.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            hint: None,
            errors: Vec::new(),
        }
    }

    /// With the way out.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With the place of a mistake.
    pub fn at(mut self, place: impl Into<String>, message: impl Into<String>) -> Self {
        self.errors.push(wire::Mistake {
            place: place.into(),
            message: message.into(),
        });
        self
    }

    /// A value in a named place that cannot be.
    pub fn invalid(place: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::new(Code::Invalid, format!("{place}: {message}")).at(place, message)
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// As it goes over the wire.
    pub fn into_wire(self) -> wire::Problem {
        wire::Problem {
            kind: format!("/errors/{}", self.code.as_str()),
            title: self.code.title().to_owned(),
            status: self.code.status().as_u16(),
            detail: self.detail,
            code: self.code.as_str().to_owned(),
            hint: self.hint,
            errors: self.errors,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let code = self.code;
        let body = serde_json::to_vec(&self.into_wire()).expect("a problem is texts and numbers");
        let mut response = (code.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        match code {
            Code::Unauthorized => {
                let scheme = HeaderValue::from_static("Bearer realm=\"windlass\"");
                headers.insert(header::WWW_AUTHENTICATE, scheme);
            }
            Code::Busy | Code::StoreUnreachable => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

/// The answer to a request whose handler panicked. What the panic said goes to the log only.
pub fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let said = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("nothing");
    tracing::error!(panic = said, "a request handler panicked");
    Problem::new(Code::Internal, "the host failed at this request")
        .hint("look into the host's log; the request may or may not have been carried out")
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_what_where_and_the_way_out() {
        let problem = Problem::invalid("concurrency", "expected at least 1, got 0")
            .hint("pause the queue instead");

        let json = serde_json::to_value(problem.into_wire()).unwrap();

        assert_eq!(
            json,
            serde_json::json!({
                "type": "/errors/invalid",
                "title": "A value cannot be accepted",
                "status": 422,
                "code": "invalid",
                "detail": "concurrency: expected at least 1, got 0",
                "hint": "pause the queue instead",
                "errors": [{"place": "concurrency", "message": "expected at least 1, got 0"}],
            })
        );
    }

    #[test]
    fn a_missing_token_is_answered_with_the_scheme() {
        let response = Problem::new(Code::Unauthorized, "no token").into_response();

        assert_eq!(response.status(), 401);
        assert_eq!(
            response.headers()["www-authenticate"],
            "Bearer realm=\"windlass\""
        );
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
    }
}
