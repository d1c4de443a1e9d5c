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

/// What is not there, what is async where the WIT is not, what does not parse.
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
        said: &["src/lib.rs:", "references have no WIT type: use `String`"],
    },
    Mistake {
        language: "rust",
        file: "src/lib.rs",
        from: "pub fn summarize",
        to: "pub async fn summarize",
        said: &["src/lib.rs:", "async"],
    },
    Mistake {
        language: "python",
        file: "app.py",
        from: "def summarize",
        to: "def summarise",
        said: &["app.py", "summarize"],
    },
    Mistake {
        language: "python",
        file: "app.py",
        from: "def summarize",
        to: "async def summarize",
        said: &["app.py", "async"],
    },
    Mistake {
        language: "python",
        file: "app.py",
        from: "if not words:",
        to: "if not words",
        said: &["app.py", "expected ':'"],
    },
    Mistake {
        language: "javascript",
        file: "tasks.js",
        from: "summarize(letter)",
        to: "summarise(letter)",
        said: &["tasks.js", "summarize"],
    },
    Mistake {
        language: "javascript",
        file: "tasks.js",
        from: "summarize(letter)",
        to: "async summarize(letter)",
        said: &["tasks.js", "async"],
    },
    Mistake {
        language: "javascript",
        file: "tasks.js",
        from: "words.length === 0)",
        to: "words.length === 0",
        said: &["tasks.js:", "Expected"],
    },
    Mistake {
        language: "typescript",
        file: "tasks.ts",
        from: "summarize(letter)",
        to: "summarise(letter)",
        said: &["tasks.ts", "summarise"],
    },
    Mistake {
        language: "typescript",
        file: "tasks.ts",
        from: "summarize(letter)",
        to: "async summarize(letter)",
        said: &["tasks.ts", "Promise"],
    },
    Mistake {
        language: "typescript",
        file: "tasks.ts",
        from: "words.length === 0)",
        to: "words.length === 0",
        said: &["tasks.ts", "')' expected"],
    },
    Mistake {
        language: "go",
        file: "tasks.go",
        from: "func Summarize",
        to: "func Summarise",
        said: &["Summarize"],
    },
    Mistake {
        language: "go",
        file: "tasks.go",
        from: "len(words) == 0 {",
        to: "len(words) == 0",
        said: &["tasks.go:"],
    },
    Mistake {
        language: "c",
        file: "src/tasks.c",
        from: "bool tasks_summarize",
        to: "bool tasks_summarise",
        said: &["tasks_summarize"],
    },
    Mistake {
        language: "c",
        file: "src/tasks.c",
        from: "summary->words == 0)",
        to: "summary->words == 0",
        said: &["src/tasks.c:", "expected ')'"],
    },
    Mistake {
        language: "cpp",
        file: "src/tasks.cpp",
        from: "tasks::summarize",
        to: "tasks::summarise",
        said: &["src/tasks.cpp:", "summarise"],
    },
    Mistake {
        language: "cpp",
        file: "src/tasks.cpp",
        from: "summary.words == 0)",
        to: "summary.words == 0",
        said: &["src/tasks.cpp:", "expected ')'"],
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

    languages![rust, python, javascript, typescript, go, c, cpp];
}

fn every_mistake_is_named(language: &str) {
    let host = Setup::sqlite().start();
    let mistakes = MISTAKES.iter().filter(|one| one.language == language);
    for mistake in mistakes {
        let project = Project::new(&host, "refused-letters", language, false);
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
    let project = Project::new(&host, "named-letters", "rust", false);
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
