//! Where a list goes on: an opaque token that holds the last key of the page before.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::model::Key;

use super::{Answer, Problem};

/// The form of the token; one of an older form is refused rather than misread.
const VERSION: u8 = 1;

/// The place after which a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageToken(pub Key);

impl PageToken {
    /// As text that callers hand back and do not read.
    pub fn encode(self) -> String {
        let mut bytes = [VERSION; 9];
        bytes[1..].copy_from_slice(&self.0.0.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`encode`](Self::encode) made.
    ///
    /// # Errors
    ///
    /// If it is nothing of the kind.
    pub fn decode(text: &str) -> Answer<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let bytes: Option<[u8; 9]> = bytes.and_then(|bytes| bytes.try_into().ok());
        match bytes {
            Some([VERSION, key @ ..]) => Ok(Self(Key(i64::from_be_bytes(key)))),
            _ => Err(Problem::invalid(
                "page",
                "not a page token: pass what `next` of the page before holds",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_token_reads_back() {
        for key in [0, 1, i64::MAX] {
            let token = PageToken(Key(key));
            assert_eq!(PageToken::decode(&token.encode()), Ok(token));
        }
    }

    #[test]
    fn what_is_no_page_token_is_refused() {
        for text in ["", "7", "AAAAAAAAAAAA", "%%%"] {
            let problem = PageToken::decode(text).unwrap_err();
            assert_eq!(problem.into_wire().errors[0].place, "page", "{text}");
        }
    }
}
