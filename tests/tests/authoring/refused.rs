//! What cannot be built, in each language: named with its place, in the author's words.

use windlass_tests::Setup;

use super::Project;

/// An edit of a new project, and what `windlass build` says of it.
struct Mistake {
    language: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
    said: &'static [&'static str],
}

const MISTAKES: &[Mistake] = &[
    Mistake {
        language: "rust",
        file: "src/lib.rs",
        from: "Ok(Summary { words, longest })",
        to: "Ok(Summary { words longest })",
        said: &["src/lib.rs:", "expected one of"],
    },
    Mistake {
        language: "rust",
        file: "src/lib.rs",
        from: "letter: String",
        to: "letter: &str",
        said: &["src/lib.rs:15", "String"],
    },
    Mistake {
        language: "rust",
        file: "src/lib.rs",
        from: "pub fn summarize",
        to: "pub async fn summarize",
        said: &["src/lib.rs:15", "async"],
    },
];

macro_rules! languages {
    ($($language:ident),*) => { $(
        #[test]
        fn $language() {
            every_mistake_is_named(stringify!($language));
        }
    )* };
}

mod every_mistake_is_named_in {
    use super::every_mistake_is_named;

    languages![rust];
}

fn every_mistake_is_named(language: &str) {
    let host = Setup::sqlite().start();
    let mistakes = MISTAKES.iter().filter(|one| one.language == language);
    for mistake in mistakes {
        let project = Project::new(&host, "letters", language, false);
        project.edit(mistake.file, mistake.from, mistake.to);

        let (code, said) = project.shell.try_run("windlass build");

        assert_eq!(code, Some(1), "{}: {}", mistake.to, said.stderr);
        for words in mistake.said {
            assert!(
                said.stderr.contains(words),
                "{}: {words}: {}",
                mistake.to,
                said.stderr
            );
        }
        assert!(!project.folder().join("build").exists(), "{}", mistake.to);
    }
}

#[test]
fn a_folder_a_name_and_a_language_that_cannot_be_are_named() {
    let host = Setup::sqlite().start();
    let project = Project::new(&host, "letters", "rust", false);
    for (line, exit, said) in [
        (
            "windlass new My_Tasks --lang go",
            1,
            "hint: take words of the letters a to z",
        ),
        (
            "windlass new src --lang go",
            1,
            "src is there already, and not empty",
        ),
        (
            "windlass new other --lang cobol",
            2,
            "invalid value 'cobol'",
        ),
        ("windlass build src", 1, "src/windlass.toml is not there"),
    ] {
        let (code, found) = project.shell.try_run(line);

        assert_eq!(code, Some(exit), "{line}: {}", found.stderr);
        assert!(found.stderr.contains(said), "{line}: {}", found.stderr);
    }
}
