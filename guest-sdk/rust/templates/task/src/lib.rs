//! Tasks of the component `{{name}}`: the public functions below, whose types become its WIT.

/// Small tasks about letters.
#[windlass_guest::tasks(package = "local:{{name}}@0.1.0")]
pub mod tasks {
    use windlass_guest::log;

    /// What a letter comes to.
    #[derive(PartialEq)]
    pub struct Summary {
        pub words: u32,
        pub longest: String,
    }

    /// Summarizes a letter; one without words is an error.
    pub fn summarize(letter: String) -> Result<Summary, String> {
        log::info(&format!("summarizing {} bytes", letter.len()));
        let (mut words, mut longest) = (0, "");
        for word in letter.split_whitespace() {
            words += 1;
            if word.chars().count() > longest.chars().count() {
                longest = word;
            }
        }
        if words == 0 {
            return Err("the letter is empty".to_owned());
        }
        let longest = longest.to_owned();
        Ok(Summary { words, longest })
    }
}

#[cfg(test)]
mod tests;
